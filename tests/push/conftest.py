"""A provider whose agents have browsers, and the push service of these."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.postgres.database import Database
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.conversation import commands as cmd
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.push.push_planner import PushPlanner
from niochat.push.push_sender import PushSender
from niochat.push.push_subscriptions import (
    BrowserAddress,
    PushSubscriptionStore,
    SubscriptionOwner,
)
from niochat.push.vapid_keys import VapidKeyStore
from tests.builders import (
    Admin,
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.identity.conftest import IdentityFixture
from tests.manual_clock import ManualDateTime
from tests.push.browser import Browser
from tests.push.push_service import PushService, start_push_service
from tests.wait_until import wait_until

LOOPBACK = SsrfGuard([ip_network("127.0.0.0/8")])


@dataclass(frozen=True)
class AgentFixture:
    """A signed-in agent with a browser."""

    id: UUID
    session_id: UUID
    subscription_id: UUID
    browser: Browser
    path: str


@dataclass
class PushFixture:
    """The product's side, and the outside."""

    identity: IdentityFixture
    host: Host
    given: RowBuilder
    service: PushService
    place: ChannelRef
    sender: PushSender
    keys: VapidKeyStore
    clock: ManualDateTime = field(default_factory=ManualDateTime)

    def __post_init__(self) -> None:
        self.database = self.identity.database
        self.planner = PushPlanner(self.database, delay_s=0)
        self.store = PushSubscriptionStore(self.database, self.identity.vault, LOOPBACK.check_url)

    async def agent(self, name: str, *teams: str) -> AgentFixture:
        """An agent who signed in and subscribed."""
        login = f"{name}@example.com"
        user_id = await self.identity.create_user(login, tenant=self.place.tenant)
        for team in teams:
            await self.given.admin.execute(
                "INSERT INTO team_members VALUES ($1, $2, $3)", self.place.tenant, team, user_id
            )
        tokens = await self.identity.create_session(login)
        browser, path = Browser(), f"/send/{name}"
        actor = AuditActor(AuditActorKind.USER, str(user_id))
        owner = SubscriptionOwner(self.place.tenant, user_id, tokens.session_id, actor)
        address = BrowserAddress(self.service.url + path, browser.key, browser.auth_secret)
        row = await self.store.put(owner, address, "Firefox", self.clock.now)
        await self.planner.run_once()  # begins at the end of the log
        return AgentFixture(user_id, tokens.session_id, row["id"], browser, path)

    async def thread(self, name: str = "Maria") -> UUID:
        """A customer who has not written yet."""
        thread = await self.given.thread(self.place)
        await self.given.admin.execute(
            "UPDATE contacts SET name = $2 WHERE id = (SELECT contact_id FROM threads"
            " WHERE id = $1)",
            thread,
            name,
        )
        return thread

    async def do(self, thread: UUID, *commands: cmd.DurableCommand) -> None:
        """These commands are executed."""
        await insert_commands(self.host, self.place, thread, commands)
        await self.host.run(thread)

    async def write(self, thread: UUID, *texts: str) -> None:
        """The customer writes."""
        for text in texts:
            number = await self.given.count("messages")
            await self.do(thread, build_message(f"m{number}", text))

    async def plan(self) -> None:
        """All events are read."""
        last = await self.given.admin.fetchval("SELECT max(xid::text::bigint) FROM events")

        async def read() -> bool:
            while await self.planner.run_once():
                pass
            position = await self.given.admin.fetchval(
                "SELECT xid::text::bigint FROM push_positions"
            )
            return bool(position > last)

        await wait_until(read)

    async def send(self, **later: float) -> None:
        """All that is due is sent."""
        self.clock.advance(**(later or {"seconds": 5}))
        while await self.sender.send_due(self.clock.now):
            pass

    async def notify(self) -> None:
        """Both."""
        await self.plan()
        await self.send()

    def received(self, agent: AgentFixture) -> list[dict[str, Any]]:
        """The notifications of an agent's browser, decrypted."""
        return [
            json.loads(agent.browser.decrypt(each.body))
            for each in self.service.requests
            if each.path == agent.path
        ]

    async def statuses(self) -> list[str]:
        return await self.given.rows("SELECT status FROM push_sends ORDER BY created_at, id")

    async def prefer(self, agent: AgentFixture, document: dict[str, Any]) -> None:
        """The agent's preferences."""
        await self.given.admin.execute(
            "INSERT INTO preferences (tenant_id, user_id, document) VALUES ($1, $2, $3)",
            self.place.tenant,
            agent.id,
            document,
        )


@pytest_asyncio.fixture
async def push(
    database: Database, admin: Admin, given: RowBuilder, ownership: ShardAssignments, tmp_path: Path
) -> AsyncIterator[PushFixture]:
    place = await given.place()
    host = Host("host-a:1", database)
    await ownership.assign_all(host)
    identity = IdentityFixture(database, admin, ManualDateTime(), place.tenant)
    keys = VapidKeyStore(database, identity.vault)
    async with start_push_service(tmp_path) as service:
        transport = HttpTransport(4, LOOPBACK, tls=service.tls)
        sender = PushSender(database, identity.vault, keys, transport, "https://desk.example.com")
        yield PushFixture(identity, host, given, service, place, sender, keys)
        await transport.close()
