"""Every change and every read of what is told of people is in the log, and what fails, too."""

import asyncio
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi.routing import APIRoute

from niochat.http.rest.rest_application import ROUTERS
from niochat.inbox.command_submitter import SubmittedCommand
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.http.rest.test_authorization import SAMPLES, filled
from tests.identity.conftest import PASSWORD
from tests.identity.login.test_second_factor import App
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

LOGIN = "ana@example.com"


async def log(rest_api: RestApiFixture, *actions: str) -> list[dict[str, Any]]:
    rows = await rest_api.house.admin.fetch(
        "SELECT tenant_id, who_kind, who, action, target, before, after, address FROM audit"
        " WHERE cardinality($1::text[]) = 0 OR action = ANY ($1) ORDER BY id",
        list(actions),
    )
    return [dict(row) for row in rows]


async def log_in(
    rest_api: RestApiFixture, login: str, password: str = PASSWORD, **more: str
) -> Any:
    body = {"login": login, "password": password, **more}
    return await rest_api.http.post("/auth/login", json=body)


async def test_failed_log_ins_are_written_down_with_a_masked_account(
    rest_api: RestApiFixture,
) -> None:
    ana = await rest_api.house.create_user(LOGIN)
    out = await rest_api.house.create_user("rui@example.com", status="disabled")
    await log_in(rest_api, LOGIN, "errada errada")
    await log_in(rest_api, "nobody@example.com", "errada errada")
    await log_in(rest_api, "rui@example.com")
    rows = await log(rest_api, "sessions.refused")
    tenant = rest_api.house.tenant
    assert [(row["tenant_id"], row["who"], row["target"], row["after"]) for row in rows] == [
        (tenant, "a***@example.com", f"user:{ana}", {"code": "bad_credentials"}),
        (None, "n***@example.com", "login:n***@example.com", {"code": "bad_credentials"}),
        (tenant, "r***@example.com", f"user:{out}", {"code": "disabled"}),
    ]
    assert {row["address"] for row in rows} == {"127.0.0.1"}
    assert "errada" not in str(rows)
    assert LOGIN not in str(rows)


async def test_the_second_factor_on_and_off_is_written_down(rest_api: RestApiFixture) -> None:
    ana, headers = await rest_api.add_signed_in_user("agent")
    begun = (await rest_api.http.post("/auth/second-factor", headers=headers)).json()
    app = App(rest_api.house, begun["secret"])
    for path, code in (
        ("confirm", "000000"),
        ("confirm", app.code()),
        ("disable", "000000"),
        ("disable", app.code(1)),
    ):
        await rest_api.http.post(
            f"/auth/second-factor/{path}", json={"code": code}, headers=headers
        )
    rows = await log(rest_api, "second_factor.on", "second_factor.off", "second_factor.refused")
    assert [(row["action"], row["after"]) for row in rows] == [
        ("second_factor.refused", {"code": "wrong_code", "wanted": "on"}),
        ("second_factor.on", None),
        ("second_factor.refused", {"code": "wrong_code", "wanted": "off"}),
        ("second_factor.off", None),
    ]
    assert {(row["tenant_id"], row["who"], row["target"], row["address"]) for row in rows} == {
        (rest_api.house.tenant, str(ana), f"user:{ana}", "127.0.0.1")
    }
    assert app.code() not in str(rows)


async def test_forgotten_passwords_and_links_are_written_down(rest_api: RestApiFixture) -> None:
    ana = await rest_api.house.create_user(LOGIN)
    for login in (LOGIN, "nobody@example.com"):
        await rest_api.http.post("/auth/password-reset", json={"login": login})
    body = {"secret": "wrong", "password": PASSWORD}
    assert_problem(await rest_api.http.post("/auth/password", json=body), 409, "link_over")
    rest_api.house.clock.advance(seconds=60)
    (mail,) = await rest_api.house.deliver_mails()
    secret = re.search(r"#(\S+)", mail.get_content())
    assert secret
    body = {"secret": secret[1], "password": PASSWORD}
    assert (await rest_api.http.post("/auth/password", json=body)).status_code == 204

    rows = await log(rest_api, "users.forgotten", "links.refused", "users.password")
    tenant = rest_api.house.tenant
    assert [(row["action"], row["tenant_id"], row["target"]) for row in rows] == [
        ("users.forgotten", tenant, f"user:{ana}"),
        ("users.forgotten", None, "login:n***@example.com"),
        ("links.refused", None, "link"),
        ("users.password", tenant, f"user:{ana}"),
    ]
    assert {row["address"] for row in rows} == {"127.0.0.1"}


