"""Errors of starting and stopping a stack. Their messages tell the reader what to do."""

from __future__ import annotations


class StackError(Exception):
    """The operation on a stack failed; the message says why and what to do."""


class HomeInUseError(StackError):
    """Another launcher holds the lock of this home."""


class PortInUseError(StackError):
    """The requested HTTP port is invalid or cannot be used."""
