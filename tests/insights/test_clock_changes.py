"""A provider in New York, on the two nights in which clocks change. Computed by hand.

In March an hour is missing between 2 and 3, in November the hour from 1 to 2 comes twice. Open from
8 to 18 on every day.
"""

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.http.rest.conftest import RestApiFixture
from tests.insights.played_conversation import PlayedThread
from tests.insights.test_hand_computed_metrics import project

pytestmark = pytest.mark.asyncio

NEW_YORK = ZoneInfo("America/New_York")
HOURS = [{"days": list(range(7)), "opens": "08:00:00", "closes": "18:00:00"}]
MARCH = {"from": "2026-03-07", "to": "2026-03-08"}
NOVEMBER = {"from": "2026-10-31", "to": "2026-11-01"}


def thread(moment: str) -> PlayedThread:
    people = {"ana": "ana"}
    return PlayedThread(NEW_YORK, people, lambda local: time(8) <= local.time() < time(18)).at(
        moment
    )


def answered_next_morning(evening: str, morning: str) -> PlayedThread:
    return (
        thread(f"{evening} 22:00")
        .writes()
        .at("22:01")
        .hands_off("atendimento")
        .at(f"{morning} 09:00")
        .assigned("ana")
        .at("09:10")
        .replies("ana")
        .at("09:20")
        .resolves("ana")
    )


async def test_reports_are_right_when_clocks_change(rest_api: RestApiFixture) -> None:
    tenant, admin = rest_api.house.tenant, rest_api.given.admin
    await admin.execute(
        "UPDATE tenants SET policy = $2, timezone = 'America/New_York' WHERE tenant_id = $1",
        tenant,
        {"hours": HOURS},
    )
    channel = await rest_api.given.channel(tenant)
    threads = [
        answered_next_morning("2026-03-07", "2026-03-08"),
        answered_next_morning("2026-10-31", "2026-11-01"),
        # Once before and once after the clock is set back: 1:30 both times.
        thread("2026-11-01 01:30").writes().at("01:31").answers(),
        thread("2026-11-01 01:30").later(hours=1).writes(),
    ]
    for each in threads:
        await each.store(admin, tenant, channel)
    await project(rest_api, tenant)
    _, headers = await rest_api.add_signed_in_user("admin")

    async def report(metric: str, **params: Any) -> Any:
        response = await rest_api.http.get(
            "/reports/query", params={"metric": metric, **params}, headers=headers
        )
        assert response.status_code == 200, response.text
        return response.json()

    async def value(metric: str, **params: Any) -> Any:
        return (await report(metric, **params))["rows"][0]["values"][metric]

    # 22:01 to 9:10 is 11 h 9 min on the clock: one hour less in March, one more in November.
    assert await value("first_human_answer_time", **MARCH) == (10 * 60 + 9) * 60
    assert await value("first_human_answer_time", **NOVEMBER) == (12 * 60 + 9) * 60
    for period in (MARCH, NOVEMBER):
        within = await value("first_human_answer_time", business_hours=True, **period)
        assert within == 70 * 60

    november = await report("conversations", group_by="hour", **NOVEMBER)
    assert (november["from"], november["to"]) == (
        "2026-10-31T00:00:00-04:00",
        "2026-11-02T00:00:00-05:00",
    )
    assert {row["key"]: row["values"]["conversations"] for row in november["rows"]} == {
        "2026-10-31T22:00:00-04:00": 1,
        "2026-11-01T01:00:00-04:00": 1,
        "2026-11-01T01:00:00-05:00": 1,
    }
    days = await report("conversations", group_by="day", **NOVEMBER)
    assert {row["key"]: row["values"]["conversations"] for row in days["rows"]} == {
        "2026-10-31": 1,
        "2026-11-01": 2,
    }
    following = {"from": "2026-11-02", "to": "2026-11-03"}
    after = await report("conversations", group_by="day", compare="previous", **following)
    assert {row["key"]: row["compared"]["conversations"] for row in after["rows"]} == {
        "2026-11-02": 1,
        "2026-11-03": 2,
    }
