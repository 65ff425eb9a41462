"""A provider whose gateway is the sandbox, over real HTTP."""

from tests.actors.conftest import cluster, one_root_certificate, origin, provider, sandbox, tenant

__all__ = ["cluster", "one_root_certificate", "origin", "provider", "sandbox", "tenant"]
