"""The desk's fixtures, for sockets beside it."""

from tests.api.conftest import desk

__all__ = ["desk"]
