"""What an apply did."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class SyncOutcome(StrEnum):
    """What became of one declared thing."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """``what``: ``provider``, ``team <slug>``, ``channel <slug>``, ``assistant``, ``erp``."""

    tenant: str
    resource: str
    outcome: SyncOutcome
    tenant_id: UUID
