"""Results of applying a provider file."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class SyncOutcome(StrEnum):
    """What applying did to one declared resource."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class SyncResult:
    """Outcome of one resource of a tenant.

    ``resource`` is ``provider``, ``team <slug>``, ``channel <slug>``, ``assistant`` or ``erp``.
    """

    tenant: str
    resource: str
    outcome: SyncOutcome
    tenant_id: UUID
