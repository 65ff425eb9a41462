"""Tools for plans, leads and network coverage."""
