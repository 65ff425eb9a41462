"""Every metric of the hand-computed week, through the API.

The tables were computed by hand from the times in ``hand_computed_week.py``. Minutes are
``all/within business hours`` where the two differ.

     first answer  first human   next     assistant  queue      agent  snoozed  resolved by
c01  1             -             -        5          -          -      -        goodbye
c02  1             12            -        1          10         9      -        ana
c03  2             4             -        2          3          15     -        bia (reopened)
c04  1             14            4        1          8          21     -        caio
c05  1             5             5        1          4          15     120      ana
c06  1/0           -             -        16/0       -          -      -        goodbye
c07  2/0           1409/31       -        2/0        1408/30    10     -        ana
c08  1             859/19        -        1          854/14     10     -        bia
c09  1             -             -        61         -          -      -        silence
c10  1             -             -        15         -          -      -        goodbye
c11  merged into c10: its two messages count, nothing else
c12  1             11            -        1          3          16     -        bia
c13  1             -             -        9          -          -      -        goodbye
c14  4             3             -        1          -          9      -        ana
c15  4             4             -        0          -          40     -        ana
c16  1             -             -        6          10         -      -        goodbye
c17  1             4             10       6          6          18     -        bia
c18  7             6             -        1          5          4      -        ana
c19  3             1             -        20         -          5      -        ana
c20  1             4             -        1          1          8      -        bia
c21  1             -             -        1          (waits)    -      -        -
c22  2             6             -        2          2          (open) -        -
c23  1             2             -        1          1          8      -        ana
c24  1             2681/41       -        1          2679/39    10     -        ana
c25  1/0           1050/31       -        1/0        1049/30    10     -        ana
c26  1             -             -        3          -          -      -        goodbye
c27  1/0           -             -        61/0       -          -      -        silence
     --            --            --       --         --         --     --
sum  43/38         6075/198      19       220/140    6043/166   208    120      24
of   26            17            3        26         19 with people
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.insights.projector import Projector
from niochat.insights.reports.metric_catalog import METRICS
from tests.builders import Admin
from tests.http.rest.conftest import RestApiFixture
from tests.insights.hand_computed_week import HOURS, SAO_PAULO, play_week
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio

WEEK = {"from": "2026-04-20", "to": "2026-04-26"}
UNALIGNED = {"from": "2026-04-20T00:00:00.5-03:00", "to": "2026-04-26T23:59:30-03:00"}
"""The same conversations, but no roll-up consists of this period."""
MINUTE = 60.0

TOTALS: dict[str, float | None] = {
    "conversations": 26,
    "opened_outside_hours": 4,  # c06 c07 c25 c27
    "served_after_hours": 1,  # c25
    "resolved": 24,
    "resolution_rate": 100 * 24 / 26,
    "resolved_by_agents": 16,
    "resolved_by_inactivity": 2,  # c09 c27
    "solved_by_assistant": 7,  # c01 c06 c09 c10 c13 c26 c27
    "assistant_share": 100 * 7 / 24,
    "with_people": 19,
    "people_share": 100 * 19 / 26,
    "handoffs": 17,
    "transfers": 2,  # c04
    "offline_returns": 1,  # c12
    "reopened": 1,  # c03
    "first_answer_time": 43 * MINUTE / 26,
    "first_answer_p50": 1 * MINUTE,
    "first_answer_p90": 3.5 * MINUTE,  # between the 23rd (3) and the 24th (4) of 26
    "first_human_answer_time": 6075 * MINUTE / 17,
    "first_human_answer_p50": 6 * MINUTE,  # the 9th of 17
    "first_human_answer_p90": (1050 + 0.4 * (1409 - 1050)) * MINUTE,  # after the 15th of 17
    "next_answer_time": 19 * MINUTE / 3,
    "resolution_time": 6586 * MINUTE / 24,  # 220 + 6043 + 208 + 120 without c21 (1) and c22 (4)
    # Sorted: 3 5 9 10 10 10 10 15 16 16 20 20 20 25 30 30 40 61 61 140 865 1060 1420 2690.
    "resolution_p50": 20 * MINUTE,
    "resolution_p90": (865 + 0.7 * (1060 - 865)) * MINUTE,
    "assistant_time": 220 * MINUTE / 26,
    "waiting_time": 6043 * MINUTE / 19,
    "agent_time": 208 * MINUTE / 19,
    "snoozed_time": 120 * MINUTE / 19,
    "answers": 20,
    "answer_time": 6094 * MINUTE / 20,
    "answer_p90": (1050 + 0.1 * (1409 - 1050)) * MINUTE,  # after the 18th of 20
    "messages_customer": 39,
    "messages_assistant": 12,
    "messages_agent": 23,
    "messages_phone": 1,
    "messages_failed": 1,
    # Of c23: the handoff's words (sent after 1 min, delivered after 2, read), one that failed, and
    # one that was sent at once.
    "messages_sent": 2,
    "messages_delivered": 1,
    "delivery_rate": 50,
    "read_rate": 100,
    "delivery_failures": 1,
    # 12 of the assistant; 21 of agents, as c24 and c25 are answered after the week; of the system
    # 17 handoffs, 8 endings, 4 requests for a rating and 4 replies to ratings.
    "delivery_failure_rate": 100 / 66,
    "send_time": 0.5 * MINUTE,
    "delivery_time": 2 * MINUTE,
    "ratings": 3,  # c01 4, c02 5, c04 2 a day later; c13 without a score
    "rating": 11 / 3,
    "sla_met": 0,  # nothing was promised: tests/insights/sla
    "sla_breached": 0,
    "sla_met_share": None,
    "assistant_confirmed": 6,  # five goodbyes, and c09 by a write to the ERP
    "assistant_assumed": 6,  # all but c26
    "assistant_durable": 5,  # nor c06
    "assistant_returned": 2,  # c06 after 64 hours, c26 after 5
    "turns": 33,
    "turn_failure_rate": 100 / 33,  # c18
    "tool_calls": 7,  # TOOLS
    "tokens": 3960,
    "cost": 0.33,
    "cost_per_conversation": 0.33 / 23,  # not c14 c15 c19
    "cost_per_solved": 0.33 / 7,
    "online_time": 10 * 3600.0,
    "away_time": 3600.0,
    "channel_uptime": 100 * 156 / 168,
}
WITHIN_HOURS = {
    "first_answer_time": 38 * MINUTE / 26,
    "first_human_answer_time": 198 * MINUTE / 17,
    "next_answer_time": 19 * MINUTE / 3,
    "resolution_time": 629 * MINUTE / 24,  # 140 + 166 + 208 + 120 less 1 and 4
    "assistant_time": 140 * MINUTE / 26,
    "waiting_time": 166 * MINUTE / 19,
    "agent_time": 208 * MINUTE / 19,
    "answer_time": 217 * MINUTE / 20,
}
BY_DAY = {
    "2026-04-20": 6,
    "2026-04-21": 1,
    "2026-04-22": 7,
    "2026-04-23": 5,
    "2026-04-24": 5,
    "2026-04-25": 1,
    "2026-04-26": 1,
}
BY_TEAM = {"": 10, "atendimento": 1, "financeiro": 5, "suporte": 10}
BY_AGENT = {"": 9, "ana": 10, "bia": 6, "caio": 1}
ANSWERS_BY_AGENT = {"ana": (13, 5186), "bia": (5, 890), "caio": (2, 18)}
BY_LABEL = {"fatura": 2, "segunda-via": 1}
BY_REASON = {"customer_asked": 13, "model_away": 1, "other": 3}
TOOLS: dict[str, list[tuple[str, str | None]]] = {
    "c01": [("identificar_cliente", "fatura")],
    "c02": [("identificar_cliente", "lentidao"), ("verificar_conexao", None)],
    "c03": [("verificar_conexao", None)],
    "c09": [("desbloqueio_confianca", None)],
    "c26": [("identificar_cliente", "outro"), ("listar_planos", None)],
}
"""What the first turns of these called, and the customer's wish."""
BY_CONTACT_REASON = {
    "": 21,
    "invoice": 1,
    "no_internet": 1,
    "plans": 1,
    "slow_internet": 1,
    "unlock": 1,
}
BY_SERVER = {"assistant": 7, "people": 19}
RATINGS_BY_SERVER = {"assistant": 4.0, "people": 3.5}  # c01; c02 and c04
SENT_BY_AUTHOR = {"agent": 1, "assistant": 0, "system": 1}
BY_WEEKDAY_HOUR = {
    "1-09": 1,
    "1-10": 1,
    "1-11": 1,
    "1-12": 1,
    "1-14": 1,
    "1-23": 1,
    "2-09": 1,
    "3-10": 2,
    "3-12": 1,
    "3-13": 1,
    "3-14": 1,
    "3-15": 1,
    "3-17": 1,
    "4-09": 1,
    "4-10": 1,
    "4-11": 1,
    "4-14": 1,
    "4-16": 1,
    "5-09": 1,
    "5-10": 1,
    "5-11": 1,
    "5-15": 1,
    "5-20": 1,
    "6-11": 1,
    "7-15": 1,
}


