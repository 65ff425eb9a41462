"""The tier of a tenant, which weighs its share of common resources."""

from enum import StrEnum


class TenantTier(StrEnum):
    """The plan of a provider, which sets its share of common resources."""

    # The YAML key and the column are called ``plan``.

    BASICO = "basico"
    PROFISSIONAL = "profissional"
    ENTERPRISE = "enterprise"

    @property
    def weight(self) -> float:
        """Weight among tenants that wait at the same time. A tenant that waits alone gets up to its
        own limits.
        """
        return _WEIGHTS[self]


_WEIGHTS = {TenantTier.BASICO: 1.0, TenantTier.PROFISSIONAL: 2.0, TenantTier.ENTERPRISE: 4.0}
DEFAULT_TIER = TenantTier.PROFISSIONAL
DEFAULT_MAX_CONCURRENT_TURNS = 100
"""Limit of concurrent turns of a tenant whose file sets none."""


def weight_for_tier(plan: str) -> float:
    """Weight of a stored ``plan``. One that only a newer version knows has the default weight."""
    return (TenantTier(plan) if plan in set(TenantTier) else DEFAULT_TIER).weight
