"""The checks of ``niochat doctor``."""
