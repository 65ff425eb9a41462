"""Statement 4: a write to the ERP is journalled by what it means, once."""

import asyncio
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.domain import commands as cmd
from niochat.domain.conversation import Turn
from niochat.domain.errors import NiochatError, Refused
from niochat.erp.journal import Journal
from tests.builders import Given, Host, Place, message, put

pytestmark = pytest.mark.asyncio
KEY = "unlock:4711:2026-03"


@pytest.fixture
def journal(a: Host) -> Journal:
    return Journal(a.database)


@pytest_asyncio.fixture
async def turn(a: Host, place: Place, thread: UUID) -> Turn:
    await put(a, place, thread, [message("m1")])
    await a.run(thread)
    return a.turn(thread)


async def test_what_means_the_same_is_done_once_and_its_result_used_again(
    journal: Journal, place: Place, turn: Turn
) -> None:
    first = await journal.begin(place.tenant, KEY, turn.id, 1, {"contract": 4711})
    assert (first.first, first.status) == (True, "started")
    assert await journal.settle(place.tenant, first.id, "done", {"protocol": 9})

    second = await journal.begin(place.tenant, KEY, turn.id, 1, {"contract": 4711, "w": "other"})

    assert (second.first, second.status, second.result) == (False, "done", {"protocol": 9})
    assert second.id == first.id


async def test_the_same_meaning_ten_times_at_once_has_one_that_does_it(
    journal: Journal, place: Place, turn: Turn, given: Given
) -> None:
    begun = await asyncio.gather(
        *(journal.begin(place.tenant, KEY, turn.id, 1, {}) for _ in range(10))
    )

    assert sum(one.first for one in begun) == 1
    assert await given.count("erp_writes") == 1


async def test_an_answer_is_recorded_once(
    journal: Journal, place: Place, turn: Turn, given: Given
) -> None:
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert await journal.settle(place.tenant, write.id, "done", {"n": 1})
    assert not await journal.settle(place.tenant, write.id, "refused", {"n": 2})
    assert await given.rows("SELECT result FROM erp_writes") == [{"n": 1}]


async def test_a_write_whose_answer_was_lost_is_known_as_started_and_not_repeated(
    journal: Journal, place: Place, turn: Turn
) -> None:
    await journal.begin(place.tenant, KEY, turn.id, 1, {})

    again = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert (again.first, again.status, again.result) == (False, "started", None)


async def test_a_turn_that_is_not_current_writes_nothing(
    journal: Journal, a: Host, place: Place, thread: UUID, turn: Turn, given: Given
) -> None:
    for wrong, attempt in ((turn.id, 2), (uuid4(), 1)):
        with pytest.raises(Refused):
            await journal.begin(place.tenant, KEY, wrong, attempt, {})
    await put(a, place, thread, [cmd.AssignConversation("ana")])
    await a.run(thread)

    with pytest.raises(Refused) as refused:
        await journal.begin(place.tenant, KEY, turn.id, 1, {})

    assert refused.value.code == "turn_not_current"
    assert await given.count("erp_writes") == 0


async def test_only_the_newest_attempt_of_a_turn_writes(
    journal: Journal, a: Host, place: Place, thread: UUID, turn: Turn
) -> None:
    await a.step(thread, cmd.RestartTurn(turn.id, 1))

    with pytest.raises(Refused):
        await journal.begin(place.tenant, KEY, turn.id, 1, {})
    assert (await journal.begin(place.tenant, KEY, turn.id, 2, {})).first


async def test_a_suspended_tenant_writes_nothing(
    journal: Journal, place: Place, turn: Turn, given: Given
) -> None:
    await given.admin.execute("UPDATE tenants SET status = 'suspended'")

    with pytest.raises(Refused):
        await journal.begin(place.tenant, KEY, turn.id, 1, {})


async def test_the_same_meaning_at_two_tenants_is_two_writes_that_do_not_see_each_other(
    journal: Journal, a: Host, place: Place, turn: Turn, given: Given
) -> None:
    other = await given.place()
    theirs = await given.thread(other)
    await put(a, other, theirs, [message("m1")])
    await a.run(theirs)
    write = await journal.begin(place.tenant, KEY, turn.id, 1, {})

    with pytest.raises(Refused):
        await journal.begin(other.tenant, KEY, turn.id, 1, {})
    assert (await journal.begin(other.tenant, KEY, a.turn(theirs).id, 1, {})).first
    assert not await journal.settle(other.tenant, write.id, "done", {})


async def test_the_paths_role_cannot_touch_the_journal(a: Host) -> None:
    with pytest.raises(NiochatError, match="permission denied"):
        async with a.database.path() as connection:
            await connection.fetch("SELECT FROM erp_writes")