async def test_a_device_that_took_a_mailed_link_is_known(rest_api: RestApiFixture) -> None:
    await rest_api.house.create_user(LOGIN)
    await rest_api.http.post("/auth/password-reset", json={"login": LOGIN})
    rest_api.house.clock.advance(seconds=60)
    (mail,) = await rest_api.house.deliver_mails()
    secret = re.search(r"#(\S+)", mail.get_content())
    assert secret
    told = await rest_api.http.post(
        "/auth/password", json={"secret": secret[1], "password": PASSWORD}
    )
    (cookie,) = told.headers.get_list("set-cookie")
    assert cookie.startswith("niochat_device_")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie

    for _ in range(11):
        await log_in(rest_api, LOGIN, "errada errada")
    assert_problem(await log_in(rest_api, LOGIN), 429, "too_many_attempts")
    headers = {"cookie": cookie.partition(";")[0]}
    came = await rest_api.http.post(
        "/auth/login", json={"login": LOGIN, "password": PASSWORD}, headers=headers
    )
    assert came.status_code == 200, came.text


async def test_an_invitation_that_is_sent_again_is_written_down(rest_api: RestApiFixture) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    made = (await rest_api.http.post("/users", json=SAMPLES["/users"], headers=headers)).json()
    again = await rest_api.http.post(f"/users/{made['id']}/invitation", headers=headers)
    assert again.status_code == 202
    (row,) = await log(rest_api, "users.invite_again")
    assert (row["who"], row["target"]) == (str(boss), f"user:{made['id']}")


async def test_forbidden_requests_are_audited(rest_api: RestApiFixture) -> None:
    boss, theirs = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=theirs)
    ana, headers = await rest_api.add_signed_in_user("agent")
    assert_problem(await rest_api.http.get("/audit", headers=headers), 403, "forbidden")
    assert_problem(
        await rest_api.http.patch(f"/users/{boss}", json={"name": "x"}, headers=headers),
        403,
        "forbidden",
    )
    hidden = await rest_api.http.get(f"/conversations/{visit.id}/messages", headers=headers)
    assert_problem(hidden, 404, "not_found")
    rows = await log(rest_api, "access.denied")
    assert [(row["target"], row["after"]) for row in rows] == [
        ("GET /audit", {"code": "forbidden"}),
        ("PATCH /users/{user_id}", {"code": "forbidden", "user_id": str(boss)}),
        (
            "GET /conversations/{conversation_id}/messages",
            {"code": "not_found", "conversation_id": str(visit.id)},
        ),
    ]
    assert {(row["who"], row["tenant_id"]) for row in rows} == {(str(ana), rest_api.house.tenant)}


