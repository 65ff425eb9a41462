"""What can go wrong while a stack starts or stops, said so that the reader can act on it."""

from __future__ import annotations


class StackError(Exception):
    """A stack cannot go on; the message says why and what to do."""


class HomeInUseError(StackError):
    """Another launcher holds this home."""


class PortInUseError(StackError):
    """The HTTP port that was asked for belongs to another program."""
