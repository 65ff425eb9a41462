"""The sandbox's model over real HTTP."""

from tests.sandbox.conftest import origin, receiver, world

__all__ = ["origin", "receiver", "world"]
