"""Fixtures of a provider that is mirrored."""

from tests.mirror.mirror_fixture import mirrored, sandbox, sandbox_home

__all__ = ["mirrored", "sandbox", "sandbox_home"]
