"""A queue's assignment: who gets what, in which order, and never more than they have room for."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain import commands as cmd
from niochat.domain.commands import SnoozeConversation
from tests.assignment.office import TEAM, Office
from tests.builders import Given, Ownership

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def office(database: Database, given: Given, ownership: Ownership) -> Office:
    return await Office.open(database, given, ownership)


async def test_the_next_is_who_is_most_urgent_then_who_waits_longest(office: Office) -> None:
    minutes = [timedelta(minutes=n) for n in range(5)]
    late = await office.arrives(waiting_since=LONG_AGO + minutes[4])
    early = await office.arrives(waiting_since=LONG_AGO + minutes[1])
    low = await office.arrives(priority=0, waiting_since=LONG_AGO)
    urgent = await office.arrives(priority=3, waiting_since=LONG_AGO + minutes[3])
    high = await office.arrives(priority=2, waiting_since=LONG_AGO + minutes[2])
    expected = [urgent, high, early, late, low]
    ana = await office.agent(1)

    served = []
    for _ in expected:
        (thread,) = await office.assign()
        await office.settle()
        assert await office.holder(thread) == str(ana)
        served.append(thread)
        await office.does(thread, cmd.ResolveConversation(str(ana)))

    assert served == expected
    assert await office.assign() == []


async def test_nobody_gets_more_than_they_have_room_for_reserved_or_open(office: Office) -> None:
    ana, bia = await office.agent(2), await office.agent()
    for _ in range(12):
        await office.arrives()

    first = await office.assign()
    assert len(first) == 2 + 5, "the policy's capacity where there is no other"
    assert await office.assign() == [], "what is reserved counts before its step"
    await office.settle()
    assert await office.assign() == []
    assert await office.loads() == {ana: (2, 2), bia: (5, 5)}

    (freed, _) = [thread for thread in first if await office.holder(thread) == str(ana)]
    await office.does(freed, cmd.ResolveConversation(str(ana)))
    (next_one,) = await office.assign()
    await office.settle()
    assert await office.holder(next_one) == str(ana)


async def test_a_snoozed_conversation_takes_no_place(office: Office) -> None:
    ana = await office.agent(1)
    thread = await office.arrives()
    await office.assign()
    await office.settle()
    other = await office.arrives()
    assert await office.assign() == []

    until = datetime.now(UTC) + timedelta(hours=1)
    await office.does(thread, SnoozeConversation(str(ana), until))

    assert await office.assign() == [other]


async def test_round_robin_gives_to_who_got_one_longest_ago(office: Office) -> None:
    agents = [await office.agent(9) for _ in range(3)]
    order = []
    for _ in range(6):
        thread = await office.arrives()
        await office.assign()
        await office.settle()
        order.append(await office.holder(thread))
    assert order == [str(agent) for agent in agents * 2]

    threads = [await office.arrives() for _ in range(4)]
    assert await office.assign() == threads
    await office.settle()
    holders = [await office.holder(thread) for thread in threads]
    assert holders == [str(agent) for agent in [*agents, agents[0]]], "in one statement too"


async def test_balanced_gives_to_who_has_most_room(
    database: Database, given: Given, ownership: Ownership
) -> None:
    office = await Office.open(database, given, ownership, "balanced")
    small, large = await office.agent(2), await office.agent(5)
    threads = [await office.arrives() for _ in range(5)]
    for thread in threads[:2]:
        assert await office.assign(most=1) == [thread]
        await office.settle()
    assert await office.assign() == threads[2:]
    await office.settle()

    holders = [await office.holder(thread) for thread in threads]
    assert holders[:3] == [str(large)] * 3, "five, four and three are more than two"
    assert sorted(holders[3:]) == sorted([str(small), str(large)]), "then both have two"


async def test_only_who_is_online_and_was_seen_lately_gets_something(office: Office) -> None:
    thread = await office.arrives()
    for state in ("away", "offline"):
        await office.agent(state=state)
    unseen = await office.agent()
    await office.given.admin.execute(
        "UPDATE presences SET seen_at = now() - interval '46 seconds' WHERE user_id = $1", unseen
    )
    await office.agent(0)
    assert await office.assign() == []

    await office.presences.record_seen({(office.place.tenant, unseen)})
    assert await office.assign() == [thread]


async def test_agents_of_other_teams_and_tenants_get_nothing(
    office: Office, given: Given, database: Database, ownership: Ownership
) -> None:
    await office.assigns("round_robin", "vendas")
    await office.agent(5, "vendas")
    elsewhere = await Office.open(database, given, ownership)
    await elsewhere.agent()
    await office.arrives()

    assert await office.assign() == await office.assign("vendas") == await elsewhere.assign() == []


async def test_a_team_whose_agents_take_conversations_themselves_is_left_alone(
    office: Office,
) -> None:
    await office.agent()
    await office.arrives()
    await office.assigns("manual")

    assert await office.assign() == []


async def test_what_a_person_took_meanwhile_stays_theirs(office: Office) -> None:
    ana, bia = await office.agent(1), await office.agent(1, state="away")
    thread = await office.arrives()
    assert await office.assign() == [thread]
    (row,) = await office.given.rows("SELECT id FROM inbox WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE id = $1", row)
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.does(thread, cmd.AssignConversation(str(bia)))

    assert await office.holder(thread) == str(bia)
    assert (await office.loads())[ana] == (0, 1), "the place is free again"
    other = await office.arrives()
    assert await office.assign() == [other]


@pytest.mark.parametrize("how", ["resolved", "transferred", "given_back"])
async def test_what_left_the_queue_meanwhile_is_not_taken_back(office: Office, how: str) -> None:
    await office.assigns("manual", "vendas")
    ana = await office.agent(1)
    thread = await office.arrives()
    before: dict[str, cmd.DurableCommand] = {
        "resolved": cmd.ResolveConversation("bia"),
        "transferred": cmd.TransferConversation("bia", "vendas"),
        "given_back": cmd.ReturnConversationToAssistant("bia"),
    }
    assert await office.assign() == [thread]
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.does(thread, before[how])

    assert await office.holder(thread) is None
    assert (await office.loads())[ana] == (0, 1)
    outcomes = await office.given.rows("SELECT outcome FROM inbox WHERE dedupe_key LIKE 'assign:%'")
    assert outcomes == ["done"]


async def test_who_comes_back_to_the_queue_is_assigned_again(office: Office) -> None:
    ana = await office.agent(1)
    thread = await office.arrives()
    for _ in range(3):
        assert await office.assign() == [thread]
        await office.settle()
        assert await office.holder(thread) == str(ana)
        await office.does(thread, cmd.TransferConversation(str(ana), TEAM))
    assert await office.given.count("reservations") <= 1


async def test_a_customer_who_writes_while_reserved_is_assigned_once(office: Office) -> None:
    await office.agent(5)
    thread = await office.arrives()
    assert await office.assign() == [thread]
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.does(thread, cmd.AddNote("bia", "cliente nervoso"))
    assert await office.assign() == []

    await office.settle()
    events = await office.given.count("events", "type = 'conversation_assigned'")
    assert events == 1


async def test_an_agent_of_two_teams_is_never_given_more_by_both(office: Office) -> None:
    await office.assigns("balanced", "vendas")
    ana = await office.agent(3, TEAM, "vendas")
    for team in (TEAM, "vendas") * 3:
        await office.arrives(team)

    given = [*await office.assign(), *await office.assign("vendas")]

    assert len(given) == 3
    await office.settle()
    assert (await office.loads())[ana] == (3, 3)


async def test_rows_that_were_done_with_are_not_kept(office: Office) -> None:
    ana = await office.agent(1)
    for _ in range(4):
        await office.arrives()
        (thread,) = await office.assign()
        await office.settle()
        await office.does(thread, cmd.ResolveConversation(str(ana)))

    assert await office.given.count("reservations") == 1
