"""Invented providers, customers and hosts, made as the product would make them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import event_from_json, state_from_json
from niochat.adapters.postgres.queries import queries
from niochat.conversations.step.step_runner import StepRunner
from niochat.conversations.step.step_types import (
    MemoryCommand,
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.state import ConversationState, TurnInProgress
from niochat.domain.ids import OutboxId, ThreadId, shard_of
from niochat.domain.message import MessageContent, MessageKind
from niochat.inbox.inbox_store import InboxStore
from niochat.outbox.outbox_store import ClaimedSend, OutboxStore
from niochat.ports.gateway_events import InboundEvent, WhatsAppIdentity

Admin: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
SENT_AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
_numbers = count(1)


async def open_connection(url: str) -> Admin:
    """A plain connection that reads and writes JSON as the product's do."""
    connection: Admin = await asyncpg.connect(url)
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: orjson.dumps(value, default=str).decode(),
        decoder=orjson.loads,
        schema="pg_catalog",
    )
    return connection


@dataclass(frozen=True)
class ChannelRef:
    """A tenant's channel."""

    tenant: UUID
    channel: UUID


@dataclass(frozen=True)
class RowBuilder:
    """Rows that other parts of the product write; ``rows`` looks at any."""

    admin: Admin

    async def tenant(self, *, status: str = "active", **policy: object) -> UUID:
        """A provider with a team. ``policy`` as in ``ConversationPolicy``; without a burst
        window.
        """
        stored = {"burst_window_s": 0, **policy}
        tenant: UUID = await self.admin.fetchval(
            "INSERT INTO tenants (slug, name, status, policy) VALUES ($1, $1, $2, $3)"
            " RETURNING tenant_id",
            f"provedor-{next(_numbers)}",
            status,
            stored,
        )
        await self.admin.execute(
            "INSERT INTO teams VALUES ($1, 'atendimento', 'Atendimento')", tenant
        )
        return tenant

    async def channel(self, tenant: UUID) -> UUID:
        channel: UUID = await self.admin.fetchval(
            "INSERT INTO channels (tenant_id, slug, name, base_url, token_hash, token_sealed,"
            " secret_hash, secret_sealed) VALUES ($1, $2, $2, 'http://gateway.invalid',"
            " '\\x00', '\\x00', '\\x00', '\\x00') RETURNING id",
            tenant,
            f"canal-{next(_numbers)}",
        )
        return channel

    async def place(self, **tenant: Any) -> ChannelRef:
        """A new tenant with one channel."""
        owner = await self.tenant(**tenant)
        return ChannelRef(owner, await self.channel(owner))

    async def thread(self, place: ChannelRef, **identity: str) -> UUID:
        """A contact with a thread on the channel, by default with a LID of its own."""
        contact: UUID = await self.admin.fetchval(
            "INSERT INTO contacts (tenant_id) VALUES ($1) RETURNING id", place.tenant
        )
        for kind, value in (identity or {"lid": f"{10**14 + next(_numbers)}"}).items():
            await self.admin.execute(
                "INSERT INTO identities VALUES ($1, $2, $3, $4)",
                place.tenant,
                kind,
                value,
                contact,
            )
        thread: UUID = await self.admin.fetchval(
            "INSERT INTO threads (tenant_id, channel_id, contact_id) VALUES ($1, $2, $3)"
            " RETURNING id",
            place.tenant,
            place.channel,
            contact,
        )
        return thread

    async def rows(self, query: str, *values: object) -> list[Any]:
        """First columns of a query's rows."""
        return [row[0] for row in await self.admin.fetch(query, *values)]

    async def count(self, table: str, where: str = "true", *values: object) -> int:
        number: int = await self.admin.fetchval(
            f"SELECT count(*) FROM {table} WHERE {where}", *values
        )
        return number

    async def load_transcript(self, thread: UUID) -> list[str]:
        """Texts of a thread in the order of the log."""
        return await self.rows(
            "SELECT text FROM messages WHERE thread_id = $1 ORDER BY version, stored_at", thread
        )

    async def logs(self, thread: UUID) -> dict[UUID, list[e.Event]]:
        """Events of a thread by conversation, oldest first; their numbers have no gap."""
        logs: dict[UUID, list[e.Event]] = {}
        for row in await self.admin.fetch(
            "SELECT conversation_id, version, body FROM events WHERE conversation_id IN"
            " (SELECT id FROM conversations WHERE thread_id = $1)"
            " ORDER BY conversation_id, version",
            thread,
        ):
            log = logs.setdefault(row["conversation_id"], [])
            assert row["version"] == len(log) + 1, "the version has a gap"
            log.append(event_from_json(row["body"]))
        return logs

    async def states(self, thread: UUID) -> dict[UUID, ConversationState]:
        """Stored states of a thread's conversations."""
        rows = await self.admin.fetch(
            "SELECT id, state, schema_version FROM conversations WHERE thread_id = $1", thread
        )
        return {row["id"]: state_from_json(row["state"], row["schema_version"]) for row in rows}


