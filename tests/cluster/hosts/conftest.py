"""The fixtures of a provider in the sandbox, for hosts and pools too."""

from tests.actors.conftest import cluster, one_root_certificate, origin, provider, tenant, world

__all__ = ["cluster", "one_root_certificate", "origin", "provider", "tenant", "world"]