@dataclass
class WeekFixture:
    """The week, projected, and who asks for it."""

    api: RestApiFixture
    people: dict[str, str]
    channel: UUID
    headers: dict[str, str]
    conversations: dict[str, str]

    async def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> Any:
        response = await self.api.http.get(
            f"/reports/{path}", params={**WEEK, **params}, headers=headers or self.headers
        )
        assert response.status_code == 200, response.text
        return response.json()

    async def value(self, metric: str, **params: Any) -> Any:
        """The only row's value."""
        (row,) = (await self.get("query", metric=metric, **params))["rows"]
        return row["values"][metric]

    async def values(self, metric: str, group_by: str, **params: Any) -> dict[str, Any]:
        rows = (await self.get("query", metric=metric, group_by=group_by, **params))["rows"]
        return {row["key"]: row["values"][metric] for row in rows}

    def named(self, rows: dict[str, Any]) -> dict[str, Any]:
        """The same with names of agents for their ids."""
        names = {id: name for name, id in self.people.items()}
        return {names.get(key, key): value for key, value in rows.items()}


@pytest_asyncio.fixture
async def week(rest_api: RestApiFixture) -> WeekFixture:
    tenant, admin = rest_api.house.tenant, rest_api.given.admin
    await admin.execute(
        "UPDATE tenants SET policy = $2 WHERE tenant_id = $1",
        tenant,
        {"hours": HOURS, "holidays": "BR"},
    )
    await admin.execute(
        "INSERT INTO teams VALUES ($1, 'suporte', 'Suporte'), ($1, 'financeiro', 'Financeiro')",
        tenant,
    )
    people = {
        name: str(await rest_api.house.create_user(f"{name}@example.com"))
        for name in ("ana", "bia", "caio")
    }
    channel = await rest_api.given.channel(tenant)
    threads = play_week(people)
    for thread in threads.values():
        await thread.store(admin, tenant, channel)
    await _add_tools(admin, {name: threads[name].id for name in TOOLS})
    await _add_erp_write(admin, tenant, threads["c09"].id)
    await _add_elapsed_time(admin, tenant, people, channel)
    await project(rest_api, tenant)
    _, headers = await rest_api.add_signed_in_user("admin")
    conversations = {
        name: str(thread.own_id(next(iter(thread.states)))) for name, thread in threads.items()
    }
    return WeekFixture(rest_api, people, channel, headers, conversations)