class ShardAssignments:
    """The shards' owners, as the supervisor would move them."""

    def __init__(self, admin: Admin) -> None:
        self._admin = admin

    async def assign_all(self, host: "Host", *threads: UUID) -> None:
        """The host owns the shards of ``threads`` (all shards when none is given)."""
        shards = sorted({shard_of(thread) for thread in threads}) or range(1024)
        await self._admin.fetch(
            queries("shard_placement")["move_shards"], list(shards), [host.name] * len(shards)
        )
        rows = await self._admin.fetch(queries("shard_placement")["owned_shards"], host.name)
        host.epochs = {row["shard"]: row["epoch"] for row in rows}


@dataclass
class Host:
    """One host incarnation: what it remembers, and the epochs it believes in."""

    name: str
    database: Database
    epochs: dict[int, int] = field(default_factory=dict)
    memory: dict[UUID, ThreadSnapshot] = field(default_factory=dict)

    files: dict[UUID, bytes] = field(default_factory=dict)
    """What its file store has."""

    async def read_file(self, _tenant_id: UUID, file_id: UUID) -> bytes | None:
        return self.files.get(file_id)

    def __post_init__(self) -> None:
        self.stepper = StepRunner(self.database, self.name)
        self.outbox = OutboxStore(self.database, self.name, self.read_file)
        self.inbox = InboxStore(self.database)

    def work(self, thread: UUID, *commands: MemoryCommand) -> StepRequest:
        return StepRequest(
            ThreadId(thread),
            self.epochs.get(shard_of(thread), 0),
            self.memory.get(thread),
            list(commands),
        )

    async def step(self, thread: UUID, *commands: MemoryCommand) -> StepResult:
        """One step of one thread; what was won is remembered, what was lost is forgotten."""
        (stepped,) = await self.steps(self.work(thread, *commands))
        return stepped

    async def steps(self, *batch: StepRequest) -> list[StepResult]:
        answers = await self.stepper.run_steps(batch)
        for answer in answers:
            self.memory.pop(answer.thread_id, None)
            if answer.verdict is StepVerdict.DONE and answer.thread is not None:
                self.memory[answer.thread_id] = answer.thread
        return answers

    async def run(self, thread: UUID, *commands: MemoryCommand) -> list[StepResult]:
        """Steps until nothing is left to do, as the runtime would."""
        answers = [await self.step(thread, *commands)]
        while answers[-1].more or answers[-1].moved_to:
            assert len(answers) < 20, "the thread never comes to rest"
            answers.append(await self.step(answers[-1].moved_to or thread))
        return answers

    async def claim(self, thread: UUID) -> ClaimedSend | None:
        return await self.outbox.claim(thread, self.epochs.get(shard_of(thread), 0))

    async def settle(
        self, claimed: ClaimedSend, result: cmd.SendStatus, external: str | None = None
    ) -> StepResult:
        return await self.step(
            claimed.thread_id, cmd.SettleSend(OutboxId(claimed.id), result, external)
        )

    async def answer(self, thread: UUID, *texts: str) -> StepResult:
        """The turn in progress ends with ``texts``."""
        return await self.step(thread, build_finished_turn(self.turn(thread), *texts))

    def turn(self, thread: UUID) -> TurnInProgress:
        conversation = self.memory[thread].conversation
        assert conversation is not None
        assert conversation.turn is not None
        return conversation.turn


def build_finished_turn(turn: TurnInProgress, *texts: str) -> cmd.FinishAssistantTurn:
    says = tuple(MessageContent(MessageKind.TEXT, text) for text in texts)
    return cmd.FinishAssistantTurn(turn.id, turn.attempt, cmd.TurnOutcome.ANSWERED, says)


def build_message(external: str, words: str = "oi") -> cmd.ReceiveMessage:
    return cmd.ReceiveMessage(external, MessageContent(MessageKind.TEXT, words), SENT_AT)


def build_inbound(
    external: str,
    words: str = "oi",
    *,
    lid: str | None = None,
    phone: str | None = None,
    command: cmd.DurableCommand | None = None,
    creates: bool = True,
) -> InboundEvent:
    """A customer's message (or ``command``), as the parser would give it."""
    return InboundEvent(
        WhatsAppIdentity(lid, phone, "Maria"),
        command or build_message(external, words),
        f"message:{external}",
        creates,
        {"text": words},
    )


async def insert_commands(
    host: Host, place: ChannelRef, thread: UUID, commands: Iterable[cmd.DurableCommand]
) -> None:
    """Pending rows of a thread, in order."""
    for command in commands:
        key = f"put:{next(_numbers)}"
        assert await host.inbox.store_command(place.tenant, thread, place.channel, key, command)
