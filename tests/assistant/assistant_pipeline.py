"""A provider's office of real parts: database, steps, ERP room, model client; no Ray.

The world around it is the sandbox over HTTP: a model, and an SGP installation of the test's own.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.models.openai.model_client import ModelClient
from niochat.adapters.postgres.database import Database
from niochat.adapters.redis.redis_cache import RedisCache
from niochat.assistant.turn import TurnRunner
from niochat.assistant.turn_store import TurnStore
from niochat.erp.call_limiter import (
    CallPermit,
    CallPermitRelease,
    CallPermitRequest,
    ErpCallLimiter,
)
from niochat.erp.limited_client import ErpSettings, LimitedErpClient
from niochat.erp.read_cache import ErpReadCache
from niochat.erp.write_executor import ErpWriteExecutor
from niochat.erp.write_journal import ErpWriteJournal
from niochat.ports.erp import (
    ErpCapability,
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
)
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from tests.actors.sandbox_provider import VAULT
from tests.assistant.scripted_customer import HONEST, ScriptedCustomer
from tests.builders import ChannelRef, Host, RowBuilder, ShardAssignments
from tests.niochat_sandbox.conftest import SandboxFixture
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_erp,
    build_provider,
    load_provider_file,
)

COMPANY, TEAMS = "Rede Azul Fibra", ("atendimento", "financeiro", "suporte", "vendas")
GREETING = "Olá! Sou a Nia, da Rede Azul Fibra. Como posso ajudar?"
NO_REDIS = "redis://127.0.0.1:9/0"
"""The shelf is empty then: every read reaches the ERP, so its calls can be counted."""


@dataclass
class AssistantPipeline:
    """One provider. ``erp`` is the desk that the assistant asks: this object itself."""

    place: ChannelRef
    given: RowBuilder
    host: Host
    ownership: ShardAssignments
    sandbox: SandboxFixture
    directory: TenantConfigCache
    erp_token: str
    key: str
    models: ModelClient = field(default_factory=ModelClient)
    sgp: SgpClient = field(default_factory=SgpClient)
    capabilities: frozenset[ErpCapability] = frozenset(ErpCapability)
    look_again_s: tuple[float, ...] = (0.01, 0.02)
    threads: dict[str, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._first_models = self.models
        self.permits = ErpCallLimiter(
            max_concurrent=8, per_minute=6000, tokens=600.0, refilled_at=time.monotonic()
        )
        answers = ErpReadCache(RedisCache(NO_REDIS, ttl_s=30), VAULT, bytes(32))
        self.calls = LimitedErpClient(
            self.sgp, self._erp_settings, answers, self._lease, self._ended
        )
        journal = ErpWriteJournal(self.host.database)
        self.writes = ErpWriteExecutor(
            self.sgp, self.calls, journal, evidence_pauses_s=self.look_again_s
        )

    @property
    def assistant(self) -> TurnRunner:
        return TurnRunner(
            TurnStore(self.host.database, VAULT),
            self.models,
            self,
            self.directory.assistant,
            self._capable,
        )

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        return await self.calls.read(tenant_id, request)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        return await self.writes.write(tenant_id, order)

    async def update_settings(self, table: str = "assistants", **values: object) -> None:
        """Other settings, as stored."""
        for name, value in values.items():
            await self.given.admin.execute(
                f"UPDATE {table} SET {name} = $1 WHERE tenant_id = $2", value, self.place.tenant
            )
        self.directory.invalidate_all()

    async def load_subscriber(self, case: str = "active", nth: int = 0) -> dict[str, Any]:
        """The sandbox's subscriber of a case, as its control API tells it."""
        found = await self.sandbox.control("GET", f"/sgp/{self.erp_token}/subscribers")
        return dict([each for each in found["items"] if each["case"] == case][nth])

    async def create_customer(
        self, case: str = "active", nth: int = 0, *, phone: str | None = None, name: str = ""
    ) -> ScriptedCustomer:
        """Somebody new, or come back, whose WhatsApp number is the subscriber's or ``phone``."""
        subscriber = await self.load_subscriber(case, nth)
        number = phone or subscriber["phone"]
        thread = self.threads.get(number) or await self._met(number)
        customer = ScriptedCustomer(self, thread, number, subscriber)
        await self.given.admin.execute(
            "UPDATE contacts SET name = $1 WHERE id ="
            " (SELECT contact_id FROM threads WHERE id = $2)",
            name,
            thread,
        )
        await customer.end_conversation()
        return customer

    async def load_erp_ledger(self) -> list[dict[str, Any]]:
        """What was done in the SGP installation."""
        return list((await self.sandbox.control("GET", f"/sgp/{self.erp_token}/ledger"))["items"])

    async def count_erp_requests(self) -> dict[str, int]:
        """How often each route of the installation was asked."""
        return dict((await self.sandbox.control("GET", f"/sgp/{self.erp_token}/calls"))["items"])

    async def inject_fault(self, target: str, kind: str, **order: Any) -> None:
        """Something goes wrong at this provider's model or SGP, until it is withdrawn."""
        token = self.erp_token if target == "sgp" else self.key
        await self.sandbox.fault(target=target, kind=kind, token=token, **order)

    async def forget_identities(self) -> None:
        """Nobody is known from an earlier visit."""
        await self.given.admin.execute(
            "UPDATE contacts SET known_contract = NULL, known_phone = NULL, known_at = NULL"
        )

    async def clear_faults(self) -> None:
        """No fault any more."""
        await self.sandbox.control("DELETE", "/faults")

    async def close(self) -> None:
        """Close the clients, also the one that a test replaced."""
        await self._first_models.close()
        if self.models is not self._first_models:
            await self.models.close()
        await self.sgp.close()

    async def _met(self, phone: str) -> UUID:
        thread = await self.given.thread(self.place, phone=phone)
        await self.ownership.assign_all(self.host, thread)
        self.threads[phone] = thread
        return thread

    async def _capable(self, _: UUID) -> frozenset[ErpCapability]:
        return self.capabilities

    async def _erp_settings(self, tenant_id: UUID) -> ErpSettings:
        found = await self.directory.erp(tenant_id)
        if found is None:
            raise ErpError("this provider has no ERP", code="erp_none", left=False)
        return ErpSettings(found.account, found.timeout_s, found.capabilities, found.probed_at)

    async def _lease(self, _: UUID, __: CallPermitRequest) -> CallPermit:
        return self.permits.acquire(time.monotonic())

    async def _ended(self, _: UUID, told: CallPermitRelease) -> None:
        self.permits.release(told, time.monotonic())