async def test_a_key_that_is_refused_is_written_down_as_the_key(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    body = {"name": "erp", "permissions": ["contacts:read"]}
    made = (await rest_api.http.post("/api-keys", json=body, headers=headers)).json()
    key = {"authorization": f"Bearer {made['key']}"}
    assert_problem(await rest_api.http.get("/users", headers=key), 403, "forbidden")
    (row,) = await log(rest_api, "access.denied")
    assert (row["who_kind"], row["who"], row["target"]) == ("key", made["id"], "GET /users")


OF_NOBODY = {
    "/auth/me",
    "/auth/sessions",
    "/permissions",
    "/roles",
    "/teams",
    "/api-keys",
    "/channels",
    "/channels/{channel_id}",
    "/channels/{channel_id}/status",
    "/channels/{channel_id}/webhook",
    "/reports/metrics",
    "/reports/now",
    "/settings",
    "/settings/assistant",
    "/settings/assistant/facts",
    "/tenants",
    "/tenants/{tenant_id}",
    "/conversations/counts",
    "/labels",
    "/conversations/unread",
    "/presence/me",
    "/presence/reasons",
    "/preferences",
    "/push/public-key",
    "/push/subscriptions",
    "/canned-responses",
    "/canned-responses/{response_id}",
    "/alert-rules",
    "/alert-rules/{rule_id}",
    "/alerts",
    "/report-schedules",
    "/reports/exports",
    "/reports/exports/{export_id}",
    "/sla-policies",
    "/sla-policies/{policy_id}",
    "/supabase",
    "/supabase/status",
    "/tenant-tokens/.well-known/jwks.json",
    "/tenant-tokens/.well-known/openid-configuration",
    "/users/{user_id}/photo",
    "/files/content/{token}",
}
"""What these give away is one's own, or of nobody; a file's address was written down. The photos
that everybody has on the screen come with the list of colleagues, which is written down."""


def reads() -> list[str]:
    found = [
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]
    return sorted(set(found) - OF_NOBODY)


@pytest.mark.parametrize("path", reads())
async def test_every_read_of_what_is_told_of_people_is_written_down(
    rest_api: RestApiFixture, path: str
) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation(None, "meu nome é Ana")
    ids = {
        "user_id": str(boss),
        "conversation_id": str(visit.id),
        "seq": "1",
        "protocol": str(await rest_api.house.admin.fetchval("SELECT protocol FROM conversations")),
        "contact_id": str(await rest_api.house.admin.fetchval("SELECT contact_id FROM threads")),
        "message_id": str(await rest_api.house.admin.fetchval("SELECT id FROM messages LIMIT 1")),
    }
    before = len(await log(rest_api))
    params = {"q": "nome"} if path.startswith("/search") else {}
    if path.startswith("/reports"):
        params = {"metric": "conversations"}
    answer = await rest_api.http.get(filled(path, ids), params=params, headers=headers)
    # This message has no file, and this customer no contract: tests/http/rest/subscribers.
    if path.endswith(("/file", "/files/{file_id}", "/{write_id}")) or "{contract_id}" in path:
        assert answer.status_code == 404
        return
    assert answer.status_code == 200, answer.text
    rows = (await log(rest_api))[before:]
    assert [row["action"].rpartition(".")[2] for row in rows] == ["read"], path
    assert UUID(rows[0]["who"]) == boss
    assert "Ana" not in str(rows)


OF_ONESELF = {
    "POST /auth/socket-tickets",
    "PUT /conversations/{conversation_id}/read",
    "POST /auth/second-factor",
}
"""What opens or tells nothing of others."""
BODIES: dict[str, Any] = {
    **SAMPLES,
    "/users/{user_id}": {"name": "x"},
    "/roles/{name}": {"permissions": ["contacts:read"]},
    "/contacts/{contact_id}": {"name": "x"},
    "/auth/me": {"name": "x"},
    "/auth/me/password": {"current_password": PASSWORD, "password": "outra senha qualquer"},
}


def changes() -> list[tuple[str, str]]:
    found = [
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in (route.methods or set()) - {"GET"}
    ]
    return sorted(each for each in found if " ".join(each) not in OF_ONESELF)


@pytest.mark.parametrize(("method", "path"), changes())
async def test_every_write_request_is_audited(
    rest_api: RestApiFixture, method: str, path: str
) -> None:
    """Whatever an administrator succeeds in, or may not, is in the log. What takes more than a body
    that is well formed is tried by the tests of its own.
    """
    _, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation(None, "oi")
    other = await rest_api.house.create_user("chegando@example.com", "viewer", status="invited")
    key = (await rest_api.http.post("/api-keys", json=SAMPLES["/api-keys"], headers=headers)).json()
    canned = (
        await rest_api.http.post(
            "/canned-responses",
            json={**SAMPLES["/canned-responses"], "shortcut": "tchau"},
            headers=headers,
        )
    ).json()
    rule = await rest_api.http.post("/alert-rules", json=SAMPLES["/alert-rules"], headers=headers)
    schedule = await rest_api.http.post(
        "/report-schedules", json=SAMPLES["/report-schedules"], headers=headers
    )
    policy = await rest_api.http.post(
        "/sla-policies", json=SAMPLES["/sla-policies"], headers=headers
    )
    export = await rest_api.http.post(
        "/reports/exports", json=SAMPLES["/reports/exports"], headers=headers
    )
    if path.startswith(
        (
            *("/alert-rules/", "/canned-responses/", "/preferences"),
            *("/presence/reasons", "/report-schedules/", "/sla-policies/"),
        )
    ):
        headers = {**headers, "if-match": "*"}
    await rest_api.http.put("/teams/vazia", json={"name": "x"}, headers=headers)
    await rest_api.http.put("/roles/vaga", json={"permissions": []}, headers=headers)
    if path.startswith("/conversations") and "assign" not in path:
        await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=headers)
    admin = rest_api.house.admin
    ids = {
        "user_id": str(other),
        "key_id": key["id"],
        "response_id": canned["id"],
        "rule_id": rule.json()["id"],
        "schedule_id": schedule.json()["id"],
        "policy_id": policy.json()["id"],
        "export_id": export.json()["id"],
        "slug": "vazia",
        "name": "vaga",
        "conversation_id": str(visit.id),
        "seq": "1",
        "channel_id": str(visit.place.channel),
        "contact_id": str(await admin.fetchval("SELECT contact_id FROM threads")),
        "message_id": str(await admin.fetchval("SELECT id FROM messages LIMIT 1")),
        "tenant_id": str(rest_api.house.tenant),
    }
    before = len(await log(rest_api))
    body = None if method == "DELETE" else BODIES.get(path, {})
    answer = await rest_api.http.request(method, filled(path, ids), json=body, headers=headers)
    if answer.status_code < 300 or answer.status_code == 403:
        assert len(await log(rest_api)) > before, (method, path)


async def test_who_hangs_up_before_it_is_done_is_written_down_all_the_same(
    rest_api: RestApiFixture,
) -> None:
    visit = await rest_api.conversation()
    boss, who = await rest_api.add_signed_in_user("admin")
    begun, go_on, asking = asyncio.Event(), asyncio.Event(), rest_api.services.command_submitter

    class Slow:
        async def submit(self, *arguments: Any) -> SubmittedCommand:
            begun.set()
            await go_on.wait()
            return await asking.submit(*arguments)

    rest_api.with_services(command_submitter=Slow())
    transport = httpx.ASGITransport(app=rest_api.app)  # as Serve does, what is left is cancelled
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        left = asyncio.create_task(
            http.post(f"/conversations/{visit.id}/assign", json={}, headers=who)
        )
        await begun.wait()
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
    go_on.set()

    async def told() -> bool:
        rows = await rest_api.given.rows(
            "SELECT who FROM audit WHERE target = $1 AND action LIKE 'conversations.%'"
            " AND action <> 'conversations.read'",
            f"conversation:{visit.id}",
        )
        return rows == [str(boss)]

    await wait_until(told)
