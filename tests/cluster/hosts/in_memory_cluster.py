"""Hosts without Ray on one database: each with connections of its own, found as in the product."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.adapters.file_store import FileStore
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.redis.pubsub import (
    ACCESS_CHANNEL,
    EPHEMERAL_CHANNEL,
    EVENTS_CHANNEL,
    ChangeAnnouncements,
    RedisBroadcast,
)
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.attachments.attachment_store import AttachmentStore
from niochat.cluster.hosts.host_process import HostProcess
from niochat.composition.components import Components
from niochat.config import Settings
from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.domain.conversation.commands import FinishAssistantTurn, TurnOutcome
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import TurnId
from niochat.domain.message import MessageContent, MessageKind
from niochat.inbox.backfill import Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.runtime.address import ActorAddress
from niochat.runtime.background_tasks import BackgroundTaskSet
from tests.actors.sandbox_provider import PHONE, VAULT, SandboxProvider, build_inbound_message

Run = Callable[[TurnRequest], Awaitable[TurnReport]]


@dataclass
class FakeAssistantPool:
    """Answers every turn with its attempt, unless ``doing`` says what else happens."""

    requests: list[TurnRequest] = field(default_factory=list)
    cancelled: list[TurnRequest] = field(default_factory=list)
    doing: list[Run] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, request: TurnRequest) -> TurnReport:
        self.requests.append(request)
        self.called.set()
        try:
            return await (self.doing.pop(0) if self.doing else build_reply)(request)
        except asyncio.CancelledError:
            self.cancelled.append(request)
            raise


async def build_reply(request: TurnRequest, throttle_s: float = 0.0) -> TurnReport:
    text = MessageContent(MessageKind.TEXT, f"resposta {request.attempt}")
    turn = TurnId(request.turn_id)
    return TurnReport(
        FinishAssistantTurn(turn, request.attempt, TurnOutcome.ANSWERED, (text,)), throttle_s
    )


async def raise_lost_replica(request: TurnRequest) -> TurnReport:
    raise RuntimeError("the replica is gone")


def wait_then_reply(gate: asyncio.Event) -> Run:
    async def waiting(request: TurnRequest) -> TurnReport:
        await gate.wait()
        return await build_reply(request)

    return waiting


@dataclass
class InMemoryCluster:
    """Starts hosts and moves shards, as the supervisor would."""

    url: str
    provider: SandboxProvider
    pool: FakeAssistantPool = field(default_factory=FakeAssistantPool)
    hosts: dict[str, HostProcess] = field(default_factory=dict)
    opened: list[Components] = field(default_factory=list)

    async def host(
        self, name: str, connect: type[Database] = Database, **options: Any
    ) -> HostProcess:
        """One more host process, without a shard."""
        database = await connect.open(self.url, size=4)
        gateway, inbox = UazapiClient(lookup_timeout_s=2), InboxStore(database)
        directory = self.provider.directory
        settings = Settings.model_validate(
            {
                "DATABASE_URL": self.url,
                "REDIS_URL": "redis://127.0.0.1:9/0",
                "NIOCHAT_VAULT_KEYS": "k1:" + "A" * 43 + "=",
                "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
            }
        )
        parts = Components(
            settings=settings,
            report_database=database,
            projector_database=database,
            database=database,
            vault=VAULT,
            ssrf_guard=SsrfGuard([ip_network("127.0.0.0/8")]),
            gateway=gateway,
            gateway_admin=UazapiAdmin(),
            inbox=inbox,
            backfill=Backfiller(database, inbox, gateway),
            views=ConversationInspector(database),
            directory=directory,
            tenant_changes=ChangeAnnouncements(settings.redis_url.get_secret_value()),
            live_hints=ChangeAnnouncements(settings.redis_url.get_secret_value(), EVENTS_CHANNEL),
            access_changes=ChangeAnnouncements(
                settings.redis_url.get_secret_value(), ACCESS_CHANNEL
            ),
            ephemeral_frames=RedisBroadcast(
                settings.redis_url.get_secret_value(), EPHEMERAL_CHANNEL
            ),
            credentials_for=directory.gateway_credentials,
            object_store=FileStore.from_url(None),
            attachments=AttachmentStore(database, FileStore.from_url(None), VAULT),
            background=BackgroundTaskSet("test"),
        )
        core = HostProcess(
            name,
            "node",
            parts,
            self.pool,
            self.call_actor,
            self.send_to_actor,
            restart_backoff_s=0,
            **options,
        )
        self.hosts[core.incarnation] = core
        self.opened.append(parts)
        return core

    async def assign_shards(self, core: HostProcess) -> None:
        """All shards move to ``core``; it is told, and nobody else is."""
        async with self.provider.database.as_system() as connection:
            await connection.fetch(
                queries("shard_placement")["move_shards"],
                list(range(1024)),
                [core.incarnation] * 1024,
            )
        await core.refresh()

    async def owner_of(self, address: ActorAddress) -> HostProcess:
        async with self.provider.database.as_system() as connection:
            owner = await connection.fetchval(
                "SELECT host FROM shards WHERE shard = $1", address.shard
            )
        if owner not in self.hosts:
            raise UnavailableError("nobody is there", code="host")
        return self.hosts[owner]

    async def call_actor(self, address: ActorAddress, payload: object) -> Any:
        return await (await self.owner_of(address)).ask(address, payload)

    async def send_to_actor(self, address: ActorAddress, payload: object) -> None:
        (await self.owner_of(address)).tell(address, payload)

    async def accept_message(self, number: int, words: str, phone: str = PHONE) -> UUID:
        """A customer's message is accepted; nobody is poked."""
        place = self.provider.place
        inbox = InboxStore(self.provider.database)
        accepted = await inbox.accept(
            place.tenant, place.channel, build_inbound_message(number, words, phone)
        )
        assert accepted.thread_id is not None
        return accepted.thread_id

    async def poke_thread(self, core: HostProcess, number: int, words: str) -> UUID:
        """The same, with a poke."""
        thread = await self.accept_message(number, words)
        core.poke([actor_addresses.conversation_address(thread)])
        return thread

    async def close(self) -> None:
        for core in self.hosts.values():
            await core.stop()
        for parts in self.opened:
            await parts.gateway.close()
            parts.database.terminate()
