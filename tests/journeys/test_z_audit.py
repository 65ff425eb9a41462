"""After all journeys: the books of the product and the phones of the customers agree."""

from collections import Counter

import pytest

from niochat.cli.simulation import audit
from tests.journeys.conftest import World, until

pytestmark = [pytest.mark.ray, pytest.mark.asyncio]


async def test_everything_that_was_taken_was_processed(world: World) -> None:
    async def pending() -> bool:
        rows = await world.fetch("SELECT FROM inbox WHERE processed_at IS NULL")
        return not rows

    await until(pending)
    assert not await world.fetch("SELECT FROM inbox WHERE outcome LIKE 'parked:%'")
    assert not await world.fetch("SELECT FROM turns WHERE status = 'running'")


async def test_every_send_is_on_a_phone_once_and_nothing_else_is(world: World) -> None:
    async def unsettled() -> bool:
        rows = await world.fetch(
            "SELECT FROM outbox WHERE status IN ('queued', 'sending', 'uncertain')"
        )
        return not rows

    await until(unsettled)
    ledger = await world.sandbox("GET", "/ledger")
    shown = Counter(item["track_id"] for item in ledger["received"] if item["track_id"])
    ids = {item["track_id"]: item["messageid"] for item in ledger["received"]}
    rows = await world.fetch("SELECT * FROM outbox")

    sent = {str(row["id"]): row["external_id"] for row in rows if row["status"] == "sent"}
    assert shown == Counter(dict.fromkeys(sent, 1))
    assert all(ids[track_id] == external_id for track_id, external_id in sent.items())


async def test_nothing_was_answered_twice_or_out_of_order(world: World) -> None:
    ledger = await world.sandbox("GET", "/ledger")
    phones = {item["phone"] for item in ledger["sent"]}

    found = audit(ledger["sent"], ledger["received"], phones)

    assert (found.twice, found.out_of_order) == (0, 0), found.examples


async def test_the_log_of_every_conversation_has_no_gap(world: World) -> None:
    gaps = await world.fetch(
        "SELECT c.protocol FROM conversations c JOIN events e"
        " ON e.tenant_id = c.tenant_id AND e.conversation_id = c.id"
        " GROUP BY c.tenant_id, c.id HAVING count(*) <> c.version OR min(e.version) <> 1"
        " OR max(e.version) <> c.version"
    )
    assert not gaps


async def test_a_thread_has_one_live_conversation(world: World) -> None:
    assert not await world.fetch(
        "SELECT FROM conversations WHERE status <> 'resolved'"
        " GROUP BY thread_id HAVING count(*) > 1"
    )
