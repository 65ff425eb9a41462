"""Deliveries follow from the log, whatever the order of the evidence and the size of batches."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.message import DeliveryStatus
from niochat.insights.deliveries.delivery_projection import DeliveryProjection, MessageDelivery
from niochat.insights.projection_runner import ProjectionRunner
from niochat.insights.rebuild import ProjectionRebuilder
from tests.insights.conftest import InsightsFixture
from tests.insights.played_conversation import PlayedThread
from tests.insights.reports.random_threads import NEW_YORK

AT = datetime(2026, 4, 20, 12, tzinfo=UTC)


def delivery() -> MessageDelivery:
    return MessageDelivery(uuid4(), uuid4(), uuid4(), "agent", AT)


def later(seconds: int) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_a_read_message_was_sent_and_delivered_before() -> None:
    read = delivery().with_status(DeliveryStatus.READ, later(5), "")

    assert (read.sent_at, read.delivered_at, read.read_at) == (later(5),) * 3
    assert read.with_status(DeliveryStatus.PLAYED, later(9), "") == read


def test_evidence_of_delivery_replaces_a_failure() -> None:
    failed = delivery().with_status(DeliveryStatus.FAILED, later(1), "gateway_400")
    assert (failed.failed_at, failed.code, failed.sent_at) == (later(1), "gateway_400", None)

    arrived = failed.with_status(DeliveryStatus.DELIVERED, later(4), "")

    assert (arrived.failed_at, arrived.code) == (None, "")
    assert (arrived.sent_at, arrived.delivered_at) == (later(4), later(4))


def test_nothing_happens_before_the_message_is_queued() -> None:
    assert delivery().with_status(DeliveryStatus.SENT, later(-3), "").sent_at == AT


def test_an_uncertain_message_is_neither_sent_nor_failed() -> None:
    queued = delivery()
    assert queued.with_status(DeliveryStatus.UNCERTAIN, later(1), "answer_lost") == queued


RESULTS = (
    (cmd.SendStatus.SENT,),
    (cmd.SendStatus.FAILED, cmd.SendStatus.SENT),
    (cmd.SendStatus.UNCERTAIN, cmd.SendStatus.SENT),
)
RECEIPTS = (
    (),
    (DeliveryStatus.DELIVERED,),
    (DeliveryStatus.DELIVERED, DeliveryStatus.READ),
    (DeliveryStatus.READ,),
)


def play_deliveries(chance: random.Random) -> PlayedThread:
    """An agent writes some messages; each comes as far as chance has it."""
    thread = PlayedThread(NEW_YORK, {"ana": "ana"})
    # Around the night in which clocks change.
    thread.talk.now = datetime(2025, 3, 8, 20, tzinfo=UTC)
    thread.writes().assigned("ana")
    for number in range(6):
        thread.talk.advance_clock(chance.randint(0, 20_000))
        thread.replies("ana")
        thread.talk.advance_clock(chance.randint(0, 90))
        if chance.random() < 0.2:
            thread.settles(chance.choice((cmd.SendStatus.FAILED, cmd.SendStatus.UNCERTAIN)))
            continue
        thread.settles(*chance.choice(RESULTS), external=f"out-{number}")
        for status in chance.choice(RECEIPTS):
            thread.talk.advance_clock(chance.randint(0, 5_000))
            thread.gets_receipt(f"out-{number}", status)
    return thread


SUMS_OF_ROWS = """
SELECT g.grain, CASE g.grain WHEN 'day' THEN d.queued_day ELSE d.queued_hour END AS bucket,
       d.channel_id, d.author,
       CASE WHEN d.failed_at IS NULL THEN '' ELSE 'unknown' END AS failure, count(*) AS queued,
       count(d.sent_at) AS sent, count(d.delivered_at) AS delivered, count(d.read_at) AS read,
       count(d.failed_at) AS failed,
       (1000 * coalesce(sum(extract(epoch FROM d.sent_at - d.queued_at)), 0))::bigint AS send_ms,
       (1000 * coalesce(sum(extract(epoch FROM d.delivered_at - d.queued_at)), 0))::bigint
           AS delivery_ms
  FROM analytics.deliveries d CROSS JOIN (VALUES ('hour'), ('day')) AS g (grain)
 WHERE d.tenant_id = $1 AND d.generation = $2 GROUP BY 1, 2, 3, 4, 5
"""


async def check_sums(insights: InsightsFixture, generation: int) -> None:
    rows = await insights.given.admin.fetch(SUMS_OF_ROWS, insights.place.tenant, generation)
    expected = sorted(({"tenant_id": insights.place.tenant, **dict(row)} for row in rows), key=str)
    assert await insights.rows("delivery_rollups", generation) == expected


async def prepare(insights: InsightsFixture, seed: int) -> UUID:
    admin, tenant = insights.given.admin, insights.place.tenant
    await admin.execute(
        "UPDATE tenants SET timezone = 'America/New_York' WHERE tenant_id = $1", tenant
    )
    chance = random.Random(seed)
    for _ in range(3):
        await play_deliveries(chance).store(admin, tenant, insights.place.channel)
    await insights.project()
    return tenant


@pytest.mark.asyncio
@pytest.mark.parametrize(("seed", "limit"), [(0, 1), (1, 2), (2, 7), (3, 7)])
async def test_sums_are_those_of_the_rows_whatever_the_size_of_batches(
    insights: InsightsFixture, seed: int, limit: int
) -> None:
    tenant = await prepare(insights, seed)
    live = await insights.rows("deliveries")
    assert len(live) == 18
    assert {each["author"] for each in live} == {"agent"}
    await check_sums(insights, 1)

    rebuilder = ProjectionRebuilder(insights.database, ProjectionRunner(insights.database, limit))
    assert await rebuilder.build(DeliveryProjection(), tenant) == 2

    assert await insights.rows("deliveries", 2) == live
    await check_sums(insights, 2)


@pytest.mark.asyncio
async def test_a_status_of_a_message_that_was_never_queued_says_nothing(
    insights: InsightsFixture,
) -> None:
    await insights.serve()
    await insights.project()
    rows = await insights.rows("deliveries")
    (row,) = await insights.rows("conversation_measures")

    await insights.add_events(
        row["conversation_id"],
        (
            "message_status_changed",
            {"type": "message_status_changed", "message": str(uuid4()), "status": "read"},
        ),
    )
    await insights.project()

    assert await insights.rows("deliveries") == rows


@pytest.mark.asyncio
async def test_an_unknown_status_stops_this_projection_alone(insights: InsightsFixture) -> None:
    await insights.serve()
    await insights.project()
    (row,) = await insights.rows("conversation_measures")

    await insights.add_events(
        row["conversation_id"],
        ("turn_finished", {"turn": str(uuid4()), "outcome": "answered", "code": ""}),
        ("message_queued", {"message": str(uuid4()), "outbox": str(uuid4()), "author": "nobody"}),
    )
    await insights.project()

    stopped = await insights.given.rows(
        "SELECT name FROM analytics.positions WHERE failed_version IS NOT NULL ORDER BY name"
    )
    assert stopped == ["conversations", "deliveries"]
