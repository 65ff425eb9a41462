"""Figures of follow-ups, and the conversations behind them."""

from typing import Any
from uuid import UUID

import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = pytest.mark.asyncio
A, B = "Texto A (PARAR)", "Texto B (PARAR)"


async def followed_up(
    rest_api: RestApiFixture,
    status: str,
    attempts: list[str] | None = None,
    *,
    reason: str = "",
    value: float | None = None,
    agent: UUID | None = None,
) -> str:
    """A conversation whose attempts had these texts."""
    visit = await rest_api.conversation()
    admin, tenant = rest_api.given.admin, rest_api.house.tenant
    texts = attempts or []
    await admin.execute(
        "INSERT INTO follow_ups (tenant_id, conversation_id, interest, plan_value, status, reason,"
        " interested_at, quiet_at, attempts, last_attempt_at, check_at)"
        " VALUES ($1, $2, 'plans', $3, $4, $5, now(), $6, $7, $6, now())",
        tenant,
        visit.id,
        value,
        status,
        reason,
        await admin.fetchval("SELECT now()") if texts else None,
        len(texts),
    )
    for number, text in enumerate(texts, 1):
        message = await admin.fetchval(
            "INSERT INTO messages (tenant_id, id, thread_id, conversation_id, author, kind, text,"
            " sent_at, status) VALUES ($1, uuidv7(), $2, $3, 'system', 'text', '', now(), $4)"
            " RETURNING id",
            tenant,
            visit.thread,
            visit.id,
            "failed" if text == "failed" else "sent",
        )
        await admin.execute(
            "INSERT INTO follow_up_attempts (tenant_id, conversation_id, number, status,"
            " channel_id, day, variant, template, send_until, message_id)"
            " VALUES ($1, $2, $3, 'queued', $4, current_date, 1, $5, now(), $6)",
            tenant,
            visit.id,
            number,
            visit.place.channel,
            text,
            message,
        )
    if agent is not None:
        await admin.execute(
            "UPDATE conversations SET agent = $2, status = 'open' WHERE id = $1",
            visit.id,
            str(agent),
        )
    return str(visit.id)


async def read(
    rest_api: RestApiFixture, headers: dict[str, str], path: str = "", **query: Any
) -> Any:
    answer = await rest_api.http.get(f"/reports/follow-ups{path}", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_figures_and_the_conversations_behind_them(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    won = await followed_up(rest_api, "recovered", [A], value=99.9)
    second = await followed_up(rest_api, "recovered", [B, "Dois"], value=50)
    await followed_up(rest_api, "recovered", [A])
    await followed_up(rest_api, "lost", [B])
    stopped = await followed_up(rest_api, "stopped", ["failed"], reason="opted_out")
    await followed_up(rest_api, "waiting")

    report = await read(rest_api, headers)

    assert report["funnel"] == {
        "interested": 6,
        "quiet": 5,
        "written_to": 5,
        "recovered": 3,
        "lost": 1,
        "stopped": 1,
        "open": 1,
    }
    assert report["stopped"] == [{"reason": "opted_out", "count": 1}]
    assert report["recovered_value"] == pytest.approx(149.9)
    assert report["recovered_without_value"] == 1
    first = {"number": 1, "sent": 4, "unsent": 1, "recovered": 2, "rate": 0.5}
    assert report["attempts"][0] == first
    assert report["attempts"][1]["rate"] == 1
    texts = {row["text"]: (row["sent"], row["recovered"], row["rate"]) for row in report["texts"]}
    assert texts[A] == (2, 2, 1)
    assert texts[B] == (2, 0, 0)

    page = await read(rest_api, headers, "/conversations", step="recovered", limit=2)
    rest = await read(
        rest_api, headers, "/conversations", step="recovered", cursor=page["next_cursor"]
    )
    ids = [item["conversation_id"] for item in (*page["items"], *rest["items"])]
    assert (len(ids), won in ids, second in ids) == (3, True, True)
    behind = await read(rest_api, headers, "/conversations", step="stopped", reason="opted_out")
    assert [item["conversation_id"] for item in behind["items"]] == [stopped]
    behind = await read(rest_api, headers, "/conversations", attempt=2)
    assert [item["conversation_id"] for item in behind["items"]] == [second]
    assert (await read(rest_api, headers, to="2026-01-01", **{"from": "2026-01-01"}))["funnel"][
        "interested"
    ] == 0


async def test_agents_see_their_own_and_other_tenants_nothing(rest_api: RestApiFixture) -> None:
    ana, headers = await rest_api.add_signed_in_user("agent")
    mine = await followed_up(rest_api, "recovered", [A], value=10, agent=ana)
    await followed_up(rest_api, "recovered", [A], value=99)

    assert (await read(rest_api, headers))["recovered_value"] == 10
    page = await read(rest_api, headers, "/conversations")
    assert mine in [item["conversation_id"] for item in page["items"]]
    _, foreign = await rest_api.add_signed_in_user("admin", await rest_api.given.tenant())
    assert (await read(rest_api, foreign))["funnel"]["interested"] == 0


@pytest.mark.parametrize(
    "query", [{"step": "x"}, {"attempt": 4}, {"reason": "x"}, {"from": "x"}, {"limit": 0}]
)
async def test_a_wrong_parameter_is_named(rest_api: RestApiFixture, query: dict[str, Any]) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.get(
        "/reports/follow-ups/conversations", params=query, headers=headers
    )
    assert next(iter(query)) in str(assert_problem(answer, 422, "invalid"))
