"""Statement 5: a timer fires once, by the database's clock, in the commit of its step."""

import asyncio
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.domain.conversation import commands as cmd
from niochat.inbox.sweep_queries import SweepQueries
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def slow(given: RowBuilder) -> ChannelRef:
    """A tenant whose bursts end after a minute, unless a test moves the due time."""
    return await given.place(burst_window_s=60, burst_limit_s=120)


@pytest_asyncio.fixture
async def waiting(a: Host, slow: ChannelRef, given: RowBuilder) -> UUID:
    """A thread whose burst is open."""
    thread = await given.thread(slow)
    await insert_commands(a, slow, thread, [build_message("m1")])
    await a.run(thread)
    return thread


async def due(given: RowBuilder, *, ago: str = "0 s", thread: UUID | None = None) -> None:
    await given.admin.execute(
        "UPDATE timers SET due_at = now() - $1::text::interval"
        " WHERE $2::uuid IS NULL OR thread_id = $2",
        ago,
        thread,
    )


async def started(given: RowBuilder) -> int:
    return await given.count("events", "type = 'turn_started'")


async def test_before_its_time_a_timer_does_not_fire(
    a: Host, waiting: UUID, given: RowBuilder
) -> None:
    await a.run(waiting)

    assert await started(given) == 0
    assert await given.count("timers") == 1


async def test_a_due_timer_fires_and_is_gone_in_the_same_commit(
    a: Host, waiting: UUID, given: RowBuilder
) -> None:
    await due(given)

    await a.run(waiting)
    await a.run(waiting)

    assert await started(given) == 1
    assert await given.count("timers") == 0


async def test_two_hosts_fire_it_once(
    a: Host, b: Host, waiting: UUID, given: RowBuilder, ownership: ShardAssignments
) -> None:
    await due(given)
    before = dict(a.epochs)
    await ownership.assign_all(b)
    a.epochs = before

    await asyncio.gather(a.step(waiting), b.step(waiting))

    assert await started(given) == 1
    assert await given.count("timers") == 0
    assert await given.rows("SELECT host FROM turns") == [b.name]


async def test_a_later_message_sets_the_same_timer_anew(
    a: Host, slow: ChannelRef, waiting: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, slow, waiting, [build_message("m2")])

    await a.run(waiting)

    assert await given.rows("SELECT generation FROM timers") == [2]


async def test_a_message_that_comes_before_its_timer_fires_joins_the_burst(
    a: Host, slow: ChannelRef, waiting: UUID, given: RowBuilder
) -> None:
    await due(given)
    await insert_commands(a, slow, waiting, [build_message("m2")])

    await a.run(waiting)

    assert await given.rows("SELECT generation FROM timers") == [2]
    assert await given.rows("SELECT status FROM turns") == []
    await due(given)
    await a.run(waiting)
    assert a.turn(waiting).messages == 2


async def test_a_timer_that_means_nothing_any_more_is_taken_away(
    a: Host, slow: ChannelRef, waiting: UUID, given: RowBuilder
) -> None:
    await insert_commands(a, slow, waiting, [cmd.ResolveConversation("ana")])
    await a.run(waiting)
    await due(given)

    await a.run(waiting)

    assert await given.count("timers") == 0
    assert await started(given) == 0


async def test_a_backlog_is_taken_up_in_due_order_each_once(
    a: Host, slow: ChannelRef, given: RowBuilder
) -> None:
    threads = [await given.thread(slow) for _ in range(12)]
    for thread in threads:
        await insert_commands(a, slow, thread, [build_message("m")])
    await a.steps(*(a.work(thread) for thread in threads))
    late = threads[::-1]
    for minutes, thread in enumerate(late):
        await due(given, ago=f"{60 - minutes} min", thread=thread)

    swept = await SweepQueries(a.database, a.name).find_pending_threads(list(a.epochs))
    found = [each.thread_id for each in swept]
    for thread in found:
        await a.run(thread)

    assert found == late
    assert (
        await given.rows("SELECT thread_id FROM events WHERE type = 'turn_started' ORDER BY xid")
        == late
    )
    assert await SweepQueries(a.database, a.name).find_pending_threads(list(a.epochs)) == []


async def test_the_time_of_a_decision_is_the_databases_and_is_kept_with_its_events(
    a: Host, waiting: UUID, given: RowBuilder
) -> None:
    (at,) = set(await given.rows("SELECT at FROM events"))
    (body,) = await given.rows("SELECT body FROM events WHERE type = 'timer_set'")

    (same,) = await given.rows("SELECT $1::text::timestamptz = $2", body["set_at"], at)
    assert same
    assert await given.rows("SELECT abs(extract(epoch FROM now() - $1)) < 5", at) == [True]
