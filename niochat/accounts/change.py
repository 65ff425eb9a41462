"""What an apply did."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Outcome(StrEnum):
    """What became of one declared thing."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """``what``: ``provider``, ``team <slug>``, ``channel <slug>``, ``assistant``, ``erp``."""

    tenant: str
    what: str
    outcome: Outcome
    tenant_id: UUID
