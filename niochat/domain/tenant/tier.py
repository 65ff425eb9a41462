"""A provider's plan: how much of what all share it gets while others want it too."""

from enum import StrEnum


class TenantTier(StrEnum):
    """The plan of a provider, which sets its share of common resources."""

    BASICO = "basico"
    PROFISSIONAL = "profissional"
    ENTERPRISE = "enterprise"

    @property
    def weight(self) -> float:
        """Among the tenants that wait at the same time; alone, each gets all it may have."""
        return _WEIGHTS[self]


_WEIGHTS = {TenantTier.BASICO: 1.0, TenantTier.PROFISSIONAL: 2.0, TenantTier.ENTERPRISE: 4.0}
DEFAULT_TIER = TenantTier.PROFISSIONAL
DEFAULT_MAX_CONCURRENT_TURNS = 100
"""Turns of one tenant that may run at the same time, unless its file says otherwise."""


def weight_for_tier(plan: str) -> float:
    """Weight of a stored plan; one that a newer version stored counts as the default."""
    return (TenantTier(plan) if plan in set(TenantTier) else DEFAULT_TIER).weight
