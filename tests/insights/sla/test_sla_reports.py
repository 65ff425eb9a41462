"""Promises in reports, drill-downs and lists, through the API; computed by hand.

Policies, in their order: *VIP* (label vip, first answer 10 min), *Vendas* (team vendas, first
answer 60 min, resolution 4 h), *Padrão* (first answer 30 min, next answer 20 min). Monday to
Friday, 08:00 to 18:00; 2026-04-21 is a holiday.

     what happened                                       first answer           next     resolution
p1   09:00 handed off, ana answers 09:20, resolved       met (Padrão, ana)      -        -
p2   09:00 handed off, ana answers 09:40                 missed (nobody yet)    -        -
p3   17:50 handed off, ana answers on Wednesday 08:15    met (Padrão, ana)      -        -
p4   vendas 09:00, rui answers 09:50, resolved 13:30     met (Vendas, rui)      -        missed
p5   09:00, ana takes it, vip at 09:05, answers 09:15    missed (VIP, ana)      -        -
p6   09:00, answered 09:10, asks 10:00, answered 10:30   met (Padrão, ana)      missed   -
p7   suporte 09:00, to vendas 09:20, rui answers 09:55   met (Vendas, rui)      -        met
p8   09:00 handed off, ana resolves 09:10 unanswered     dropped                -        -
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.insights.sla.sla_watcher import SlaWatcher
from tests.http.rest.conftest import RestApiFixture, rest_api
from tests.insights.hand_computed_week import HOURS, SAO_PAULO
from tests.insights.played_conversation import PlayedThread
from tests.insights.test_hand_computed_metrics import project

__all__ = ["rest_api"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(90)]

DAY = {"from": "2026-04-20", "to": "2026-04-20"}
POLICIES: tuple[dict[str, Any], ...] = (
    {"name": "VIP", "position": 1, "labels": ["vip"], "first_answer_s": 600},
    {
        "name": "Vendas",
        "position": 2,
        "teams": ["vendas"],
        "first_answer_s": 3600,
        "resolution_s": 4 * 3600,
    },
    {"name": "Padrão", "position": 3, "first_answer_s": 1800, "next_answer_s": 1200},
)


def play(people: dict[str, str]) -> dict[str, PlayedThread]:
    def told(team: str = "suporte", at: str = "09:00") -> PlayedThread:
        return PlayedThread(SAO_PAULO, people).at(f"2026-04-20 {at}").writes().hands_off(team)

    return {
        "p1": told().at("09:20").assigned("ana").replies("ana").resolves("ana"),
        "p2": told().at("09:40").assigned("ana").replies("ana"),
        "p3": told(at="17:50").at("2026-04-22 08:15").assigned("ana").replies("ana"),
        "p4": told("vendas").at("09:50").assigned("rui").replies("rui").at("13:30").resolves("rui"),
        "p5": told()
        .at("09:01")
        .assigned("ana")
        .at("09:05")
        .labels("ana", "vip")
        .at("09:15")
        .replies("ana"),
        "p6": told()
        .at("09:10")
        .assigned("ana")
        .replies("ana")
        .at("10:00")
        .writes()
        .at("10:30")
        .replies("ana"),
        "p7": told()
        .at("09:20")
        .assigned("ana")
        .transfers("ana", "vendas")
        .at("09:55")
        .assigned("rui")
        .replies("rui")
        .at("10:00")
        .resolves("rui"),
        "p8": told().at("09:10").assigned("ana").resolves("ana"),
    }


@dataclass
class PromisedDay:
    rest_api: RestApiFixture
    headers: dict[str, str]
    people: dict[str, str]
    names: dict[str, str]
    """Names of the conversations by id."""

    async def get(self, path: str, params: dict[str, Any]) -> Any:
        got = await self.rest_api.http.get(path, params=params, headers=self.headers)
        assert got.status_code == 200, got.text
        return got.json()

    async def report(self, group_by: str = "none", **filters: str) -> dict[str, list[Any]]:
        """Met, missed and the share of met promises, by key."""
        metrics = ("sla_met", "sla_breached", "sla_met_share")
        params = {**DAY, "metric": ",".join(metrics), "group_by": group_by, **filters}
        report = await self.get("/reports/query", params)
        return {row["key"]: [row["values"][name] for name in metrics] for row in report["rows"]}

    async def behind(self, metric: str, **params: str) -> set[str]:
        """The names of the conversations behind a value."""
        page = await self.get("/reports/conversations", {**DAY, "metric": metric, **params})
        return {self.names[row["id"]] for row in page["items"]}


@pytest_asyncio.fixture
async def promised_day(rest_api: RestApiFixture) -> PromisedDay:
    admin, tenant = rest_api.given.admin, rest_api.house.tenant
    await admin.execute(
        "UPDATE tenants SET policy = $2 WHERE tenant_id = $1",
        tenant,
        {"hours": HOURS, "holidays": "BR"},
    )
    await admin.execute(
        "INSERT INTO teams VALUES ($1, 'suporte', 'Suporte'), ($1, 'vendas', 'Vendas')", tenant
    )
    _, headers = await rest_api.add_signed_in_user("admin")
    for policy in POLICIES:
        made = await rest_api.http.post("/sla-policies", json=policy, headers=headers)
        assert made.status_code == 201, made.text
    await admin.execute("UPDATE sla_tenants SET since = '2020-01-01'")
    people = {
        name: str(await rest_api.house.create_user(f"{name}@example.com"))
        for name in ("ana", "rui")
    }
    channel = await rest_api.given.channel(tenant)
    threads = play(people)
    for thread in threads.values():
        await thread.store(admin, tenant, channel)
    watcher = SlaWatcher(rest_api.house.database)
    await watcher.run_once()
    await project(rest_api, tenant)
    await watcher.run_once()
    names = {
        str(thread.own_id(next(iter(thread.states)))): name for name, thread in threads.items()
    }
    return PromisedDay(rest_api, headers, people, names)


async def test_promises_count_as_computed_by_hand(promised_day: PromisedDay) -> None:
    ana, rui = promised_day.people["ana"], promised_day.people["rui"]

    assert await promised_day.report() == {"": [6, 4, 60.0]}
    assert await promised_day.report("sla_target") == {
        "first_answer": [5, 2, pytest.approx(500 / 7, abs=1e-5)],
        "next_answer": [0, 1, 0.0],
        "resolution": [1, 1, 50.0],
    }
    assert await promised_day.report("sla_policy") == {
        "Padrão": [3, 2, 60.0],
        "Vendas": [3, 1, 75.0],
        "VIP": [0, 1, 0.0],
    }
    assert await promised_day.report("team") == {
        "suporte": [3, 3, 50.0],
        "vendas": [3, 1, 75.0],
    }
    assert await promised_day.report("agent") == {
        "": [0, 1, 0.0],
        ana: [3, 2, 60.0],
        rui: [3, 1, 75.0],
    }
    assert await promised_day.report("label") == {"vip": [0, 1, 0.0]}
    assert await promised_day.report("day") == {"2026-04-20": [6, 4, 60.0]}


async def test_filters_are_about_the_moment_of_the_promise(promised_day: PromisedDay) -> None:
    ana = promised_day.people["ana"]

    assert await promised_day.report(team="vendas") == {"": [3, 1, 75.0]}
    assert await promised_day.report(agent=ana) == {"": [3, 2, 60.0]}
    assert await promised_day.report(agent="none") == {"": [0, 1, 0.0]}
    assert await promised_day.report(label="vip") == {"": [0, 1, 0.0]}


async def test_the_conversations_behind_a_number_are_those_that_were_counted(
    promised_day: PromisedDay,
) -> None:
    assert await promised_day.behind("sla_breached") == {"p2", "p4", "p5", "p6"}
    assert await promised_day.behind("sla_met") == {"p1", "p3", "p4", "p6", "p7"}
    by_policy = {"group_by": "sla_policy", "key": "Padrão"}
    assert await promised_day.behind("sla_breached", **by_policy) == {"p2", "p6"}
    by_team = {"group_by": "team", "key": "vendas"}
    assert await promised_day.behind("sla_breached", **by_team) == {"p4"}
    by_target = {"group_by": "sla_target", "key": "next_answer"}
    assert await promised_day.behind("sla_breached", **by_target) == {"p6"}


async def test_a_grouping_of_promises_is_refused_for_other_metrics(
    promised_day: PromisedDay,
) -> None:
    refused = await promised_day.rest_api.http.get(
        "/reports/query",
        params={**DAY, "metric": "conversations", "group_by": "sla_policy"},
        headers=promised_day.headers,
    )
    assert refused.status_code == 422


async def test_a_list_shows_and_sorts_by_what_is_due_next(promised_day: PromisedDay) -> None:
    admin = promised_day.rest_api.given.admin
    ids = {name: UUID(id) for id, name in promised_day.names.items()}
    for name, due in (("p2", 30), ("p3", 10), ("p5", 20)):
        await admin.execute(
            "UPDATE sla_conversations SET due_at = now() + make_interval(mins => $2),"
            " shown = jsonb_build_object('target', 'next_answer', 'policy', 'Padrão',"
            " 'warn_at', now(), 'due_at', now() + make_interval(mins => $2))"
            " WHERE conversation_id = $1",
            ids[name],
            due,
        )
    first = await promised_day.get("/conversations", {"sort": "due", "limit": 2})
    rest = await promised_day.get(
        "/conversations", {"sort": "due", "limit": 2, "cursor": first["next_cursor"]}
    )
    rows = [*first["items"], *rest["items"]]

    assert [promised_day.names[row["id"]] for row in rows] == ["p3", "p5", "p2"]
    assert rows[0]["sla"]["target"] == "next_answer"
    assert rows[0]["sla"]["policy"] == "Padrão"