async def project(rest_api: RestApiFixture, tenant: UUID) -> None:
    projector = Projector(rest_api.house.database)

    async def read() -> bool:
        await projector.run_until_read()
        unread: int = await rest_api.given.admin.fetchval(
            "SELECT count(*) FROM events e JOIN analytics.positions p USING (tenant_id)"
            " WHERE tenant_id = $1 AND (e.xid, e.conversation_id, e.version)"
            " > (p.xid, p.conversation_id, p.version)",
            tenant,
        )
        return unread == 0

    await wait_until(read)


_FIRST_TURN = "SELECT id FROM turns WHERE thread_id = $1 ORDER BY started_at, id LIMIT 1"


async def _add_tools(admin: Admin, threads: dict[str, UUID]) -> None:
    for name, calls in TOOLS.items():
        await admin.execute(
            "UPDATE turns SET tool_results = $2 WHERE id = $1",
            await admin.fetchval(_FIRST_TURN, threads[name]),
            [{"tool": tool, "arguments": {"desejo": wish}} for tool, wish in calls],
        )


async def _add_erp_write(admin: Admin, tenant: UUID, thread: UUID) -> None:
    await admin.execute(
        "INSERT INTO erp_writes (tenant_id, key, turn_id, request, status)"
        " VALUES ($1, 'unlock:1', $2, '{}', 'done')",
        tenant,
        await admin.fetchval(_FIRST_TURN, thread),
    )


