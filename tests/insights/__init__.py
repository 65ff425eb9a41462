"""The read model on a real database."""
