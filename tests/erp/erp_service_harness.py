"""The ERP room on real parts: one process of the pool, and the provider it works for."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.redis_cache import RedisCache
from niochat.erp.call_limiter import (
    CallPermit,
    CallPermitRelease,
    CallPermitRequest,
    ErpCallLimiter,
)
from niochat.erp.capability_probe import CapabilityProber
from niochat.erp.limited_client import ErpSettings, LimitedErpClient
from niochat.erp.read_cache import ErpReadCache
from niochat.erp.write_executor import ErpWriteExecutor
from niochat.erp.write_journal import ErpWriteJournal
from niochat.erp.write_reconciler import WriteReconciler
from niochat.ports.erp import ErpError, TicketCategory
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from tests.builders import ChannelRef, Host, RowBuilder, build_message, insert_commands

VAULT_KEY = bytes(range(32))
VAULT = Vault({"k1": VAULT_KEY})
LOOKS_S = (0.0, 0.02, 0.05)
NO_REDIS = "redis://127.0.0.1:1/0"


def unlimited_permits() -> ErpCallLimiter:
    """Limits that no test reaches by accident."""
    return ErpCallLimiter(
        max_concurrent=50, per_minute=60_000, tokens=6000.0, refilled_at=time.monotonic()
    )


@dataclass
class FakeTenantActor:
    """The tenant's actor: it hands out places, and is told when they are free."""

    permits: ErpCallLimiter = field(default_factory=unlimited_permits)
    asks: int = 0
    told: list[CallPermitRelease] = field(default_factory=list)

    async def ask(self, _tenant_id: UUID, _lease: CallPermitRequest) -> CallPermit:
        self.asks += 1
        return self.permits.acquire(time.monotonic())

    async def tell(self, _tenant_id: UUID, ended: CallPermitRelease) -> None:
        self.told.append(ended)
        self.permits.release(ended, time.monotonic())

    def occupy_permit(self) -> UUID:
        """Somebody else takes the only place there is."""
        self.permits.max_concurrent = 1
        permit = self.permits.acquire(time.monotonic()).id
        assert permit is not None
        return permit

    def release_permit(self, permit: UUID) -> None:
        self.permits.release(CallPermitRelease(permit, True), time.monotonic())


@dataclass
class ErpServiceHarness:
    """One process of the ERP's pool; ``actor`` is shared by those that share a tenant."""

    database: Database
    redis_url: str = NO_REDIS
    actor: FakeTenantActor = field(default_factory=FakeTenantActor)
    looks_s: tuple[float, ...] = LOOKS_S
    erp: SgpClient = field(default_factory=SgpClient)
    vault: Vault = VAULT
    journal: ErpWriteJournal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = ErpWriteJournal(self.database)
        self.directory = TenantConfigCache(self.database, self.vault)
        self.answers = ErpReadCache(RedisCache(self.redis_url, ttl_s=30), self.vault, b"shelf")
        self.calls = LimitedErpClient(
            self.erp, self.settings_of, self.answers, self.actor.ask, self.actor.tell
        )
        self.prober = CapabilityProber(self.erp, self.settings_of, self.directory.save_capabilities)
        self.reconciler = WriteReconciler(self.calls, self.journal)

    @property
    def writes(self) -> ErpWriteExecutor:
        return ErpWriteExecutor(self.erp, self.calls, self.journal, evidence_pauses_s=self.looks_s)

    async def settings_of(self, tenant_id: UUID) -> ErpSettings:
        """Never cached: tests change what is stored."""
        self.directory.invalidate_all()
        found = await self.directory.erp(tenant_id)
        if found is None:
            raise ErpError("this provider has no ERP", code="erp_none", left=False)
        return ErpSettings(found.account, found.timeout_s, found.capabilities, found.probed_at)

    async def close(self) -> None:
        self.prober.close()
        self.reconciler.close()
        await self.answers.close()
        await self.erp.close()


@dataclass
class ErpProvider:
    """A tenant with an ERP, and turns that are in progress."""

    given: RowBuilder
    host: Host
    place: ChannelRef
    base_url: str

    @property
    def id(self) -> UUID:
        return self.place.tenant

    async def configure_erp(self, token: str, *, timeout_s: float = 10.0) -> None:
        sealed = VAULT.seal(token, tenant_id=self.id, purpose="erp token")
        await self.given.admin.execute(
            "INSERT INTO erps (tenant_id, base_url, app, token_sealed, timeout_s, ticket_kinds)"
            " VALUES ($1, $2, 'niochat', $3, $4, $5)",
            self.id,
            self.base_url,
            sealed,
            timeout_s,
            {each.value: "5" for each in TicketCategory},
        )

    async def start_turn(self) -> UUID:
        """A turn that is in progress, in a conversation of its own."""
        thread = await self.given.thread(self.place)
        await insert_commands(self.host, self.place, thread, [build_message(f"of {thread}")])
        await self.host.run(thread)
        return self.host.turn(thread).id

    async def update_erp(self, **columns: object) -> None:
        """Of the ERP's row."""
        for name, value in columns.items():
            await self.given.admin.execute(
                f"UPDATE erps SET {name} = $2 WHERE tenant_id = $1", self.id, value
            )

    async def take_over(self, turn: UUID) -> None:
        """People took the conversation over."""
        await self.given.admin.execute("UPDATE turns SET status = 'cancelled' WHERE id = $1", turn)

    async def retry_turn(self, turn: UUID) -> None:
        """The turn's host died: its next attempt runs."""
        await self.given.admin.execute("UPDATE turns SET attempt = 2 WHERE id = $1", turn)

    async def suspend(self) -> None:
        await self.given.admin.execute(
            "UPDATE tenants SET status = 'suspended' WHERE tenant_id = $1", self.id
        )

    async def load_write_states(self) -> list[str]:
        """States of all writes, oldest first."""
        return await self.given.rows(
            "SELECT status FROM erp_writes WHERE tenant_id = $1 ORDER BY journaled_at", self.id
        )

    async def load_probe(self) -> tuple[list[str] | None, datetime | None]:
        row = await self.given.admin.fetchrow(
            "SELECT capabilities, probed_at FROM erps WHERE tenant_id = $1", self.id
        )
        assert row is not None
        return row["capabilities"], row["probed_at"]