async def _add_elapsed_time(
    admin: Admin, tenant: UUID, people: dict[str, str], channel: UUID
) -> None:
    for name, moment, state, reason in (
        ("ana", "2026-04-20 08:00", "online", ""),
        ("ana", "2026-04-20 12:00", "away", "lunch"),
        ("ana", "2026-04-20 12:45", "away", ""),
        ("ana", "2026-04-20 13:00", "online", ""),
        ("ana", "2026-04-20 18:00", "offline", ""),
        ("bia", "2026-04-19 20:00", "online", ""),  # one hour of it is in the week
        ("bia", "2026-04-20 01:00", "offline", ""),
    ):
        await admin.execute(
            "INSERT INTO presence_changes VALUES ($1, $2, $3, $4, $5)",
            tenant,
            UUID(people[name]),
            datetime.fromisoformat(moment).replace(tzinfo=SAO_PAULO),
            state,
            reason,
        )
    for moment, status in (
        ("2026-04-19 00:00", "connected"),
        ("2026-04-22 00:00", "disconnected"),
        ("2026-04-22 12:00", "connected"),
    ):
        await admin.execute(
            "INSERT INTO channel_status_changes VALUES ($1, $2, $3, $4)",
            tenant,
            channel,
            datetime.fromisoformat(moment).replace(tzinfo=SAO_PAULO),
            status,
        )


async def test_every_metric_of_the_week_is_as_computed_by_hand(week: WeekFixture) -> None:
    """Elapsed time of agents and channels depends on the exact bounds, so only whole days."""
    assert set(TOTALS) == set(METRICS)
    for name, expected in TOTALS.items():
        assert await week.value(name) == pytest.approx(expected, abs=1e-5), name
        if METRICS[name].source not in ("presence", "uptime"):
            value = await week.value(name, **UNALIGNED)
            assert value == pytest.approx(expected, abs=1e-5), f"{name} from the rows"


async def test_durations_within_business_hours_are_as_computed_by_hand(week: WeekFixture) -> None:
    for name, expected in WITHIN_HOURS.items():
        value = await week.value(name, business_hours=True)
        assert value == pytest.approx(expected, abs=1e-5), name


@pytest.mark.parametrize("period", [WEEK, UNALIGNED], ids=["roll-ups", "rows"])
async def test_each_grouping_divides_the_week_as_computed_by_hand(
    week: WeekFixture, period: dict[str, str]
) -> None:
    for group_by, expected in (
        ("day", BY_DAY),
        ("team", BY_TEAM),
        ("agent", BY_AGENT),
        ("label", BY_LABEL),
        ("handoff_reason", BY_REASON),
        ("contact_reason", BY_CONTACT_REASON),
        ("served_by", BY_SERVER),
        ("channel", {str(week.channel): 26}),
        ("weekday_hour", BY_WEEKDAY_HOUR),
    ):
        rows = week.named(await week.values("conversations", group_by, **period))
        assert rows == expected, group_by


@pytest.mark.parametrize("period", [WEEK, UNALIGNED], ids=["roll-ups", "rows"])
async def test_deliveries_and_who_served_are_as_computed_by_hand(
    week: WeekFixture, period: dict[str, str]
) -> None:
    async def values(metric: str, group_by: str, **params: Any) -> dict[str, Any]:
        return await week.values(metric, group_by, **period, **params)

    assert await values("rating", "served_by") == RATINGS_BY_SERVER
    assert await values("messages_sent", "message_author") == SENT_BY_AUTHOR
    assert await values("messages_sent", "channel") == {str(week.channel): 2}
    assert await values("delivery_failures", "delivery_failure") == {"unknown": 1}
    assert (await values("messages_sent", "day"))["2026-04-24"] == 2
    assert (await values("messages_sent", "hour"))["2026-04-24T11:00:00-03:00"] == 2
    ana, bia = week.people["ana"], week.people["bia"]
    cases: list[tuple[int, dict[str, str]]] = [
        (2, {"agent": ana}),
        (2, {"team": "suporte"}),
        (2, {"channel": str(week.channel)}),
        (0, {"agent": bia}),
        (0, {"label": "fatura"}),
    ]
    for sent, filters in cases:
        assert await week.value("messages_sent", **period, **filters) == sent, filters


