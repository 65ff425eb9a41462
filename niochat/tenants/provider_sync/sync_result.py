"""Results of applying a provider file."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ProviderSyncOutcome(StrEnum):
    """What applying did to one declared resource."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ProviderSyncResult:
    """Outcome of one resource of a tenant.

    ``resource`` is ``provider``, ``team <slug>``, ``channel <slug>``, ``assistant``, ``erp`` or
    ``supabase``.
    """

    tenant: str
    resource: str
    outcome: ProviderSyncOutcome
    tenant_id: UUID
