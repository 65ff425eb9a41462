"""The rows of the history equal those that the commits of its steps would have left."""

from datetime import timedelta
from typing import Any

import pytest

from niochat.adapters.postgres.database import Database
from niochat.cli.demo_history.history_generator import HistoryGenerator
from niochat.cli.demo_history.simulation.recorded_steps import RecordedStep, SimulatedConversation
from niochat.conversations.step.step_commit import commit_steps
from niochat.conversations.step.step_types import StepPlan, ThreadSnapshot
from niochat.domain.conversation.state import ConversationState
from niochat.domain.ids import shard_of
from tests.builders import ChannelRef, Host, RowBuilder, ShardAssignments
from tests.cli.demo_history.history_fixtures import (
    PRESENT,
    RECIFE,
    add_demo_provider,
    fill,
    load_demo_provider,
    open_writer,
)

pytestmark = pytest.mark.asyncio
PER_DAY = 20
TODAY = PRESENT.astimezone(RECIFE).date()
COMPARED = {
    "conversations": "SELECT * FROM conversations ORDER BY id",
    "events": "SELECT tenant_id, conversation_id, version, thread_id, body, at, cause FROM events"
    " ORDER BY conversation_id, version",
    "messages": "SELECT id, thread_id, conversation_id, version, author, kind, text, details,"
    " external_id, status, code, reactions, sent_at FROM messages ORDER BY id",
    "outbox": "SELECT id, thread_id, channel_id, conversation_id, message_id, origin, kind, text,"
    " choices, status, external_id, code FROM outbox ORDER BY id",
    "ratings": "SELECT to_jsonb(r) - '{created_at,changed_at,classify_at}'::text[] AS rating"
    "  FROM ratings r ORDER BY id",
    "timers of ratings": "SELECT t.* FROM timers t JOIN ratings r"
    "    ON r.conversation_id = t.conversation_id AND r.status = 'sent'"
    " WHERE t.name = 'rating' ORDER BY t.thread_id",
}
"""Columns that hold the time of the database are left out, and timers of ratings that are over: the
product keeps them until they fire and do nothing.
"""


async def rows(given: RowBuilder) -> dict[str, list[Any]]:
    return {
        name: [dict(row) for row in await given.admin.fetch(query)]
        for name, query in COMPARED.items()
    }


def plan_of(
    place: ChannelRef,
    simulated: SimulatedConversation,
    step: RecordedStep,
    before: ConversationState | None,
    epoch: int,
) -> StepPlan:
    snapshot = ThreadSnapshot(simulated.thread, place.tenant, place.channel, before)
    plan = StepPlan(snapshot, epoch, step.at, step.after, list(step.events))
    plan.causes = [step.cause] * len(step.events)
    plan.effects = list(step.effects)
    kind, _, timer = step.cause.partition(":")
    if kind == "fire_timer":
        name, _, generation = timer.rpartition(":")
        plan.timers = [(name, int(generation))]
    return plan


def plans_of(
    place: ChannelRef, simulated: SimulatedConversation, host: Host
) -> list[tuple[Any, StepPlan]]:
    plans, before = [], None
    epoch = host.epochs[shard_of(simulated.thread)]
    for number, step in enumerate(simulated.steps):
        plan = plan_of(place, simulated, step, before, epoch)
        plans.append(((step.at, str(simulated.state.id), number), plan))
        before = step.after
    return plans


async def test_the_rows_equal_those_that_the_commits_of_the_steps_leave(
    database: Database, given: RowBuilder, ownership: ShardAssignments
) -> None:
    place = await add_demo_provider(given)
    host = Host("host-a", database)
    await ownership.assign_all(host)
    await given.admin.execute("SELECT setval('protocol_numbers', 1, false)")
    await fill(await open_writer(database, place.tenant, per_day=PER_DAY), 2)
    filled = await rows(given)
    statuses = {row["rating"]["status"] for row in filled["ratings"]}
    assert statuses >= {"sent", "answered", "expired"}
    assert filled["timers of ratings"]
    await given.admin.execute(
        "TRUNCATE conversations, events, messages, outbox, turns, timers, ratings CASCADE"
    )

    provider = await load_demo_provider(database, place.tenant, per_day=PER_DAY)
    generator, first, steps = HistoryGenerator(provider.settings), 1, []
    for day in (TODAY - timedelta(days=1), TODAY):
        plans = generator.plan(day)
        for played in generator.play(plans, range(first, first + len(plans))):
            steps += plans_of(place, played.simulated, host)
        first += len(plans)
    async with database.as_system() as connection:
        for _, plan in sorted(steps, key=lambda step: step[0]):
            assert await commit_steps(database, connection, host.name, [plan])

    committed = await rows(given)
    for name in COMPARED:
        assert committed[name] == filled[name], name