async def test_answers_belong_to_who_answered(week: WeekFixture) -> None:
    counts = week.named(await week.values("answers", "agent"))
    times = week.named(await week.values("answer_time", "agent"))

    assert counts == {name: count for name, (count, _) in ANSWERS_BY_AGENT.items()}
    for name, (count, minutes) in ANSWERS_BY_AGENT.items():
        assert times[name] == pytest.approx(minutes * MINUTE / count)
    assert await week.value("answers", agent=week.people["bia"]) == 5
    assert week.named(await week.values("online_time", "agent")) == {
        "ana": 9 * 3600.0,
        "bia": 3600.0,
    }
    assert await week.values("away_time", "pause_reason") == {"lunch": 2700.0, "": 900.0}


async def test_filters_narrow_the_week(week: WeekFixture) -> None:
    ana = week.people["ana"]

    assert await week.value("conversations", team="suporte") == 10
    assert await week.value("conversations", team="none") == 10
    assert await week.value("conversations", team="suporte", agent=ana) == 6
    assert await week.value("conversations", agent="none") == 9
    assert await week.value("conversations", label="fatura") == 2
    assert await week.value("conversations", channel=str(week.channel)) == 26
    assert await week.values("conversations", "day", team="financeiro") == {
        "2026-04-20": 1,
        "2026-04-22": 1,
        "2026-04-23": 2,
        "2026-04-24": 1,
    }


async def test_a_period_is_compared_with_the_one_before(week: WeekFixture) -> None:
    following: dict[str, Any] = {"from": "2026-04-27", "to": "2026-05-03", "compare": "previous"}
    report = await week.get("query", metric="conversations,rating", **following)

    assert report["from"] == "2026-04-27T00:00:00-03:00"
    assert report["to"] == "2026-05-04T00:00:00-03:00"
    assert report["timezone"] == "America/Sao_Paulo"
    assert report["lag_s"] == 0
    assert report["rows"] == [
        {
            "key": "",
            "name": "",
            "values": {"conversations": 0, "rating": None},
            "compared": {"conversations": 26, "rating": pytest.approx(11 / 3)},
        }
    ]
    days = await week.get("query", metric="conversations", group_by="day", **following)
    assert {row["key"]: row["compared"]["conversations"] for row in days["rows"]} == {
        "2026-04-27": 6,
        "2026-04-28": 1,
        "2026-04-29": 7,
        "2026-04-30": 5,
        "2026-05-01": 5,
        "2026-05-02": 1,
        "2026-05-03": 1,
    }


async def test_the_conversations_behind_each_value_are_those_that_it_counts(
    week: WeekFixture,
) -> None:
    names = {id: name for name, id in week.conversations.items()}

    async def behind(metric: str, **params: Any) -> set[str]:
        page = await week.get("conversations", metric=metric, limit=200, **params)
        assert page["next_cursor"] is None
        return {names.get(row["id"], "later") for row in page["items"]}

    assert await behind("transfers") == {"c04"}
    assert await behind("offline_returns") == {"c12"}
    assert await behind("reopened") == {"c03"}
    assert await behind("messages_failed") == {"c23"}
    assert await behind("snoozed_time", team="suporte") >= {"c05"}
    assert await behind("next_answer_time") == {"c04", "c05", "c17"}
    assert await behind("turn_failure_rate") == {"c18"}
    assert await behind("messages_sent") == await behind("delivery_failures") == {"c23"}
    assert await behind("delivery_failures", group_by="delivery_failure", key="unknown") == {"c23"}
    assert await behind("messages_sent", group_by="message_author", key="assistant") == set()
    assert await behind("conversations", group_by="contact_reason", key="plans") == {"c26"}
    assert await behind("assistant_returned") == {"c06", "c26"}
    assert await behind("answers", group_by="agent", key=week.people["caio"]) == {"c04"}
    assert await behind("conversations", group_by="day", key="2026-04-21") == {"c07"}
    assert await behind("conversations", group_by="weekday_hour", key="7-15") == {"c25"}
    assert await behind("conversations", group_by="hour", key="2026-04-20T23:00:00-03:00") == {
        "c06"
    }
    for name, metric in METRICS.items():
        if metric.drill is None or metric.unit != "count" or name.startswith("messages_"):
            continue
        page = await week.get("conversations", metric=name, limit=200)
        counted = {"handoffs": 16, "answers": 17, "turns": 23, "tool_calls": 23, "tokens": 23}
        expected = counted.get(name, TOTALS[name])
        expected = 1 if name == "transfers" else expected
        assert len(page["items"]) == expected, name


