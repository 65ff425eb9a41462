"""Commands for the read model."""
