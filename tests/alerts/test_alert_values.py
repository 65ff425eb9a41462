"""The value of each kind of rule, and that too little to measure is no value."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from niochat.alerts.alert_values import measure_alert_value
from niochat.domain.alerts.alert_kinds import AlertKind
from niochat.domain.alerts.alert_rule import AlertRule
from tests.alerts.conftest import AlertFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def value_of(alerting: AlertFixture, kind: AlertKind, **changes: Any) -> float | None:
    """The value of a rule of the provider."""
    rule = AlertRule(kind, **{"threshold": 1, "clear_threshold": 1, **changes})
    async with alerting.database.as_tenant(alerting.place.tenant) as connection:
        return await measure_alert_value(connection, alerting.place.tenant, rule)


async def now_of(alerting: AlertFixture) -> datetime:
    now: datetime = await alerting.given.admin.fetchval("SELECT now()")
    return now


async def add_turn(
    alerting: AlertFixture, outcome: str, *, minutes: float = 1, cost: float = 0, calls: Any = ()
) -> None:
    """A finished turn and its row in the read model, as the projection writes it."""
    tenant, admin, turn = alerting.place.tenant, alerting.given.admin, uuid4()
    await admin.execute(
        "INSERT INTO analytics.projections VALUES ($1, 'turns', 1) ON CONFLICT DO NOTHING", tenant
    )
    at = await now_of(alerting) - timedelta(minutes=minutes)
    if not await alerting.given.count("conversations"):
        await alerting.wait_in_queue(1)
    conversation = await admin.fetchval("SELECT id FROM conversations LIMIT 1")
    await admin.execute(
        "INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt,"
        " upto_version, status, host, tool_results, started_at)"
        " SELECT $1, $2, c.id, c.thread_id, 0, 1, 1, $3, 'h', $4, $5"
        "   FROM conversations c WHERE c.id = $6",
        tenant,
        turn,
        outcome,
        list(calls),
        at,
        conversation,
    )
    await admin.execute(
        "INSERT INTO analytics.assistant_turns VALUES"
        " ($1, 1, $2, $2, $3, $4, '', 'm', '{}', 1, 1, 1, 0, $5)",
        tenant,
        turn,
        at,
        outcome,
        cost,
    )


async def add_rating(
    alerting: AlertFixture, score: int, minutes: int, team: str = "suporte"
) -> None:
    conversation = await alerting.given.admin.fetchval(
        "SELECT id FROM conversations WHERE tenant_id = $1 LIMIT 1", alerting.place.tenant
    )
    await alerting.given.admin.execute(
        "INSERT INTO ratings (tenant_id, id, conversation_id, thread_id, channel_id, team, status,"
        " reason, score, answered_at) VALUES ($1, $2, $3, $2, $2, $4, 'answered', '', $5,"
        " now() - make_interval(mins => $6))",
        alerting.place.tenant,
        uuid4(),
        conversation,
        team,
        score,
        minutes,
    )


async def test_a_queue_is_counted_by_team(alerting: AlertFixture) -> None:
    await alerting.wait_in_queue(3)
    assert await value_of(alerting, AlertKind.QUEUE_LONG) == 3
    assert await value_of(alerting, AlertKind.QUEUE_LONG, team="suporte") == 0


async def test_the_longest_wait_counts(alerting: AlertFixture) -> None:
    assert await value_of(alerting, AlertKind.WAIT_LONG) == 0
    await alerting.wait_in_queue(2)
    await alerting.given.admin.execute(
        "UPDATE conversations SET waiting_since = now() - interval '7 minutes'"
        " WHERE id = (SELECT id FROM conversations LIMIT 1)"
    )
    assert await value_of(alerting, AlertKind.WAIT_LONG) == pytest.approx(7, abs=0.5)


async def test_first_human_answers_of_the_window_count(alerting: AlertFixture) -> None:
    tenant, admin = alerting.place.tenant, alerting.given.admin
    await admin.execute("INSERT INTO analytics.projections VALUES ($1, 'conversations', 1)", tenant)
    now = await now_of(alerting)

    async def answer(
        minutes_ago: int, wait_min: float, first: bool = True, team: str = "a"
    ) -> None:
        id = uuid4()
        row = {
            "tenant_id": tenant,
            "generation": 1,
            "conversation_id": id,
            "thread_id": id,
            "channel_id": id,
            "version": 1,
            "state": {},
            "opened_at": now,
            "opened_hour": now,
            "opened_day": now,
            "team": team,
            "labels": [],
            "handoff_reasons": [],
            "priority": 1,
        }
        zeros = await admin.fetch(
            "SELECT attname, atttypid::regtype::text AS kind FROM pg_attribute"
            " WHERE attrelid = 'analytics.conversation_measures'::regclass AND attnum > 0"
            " AND attnotnull AND NOT attisdropped"
        )
        for column in zeros:
            empty = {"boolean": False, "timestamp with time zone": now, "text[]": []}
            nothing = empty.get(column["kind"], 0)
            row.setdefault(column["attname"], nothing)
        await admin.execute(
            "INSERT INTO analytics.conversation_measures SELECT *"
            " FROM jsonb_populate_record(NULL::analytics.conversation_measures, $1)",
            row,
        )
        await admin.execute(
            "INSERT INTO analytics.human_answers VALUES ($1, 1, $2, 1, $3, 'ana', $4, $5, 0)",
            tenant,
            id,
            now - timedelta(minutes=minutes_ago),
            first,
            int(wait_min * 60_000),
        )

    kind, window = AlertKind.FIRST_ANSWER_SLOW, {"window_minutes": 60}
    await answer(10, 2)
    await answer(20, 4)
    await answer(61, 500)
    await answer(5, 500, first=False)
    assert await value_of(alerting, kind, **window) is None  # two are too few
    await answer(30, 9, team="b")
    assert await value_of(alerting, kind, **window) == 5
    assert await value_of(alerting, kind, team="b", **window) is None


async def test_ratings_answered_in_the_window_count(alerting: AlertFixture) -> None:
    await alerting.wait_in_queue(1)
    kind, window = AlertKind.RATING_LOW, {"window_minutes": 60}
    for score, minutes in ((1, 5), (2, 30), (5, 61)):
        await add_rating(alerting, score, minutes)
    assert await value_of(alerting, kind, **window) is None
    await add_rating(alerting, 3, 59, team="vendas")
    assert await value_of(alerting, kind, **window) == 2
    assert await value_of(alerting, kind, team="vendas", **window) is None


async def test_a_channel_that_is_away_is_measured_in_minutes(alerting: AlertFixture) -> None:
    assert await value_of(alerting, AlertKind.CHANNEL_DOWN) == 0
    await alerting.given.admin.execute(
        "UPDATE channels SET status = 'disconnected', status_at = now() - interval '9 minutes'"
        " WHERE id = $1",
        alerting.place.channel,
    )
    assert await value_of(alerting, AlertKind.CHANNEL_DOWN) == pytest.approx(9, abs=0.5)


async def test_a_channel_is_compared_with_the_same_hours_of_four_weeks(
    alerting: AlertFixture,
) -> None:
    tenant, admin = alerting.place.tenant, alerting.given.admin
    thread = await alerting.given.thread(alerting.place)

    async def messages(number: int, weeks: int, author: str = "customer") -> None:
        await admin.execute(
            "INSERT INTO messages"
            " (tenant_id, id, thread_id, author, kind, text, sent_at, stored_at)"
            " SELECT $1, uuidv7(), $2, $5, 'text', '', now(),"
            " now() - make_interval(weeks => $4, mins => 30) FROM generate_series(1, $3)",
            tenant,
            thread,
            number,
            weeks,
            author,
        )

    kind, window = AlertKind.CHANNEL_SILENT, {"window_minutes": 60}
    for weeks in (1, 2, 3):
        await messages(6, weeks)
    await messages(9, 1, "agent")
    assert await value_of(alerting, kind, **window) is None  # 4.5 of a week are too few
    await messages(6, 4)
    assert await value_of(alerting, kind, **window) == 0
    await messages(3, 0)
    assert await value_of(alerting, kind, **window) == 50
    assert await value_of(alerting, kind, window_minutes=20) is None


async def test_failed_turns_count_in_percent(alerting: AlertFixture) -> None:
    kind, window = AlertKind.ASSISTANT_FAILING, {"window_minutes": 60}
    for outcome in ("answered", "answered", "failed", "failed", "cancelled"):
        await add_turn(alerting, outcome)
    await add_turn(alerting, "failed", minutes=61)
    assert await value_of(alerting, kind, **window) is None
    await add_turn(alerting, "answered")
    assert await value_of(alerting, kind, **window) == 40


async def test_tool_calls_without_an_answer_of_the_erp_count_in_percent(
    alerting: AlertFixture,
) -> None:
    def call(code: str | None) -> dict[str, object]:
        result = {"ok": True} if code is None else {"ok": False, "erro": code}
        return {"tool": "consultar_faturas", "arguments": {}, "result": result}

    kind, window = AlertKind.ERP_FAILING, {"window_minutes": 60}
    await add_turn(alerting, "answered", calls=[call(None), call("erp_timeout")])
    await add_turn(alerting, "answered", calls=[call("erp_unreachable"), call("sem_fatura")])
    assert await value_of(alerting, kind, **window) is None
    await add_turn(alerting, "answered", calls=[call("erp_contract_gone")])
    assert await value_of(alerting, kind, **window) == 40


async def test_the_cost_since_midnight_counts(alerting: AlertFixture) -> None:
    await add_turn(alerting, "answered", minutes=0, cost=1.25)
    await add_turn(alerting, "failed", minutes=0, cost=0.5)
    await add_turn(alerting, "answered", minutes=25 * 60, cost=100)
    assert await value_of(alerting, AlertKind.COST_HIGH) == 1.75


async def test_every_kind_can_be_measured_where_nothing_happened(alerting: AlertFixture) -> None:
    windowed = {
        AlertKind.FIRST_ANSWER_SLOW,
        AlertKind.RATING_LOW,
        AlertKind.CHANNEL_SILENT,
        AlertKind.ASSISTANT_FAILING,
        AlertKind.ERP_FAILING,
    }
    for kind in AlertKind:
        window = {"window_minutes": 60} if kind in windowed else {}
        expected = None if kind in windowed else 0
        assert await value_of(alerting, kind, **window) == expected