async def test_pages_of_conversations_have_each_one_once(week: WeekFixture) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = await week.get("conversations", metric="conversations", limit=7, **cursor)
        seen += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}

    assert len(seen) == len(set(seen)) == 26


async def test_the_dashboard_shows_what_is_open_now(week: WeekFixture) -> None:
    board = await week.get("now")

    assert board["waiting"]["count"] == 1
    assert board["waiting"]["oldest_since"] == "2026-04-24T12:01:00Z"
    assert board["waiting"]["oldest_s"] > 0
    assert (board["with_assistant"], board["with_agents"], board["snoozed"]) == (0, 1, 0)
    assert [channel["id"] for channel in board["channels"]] == [str(week.channel)]
    loads = {agent["name"]: agent["load"] for agent in board["agents"]}
    assert loads["bia@example.com"] == 1
    assert board["today"]["conversations"] == 0
    assert board["same_weekday_last_week"]["rating"] is None


async def test_a_callers_scope_limits_reports_as_it_limits_lists(week: WeekFixture) -> None:
    api = week.api
    ana, bia = await api.bearer("ana@example.com"), await api.bearer("bia@example.com")
    await api.given.admin.execute(
        "INSERT INTO roles VALUES ($1, 'lider', ARRAY['reports:read:team',"
        " 'conversations:read:team'])",
        api.house.tenant,
    )
    _, leader = await api.add_signed_in_user("lider")
    (id,) = await api.given.rows("SELECT id FROM users WHERE role = 'lider'")
    await api.given.admin.execute(
        "INSERT INTO team_members VALUES ($1, 'financeiro', $2)", api.house.tenant, id
    )

    async def count(headers: dict[str, str]) -> int:
        report = await week.get("query", headers, metric="conversations")
        page = await week.get("conversations", headers, metric="conversations", limit=200)
        number: int = report["rows"][0]["values"]["conversations"]
        assert len(page["items"]) == number
        return number

    assert await count(ana) == BY_AGENT["ana"]
    assert await count(bia) == BY_AGENT["bia"]
    # Five of financeiro, and those without team and agent: ten, less c14, c15 and c19 of ana.
    assert await count(leader) == 5 + 7
    own = await week.get("now", ana)
    assert [agent["name"] for agent in own["agents"]] == ["ana@example.com"]
    assert own["waiting"]["count"] == 0


async def test_a_wrong_parameter_is_named(week: WeekFixture) -> None:
    for params, field in (
        ({"metric": "nonsense"}, "query.metric"),
        ({"metric": ""}, "query.metric"),
        ({"metric": "online_time", "group_by": "team"}, "query.group_by"),
        ({"metric": "conversations", "group_by": "nonsense"}, "query.group_by"),
        ({"metric": "conversations", "from": "2026-05-02", "to": "2026-05-01"}, "query.to"),
        ({"metric": "conversations", "from": "yesterday"}, "query.from.date"),
        ({"metric": "conversations", "from": "2020-01-01"}, "query.from"),
        ({"metric": "conversations", "group_by": "hour", "from": "2026-01-01"}, "query.group_by"),
        ({"metric": "conversations", "channel": "x"}, "query.channel"),
        ({"metric": "conversations", "compare": "last"}, "query.compare"),
    ):
        response = await week.api.http.get(
            "/reports/query", params={**WEEK, **params}, headers=week.headers
        )
        assert response.status_code == 422, params
        assert response.headers["content-type"] == "application/problem+json"
        assert field in [error["field"] for error in response.json()["errors"]], response.text
    response = await week.api.http.get(
        "/reports/conversations",
        params={**WEEK, "metric": "conversations", "group_by": "team"},
        headers=week.headers,
    )
    assert [error["field"] for error in response.json()["errors"]] == ["query.key"]


async def test_every_metric_is_defined_in_both_languages(week: WeekFixture) -> None:
    metrics = await week.get("metrics")

    assert [metric["name"] for metric in metrics] == list(METRICS)
    for metric in metrics:
        assert metric["better"] in ("higher", "lower")
        for text in (metric["label"], metric["definition"]):
            assert text["pt"], metric["name"]
            assert text["en"], metric["name"]
