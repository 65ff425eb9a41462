"""The sandbox and an instance of its gateway, for commands."""

from tests.niochat_lab.evaluation.conftest import one_root_certificate, origin, world

__all__ = ["one_root_certificate", "origin", "world"]
