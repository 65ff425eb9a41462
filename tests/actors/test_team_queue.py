"""A team's queue actor: who waits, in which place; the rows tell a new activation."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from niochat.actors import kinds
from niochat.actors.team_queue import Position, TeamQueueBehaviour, Waiting
from niochat.adapters.postgres.database import Database
from niochat.conversation.views import Views
from niochat.domain import commands as cmd
from niochat.runtime.host import Delivery
from niochat.runtime.mailbox import Activation, Ask
from tests import builders
from tests.builders import Given, Host, Place, message, put

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class Queue:
    """One team's queue actor; a new one has only the rows to go by."""

    def __init__(self, database: Database, place: Place) -> None:
        self._behaviour = TeamQueueBehaviour(Views(database))
        self._place = place
        address = kinds.team_queue(place.tenant, "atendimento")
        self._activation = Activation(address, 0.0)

    async def told(self, thread: UUID, waits: bool) -> None:
        await self._step(Waiting(self._place.tenant, "atendimento", thread, waits))

    async def places(self, *threads: UUID) -> list[int | None]:
        return [await self._place_of(thread) for thread in threads]

    async def _place_of(self, thread: UUID) -> Any:
        body = Position(self._place.tenant, "atendimento", thread)
        question = Ask(body, asyncio.get_running_loop().create_future())
        await self._step(question)
        return question.answer.result()

    async def _step(self, message: object) -> None:
        await self._behaviour.step([Delivery(self._activation, [message])])


@pytest.fixture
def queue(database: Database) -> Callable[[Place], Queue]:
    return lambda place: Queue(database, place)


async def handed_off(
    host: Host, given: Given, ownership: builders.Ownership, count: int
) -> tuple[Place, list[UUID]]:
    """Threads that wait for the team, longest first."""
    await ownership.give(host)
    place = await given.place()
    threads = [await given.thread(place) for _ in range(count)]
    for thread in threads:
        await put(host, place, thread, [message("m1")])
        await host.run(thread)
        turn = host.turn(thread)
        failed = cmd.FinishAssistantTurn(turn.id, 1, cmd.TurnOutcome.FAILED, code="model_timeout")
        await host.step(thread, failed)
    return place, threads


async def test_places_in_a_queue_follow_who_waits_and_who_left(
    database: Database, given: Given, queue: Callable[[Place], Queue]
) -> None:
    place = await given.place()
    first, second, third = [await given.thread(place) for _ in range(3)]
    team = queue(place)
    for thread in (first, second, third, first):
        await team.told(thread, waits=True)

    assert await team.places(first, second, third) == [1, 2, 3]
    await team.told(first, waits=False)
    await team.told(first, waits=False)
    assert await team.places(first, second, third) == [None, 1, 2]
    await team.told(first, waits=True)
    assert await team.places(first) == [3]


async def test_a_new_activation_reads_the_queue_from_the_rows(
    database: Database,
    given: Given,
    ownership: builders.Ownership,
    queue: Callable[[Place], Queue],
) -> None:
    place, threads = await handed_off(Host("host-a:1", database), given, ownership, 3)

    assert await queue(place).places(*threads) == [1, 2, 3]
    other = await given.place()
    assert await queue(other).places(*threads) == [None] * 3


async def test_who_writes_while_waiting_keeps_the_place(
    database: Database,
    given: Given,
    ownership: builders.Ownership,
    queue: Callable[[Place], Queue],
) -> None:
    host = Host("host-a:1", database)
    place, threads = await handed_off(host, given, ownership, 3)
    await put(host, place, threads[0], [message("m2", "alguém aí?")])
    await host.run(threads[0])

    assert await queue(place).places(*threads) == [1, 2, 3]
