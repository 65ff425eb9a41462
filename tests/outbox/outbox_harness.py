"""A host of one thread whose gateway is the sandbox, over real HTTP."""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import shard_of
from niochat.domain.message import MessageContent, MessageKind
from niochat.outbox.dispatcher import OutboxDispatcher
from tests.actors.sandbox_provider import SandboxProvider
from tests.attachments.media.recordings import encode_tone
from tests.builders import Host, RowBuilder, build_message, insert_commands

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FILES = {
    MessageKind.IMAGE: (PNG, "image/png", "pix.png"),
    MessageKind.DOCUMENT: (PDF, "application/pdf", "boleto.pdf"),
    MessageKind.VOICE: (encode_tone("ogg", "libopus", layout="mono"), "audio/ogg", "audio.ogg"),
}


@dataclass
class SkippableClock:
    """Stands still; what it is told to skip passes between two looks at it."""

    now: float = 0.0
    skip: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.now += self.skip.pop(0) if self.skip else 0.0
        return self.now


class OutboxHarness:
    """A host of one thread: what the courier finds out becomes steps, as in the product."""

    def __init__(
        self, host: Host, provider: SandboxProvider, given: RowBuilder, thread: UUID
    ) -> None:
        self.host, self.provider, self.given, self.thread = host, provider, given, thread
        self.gateway, self.clock = UazapiClient(lookup_timeout_s=2), SkippableClock()
        self.settlements: list[cmd.SettleSend] = []
        self.courier = OutboxDispatcher(
            host.outbox,
            self.gateway,
            provider.directory.gateway_credentials,
            lambda key: host.epochs.get(shard_of(key)),
            lambda thread, settled: self.settlements.append(settled),
            clock=self.clock,
        )

    async def queue_reply(self, *said: str | MessageContent) -> None:
        """The customer writes, and the assistant's answer is queued."""
        await insert_commands(self.host, self.provider.place, self.thread, [build_message("m1")])
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

    async def build_file_content(self, kind: MessageKind, caption: str = "") -> MessageContent:
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

    async def deliver_once(self) -> list[cmd.SettleSend]:
        """One look at the thread's sends; what came of it is not yet a step."""
        self.courier.deliver(self.thread)
        while looking := self.courier.running_deliveries(set(range(1024))):
            await asyncio.wait(looking)
            await asyncio.sleep(0)
        return list(self.settlements)

    async def deliver_all(self) -> None:
        """Looks and steps until nothing is left to do now."""
        while await self.deliver_once():
            settled, self.settlements = self.settlements, []
            await self.host.step(self.thread, *settled)

    async def expire_waits(self) -> None:
        """All waiting is over: back-off, holds, the window of a send."""
        await self.given.admin.execute(
            "UPDATE outbox SET next_at = now(), send_until = now() - interval '1 s'"
            " WHERE status IN ('queued', 'sending', 'uncertain')"
        )
        await self.given.admin.execute("UPDATE channels SET held_until = now() - interval '1 s'")
        await self.deliver_all()

    async def load_send(self) -> Any:
        """The thread's newest send."""
        return await self.given.admin.fetchrow(
            "SELECT o.*, m.status AS message_status FROM outbox o"
            " JOIN messages m ON m.id = o.message_id ORDER BY o.position DESC LIMIT 1"
        )

    async def load_status(self) -> tuple[str, str | None]:
        row = await self.load_send()
        return row["status"], row["code"]

    async def list_phone_texts(self) -> list[str]:
        """Texts on the customer's phone."""
        return [line["text"] for line in await self.provider.received()]
