"""Who is there, and what becomes of the conversations of who is not any more."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import NotFoundError
from niochat.domain.ids import shard_of
from tests.assignment.assignment_scenario import PRODUCT, TEAM, AssignmentScenario
from tests.builders import RowBuilder, ShardAssignments, build_message

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
SHARDS = list(range(1024))


@pytest_asyncio.fixture
async def scenario(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    return await AssignmentScenario.open(database, given, ownership)


async def goes(scenario: AssignmentScenario, *agents: UUID) -> int:
    """They say they are gone; how many conversations were told."""
    for agent in agents:
        await scenario.set_presence(agent, "offline")
    told = await scenario.queues.return_unanswered(
        [(scenario.place.tenant, each) for each in agents]
    )
    return sum(len(threads) for threads in told.values())


async def unseen(scenario: AssignmentScenario, agent: UUID, seconds: int = 46) -> None:
    await scenario.given.admin.execute(
        "UPDATE presences SET seen_at = now() - make_interval(secs => $2) WHERE user_id = $1",
        agent,
        seconds,
    )


async def held_by(scenario: AssignmentScenario, agent: UUID, *, answered: bool = False) -> UUID:
    """A conversation that the queue gave to the agent, who is the only one there."""
    thread = await scenario.add_waiting_customer()
    assert await scenario.assign() == [thread]
    await scenario.run_until_idle()
    if answered:
        await scenario.submit_commands(thread, cmd.ReplyToCustomer(str(agent), "Olá"))
    return thread


async def test_who_goes_offline_gives_back_what_is_unanswered_and_keeps_the_rest(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent(9)
    waits = await held_by(scenario, ana)
    talked = await held_by(scenario, ana, answered=True)

    assert await goes(scenario, ana) == 1
    assert await scenario.queues.return_unanswered([(scenario.place.tenant, ana)]) == {}, (
        "it was told once"
    )
    await scenario.run_until_idle()

    assert await scenario.status(waits) == ("waiting", TEAM)
    assert await scenario.holder(talked) == str(ana)
    (body,) = await scenario.given.rows(
        "SELECT body FROM events WHERE thread_id = $1 AND type = 'conversation_transferred'"
        " ORDER BY version DESC LIMIT 1",
        waits,
    )
    assert (body["by"], body["reason"], body["team"]) == ("product", "offline", TEAM)


async def test_it_keeps_its_place_in_the_queue_and_another_agent_gets_it(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent(1)
    waits = await held_by(scenario, ana)
    later = await scenario.add_waiting_customer()
    await goes(scenario, ana)
    await scenario.run_until_idle()
    bia = await scenario.add_agent(1)

    assert await scenario.assign() == [waits]
    await scenario.run_until_idle()
    assert await scenario.holder(waits) == str(bia)
    assert await scenario.holder(later) is None


async def test_what_the_customer_writes_to_somebody_gone_goes_back_too(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent()
    thread = await held_by(scenario, ana, answered=True)
    assert await goes(scenario, ana) == 0

    await scenario.submit_commands(thread, build_message("later", "ainda não funciona"))

    gone = await scenario.queues.find_offline_agents(SHARDS)
    assert gone == [(scenario.place.tenant, ana)]
    await scenario.queues.return_unanswered(gone)
    await scenario.run_until_idle()
    assert await scenario.status(thread) == ("waiting", TEAM)
    assert await scenario.queues.find_offline_agents(SHARDS) == []


async def test_what_a_person_gave_to_somebody_gone_stays_with_them(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent()
    thread = await scenario.add_waiting_customer()
    await goes(scenario, ana)
    await scenario.submit_commands(thread, cmd.AssignConversation(str(ana)))

    assert await scenario.queues.return_unanswered([(scenario.place.tenant, ana)]) == {}


async def test_what_a_queue_had_reserved_when_they_went_comes_back(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent()
    thread = await scenario.add_waiting_customer()
    assert await scenario.assign() == [thread]
    await goes(scenario, ana)
    await scenario.run_until_idle()
    assert await scenario.holder(thread) == str(ana), "the command was older"

    await scenario.queues.return_unanswered(await scenario.queues.find_offline_agents(SHARDS))
    await scenario.run_until_idle()
    assert await scenario.status(thread) == ("waiting", TEAM)


async def test_nothing_is_taken_from_who_answered_or_lost_it_meanwhile(
    scenario: AssignmentScenario,
) -> None:
    ana, bia = await scenario.add_agent(9), await scenario.add_agent(state="away")
    answered, taken = await held_by(scenario, ana), await held_by(scenario, ana)
    assert await goes(scenario, ana) == 2
    await scenario.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await scenario.submit_commands(answered, cmd.ReplyToCustomer(str(ana), "Olá"))
    await scenario.submit_commands(taken, cmd.AssignConversation(str(bia)))

    assert await scenario.holder(answered) == str(ana)
    assert await scenario.holder(taken) == str(bia)


@pytest.mark.parametrize("state", ["online", "away"])
async def test_a_pause_takes_nothing_away(scenario: AssignmentScenario, state: str) -> None:
    ana = await scenario.add_agent()
    thread = await held_by(scenario, ana)
    await scenario.set_presence(ana, state, "lunch" if state == "away" else "")

    assert await scenario.queues.return_unanswered([(scenario.place.tenant, ana)]) == {}
    assert await scenario.holder(thread) == str(ana)


async def test_a_provider_may_want_agents_to_keep_what_is_theirs(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    scenario = await AssignmentScenario.open(database, given, ownership, offline_rule="keep")
    ana = await scenario.add_agent()
    await held_by(scenario, ana)

    assert await goes(scenario, ana) == 0


async def test_what_never_had_a_team_goes_to_the_policys(scenario: AssignmentScenario) -> None:
    ana = await scenario.add_agent()
    thread = await scenario.given.thread(scenario.place)
    await scenario.submit_commands(thread, build_message("m"), cmd.AssignConversation(str(ana)))
    assert await goes(scenario, ana) == 1
    await scenario.run_until_idle()

    assert await scenario.status(thread) == ("waiting", TEAM)


async def test_who_is_not_seen_for_the_grace_is_offline_once(scenario: AssignmentScenario) -> None:
    ana, bia, gone = [await scenario.add_agent() for _ in range(3)]
    await scenario.set_presence(bia, "away", "lunch")
    for agent in (ana, bia):
        await unseen(scenario, agent)
    await unseen(scenario, gone, 44)
    tenant = scenario.place.tenant

    assert (
        await scenario.presences.expire_unseen([n for n in SHARDS if n != shard_of(tenant)]) == []
    )
    assert set(await scenario.presences.expire_unseen(SHARDS)) == {(tenant, ana), (tenant, bia)}
    assert await scenario.presences.expire_unseen(SHARDS) == []
    changes = await scenario.given.rows(
        "SELECT state || ':' || reason FROM presence_changes WHERE user_id = $1 ORDER BY at", bia
    )
    assert changes == ["online:", "away:lunch", "offline:lapsed"]


async def test_an_open_socket_keeps_somebody_there_but_brings_nobody_back(
    scenario: AssignmentScenario,
) -> None:
    ana, bia = await scenario.add_agent(), await scenario.add_agent(state="offline")
    for agent in (ana, bia):
        await unseen(scenario, agent)
    tenant = scenario.place.tenant

    await scenario.presences.record_seen({(tenant, ana), (tenant, bia), (tenant, uuid4())})
    await scenario.presences.record_seen(set())

    assert await scenario.presences.expire_unseen(SHARDS) == []
    states = {row["user_id"]: row["state"] for row in await scenario.presences.list_agents(tenant)}
    assert states == {ana: "online", bia: "offline"}


async def test_saying_the_same_again_is_being_seen_and_nothing_else(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent()
    tenant = scenario.place.tenant
    since = (await scenario.presences.get_agent(tenant, ana))["since"]
    await unseen(scenario, ana)
    assert (await scenario.presences.get_agent(tenant, ana))["state"] == "offline", (
        "before anybody swept"
    )
    audited = await scenario.given.count("audit")

    await scenario.set_presence(ana, "online")

    now = await scenario.presences.get_agent(tenant, ana)
    assert (now["state"], now["since"]) == ("online", since)
    assert await scenario.given.count("audit") == audited
    assert await scenario.given.count("presence_changes", "user_id = $1", ana) == 1


async def test_capacity_is_the_agents_own_or_the_policys(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    scenario = await AssignmentScenario.open(database, given, ownership, capacity=3)
    ana, bia = await scenario.add_agent(7), await scenario.add_agent()
    assert await scenario.loads() == {ana: (0, 7), bia: (0, 3)}

    tenant = scenario.place.tenant
    await scenario.presences.override_presence(tenant, ana, PRODUCT, offline=False, capacity=None)
    assert await scenario.loads() == {ana: (0, 3), bia: (0, 3)}


async def test_somebody_of_another_provider_is_nobody_here(
    scenario: AssignmentScenario, database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    elsewhere = await AssignmentScenario.open(database, given, ownership)
    stranger = await elsewhere.add_agent()
    for user in (stranger, uuid4()):
        with pytest.raises(NotFoundError):
            await scenario.set_presence(user, "online")
        with pytest.raises(NotFoundError):
            await scenario.presences.get_agent(scenario.place.tenant, user)
    assert await scenario.queues.return_unanswered([(scenario.place.tenant, stranger)]) == {}


async def test_what_waited_for_an_agent_keeps_since_when_it_waits(
    scenario: AssignmentScenario,
) -> None:
    ana = await scenario.add_agent()
    long_ago = datetime(2026, 3, 1, tzinfo=UTC)
    thread = await scenario.add_waiting_customer(waiting_since=long_ago)
    assert await scenario.assign() == [thread]
    await scenario.run_until_idle()
    await goes(scenario, ana)
    await scenario.run_until_idle()

    assert await scenario.given.rows("SELECT waiting_since FROM conversations") == [long_ago]
