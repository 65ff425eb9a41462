"""The product's services for a conversation in one process: inbox, steps, assistant, ERP, outbox.

They use a PostgreSQL and a simulated ERP over HTTP. Webhooks, hosts and pools are missing, and with
them the limits that they set to a turn.
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import UUID

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.models.openai.model_client import ModelClient
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.redis.redis_cache import RedisCache
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.assistant.turn import TurnRunner
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.assistant.turn_store import TurnStore
from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.conversations.step.step_runner import StepRunner
from niochat.conversations.step.step_types import (
    MemoryCommand,
    StepRequest,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.conversation.commands import (
    ReceiveMessage,
    ResolveConversation,
    SendStatus,
    SettleSend,
)
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import OutboxId, ThreadId, shard_of
from niochat.domain.message import MessageContent
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
from niochat.inbox.inbox_store import InboxStore
from niochat.outbox.outbox_store import OutboxStore
from niochat.ports.erp import (
    ErpCapability,
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
)
from niochat.ports.gateway_events import InboundEvent, WhatsAppIdentity
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from niochat_lab.evaluation.evaluation_tenants import ScenarioTenant
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("evaluation")
_MOVE_SHARDS, _LIST_OWNED_SHARDS = (
    queries("shard_placement")["move_shards"],
    queries("shard_placement")["owned_shards"],
)
_SHARDS = range(1024)
_MAX_ROUNDS = 50
"""The maximum number of rounds until a thread is idle; more indicates an endless loop."""

LOOPBACK_GUARD = SsrfGuard([ip_network("127.0.0.0/8")])
"""ERP and model of an evaluation are on this machine or public endpoints."""


class _DisabledCache(RedisCache):
    """A cache without entries, so that each read sees the scenario's changes in the ERP."""

    async def get(self, subject: str, name: str) -> bytes | None:
        return None

    async def put(self, subject: str, name: str, value: bytes) -> None:
        return None

    async def delete(self, subject: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    """A message that was sent to the customer."""

    kind: str
    text: str


@dataclass
class MessagePipeline:
    """The services for all tenants. ``model_timeout_s``: seconds for the model of one turn, in
    place of the tenant's limit.
    """

    database: Database
    vault: Vault
    model_timeout_s: float | None
    name: str = "evaluation"
    models: ModelClient = field(default_factory=lambda: ModelClient(guard=LOOPBACK_GUARD))
    _epochs: dict[int, int] = field(default_factory=dict)
    _memory: dict[UUID, ThreadSnapshot] = field(default_factory=dict)
    _permits: dict[UUID, ErpCallLimiter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.views = ConversationInspector(self.database)
        self.directory = TenantConfigCache(self.database, self.vault)
        self._sgp = SgpClient(guard=LOOPBACK_GUARD)
        self._inbox = InboxStore(self.database)
        self._stepper = StepRunner(self.database, self.name)
        self._outbox = OutboxStore(self.database, self.name, _no_file)
        answers = ErpReadCache(
            _DisabledCache("redis://127.0.0.1:9/0", ttl_s=1), self.vault, bytes(32)
        )
        self._calls = LimitedErpClient(
            self._sgp, self._erp_settings, answers, self._acquire_permit, self._release_permit
        )
        self._writes = ErpWriteExecutor(self._sgp, self._calls, ErpWriteJournal(self.database))
        self.assistant = TurnRunner(
            TurnStore(self.database, self.vault),
            self.models,
            self,
            self.directory.assistant,
            self._erp_capabilities,
            model_timeout_s=self.model_timeout_s,
        )

    async def open(self) -> None:
        """Take ownership of all shards, and disable the burst window."""
        async with self.database.as_system() as connection:
            await connection.fetch(_MOVE_SHARDS, list(_SHARDS), [self.name] * len(_SHARDS))
            rows = await connection.fetch(_LIST_OWNED_SHARDS, self.name)
            await connection.execute(_SQL["disable_burst_window"])
        self._epochs = {row["shard"]: row["epoch"] for row in rows}

    async def close(self) -> None:
        """Close the clients of ERP and model."""
        await self.models.close()
        await self._sgp.close()

    async def receive(self, tenant: ScenarioTenant, phone: str, content: MessageContent) -> UUID:
        """Store a message of the customer; return its thread."""
        external = secrets.token_hex(8)
        command = ReceiveMessage(external, content, datetime.now(UTC))
        incoming = InboundEvent(
            WhatsAppIdentity(phone=phone), command, f"message:{external}", True, {}
        )
        accepted = await self._inbox.accept(tenant.tenant_id, tenant.channel_id, incoming)
        assert accepted.thread_id is not None
        return accepted.thread_id

    async def resolve(self, tenant: ScenarioTenant, thread: UUID) -> None:
        """End the conversation as an agent would."""
        key = f"evaluation:{secrets.token_hex(8)}"
        command = ResolveConversation("evaluation")
        await self._inbox.store_command(tenant.tenant_id, thread, tenant.channel_id, key, command)
        await self.step(thread)

    async def step(self, thread: UUID, *commands: MemoryCommand) -> None:
        """Run steps of the thread until none is pending."""
        pending = list(commands)
        for _ in range(_MAX_ROUNDS):
            step_request = StepRequest(
                ThreadId(thread), self._epochs[shard_of(thread)], self._memory.get(thread), pending
            )
            (result,) = await self._stepper.run_steps([step_request])
            self._memory.pop(thread, None)
            if result.verdict is StepVerdict.DONE and result.thread is not None:
                self._memory[thread] = result.thread
                pending = []
            if not result.more:
                return
        raise UnavailableError(f"the thread is not idle after {_MAX_ROUNDS} steps")

    async def pending_turn(self, thread: UUID) -> TurnRequest | None:
        """The assistant turn that must be run, if any."""
        snapshot = self._memory.get(thread)
        if snapshot is None or snapshot.conversation is None or snapshot.conversation.turn is None:
            return None
        turn = snapshot.conversation.turn
        async with self.database.as_tenant(snapshot.tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["pending_turn"], snapshot.tenant_id, turn.id, turn.attempt
            )
        if row is None:
            return None
        return TurnRequest(
            snapshot.tenant_id,
            snapshot.conversation.id,
            turn.id,
            turn.attempt,
            row["upto_version"],
            snapshot.conversation.protocol,
        )

    async def finish_turn(self, thread: UUID, report: TurnReport) -> None:
        """Apply the result of a turn to the conversation."""
        await self.step(thread, report.finish)

    async def send_outbox(self, thread: UUID) -> list[DeliveredMessage]:
        """Send all messages of the outbox that are due."""
        delivered: list[DeliveredMessage] = []
        while claimed := await self._outbox.claim(thread, self._epochs[shard_of(thread)]):
            delivered.append(DeliveredMessage(str(claimed.kind), claimed.text))
            external = secrets.token_hex(8)
            await self.step(thread, SettleSend(OutboxId(claimed.id), SendStatus.SENT, external))
        return delivered

    async def run_until_idle(self, thread: UUID) -> list[DeliveredMessage]:
        """Run steps, turns and sends until the thread is idle; return the sent messages."""
        delivered: list[DeliveredMessage] = []
        for _ in range(_MAX_ROUNDS):
            await self.step(thread)
            turn = await self.pending_turn(thread)
            if turn is not None:
                await self.finish_turn(thread, await self.assistant.run(turn))
            sent = await self.send_outbox(thread)
            delivered += sent
            if turn is None and not sent:
                return delivered
        raise UnavailableError(f"the conversation is not idle after {_MAX_ROUNDS} rounds")

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Read from the ERP for the assistant."""
        return await self._calls.read(tenant_id, request)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Write to the ERP for the assistant."""
        return await self._writes.write(tenant_id, order)

    async def _erp_capabilities(self, tenant_id: UUID) -> frozenset[ErpCapability]:
        found = await self.directory.erp(tenant_id)
        if found is None:
            return frozenset()
        return frozenset(ErpCapability) if found.capabilities is None else found.capabilities

    async def _erp_settings(self, tenant_id: UUID) -> ErpSettings:
        found = await self.directory.erp(tenant_id)
        if found is None:
            raise ErpError("this provider has no ERP", code="erp_none", left=False)
        return ErpSettings(found.account, found.timeout_s, found.capabilities, found.probed_at)

    async def _acquire_permit(self, tenant_id: UUID, _: CallPermitRequest) -> CallPermit:
        now = time.monotonic()
        permits = self._permits.setdefault(
            tenant_id,
            ErpCallLimiter(max_concurrent=8, per_minute=6000, tokens=600.0, refilled_at=now),
        )
        return permits.acquire(now)

    async def _release_permit(self, tenant_id: UUID, release: CallPermitRelease) -> None:
        self._permits[tenant_id].release(release, time.monotonic())


async def _no_file(_tenant_id: UUID, _file_id: UUID) -> bytes | None:
    return None
