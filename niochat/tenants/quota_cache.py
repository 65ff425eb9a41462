"""Cache of the tenants' quotas: weights by tier, and caps of concurrent turns."""

from dataclasses import dataclass
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.tenant.tier import DEFAULT_MAX_CONCURRENT_TURNS, DEFAULT_TIER, weight_for_tier

_SQL = queries("tenant_fairness")


@dataclass(frozen=True, slots=True)
class TenantQuota:
    """``weight`` is relative; ``turns_at_once`` and ``channels`` count in the whole cluster."""

    weight: float = DEFAULT_TIER.weight
    turns_at_once: int = DEFAULT_MAX_CONCURRENT_TURNS
    channels: int = 1


DEFAULT_QUOTA = TenantQuota()


class TenantQuotaCache:
    """Quotas of all active tenants as of the last refresh, held in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._quotas: dict[UUID, TenantQuota] = {}

    def quota_for(self, tenant_id: UUID | None) -> TenantQuota:
        """Quota of a tenant; the default if the tenant is None or not loaded."""
        return (
            self._quotas.get(tenant_id, DEFAULT_QUOTA) if tenant_id is not None else DEFAULT_QUOTA
        )

    async def refresh(self) -> None:
        """Load all quotas again. If it raises ``UnavailableError`` the old ones are kept."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_quotas"])
        self._quotas = {
            row["tenant_id"]: TenantQuota(
                weight_for_tier(row["plan"]),
                row["turns_at_once"] or DEFAULT_MAX_CONCURRENT_TURNS,
                max(row["channels"], 1),
            )
            for row in rows
        }
