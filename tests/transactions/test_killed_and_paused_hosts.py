"""Every statement, by a process that is killed or paused right before or right after COMMIT."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.evolve import replay
from tests.assignment.assignment_scenario import AssignmentScenario
from tests.builders import (
    ChannelRef,
    Host,
    RowBuilder,
    ShardAssignments,
    build_message,
    insert_commands,
)
from tests.transactions.crashing_host import SCENARIOS, InterruptedJob, InterruptedProcess, Moment

pytestmark = pytest.mark.asyncio

DONE = {
    "accept": ("inbox", "dedupe_key = 'message:webhook'"),
    "step": ("outbox", "text = 'Olá!'"),
    "timer": ("events", "type = 'turn_started'"),
    "ask_rating": ("outbox", "text LIKE 'Como foi%'"),
    "take_rating": ("ratings", "score = 5 AND answered_at IS NOT NULL"),
    "link": ("events", "type = 'threads_linked'"),
    "claim": ("outbox", "status = 'sending'"),
    "settle": ("outbox", "status = 'sent'"),
    "journal": ("erp_writes", "true"),
    "assign": ("inbox", "dedupe_key LIKE 'assign:%'"),
    "give_back": ("inbox", "dedupe_key LIKE 'offline:%'"),
}
"""Where to see how often a statement was done."""

REFUSED = {
    "step": "lost",
    "timer": "lost",
    "ask_rating": "lost",
    "take_rating": "lost",
    "settle": "lost",
    "claim": "nothing",
    "assign": "assigned 0",
    "give_back": "given back 0",
}
"""What a statement that is its own transaction hears once its process goes on; the others' sessions
have been ended meanwhile, so that they could hold no locks.
"""

NEVER_QUIET = {"ratings": {"quiet_from": "00:00", "quiet_until": "00:00"}}
scenarios = pytest.mark.parametrize("scenario", SCENARIOS)
moments = pytest.mark.parametrize("moment", ["before", "after"])


@scenarios
@moments
async def test_a_process_killed_around_its_commit_loses_nothing_and_doubles_nothing(
    scenario: str,
    moment: Moment,
    a: Host,
    b: Host,
    given: RowBuilder,
    ownership: ShardAssignments,
    database_url: str,
) -> None:
    job = await prepared(scenario, moment, signal.SIGKILL, a, given, database_url)
    with process(job) as child:
        await child.killed()
    assert await given.count(*DONE[scenario]) == (0 if moment == "before" else 1)

    await ownership.assign_all(b)
    await SCENARIOS[scenario](b, job)

    assert await given.count(*DONE[scenario]) == 1
    await holds(given)


@scenarios
@moments
async def test_a_process_paused_around_its_commit_loses_every_write_once_it_goes_on(
    scenario: str,
    moment: Moment,
    a: Host,
    b: Host,
    given: RowBuilder,
    ownership: ShardAssignments,
    database_url: str,
) -> None:
    job = await prepared(scenario, moment, signal.SIGSTOP, a, given, database_url)
    with process(job) as child:
        await child.stopped()
        await ownership.assign_all(b)
        await SCENARIOS[scenario](b, job)
        assert await given.count(*DONE[scenario]) == 1
        await insert_commands(b, job.place, job.thread, [build_message("late", "e a fatura?")])
        before = await everything(given)

        interrupted, step, claim = await child.resume()

    if moment == "before":
        assert interrupted == REFUSED.get(scenario, "database")
    rows = await given.rows("SELECT (thread_id, outcome, dedupe_key)::text FROM inbox ORDER BY id")
    assert (step, claim) == ("lost", "nothing"), (interrupted, job, rows)
    assert await everything(given) == before
    await b.run(job.thread)
    assert await given.count("inbox", "processed_at IS NULL AND dedupe_key LIKE 'put:%'") == 0
    await holds(given)


@moments
async def test_a_send_whose_process_died_is_uncertain_and_never_repeated(
    moment: Moment,
    a: Host,
    b: Host,
    given: RowBuilder,
    ownership: ShardAssignments,
    database_url: str,
) -> None:
    job = await prepared("claim", moment, signal.SIGKILL, a, given, database_url)
    with process(job) as child:
        await child.killed()
    await ownership.assign_all(b)

    claimed = await b.claim(job.thread)

    if moment == "before":
        assert claimed is not None, "it certainly did not leave"
    else:
        assert claimed is None
        (first, *_) = await b.outbox.list_unsettled(job.thread)
        assert first.orphaned


@contextmanager
def process(job: InterruptedJob) -> Iterator[InterruptedProcess]:
    child = InterruptedProcess(job)
    yield child
    child.end()


async def prepared(
    scenario: str, moment: Moment, number: signal.Signals, a: Host, given: RowBuilder, url: str
) -> InterruptedJob:
    """A thread in which the scenario's statement is the next thing to do."""
    place = await given.place(burst_window_s=60 if scenario == "timer" else 0)
    thread = await given.thread(place)
    await insert_commands(a, place, thread, [build_message("m1")])
    await a.run(thread)
    turn, outbox = UUID(int=0), None
    match scenario:
        case "timer":
            await given.admin.execute("UPDATE timers SET due_at = now()")
        case "ask_rating" | "take_rating":
            await resolved(a, place, thread, given)
            if scenario == "take_rating":
                await a.run(thread)
                await insert_commands(a, place, thread, [build_message("m2", "🤩")])
        case "claim" | "settle":
            await a.answer(thread, "Um.", "Dois.")
            claimed = await a.claim(thread) if scenario == "settle" else None
            outbox = claimed.id if claimed is not None else None
        case "link":
            other = await given.thread(place)
            await insert_commands(a, place, other, [build_message("m2")])
            await a.run(other)
            await insert_commands(a, place, thread, [cmd.MergeThread(str(other))])
        case "assign" | "give_back":
            turn = await waiting(scenario, a, given, place, thread)
        case _:
            turn = a.turn(thread).id
    return InterruptedJob(scenario, moment, number, url, a.epochs, place, thread, turn, outbox)


async def resolved(a: Host, place: ChannelRef, thread: UUID, given: RowBuilder) -> None:
    """The conversation is over, and the request for its rating is due."""
    await a.answer(thread, "Pronto!")
    await insert_commands(a, place, thread, [cmd.ResolveConversation("ana")])
    await a.run(thread)
    await given.admin.execute("UPDATE outbox SET status = 'sent'")
    await given.admin.execute("UPDATE tenants SET policy = policy || $1", NEVER_QUIET)
    await given.admin.execute("UPDATE timers SET due_at = now()")


async def waiting(
    scenario: str, a: Host, given: RowBuilder, place: ChannelRef, thread: UUID
) -> UUID:
    """The thread waits for a team with an agent who has room; or the agent has it and has gone."""
    assignment = AssignmentScenario(a.database, given, a, place)
    await assignment.set_assignment_mode("round_robin")
    agent = await assignment.add_agent()
    commands: list[cmd.DurableCommand] = [cmd.TransferConversation("bia", "atendimento")]
    if scenario == "give_back":
        commands.append(cmd.AssignConversation(str(agent)))
    await assignment.submit_commands(thread, *commands)
    if scenario == "give_back":
        await assignment.set_presence(agent, "offline")
    return agent


async def everything(given: RowBuilder) -> list[list[str]]:
    tables = await given.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
    return [await given.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables]


async def holds(given: RowBuilder) -> None:
    for thread in await given.rows("SELECT id FROM threads"):
        logs, states = await given.logs(thread), await given.states(thread)
        assert {conversation: replay(log) for conversation, log in logs.items()} == states
