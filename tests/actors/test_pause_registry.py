"""Promises of pausing: bounded memory, an end by itself, and everything is given back once."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from niochat.actors.pause_registry import MAX_BUFFERED_MESSAGES, ActorPauseRegistry
from niochat.adapters.postgres.database import Database
from niochat.conversations.pauses import ActorPauseStore
from niochat.conversations.step.step_types import MemoryCommand
from niochat.domain.conversation.commands import RestartTurn
from niochat.domain.ids import TurnId
from tests.builders import RowBuilder
from tests.manual_clock import ManualClock

pytestmark = pytest.mark.asyncio


class ReturnedCommands:
    def __init__(self) -> None:
        self.calls: list[tuple[UUID, int]] = []

    def __call__(self, thread: UUID, kept: Sequence[MemoryCommand]) -> None:
        self.calls.append((thread, len(kept)))


async def test_a_pause_ends_by_itself_and_gives_back_what_was_kept(
    database: Database, given: RowBuilder
) -> None:
    thread = await given.thread(await given.place())
    clock, back = ManualClock(), ReturnedCommands()
    paused = ActorPauseRegistry(ActorPauseStore(database), back, clock=clock)
    assert not paused.is_paused(thread)

    await ActorPauseStore(database).pause(thread, 60)
    await paused.refresh()
    assert paused.is_paused(thread)
    assert not paused.is_paused(uuid4())
    lost = [RestartTurn(TurnId(uuid4()), 1)]
    for _ in range(MAX_BUFFERED_MESSAGES + 5):
        paused.buffer_messages(thread, lost)
    clock.now += 61
    assert not paused.is_paused(thread)  # also when the database is away by then

    await given.admin.execute("UPDATE pauses SET until = now()")
    await paused.refresh()
    await paused.refresh()
    assert back.calls == [(thread, MAX_BUFFERED_MESSAGES)]


async def test_pausing_and_resuming_twice_is_doing_it_once(
    database: Database, given: RowBuilder
) -> None:
    thread = await given.thread(await given.place())
    pauses = ActorPauseStore(database)

    assert await pauses.pause(thread, 60)
    assert await pauses.pause(thread, 600)
    assert 500 < (await pauses.list_pauses())[thread] <= 600
    await pauses.resume(thread)
    await pauses.resume(thread)
    assert await pauses.list_pauses() == {}
    assert await pauses.pause(uuid4(), 60) is None
