"""A provider's plan: how much of what all share it gets while others want it too."""

from enum import StrEnum


class Plan(StrEnum):
    """The plan of a provider, which sets its share of common resources."""

    BASICO = "basico"
    PROFISSIONAL = "profissional"
    ENTERPRISE = "enterprise"

    @property
    def weight(self) -> float:
        """Among the tenants that wait at the same time; alone, each gets all it may have."""
        return _WEIGHTS[self]


_WEIGHTS = {Plan.BASICO: 1.0, Plan.PROFISSIONAL: 2.0, Plan.ENTERPRISE: 4.0}
DEFAULT = Plan.PROFISSIONAL
TURNS_AT_ONCE = 100
"""Turns of one tenant that may run at the same time, unless its file says otherwise."""


def weight_of(plan: str) -> float:
    """Weight of a stored plan; one that a newer version stored counts as the default."""
    return (Plan(plan) if plan in set(Plan) else DEFAULT).weight
