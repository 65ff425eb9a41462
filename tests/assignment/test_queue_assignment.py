"""A queue's assignment: who gets what, in which order, and never more than they have room for."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.commands import SnoozeConversation
from tests.assignment.assignment_scenario import TEAM, AssignmentScenario
from tests.builders import RowBuilder, ShardAssignments

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def office(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    return await AssignmentScenario.open(database, given, ownership)


async def test_the_next_is_who_is_most_urgent_then_who_waits_longest(
    office: AssignmentScenario,
) -> None:
    minutes = [timedelta(minutes=n) for n in range(5)]
    late = await office.add_waiting_customer(waiting_since=LONG_AGO + minutes[4])
    early = await office.add_waiting_customer(waiting_since=LONG_AGO + minutes[1])
    low = await office.add_waiting_customer(priority=0, waiting_since=LONG_AGO)
    urgent = await office.add_waiting_customer(priority=3, waiting_since=LONG_AGO + minutes[3])
    high = await office.add_waiting_customer(priority=2, waiting_since=LONG_AGO + minutes[2])
    expected = [urgent, high, early, late, low]
    ana = await office.add_agent(1)

    served = []
    for _ in expected:
        (thread,) = await office.assign()
        await office.run_until_idle()
        assert await office.holder(thread) == str(ana)
        served.append(thread)
        await office.submit_commands(thread, cmd.ResolveConversation(str(ana)))

    assert served == expected
    assert await office.assign() == []


async def test_nobody_gets_more_than_they_have_room_for_reserved_or_open(
    office: AssignmentScenario,
) -> None:
    ana, bia = await office.add_agent(2), await office.add_agent()
    for _ in range(12):
        await office.add_waiting_customer()

    first = await office.assign()
    assert len(first) == 2 + 5, "the policy's capacity where there is no other"
    assert await office.assign() == [], "what is reserved counts before its step"
    await office.run_until_idle()
    assert await office.assign() == []
    assert await office.loads() == {ana: (2, 2), bia: (5, 5)}

    (freed, _) = [thread for thread in first if await office.holder(thread) == str(ana)]
    await office.submit_commands(freed, cmd.ResolveConversation(str(ana)))
    (next_one,) = await office.assign()
    await office.run_until_idle()
    assert await office.holder(next_one) == str(ana)


async def test_a_snoozed_conversation_takes_no_place(office: AssignmentScenario) -> None:
    ana = await office.add_agent(1)
    thread = await office.add_waiting_customer()
    await office.assign()
    await office.run_until_idle()
    other = await office.add_waiting_customer()
    assert await office.assign() == []

    until = datetime.now(UTC) + timedelta(hours=1)
    await office.submit_commands(thread, SnoozeConversation(str(ana), until))

    assert await office.assign() == [other]


async def test_round_robin_gives_to_who_got_one_longest_ago(office: AssignmentScenario) -> None:
    agents = [await office.add_agent(9) for _ in range(3)]
    order = []
    for _ in range(6):
        thread = await office.add_waiting_customer()
        await office.assign()
        await office.run_until_idle()
        order.append(await office.holder(thread))
    assert order == [str(agent) for agent in agents * 2]

    threads = [await office.add_waiting_customer() for _ in range(4)]
    assert await office.assign() == threads
    await office.run_until_idle()
    holders = [await office.holder(thread) for thread in threads]
    assert holders == [str(agent) for agent in [*agents, agents[0]]], "in one statement too"


async def test_balanced_gives_to_who_has_most_room(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    office = await AssignmentScenario.open(database, given, ownership, "balanced")
    small, large = await office.add_agent(2), await office.add_agent(5)
    threads = [await office.add_waiting_customer() for _ in range(5)]
    for thread in threads[:2]:
        assert await office.assign(most=1) == [thread]
        await office.run_until_idle()
    assert await office.assign() == threads[2:]
    await office.run_until_idle()

    holders = [await office.holder(thread) for thread in threads]
    assert holders[:3] == [str(large)] * 3, "five, four and three are more than two"
    assert sorted(map(str, holders[3:])) == sorted([str(small), str(large)]), "then both have two"


async def test_only_who_is_online_and_was_seen_lately_gets_something(
    office: AssignmentScenario,
) -> None:
    thread = await office.add_waiting_customer()
    for state in ("away", "offline"):
        await office.add_agent(state=state)
    unseen = await office.add_agent()
    await office.given.admin.execute(
        "UPDATE presences SET seen_at = now() - interval '46 seconds' WHERE user_id = $1", unseen
    )
    await office.add_agent(0)
    assert await office.assign() == []

    await office.presences.record_seen({(office.place.tenant, unseen)})
    assert await office.assign() == [thread]


async def test_agents_of_other_teams_and_tenants_get_nothing(
    office: AssignmentScenario, given: RowBuilder, database: Database, ownership: ShardAssignments
) -> None:
    await office.set_assignment_mode("round_robin", "vendas")
    await office.add_agent(5, "vendas")
    elsewhere = await AssignmentScenario.open(database, given, ownership)
    await elsewhere.add_agent()
    await office.add_waiting_customer()

    assert await office.assign() == await office.assign("vendas") == await elsewhere.assign() == []


async def test_a_team_whose_agents_take_conversations_themselves_is_left_alone(
    office: AssignmentScenario,
) -> None:
    await office.add_agent()
    await office.add_waiting_customer()
    await office.set_assignment_mode("manual")

    assert await office.assign() == []


async def test_what_a_person_took_meanwhile_stays_theirs(office: AssignmentScenario) -> None:
    ana, bia = await office.add_agent(1), await office.add_agent(1, state="away")
    thread = await office.add_waiting_customer()
    assert await office.assign() == [thread]
    (row,) = await office.given.rows("SELECT id FROM inbox WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE id = $1", row)
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.submit_commands(thread, cmd.AssignConversation(str(bia)))

    assert await office.holder(thread) == str(bia)
    assert (await office.loads())[ana] == (0, 1), "the place is free again"
    other = await office.add_waiting_customer()
    assert await office.assign() == [other]


@pytest.mark.parametrize("how", ["resolved", "transferred", "given_back"])
async def test_what_left_the_queue_meanwhile_is_not_taken_back(
    office: AssignmentScenario, how: str
) -> None:
    await office.set_assignment_mode("manual", "vendas")
    ana = await office.add_agent(1)
    thread = await office.add_waiting_customer()
    before: dict[str, cmd.DurableCommand] = {
        "resolved": cmd.ResolveConversation("bia"),
        "transferred": cmd.TransferConversation("bia", "vendas"),
        "given_back": cmd.ReturnConversationToAssistant("bia"),
    }
    assert await office.assign() == [thread]
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.submit_commands(thread, before[how])

    assert await office.holder(thread) is None
    assert (await office.loads())[ana] == (0, 1)
    outcomes = await office.given.rows("SELECT outcome FROM inbox WHERE dedupe_key LIKE 'assign:%'")
    assert outcomes == ["done"]


async def test_who_comes_back_to_the_queue_is_assigned_again(office: AssignmentScenario) -> None:
    ana = await office.add_agent(1)
    thread = await office.add_waiting_customer()
    for _ in range(3):
        assert await office.assign() == [thread]
        await office.run_until_idle()
        assert await office.holder(thread) == str(ana)
        await office.submit_commands(thread, cmd.TransferConversation(str(ana), TEAM))
    assert await office.given.count("reservations") <= 1


async def test_a_customer_who_writes_while_reserved_is_assigned_once(
    office: AssignmentScenario,
) -> None:
    await office.add_agent(5)
    thread = await office.add_waiting_customer()
    assert await office.assign() == [thread]
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await office.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await office.submit_commands(thread, cmd.AddNote("bia", "cliente nervoso"))
    assert await office.assign() == []

    await office.run_until_idle()
    events = await office.given.count("events", "type = 'conversation_assigned'")
    assert events == 1


async def test_an_agent_of_two_teams_is_never_given_more_by_both(
    office: AssignmentScenario,
) -> None:
    await office.set_assignment_mode("balanced", "vendas")
    ana = await office.add_agent(3, TEAM, "vendas")
    for team in (TEAM, "vendas") * 3:
        await office.add_waiting_customer(team)

    given = [*await office.assign(), *await office.assign("vendas")]

    assert len(given) == 3
    await office.run_until_idle()
    assert (await office.loads())[ana] == (3, 3)


async def test_rows_that_were_done_with_are_not_kept(office: AssignmentScenario) -> None:
    ana = await office.add_agent(1)
    for _ in range(4):
        await office.add_waiting_customer()
        (thread,) = await office.assign()
        await office.run_until_idle()
        await office.submit_commands(thread, cmd.ResolveConversation(str(ana)))

    assert await office.given.count("reservations") == 1
