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
async def office(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> AssignmentScenario:
    return await AssignmentScenario.open(database, given, ownership)


async def goes(office: AssignmentScenario, *agents: UUID) -> int:
    """They say they are gone; how many conversations were told."""
    for agent in agents:
        await office.set_presence(agent, "offline")
    told = await office.queues.return_unanswered([(office.place.tenant, each) for each in agents])
    return sum(len(threads) for threads in told.values())


async def unseen(office: AssignmentScenario, agent: UUID, seconds: int = 46) -> None:
    await office.given.admin.execute(
        "UPDATE presences SET seen_at = now() - make_interval(secs => $2) WHERE user_id = $1",
        agent,
        seconds,
    )


async def held_by(office: AssignmentScenario, agent: UUID, *, answered: bool = False) -> UUID:
    """A conversation that the queue gave to the agent, who is the only one there."""
    thread = await office.add_waiting_customer()
    assert await office.assign() == [thread]
    await office.run_until_idle()
    if answered:
        await office.submit_commands(thread, cmd.ReplyToCustomer(str(agent), "Olá"))
    return thread


async def test_who_goes_offline_gives_back_what_is_unanswered_and_keeps_the_rest(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent(9)
    waits = await held_by(office, ana)
    talked = await held_by(office, ana, answered=True)

    assert await goes(office, ana) == 1
    assert await office.queues.return_unanswered([(office.place.tenant, ana)]) == {}, (
        "it was told once"
    )
    await office.run_until_idle()

    assert await office.status(waits) == ("waiting", TEAM)
    assert await office.holder(talked) == str(ana)
    (body,) = await office.given.rows(
        "SELECT body FROM events WHERE thread_id = $1 AND type = 'conversation_transferred'"
        " ORDER BY version DESC LIMIT 1",
        waits,
    )
    assert (body["by"], body["reason"], body["team"]) == ("product", "offline", TEAM)


async def test_it_keeps_its_place_in_the_queue_and_another_agent_gets_it(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent(1)
    waits = await held_by(office, ana)
    later = await office.add_waiting_customer()
    await goes(office, ana)
    await office.run_until_idle()
    bia = await office.add_agent(1)

    assert await office.assign() == [waits]
    await office.run_until_idle()
    assert await office.holder(waits) == str(bia)
    assert await office.holder(later) is None


async def test_what_the_customer_writes_to_somebody_gone_goes_back_too(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent()
    thread = await held_by(office, ana, answered=True)
    assert await goes(office, ana) == 0

    await office.submit_commands(thread, build_message("later", "ainda não funciona"))

    gone = await office.queues.find_offline_agents(SHARDS)
    assert gone == [(office.place.tenant, ana)]
    await office.queues.return_unanswered(gone)
    await office.run_until_idle()
    assert await office.status(thread) == ("waiting", TEAM)
    assert await office.queues.find_offline_agents(SHARDS) == []


async def test_what_a_person_gave_to_somebody_gone_stays_with_them(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent()
    thread = await office.add_waiting_customer()
    await goes(office, ana)
    await office.submit_commands(thread, cmd.AssignConversation(str(ana)))

    assert await office.queues.return_unanswered([(office.place.tenant, ana)]) == {}


async def test_what_a_queue_had_reserved_when_they_went_comes_back(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent()
    thread = await office.add_waiting_customer()
    assert await office.assign() == [thread]
    await goes(office, ana)
    await office.run_until_idle()
    assert await office.holder(thread) == str(ana), "the command was older"

    await office.queues.return_unanswered(await office.queues.find_offline_agents(SHARDS))
    await office.run_until_idle()
    assert await office.status(thread) == ("waiting", TEAM)


async def test_nothing_is_taken_from_who_answered_or_lost_it_meanwhile(
    office: AssignmentScenario,
) -> None:
    ana, bia = await office.add_agent(9), await office.add_agent(state="away")
    answered, taken = await held_by(office, ana), await held_by(office, ana)
    assert await goes(office, ana) == 2
    await office.given.admin.execute("UPDATE inbox SET id = id + 1000 WHERE processed_at IS NULL")
    await office.submit_commands(answered, cmd.ReplyToCustomer(str(ana), "Olá"))
    await office.submit_commands(taken, cmd.AssignConversation(str(bia)))

    assert await office.holder(answered) == str(ana)
    assert await office.holder(taken) == str(bia)


@pytest.mark.parametrize("state", ["online", "away"])
async def test_a_pause_takes_nothing_away(office: AssignmentScenario, state: str) -> None:
    ana = await office.add_agent()
    thread = await held_by(office, ana)
    await office.set_presence(ana, state, "lunch" if state == "away" else "")

    assert await office.queues.return_unanswered([(office.place.tenant, ana)]) == {}
    assert await office.holder(thread) == str(ana)


async def test_a_provider_may_want_agents_to_keep_what_is_theirs(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    office = await AssignmentScenario.open(database, given, ownership, offline_rule="keep")
    ana = await office.add_agent()
    await held_by(office, ana)

    assert await goes(office, ana) == 0


async def test_what_never_had_a_team_goes_to_the_policys(office: AssignmentScenario) -> None:
    ana = await office.add_agent()
    thread = await office.given.thread(office.place)
    await office.submit_commands(thread, build_message("m"), cmd.AssignConversation(str(ana)))
    assert await goes(office, ana) == 1
    await office.run_until_idle()

    assert await office.status(thread) == ("waiting", TEAM)


async def test_who_is_not_seen_for_the_grace_is_offline_once(office: AssignmentScenario) -> None:
    ana, bia, gone = [await office.add_agent() for _ in range(3)]
    await office.set_presence(bia, "away", "lunch")
    for agent in (ana, bia):
        await unseen(office, agent)
    await unseen(office, gone, 44)
    tenant = office.place.tenant

    assert await office.presences.expire_unseen([n for n in SHARDS if n != shard_of(tenant)]) == []
    assert set(await office.presences.expire_unseen(SHARDS)) == {(tenant, ana), (tenant, bia)}
    assert await office.presences.expire_unseen(SHARDS) == []
    changes = await office.given.rows(
        "SELECT state || ':' || reason FROM presence_changes WHERE user_id = $1 ORDER BY at", bia
    )
    assert changes == ["online:", "away:lunch", "offline:lapsed"]


async def test_an_open_socket_keeps_somebody_there_but_brings_nobody_back(
    office: AssignmentScenario,
) -> None:
    ana, bia = await office.add_agent(), await office.add_agent(state="offline")
    for agent in (ana, bia):
        await unseen(office, agent)
    tenant = office.place.tenant

    await office.presences.record_seen({(tenant, ana), (tenant, bia), (tenant, uuid4())})
    await office.presences.record_seen(set())

    assert await office.presences.expire_unseen(SHARDS) == []
    states = {row["user_id"]: row["state"] for row in await office.presences.list_agents(tenant)}
    assert states == {ana: "online", bia: "offline"}


async def test_saying_the_same_again_is_being_seen_and_nothing_else(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent()
    tenant = office.place.tenant
    since = (await office.presences.get_agent(tenant, ana))["since"]
    await unseen(office, ana)
    assert (await office.presences.get_agent(tenant, ana))["state"] == "offline", (
        "before anybody swept"
    )
    audited = await office.given.count("audit")

    await office.set_presence(ana, "online")

    now = await office.presences.get_agent(tenant, ana)
    assert (now["state"], now["since"]) == ("online", since)
    assert await office.given.count("audit") == audited
    assert await office.given.count("presence_changes", "user_id = $1", ana) == 1


async def test_capacity_is_the_agents_own_or_the_policys(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    office = await AssignmentScenario.open(database, given, ownership, capacity=3)
    ana, bia = await office.add_agent(7), await office.add_agent()
    assert await office.loads() == {ana: (0, 7), bia: (0, 3)}

    tenant = office.place.tenant
    await office.presences.override_presence(tenant, ana, PRODUCT, offline=False, capacity=None)
    assert await office.loads() == {ana: (0, 3), bia: (0, 3)}


async def test_somebody_of_another_provider_is_nobody_here(
    office: AssignmentScenario, database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    elsewhere = await AssignmentScenario.open(database, given, ownership)
    stranger = await elsewhere.add_agent()
    for user in (stranger, uuid4()):
        with pytest.raises(NotFoundError):
            await office.set_presence(user, "online")
        with pytest.raises(NotFoundError):
            await office.presences.get_agent(office.place.tenant, user)
    assert await office.queues.return_unanswered([(office.place.tenant, stranger)]) == {}


async def test_what_waited_for_an_agent_keeps_since_when_it_waits(
    office: AssignmentScenario,
) -> None:
    ana = await office.add_agent()
    long_ago = datetime(2026, 3, 1, tzinfo=UTC)
    thread = await office.add_waiting_customer(waiting_since=long_ago)
    assert await office.assign() == [thread]
    await office.run_until_idle()
    await goes(office, ana)
    await office.run_until_idle()

    assert await office.given.rows("SELECT waiting_since FROM conversations") == [long_ago]
