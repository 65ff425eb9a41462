"""PostgreSQL stood still, the host gave up waiting, and the commit was done all the same."""

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import UnavailableError
from tests.actors.sandbox_provider import SandboxProvider
from tests.builders import RowBuilder
from tests.cluster.hosts.in_memory_cluster import InMemoryCluster
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class LostReplyDatabase(Database):
    """Hears nothing of the first statement that does what it ``misses``; it is done."""

    misses: ClassVar[str] = ""

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        rows = await super().fetch_autocommit(connection, query, *values)
        if rows and LostReplyDatabase.misses == does(query, values):
            LostReplyDatabase.misses = ""
            raise UnavailableError("it stood still", code="database")
        return rows


def does(query: str, values: Sequence[Any]) -> str:
    if query == queries("outbox")["claim"]:
        return "claim"
    return next((name for name, rows in WRITES.items() if rows in values[-1]), "")


WRITES = {"turn": "turns", "answer": "ended", "settlement": "settled", "message": "processed"}
"""What one message causes, each a commit of its own, by the rows that only it writes."""


@pytest.mark.parametrize("missed", [*WRITES, "claim"])
async def test_a_commit_whose_answer_was_lost_is_gone_on_from_at_once(
    cluster: InMemoryCluster, provider: SandboxProvider, given: RowBuilder, missed: str
) -> None:
    """A turn that nobody watches would be found after minutes, and its customer wait for them."""
    LostReplyDatabase.misses = ""
    await given.admin.execute("UPDATE tenants SET policy = policy || '{\"burst_window_s\": 0.1}'")
    core = await cluster.host("a", LostReplyDatabase)
    core.start()
    await cluster.assign_shards(core)
    await cluster.poke_thread(core, 1, "oi")
    await wait_until(lambda: settled(given, 1))

    # The conversation is in memory now.
    LostReplyDatabase.misses = missed
    await cluster.poke_thread(core, 2, "e agora?")
    if missed == "claim":  # it may have left: looked for once its time is over
        await wait_until(lambda: claimed(given))
        await given.admin.execute("UPDATE outbox SET send_until = now() WHERE status = 'sending'")
    await wait_until(lambda: settled(given, 2))

    assert not LostReplyDatabase.misses, "it was missed"
    texts = ["resposta 1", "resposta 2" if missed == "turn" else "resposta 1"]
    assert [m["text"] for m in await provider.received()] == texts


async def claimed(given: RowBuilder) -> bool:
    return await given.count("outbox", "status = 'sending'") == 1


async def settled(given: RowBuilder, count: int) -> bool:
    return await given.count("outbox", "status = 'sent'") == count