async def open_assistant_pipeline(
    database: Database,
    given: RowBuilder,
    ownership: ShardAssignments,
    sandbox: SandboxFixture,
    folder: Path,
) -> AssistantPipeline:
    """A provider as an operator declares it, on a fresh SGP installation."""
    key, token = f"sandbox-{sandbox.token}", f"sandbox-erp-{uuid4().hex}"
    entry = build_provider(
        teams=[{"slug": slug, "name": slug.capitalize()} for slug in TEAMS],
        channels=[build_channel(base_url=f"{sandbox.origin}/gateway")],
        assistant=build_assistant(
            endpoint=f"{sandbox.origin}/model/v1",
            model=HONEST,
            persona={"name": "Nia", "company": COMPANY, "greeting": GREETING},
        ),
        erp=build_erp(base_url=f"{sandbox.origin}/sgp", timeout_s=5),
    )
    env = {"DEMO_TOKEN": sandbox.token, "DEMO_KEY": key, "DEMO_ERP": token}
    (change, *_) = await apply_providers(database, VAULT, load_provider_file(folder, entry, **env))
    tenant = change.tenant_id
    await given.admin.execute(
        "UPDATE tenants SET policy = policy || '{\"burst_window_s\": 0}' WHERE tenant_id = $1",
        tenant,
    )
    (channel_id,) = await given.rows("SELECT id FROM channels WHERE tenant_id = $1", tenant)
    directory = TenantConfigCache(database, VAULT)
    host, place = Host("host-a:1", database), ChannelRef(tenant, channel_id)
    return AssistantPipeline(place, given, host, ownership, sandbox, directory, token, key)
