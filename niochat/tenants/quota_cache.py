"""What each tenant gets of what all share: weights by plan, caps."""

from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.tenant.tier import DEFAULT_MAX_CONCURRENT_TURNS, DEFAULT_TIER, weight_for_tier

_SQL = queries("tenant_fairness")


@dataclass(frozen=True, slots=True)
class TenantQuota:
    """``weight`` is relative; ``turns_at_once`` and ``channels`` are the whole cluster's."""

    weight: float = DEFAULT_TIER.weight
    turns_at_once: int = DEFAULT_MAX_CONCURRENT_TURNS
    channels: int = 1


DEFAULT_QUOTA = TenantQuota()


class TenantQuotaCache:
    """All active tenants', as they were at the last refresh; asking costs a look into memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[UUID, TenantQuota] = {}

    def quota_for(self, tenant_id: UUID | None) -> TenantQuota:
        """A tenant's share; of one that nobody knows yet the default."""
        return self._known.get(tenant_id, DEFAULT_QUOTA) if tenant_id is not None else DEFAULT_QUOTA

    async def refresh(self) -> None:
        """Read them again. Raises ``UnavailableError``; what was known stays then."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_quotas"])
        self._known = {
            row["tenant_id"]: TenantQuota(
                weight_for_tier(row["plan"]),
                row["turns_at_once"] or DEFAULT_MAX_CONCURRENT_TURNS,
                max(row["channels"], 1),
            )
            for row in rows
        }
