"""Tool that records change requests of subscribers."""
