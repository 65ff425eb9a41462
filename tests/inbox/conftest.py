"""The fixtures of a provider in the sandbox, for the back-fill too."""

from tests.actors.conftest import cluster, one_root_certificate, origin, provider, sandbox, tenant

__all__ = ["cluster", "one_root_certificate", "origin", "provider", "sandbox", "tenant"]
