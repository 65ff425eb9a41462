"""The law of the dashboard: at every moment of a day its counts equal those of lists, and those of
a scan of what is stored.
"""

import random
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import OperationRefusedError
from tests.builders import ChannelRef, build_message
from tests.http.rest.conftest import RestApiFixture
from tests.insights.conftest import InsightsFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

STEPS = 40
AGENTS = ("ana", "bia")
RATINGS = {"quiet_from": "00:00", "quiet_until": "00:00", "ask_again_days": 0}
SHOWN = {
    "waiting": "waiting",
    "pending": "with_assistant",
    "open": "with_agents",
    "snoozed": "snoozed",
}


async def get(rest_api: RestApiFixture, headers: dict[str, str], path: str, **params: Any) -> Any:
    response = await rest_api.http.get(path, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def happens(insights: InsightsFixture, threads: list[UUID], chance: random.Random) -> None:
    """One thing of a day."""
    thread, agent = chance.choice(threads), chance.choice(AGENTS)
    until = await insights.given.admin.fetchval("SELECT now() + interval '1 hour'")
    step = chance.choice(
        ["writes", "writes", "answer", "rated", *("assign", "reply", "snooze", "hand_off", "end")]
    )
    commands: dict[str, list[cmd.DurableCommand]] = {
        "writes": [build_message(f"m-{chance.random()}", chance.choice(["oi", "5", "tchau?"]))],
        "assign": [cmd.AssignConversation(agent)],
        "reply": [cmd.AssignConversation(agent), cmd.ReplyToCustomer(agent, "Bom dia!")],
        "snooze": [cmd.SnoozeConversation(agent, until)],
        "hand_off": [cmd.HandOffConversation(agent, "atendimento")],
        "end": [cmd.ResolveConversation(agent)],
    }
    if step == "answer":
        memory = insights.host.memory.get(thread)
        if memory is not None and memory.conversation and memory.conversation.turn:
            with suppress(OperationRefusedError):
                await insights.host.answer(thread, "Olá!")
    elif step == "rated":
        await insights.given.admin.execute("UPDATE outbox SET status = 'sent'")
        await insights.given.admin.execute(
            "UPDATE timers SET due_at = now() WHERE name = 'rating' AND thread_id = $1", thread
        )
        await insights.host.run(thread)
    else:
        await insights.do(thread, *commands[step])


@pytest.mark.parametrize("seed", [1, 2])
async def test_dashboard_lists_and_truth_agree_at_every_moment(
    rest_api: RestApiFixture, seed: int
) -> None:
    tenant, admin = rest_api.house.tenant, rest_api.given.admin
    await admin.execute(
        "UPDATE tenants SET policy = $2 WHERE tenant_id = $1",
        tenant,
        {"burst_window_s": 0, "ratings": RATINGS},
    )
    place = ChannelRef(tenant, await rest_api.given.channel(tenant))
    insights = InsightsFixture(rest_api.house.database, rest_api.given, rest_api.host, place)
    threads = [await rest_api.given.thread(place) for _ in range(4)]
    _, headers = await rest_api.add_signed_in_user("admin")
    chance = random.Random(seed)
    for _ in range(STEPS):
        await happens(insights, threads, chance)
        await insights.project()

        board = await get(rest_api, headers, "/reports/now")
        listed: Counter[str] = Counter()
        for status in (*SHOWN, "resolved"):
            page = await get(rest_api, headers, "/conversations", status=status, limit=100)
            listed[status] = len(page["items"])
        stored = Counter(await insights.given.rows("SELECT status FROM conversations"))
        scores = await insights.given.rows(
            "SELECT score FROM ratings WHERE score IS NOT NULL AND status = 'answered'"
        )

        assert listed == stored
        shown = {
            status: board[name]["count"] if status == "waiting" else board[name]
            for status, name in SHOWN.items()
        }
        assert shown == {status: stored[status] for status in SHOWN}
        assert board["today"]["conversations"] == sum(stored.values())
        assert board["today"]["rating"] == (
            pytest.approx(sum(scores) / len(scores)) if scores else None
        )
    assert stored["resolved"] > 0
    assert await insights.given.count("ratings") > 0
