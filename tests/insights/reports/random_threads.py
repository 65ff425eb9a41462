"""Threads of a provider in New York, drawn by chance around the nights in which clocks change, and
within the last days.
"""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.builders import Admin
from tests.insights.played_conversation import PlayedThread

NEW_YORK = ZoneInfo("America/New_York")
AGENTS = ("ana", "bia")
TEAMS = ("atendimento", "suporte")
MARCH = datetime(2025, 3, 8, 18, tzinfo=UTC)
NOVEMBER = datetime(2025, 11, 1, 18, tzinfo=UTC)


def draw_threads(chance: random.Random, count: int) -> list[PlayedThread]:
    """Returns threads with one to three conversations each, some of them merged."""
    starts = (MARCH, NOVEMBER, datetime.now(UTC) - timedelta(hours=90))
    threads = []
    for number in range(count):
        thread = PlayedThread(NEW_YORK, {name: name for name in AGENTS})
        thread.talk.now = starts[number % 3] + timedelta(seconds=chance.randint(0, 2 * 86_400))
        threads.append(_play(thread, chance))
        if number % 7 == 0:
            threads += _play_merged(thread, chance)
    return threads


def _play(thread: PlayedThread, chance: random.Random) -> PlayedThread:
    for _ in range(chance.randint(1, 3)):
        chance.choice((_ask, _ask, _be_silent, _talk, _talk, _fail))(thread, chance)
        if thread.talk.active_conversation.status != "resolved":
            break
        thread.later(chance.choice((0, 1, 22, 25, 70, 74)))
        _wait(thread, chance)
    return thread


def _wait(thread: PlayedThread, chance: random.Random) -> PlayedThread:
    thread.talk.advance_clock(chance.randint(1, 2_000) + chance.random())
    return thread


def _ask(thread: PlayedThread, chance: random.Random) -> None:
    """The assistant solves it."""
    _wait(thread.writes(), chance).answers()
    _wait(_wait(thread, chance).writes(), chance).closes()


def _be_silent(thread: PlayedThread, chance: random.Random) -> None:
    """The customer does not answer the assistant."""
    _wait(thread.writes(), chance).answers()
    _wait(_wait(thread, chance).idles(), chance).idles()


def _talk(thread: PlayedThread, chance: random.Random) -> None:
    """An agent answers, perhaps twice; then another one may do."""
    agent = chance.choice(AGENTS)
    _wait(thread.writes(), chance).hands_off(chance.choice(TEAMS))
    _wait(_wait(thread, chance).assigned(agent), chance).replies(agent)
    if chance.random() < 0.5:
        _wait(_wait(thread, chance).writes(), chance).replies(chance.choice(AGENTS))
    if chance.random() < 0.5:
        thread.labels(agent, *chance.choice((("fatura",), ("fatura", "sinal"))))
    if chance.random() < 0.9:
        _wait(thread, chance).resolves(agent)


def _fail(thread: PlayedThread, chance: random.Random) -> None:
    """The model does not answer, an agent does."""
    agent = chance.choice(AGENTS)
    _wait(thread.writes(), chance).fails()
    _wait(_wait(thread, chance).assigned(agent), chance).replies(agent)
    _wait(thread, chance).resolves(agent)


def _play_merged(after: PlayedThread, chance: random.Random) -> list[PlayedThread]:
    """Two threads of one person; people answered in the one that ends."""
    older, newer = (PlayedThread(NEW_YORK, after.people) for _ in range(2))
    older.talk.now = after.talk.now - timedelta(hours=100)
    _wait(older.writes(), chance).answers()
    newer.talk.now = older.talk.now
    _wait(newer, chance).writes()
    _wait(newer, chance).hands_off("suporte")
    _wait(newer, chance).assigned("bia").replies("bia")
    older.talk.now = _wait(newer, chance).talk.now
    older.merges(newer)
    return [older, newer]


async def add_writes_to_the_erp(admin: Admin, tenant: UUID) -> None:
    """A third of the turns wrote to the ERP, with success or not."""
    await admin.execute(
        "INSERT INTO erp_writes (tenant_id, key, turn_id, request, status)"
        " SELECT tenant_id, 'k:' || id, id, '{}', (ARRAY['done', 'refused'])[1 + number % 2]"
        " FROM (SELECT *, row_number() OVER (ORDER BY id) AS number FROM turns) AS t"
        " WHERE tenant_id = $1 AND number % 3 = 0",
        tenant,
    )
    await admin.execute(
        'UPDATE turns SET tool_results = \'[{"tool": "consultar"}, {"tool": "desbloquear"}]\','
        " cost = 0.000001 * (1 + tokens_in) WHERE id IN (SELECT turn_id FROM erp_writes)"
    )
