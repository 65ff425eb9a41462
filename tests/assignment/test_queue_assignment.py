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
async def scenario(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    return await AssignmentScenario.open(database, given, ownership)


async def test_the_next_is_who_is_most_urgent_then_who_waits_longest(
    scenario: AssignmentScenario,
) -> None:
    minutes = [timedelta(minutes=n) for n in range(5)]
    late = await scenario.add_waiting_customer(waiting_since=LONG_AGO + minutes[4])
    early = await scenario.add_waiting_customer(waiting_since=LONG_AGO + minutes[1])
    low = await scenario.add_waiting_customer(priority=0, waiting_since=LONG_AGO)
    urgent = await scenario.add_waiting_customer(priority=3, waiting_since=LONG_AGO + minutes[3])
    high = await scenario.add_waiting_customer(priority=2, waiting_since=LONG_AGO + minutes[2])
    expected = [urgent, high, early, late, low]
    ana = await scenario.add_agent(1)

    served = []
    for _ in expected:
        (thread,) = await scenario.assign()
        await scenario.run_until_idle()
        assert await scenario.holder(thread) == str(ana)
        served.append(thread)
        await scenario.submit_commands(thread, cmd.ResolveConversation(str(ana)))

    assert served == expected
    assert await scenario.assign() == []


async def test_nobody_gets_more_than_they_have_room_for_reserved_or_open(
    scenario: AssignmentScenario,
) -> None:
    ana, bia = await scenario.add_agent(2), await scenario.add_agent()
    for _ in range(12):
        await scenario.add_waiting_customer()

    first = await scenario.assign()
    assert len(first) == 2 + 5, "the policy's capacity where there is no other"
    assert await scenario.assign() == [], "what is reserved counts before its step"
    await scenario.run_until_idle()
    assert await scenario.assign() == []
    assert await scenario.loads() == {ana: (2, 2), bia: (5, 5)}

    (freed, _) = [thread for thread in first if await scenario.holder(thread) == str(ana)]
    await scenario.submit_commands(freed, cmd.ResolveConversation(str(ana)))
    (next_one,) = await scenario.assign()
    await scenario.run_until_idle()
    assert await scenario.holder(next_one) == str(ana)


async def test_a_snoozed_conversation_takes_no_place(scenario: AssignmentScenario) -> None:
    ana = await scenario.add_agent(1)
    thread = await scenario.add_waiting_customer()
    await scenario.assign()
    await scenario.run_until_idle()
    other = await scenario.add_waiting_customer()
    assert await scenario.assign() == []

    until = datetime.now(UTC) + timedelta(hours=1)
    await scenario.submit_commands(thread, SnoozeConversation(str(ana), until))

    assert await scenario.assign() == [other]


async def test_round_robin_gives_to_who_got_one_longest_ago(scenario: AssignmentScenario) -> None:
    agents = [await scenario.add_agent(9) for _ in range(3)]
    order = []
    for _ in range(6):
        thread = await scenario.add_waiting_customer()
        await scenario.assign()
        await scenario.run_until_idle()
        order.append(await scenario.holder(thread))
    assert order == [str(agent) for agent in agents * 2]

    threads = [await scenario.add_waiting_customer() for _ in range(4)]
    assert await scenario.assign() == threads
    await scenario.run_until_idle()
    holders = [await scenario.holder(thread) for thread in threads]
    assert holders == [str(agent) for agent in [*agents, agents[0]]], "in one statement too"


async def test_balanced_gives_to_who_has_most_room(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    scenario = await AssignmentScenario.open(database, given, ownership, "balanced")
    small, large = await scenario.add_agent(2), await scenario.add_agent(5)
    threads = [await scenario.add_waiting_customer() for _ in range(5)]
    for thread in threads[:2]:
        assert await scenario.assign(most=1) == [thread]
        await scenario.run_until_idle()
    assert await scenario.assign() == threads[2:]
    await scenario.run_until_idle()

    holders = [await scenario.holder(thread) for thread in threads]
    assert holders[:3] == [str(large)] * 3, "five, four and three are more than two"
    assert sorted(map(str, holders[3:])) == sorted([str(small), str(large)]), "then both have two"


async def test_only_who_is_online_and_was_seen_lately_gets_something(
    scenario: AssignmentScenario,
) -> None:
    thread = await scenario.add_waiting_customer()
    for state in ("away", "offline"):
        await scenario.add_agent(state=state)
    unseen = await scenario.add_agent()
    await scenario.given.admin.execute(
        "UPDATE presences SET seen_at = now() - interval '46 seconds' WHERE user_id = $1", unseen
    )
    await scenario.add_agent(0)
    assert await scenario.assign() == []

    await scenario.presences.record_seen({(scenario.place.tenant, unseen)})
    assert await scenario.assign() == [thread]


async def test_agents_of_other_teams_and_tenants_get_nothing(
    scenario: AssignmentScenario, given: RowBuilder, database: Database, ownership: ShardAssignments
) -> None:
    await scenario.set_assignment_mode("round_robin", "vendas")
    await scenario.add_agent(5, "vendas")
    elsewhere = await AssignmentScenario.open(database, given, ownership)
    await elsewhere.add_agent()
    await scenario.add_waiting_customer()

    assert (
        await scenario.assign() == await scenario.assign("vendas") == await elsewhere.assign() == []
    )


async def test_a_team_whose_agents_take_conversations_themselves_is_left_alone(
    scenario: AssignmentScenario,
) -> None:
    await scenario.add_agent()
    await scenario.add_waiting_customer()
    await scenario.set_assignment_mode("manual")

    assert await scenario.assign() == []


async def test_what_a_person_took_meanwhile_stays_theirs(scenario: AssignmentScenario) -> None:
    ana, bia = await scenario.add_agent(1), await scenario.add_agent(1, state="away")
    thread = await scenario.add_waiting_customer()
    assert await scenario.assign() == [thread]
    (row,) = await scenario.given.rows("SELECT id FROM inbox WHERE processed_at IS NULL")
    await scenario.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE id = $1", row)
    await scenario.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await scenario.submit_commands(thread, cmd.AssignConversation(str(bia)))

    assert await scenario.holder(thread) == str(bia)
    assert (await scenario.loads())[ana] == (0, 1), "the place is free again"
    other = await scenario.add_waiting_customer()
    assert await scenario.assign() == [other]


@pytest.mark.parametrize("how", ["resolved", "transferred", "given_back"])
async def test_what_left_the_queue_meanwhile_is_not_taken_back(
    scenario: AssignmentScenario, how: str
) -> None:
    await scenario.set_assignment_mode("manual", "vendas")
    ana = await scenario.add_agent(1)
    thread = await scenario.add_waiting_customer()
    before: dict[str, cmd.DurableCommand] = {
        "resolved": cmd.ResolveConversation("bia"),
        "transferred": cmd.TransferConversation("bia", "vendas"),
        "given_back": cmd.ReturnConversationToAssistant("bia"),
    }
    assert await scenario.assign() == [thread]
    await scenario.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await scenario.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await scenario.submit_commands(thread, before[how])

    assert await scenario.holder(thread) is None
    assert (await scenario.loads())[ana] == (0, 1)
    outcomes = await scenario.given.rows(
        "SELECT outcome FROM inbox WHERE dedupe_key LIKE 'assign:%'"
    )
    assert outcomes == ["done"]


async def test_who_comes_back_to_the_queue_is_assigned_again(scenario: AssignmentScenario) -> None:
    ana = await scenario.add_agent(1)
    thread = await scenario.add_waiting_customer()
    for _ in range(3):
        assert await scenario.assign() == [thread]
        await scenario.run_until_idle()
        assert await scenario.holder(thread) == str(ana)
        await scenario.submit_commands(thread, cmd.TransferConversation(str(ana), TEAM))
    assert await scenario.given.count("reservations") <= 1


async def test_a_customer_who_writes_while_reserved_is_assigned_once(
    scenario: AssignmentScenario,
) -> None:
    await scenario.add_agent(5)
    thread = await scenario.add_waiting_customer()
    assert await scenario.assign() == [thread]
    await scenario.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await scenario.given.admin.execute("UPDATE reservations SET inbox_id = inbox_id + 1000")
    await scenario.submit_commands(thread, cmd.AddNote("bia", "cliente nervoso"))
    assert await scenario.assign() == []

    await scenario.run_until_idle()
    events = await scenario.given.count("events", "type = 'conversation_assigned'")
    assert events == 1


async def test_an_agent_of_two_teams_is_never_given_more_by_both(
    scenario: AssignmentScenario,
) -> None:
    await scenario.set_assignment_mode("balanced", "vendas")
    ana = await scenario.add_agent(3, TEAM, "vendas")
    for team in (TEAM, "vendas") * 3:
        await scenario.add_waiting_customer(team)

    given = [*await scenario.assign(), *await scenario.assign("vendas")]

    assert len(given) == 3
    await scenario.run_until_idle()
    assert (await scenario.loads())[ana] == (3, 3)


async def test_rows_that_were_done_with_are_not_kept(scenario: AssignmentScenario) -> None:
    ana = await scenario.add_agent(1)
    for _ in range(4):
        await scenario.add_waiting_customer()
        (thread,) = await scenario.assign()
        await scenario.run_until_idle()
        await scenario.submit_commands(thread, cmd.ResolveConversation(str(ana)))

    assert await scenario.given.count("reservations") == 1
