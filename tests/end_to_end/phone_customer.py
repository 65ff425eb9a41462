"""A customer of the journeys: a phone, and what the product has about its person."""

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from niochat.cli.customer_simulation import find_tags
from niochat.cli.sandbox_client import SandboxClient
from tests.end_to_end.provider_definitions import ChannelDefinition
from tests.wait_until import wait_until

if TYPE_CHECKING:
    from tests.end_to_end.conftest import EndToEndFixture

Row = asyncpg.Record


class PhoneCustomer:
    """A person's phone, and what the product has about that person."""

    def __init__(
        self, running_product: "EndToEndFixture", line: ChannelDefinition, phone: str, number: int
    ) -> None:
        self.running_product = running_product
        self.line = line
        self.phone = phone
        self.number = number
        self.client = SandboxClient(running_product.stack.sandbox, line.token)

    def tag(self, number: int) -> str:
        """What the sandbox's model repeats in the answer to it."""
        return f"#c{self.number}-{number}"

    async def say(self, text: str, **more: object) -> str:
        """Write; the gateway's id of the message."""
        return await self.client.send_message(self.phone, text, **more)

    async def tell(self, *numbers: int) -> None:
        """Write tagged messages, one right after the other."""
        for number in numbers:
            await self.say(f"{self.tag(number)} minha internet está lenta")

    async def phone_shows(self) -> list[dict[str, Any]]:
        """Everything received, oldest first."""
        news = await self.client.wait_for_messages(self.phone, 0, 0)
        return [item for item in news["items"] if item["direction"] == "received"]

    async def heard(self) -> list[str]:
        """Texts received."""
        return [item["text"] for item in await self.phone_shows()]

    async def named(self) -> list[list[str]]:
        """The tags that each text received names."""
        return [find_tags(text) for text in await self.heard()]

    async def hears(self, number: int, within: float = 30.0) -> list[str]:
        """Texts received, once there are so many."""

        async def enough() -> list[str]:
            texts = await self.heard()
            return texts if len(texts) >= number else []

        return await wait_until(enough, within)

    async def threads(self) -> list[Any]:
        """Threads of the phone on the channel, without those that were joined to another."""
        rows = await self.running_product.fetch(
            "SELECT t.id FROM threads t JOIN identities i USING (tenant_id, contact_id)"
            " WHERE t.channel_id = $1::text::uuid AND i.kind = 'phone' AND i.value = $2"
            " AND t.merged_into IS NULL",
            self.running_product.channel(self.line)["id"],
            self.phone,
        )
        return [row["id"] for row in rows]

    async def rows(self, table: str) -> list[Row]:
        """The person's rows of a table, in the order they were written."""
        order = {
            "inbox": "id",
            "outbox": "position",
            "messages": "version, stored_at",
            "turns": "started_at",
            "conversations": "opened_at",
            "events": "version",
        }[table]
        return await self.running_product.fetch(
            f"SELECT * FROM {table} WHERE thread_id = ANY ($1) ORDER BY {order}",
            await self.threads(),
        )

    async def column(self, table: str, column: str) -> list[Any]:
        return [row[column] for row in await self.rows(table)]

    async def conversation(self) -> Row | None:
        """The newest one."""
        found = await self.rows("conversations")
        return found[-1] if found else None

    async def shows(self, table: str, column: str, *values: object, within: float = 30.0) -> None:
        """Returns once the column of the person's rows is ``values``."""

        async def same() -> bool:
            seen.append(await self.column(table, column))
            return seen[-1] == list(values)

        seen: list[list[Any]] = []
        try:
            await wait_until(same, within)
        except pytest.fail.Exception:
            pytest.fail(f"{table}.{column}: {seen[-1]}, not {list(values)}")

    async def turn_runs(self) -> None:
        """Returns once the assistant is thinking."""

        async def running() -> bool:
            return "running" in await self.column("turns", "status")

        await wait_until(running)

    async def stored(self, number: int) -> None:
        """Returns once so many messages of the customer were taken into the thread."""

        async def there() -> bool:
            return (await self.column("messages", "author")).count("customer") >= number

        await wait_until(there)

    async def settled(self) -> None:
        """Returns once nothing that arrived for the person waits to be processed."""

        async def processed() -> bool:
            return None not in await self.column("inbox", "processed_at")

        await wait_until(processed)
