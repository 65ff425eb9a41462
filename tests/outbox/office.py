"""A host of one thread whose gateway is the sandbox, over real HTTP."""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from niochat.adapters.whatsapp.uazapi.client import UazapiClient
from niochat.domain import commands as cmd
from niochat.domain.ids import shard_of
from niochat.domain.message import MessageContent, MessageKind
from niochat.outbox.deliver import OutboxDispatcher
from tests.actors.provider import Provider
from tests.builders import Given, Host, message, put

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FILES = {
    MessageKind.IMAGE: (PNG, "image/png", "pix.png"),
    MessageKind.DOCUMENT: (PDF, "application/pdf", "boleto.pdf"),
}


@dataclass
class Clock:
    """Stands still; what it is told to skip passes between two looks at it."""

    now: float = 0.0
    skips: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.now += self.skips.pop(0) if self.skips else 0.0
        return self.now


class Office:
    """A host of one thread: what the courier finds out becomes steps, as in the product."""

    def __init__(self, host: Host, provider: Provider, given: Given, thread: UUID) -> None:
        self.host, self.provider, self.given, self.thread = host, provider, given, thread
        self.gateway, self.clock = UazapiClient(lookup_timeout_s=2), Clock()
        self.settlements: list[cmd.SettleSend] = []
        self.courier = OutboxDispatcher(
            host.outbox,
            self.gateway,
            provider.directory.gateway_credentials,
            lambda key: host.epochs.get(shard_of(key)),
            lambda thread, settled: self.settlements.append(settled),
            clock=self.clock,
        )

    async def says(self, *said: str | MessageContent) -> None:
        """The customer writes, and the assistant's answer is queued."""
        await put(self.host, self.provider.place, self.thread, [message("m1")])
        await self.host.run(self.thread)
        turn = self.host.turn(self.thread)
        says = tuple(
            MessageContent(MessageKind.TEXT, each) if isinstance(each, str) else each
            for each in said
        )
        outcome = cmd.TurnOutcome.ANSWERED
        await self.host.step(
            self.thread, cmd.FinishAssistantTurn(turn.id, turn.attempt, outcome, replies=says)
        )

    async def file(self, kind: MessageKind, caption: str = "") -> MessageContent:
        """A picture or a PDF as a turn leaves it for the step: stored, and named."""
        data, mimetype, filename = FILES[kind]
        stored, tenant = uuid4(), self.provider.place.tenant
        async with self.host.database.as_tenant(tenant) as connection:
            await connection.execute(
                "INSERT INTO attachments (tenant_id, id, mimetype, filename, data)"
                " VALUES ($1, $2, $3, $4, $5)",
                *(tenant, stored, mimetype, filename, data),
            )
        return MessageContent(kind, caption, {"attachment": str(stored)})

    async def look(self) -> list[cmd.SettleSend]:
        """One look at the thread's sends; what came of it is not yet a step."""
        self.courier.deliver(self.thread)
        while looking := self.courier.running_deliveries(set(range(1024))):
            await asyncio.wait(looking)
            await asyncio.sleep(0)
        return list(self.settlements)

    async def deliver(self) -> None:
        """Looks and steps until nothing is left to do now."""
        while await self.look():
            settled, self.settlements = self.settlements, []
            await self.host.step(self.thread, *settled)

    async def later(self) -> None:
        """All waiting is over: back-off, holds, the window of a send."""
        await self.given.admin.execute(
            "UPDATE outbox SET next_at = now(), send_until = now() - interval '1 s'"
            " WHERE status IN ('queued', 'sending', 'uncertain')"
        )
        await self.given.admin.execute("UPDATE channels SET held_until = now() - interval '1 s'")
        await self.deliver()

    async def row(self) -> Any:
        """The thread's newest send."""
        return await self.given.admin.fetchrow(
            "SELECT o.*, m.status AS message_status FROM outbox o"
            " JOIN messages m ON m.id = o.message_id ORDER BY o.position DESC LIMIT 1"
        )

    async def status(self) -> tuple[str, str | None]:
        row = await self.row()
        return row["status"], row["code"]

    async def phone(self) -> list[str]:
        """Texts on the customer's phone."""
        return [line["text"] for line in await self.provider.received()]
