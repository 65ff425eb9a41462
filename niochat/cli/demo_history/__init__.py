"""Fills the demo provider with days of invented conversations for ``niochat demo --history``."""
