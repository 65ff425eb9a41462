"""Every route with every role, and with another tenant's ids."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute

from niochat.domain.permissions import PLATFORM_ACTIONS, ROLE_GRANTS, BuiltInRole, PermissionAction
from niochat.http.rest.dependencies import PermissionDependency, PublicDependency, UserDependency
from niochat.http.rest.rest_application import ROUTERS
from tests.builders import ChannelRef, RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

Declared = PublicDependency | UserDependency | PermissionDependency


def routes() -> list[tuple[str, str, Declared]]:
    """(method, path, what it declares) of every route; each declares exactly one thing."""
    found = []
    for route in (route for router in ROUTERS for route in router.routes):
        assert isinstance(route, APIRoute)
        declared = list(_declared(route.dependant))
        assert len(declared) == 1, f"{route.path} declares {declared}"
        found += [(method, route.path, declared[0]) for method in route.methods or ()]
    return found


def _declared(dependant: Any) -> Iterator[Declared]:
    for each in dependant.dependencies:
        if isinstance(each.call, (PublicDependency, UserDependency, PermissionDependency)):
            yield each.call
        yield from _declared(each)


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda name: ids.get(name[1], str(uuid4())), path)


async def test_the_walk_finds_the_routes(rest_api: RestApiFixture) -> None:
    found = routes()
    assert len(found) > 20
    told = (await rest_api.http.get("/openapi.json")).json()["paths"]
    documented = {(m.upper(), path) for path, methods in told.items() for m in methods}
    assert {(method, path) for method, path, _ in found} == documented


async def test_only_what_is_no_secret_is_open() -> None:
    assert {path for _, path, declared in routes() if isinstance(declared, PublicDependency)} == {
        "/auth/login",
        "/auth/refresh",
        "/auth/password-reset",
        "/auth/password",
        "/permissions",
        "/files/content/{token}",
        "/tenant-tokens/.well-known/jwks.json",
        "/tenant-tokens/.well-known/openid-configuration",
    }


async def test_nobody_gets_in_without_having_signed_in(rest_api: RestApiFixture) -> None:
    for method, path, declared in routes():
        if isinstance(declared, PublicDependency):
            continue
        answer = await rest_api.http.request(method, filled(path, {}), json={})
        assert answer.status_code in (401, 422), f"{method} {path}: {answer.text}"
        if answer.status_code == 422:  # a body is read before anybody is asked who they are
            continue
        assert_problem(answer, 401, "unauthenticated")


@pytest.mark.parametrize("role", [*BuiltInRole, "conferente"])
async def test_each_role_may_what_its_row_of_the_table_says_and_nothing_else(
    rest_api: RestApiFixture, role: str
) -> None:
    await rest_api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['contacts:read'])", rest_api.house.tenant
    )
    _, headers = await rest_api.add_signed_in_user(role)
    allowed = (
        set(ROLE_GRANTS[BuiltInRole(role)])
        if role != "conferente"
        else {PermissionAction.CONTACTS_READ}
    )
    for method, path, declared in routes():
        if not isinstance(declared, PermissionDependency):
            continue
        bodies = {
            "POST": SAMPLES.get(path, {}),
            "PUT": SAMPLES.get(path, {"permissions": []}),
            "PATCH": SAMPLES.get(path, {}),
        }
        answer = await rest_api.http.request(
            method, filled(path, {}), json=bodies.get(method), headers=headers
        )
        what = f"{role}: {method} {path}: {answer.status_code} {answer.text}"
        if declared.action in allowed:
            assert answer.status_code < 500, what
            assert answer.json()["code"] != "forbidden" if answer.status_code == 403 else True, what
        else:
            assert answer.status_code == 403, what


WEEKLY = {
    "name": "Semana",
    "metrics": ["conversations"],
    "cadence": "week",
    "recipients": ["ana@example.com"],
}
SAMPLES: dict[str, dict[str, Any]] = {
    "/users": {"login": "nova@example.com", "name": "Nova", "role": "viewer"},
    "/api-keys": {"name": "erp", "permissions": ["contacts:read"]},
    "/api-keys/{key_id}/owner": {"user_id": "0198f0f0-0000-7000-8000-000000000000"},
    "/channels": {"slug": "suporte", "name": "Suporte"},
    "/tenants": {"slug": "rede-nova", "name": "Rede Nova"},
    "/conversations/{conversation_id}/messages": {"text": "x"},
    "/conversations/{conversation_id}/notes": {"text": "x"},
    "/conversations/{conversation_id}/transfer": {"team": "atendimento"},
    "/conversations/{conversation_id}/snooze": {"until": "2030-01-01T00:00:00Z"},
    "/conversations/{conversation_id}/labels": {"labels": ["vip"]},
    "/conversations/{conversation_id}/priority": {"priority": "high"},
    "/conversations/{conversation_id}/messages/{message_id}": {"text": "x"},
    "/conversations/{conversation_id}/messages/{message_id}/reaction": {"emoji": "x"},
    "/conversations/bulk": {"ids": ["0198f0f0-0000-7000-8000-000000000000"], "act": "resolve"},
    "/conversations": {
        "channel_id": "0198f0f0-0000-7000-8000-000000000000",
        "phone": "11987654321",
        "text": "x",
    },
    "/contacts": {"name": "Rita", "phone": "11987654321"},
    "/contacts/{contact_id}/labels": {"labels": ["vip"]},
    "/teams/{slug}": {"name": "x"},
    "/presence/me": {"state": "online"},
    "/presence/{user_id}": {"capacity": 1},
    "/conversations/{conversation_id}/invoices/{invoice_id}/send": {
        "contract_id": "5501",
        "method": "pix",
    },
    "/conversations/{conversation_id}/unlock": {"contract_id": "5501"},
    "/conversations/{conversation_id}/orders": {
        "contract_id": "5501",
        "category": "outro",
        "text": "x",
    },
    "/contacts/lookup": {"document": "52998224725"},
    "/canned-responses": {"shortcut": "oi", "title": "Oi", "text": "Oi!", "scope": "shared"},
    "/canned-responses/{response_id}": {
        "shortcut": "oi",
        "title": "Oi",
        "text": "Oi!",
        "scope": "shared",
    },
    "/presence/reasons": {"reasons": [{"code": "lunch", "name": "Almoço"}]},
    "/alert-rules": {"name": "Fila", "kind": "queue_long", "threshold": 10},
    "/alert-rules/{rule_id}": {"name": "Fila", "kind": "queue_long", "threshold": 10},
    "/report-schedules": WEEKLY,
    "/reports/exports": {"metric": "conversations"},
    "/report-schedules/{schedule_id}": WEEKLY,
    "/sla-policies": {"name": "Ouro", "first_answer_s": 300},
    "/sla-policies/{policy_id}": {"name": "Ouro", "first_answer_s": 300},
    "/supabase": {"enabled": False},
    "/supabase/pause": {"paused": True},
}
"""Bodies that are well formed."""
MADE_BY_PUT = {"/teams/{slug}", "/roles/{name}"}
"""Whatever stands in the address comes to be."""


async def test_another_tenants_ids_are_as_unknown_as_any(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    foreign = await given.tenant()
    stranger, theirs = await rest_api.add_signed_in_user("admin", foreign)
    made = await rest_api.http.post("/api-keys", json=SAMPLES["/api-keys"], headers=theirs)
    visit = await rest_api.conversation(ChannelRef(foreign, await given.channel(foreign)))
    ids = {
        "channel_id": str(visit.place.channel),
        "user_id": str(stranger),
        "key_id": made.json()["id"],
        "name": "deles",
        "conversation_id": str(visit.id),
        "seq": "1",
        "protocol": (
            await given.rows("SELECT protocol FROM conversations WHERE id = $1", visit.id)
        )[0],
        "response_id": (
            await rest_api.http.post(
                "/canned-responses", json=SAMPLES["/canned-responses"], headers=theirs
            )
        ).json()["id"],
        "rule_id": (
            await rest_api.http.post("/alert-rules", json=SAMPLES["/alert-rules"], headers=theirs)
        ).json()["id"],
        "schedule_id": (
            await rest_api.http.post("/report-schedules", json=WEEKLY, headers=theirs)
        ).json()["id"],
        "policy_id": (
            await rest_api.http.post("/sla-policies", json=SAMPLES["/sla-policies"], headers=theirs)
        ).json()["id"],
        "export_id": (
            await rest_api.http.post(
                "/reports/exports", json=SAMPLES["/reports/exports"], headers=theirs
            )
        ).json()["id"],
        "contact_id": (
            await given.rows("SELECT contact_id::text FROM threads WHERE id = $1", visit.thread)
        )[0],
    }
    await rest_api.http.put("/roles/deles", json={"permissions": ["contacts:read"]}, headers=theirs)
    _, ours = await rest_api.add_signed_in_user("admin")
    before = await snapshot(rest_api, foreign)

    for method, path, declared in routes():
        if not isinstance(declared, PermissionDependency) or "{" not in path or path in MADE_BY_PUT:
            continue
        if declared.action in PLATFORM_ACTIONS:
            continue
        body = {
            "PATCH": SAMPLES.get(path, {"name": "x"}),
            "POST": SAMPLES.get(path, {}),
            "PUT": SAMPLES.get(path),
        }.get(method)
        answers = [
            await rest_api.http.request(method, filled(path, known), json=body, headers=ours)
            for known in (ids, {"name": "nenhum", "seq": "1", "protocol": "20990101000001"})
        ]
        assert [each.status_code for each in answers] == [404, 404], f"{method} {path}"
        assert answers[0].json() == answers[1].json()
    assert await snapshot(rest_api, foreign) == before


async def snapshot(rest_api: RestApiFixture, tenant: UUID) -> list[str]:
    return [
        row[0]
        for table in (
            "users",
            "roles",
            "api_keys",
            "sessions",
            "inbox",
            "events",
            "audit",
            "contacts",
            "channels",
            "canned_responses",
            "alert_rules",
            "report_schedules",
            "report_exports",
            "sla_policies",
            "follow_ups",
            "mirror_settings",
        )
        for row in await rest_api.house.admin.fetch(
            f"SELECT t::text FROM {table} t WHERE tenant_id = $1 ORDER BY 1", tenant
        )
    ]


async def test_a_key_may_what_it_holds_and_is_no_person(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post(
        "/api-keys", json={"name": "erp", "permissions": ["users:read"]}, headers=headers
    )
    key = {"authorization": f"Bearer {made.json()['key']}"}
    assert (await rest_api.http.get("/users", headers=key)).status_code == 200
    assert_problem(await rest_api.http.get("/api-keys", headers=key), 403, "forbidden")
    assert_problem(await rest_api.http.get("/auth/me", headers=key), 403, "users_only")
    gone = await rest_api.http.delete(f"/api-keys/{made.json()['id']}", headers=headers)
    assert gone.status_code == 204
    assert_problem(await rest_api.http.get("/users", headers=key), 401, "bad_key")


async def test_a_user_is_invited_changed_and_put_out_over_the_api(rest_api: RestApiFixture) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    made = await rest_api.http.post(
        "/users",
        json={
            "login": "Nova@Example.com",
            "name": " Nova ",
            "role": "agent",
            "teams": ["atendimento"],
        },
        headers=headers,
    )
    assert made.status_code == 201, made.text
    nova = made.json()
    assert (nova["login"], nova["name"], nova["status"]) == ("nova@example.com", "Nova", "invited")

    rest_api.house.clock.advance(seconds=60)
    (mail,) = await rest_api.house.deliver_mails()
    secret = re.search(r"#(\S+)", mail.get_content())
    assert secret
    chosen = await rest_api.http.post(
        "/auth/password", json={"secret": secret[1], "password": "uma senha qualquer"}
    )
    assert chosen.status_code == 204
    told = await rest_api.http.post(
        "/auth/login", json={"login": "nova@example.com", "password": "uma senha qualquer"}
    )
    theirs = {"authorization": f"Bearer {told.json()['access_token']}"}
    assert_problem(
        await rest_api.http.post("/users", json=SAMPLES["/users"], headers=theirs), 403, "forbidden"
    )

    own = await rest_api.http.patch(f"/users/{boss}", json={"role": "viewer"}, headers=headers)
    assert_problem(own, 403, "own_role")
    out = await rest_api.http.patch(
        f"/users/{nova['id']}", json={"disabled": True}, headers=headers
    )
    assert out.json()["status"] == "disabled"
    assert (await rest_api.http.get("/auth/me", headers=theirs)).status_code in (401, 403)


async def test_teams_are_made_renamed_and_deleted_unless_something_goes_to_them(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    for name in ("Vendas", "Comercial"):
        put = await rest_api.http.put("/teams/vendas", json={"name": name}, headers=headers)
        assert put.status_code == 204, put.text
    listed = (await rest_api.http.get("/teams", headers=headers)).json()
    assert {each["slug"]: each["name"] for each in listed} == {
        "atendimento": "Atendimento",
        "vendas": "Comercial",
    }

    refused = await rest_api.http.delete("/teams/atendimento", headers=headers)
    assert_problem(refused, 409, "team_in_use")
    assert (await rest_api.http.delete("/teams/vendas", headers=headers)).status_code == 204
    assert_problem(await rest_api.http.delete("/teams/vendas", headers=headers), 404, "not_found")

    await rest_api.http.put("/teams/vendas", json={"name": "Vendas"}, headers=headers)
    visit = await rest_api.conversation()
    await rest_api.http.post(
        f"/conversations/{visit.id}/transfer", json={"team": "vendas"}, headers=headers
    )
    assert_problem(await rest_api.http.delete("/teams/vendas", headers=headers), 409, "team_in_use")


async def test_pages_go_on_where_the_one_before_ended(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    for number in range(5):
        await rest_api.house.create_user(f"u{number}@example.com")
    seen, cursor = [], None
    for _ in range(4):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        told = (await rest_api.http.get("/users", params=params, headers=headers)).json()
        seen += [each["login"] for each in told["items"]]
        cursor = told["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 6
    for bad in ({"limit": 0}, {"limit": 201}, {"limit": "x"}):
        assert_problem(
            await rest_api.http.get("/users", params=bad, headers=headers), 422, "invalid"
        )
    wrong = await rest_api.http.get("/users", params={"cursor": "???"}, headers=headers)
    assert_problem(wrong, 400, "bad_cursor")


async def test_a_superuser_enters_a_tenant_for_a_while_and_the_tenant_can_read_of_it(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    root, headers = await rest_api.add_signed_in_user("superuser")
    assert_problem(await rest_api.http.get("/users", headers=headers), 403, "forbidden")
    listed = (await rest_api.http.get("/tenants", headers=headers)).json()["items"]
    assert [each["id"] for each in listed] == [str(rest_api.house.tenant)]

    unknown = await rest_api.http.post(f"/tenants/{uuid4()}/enter", json={}, headers=headers)
    assert_problem(unknown, 404, "not_found")
    place = f"/tenants/{rest_api.house.tenant}/enter"
    for minutes in (0, 241, "x"):
        refused = await rest_api.http.post(place, json={"minutes": minutes}, headers=headers)
        assert_problem(refused, 422, "invalid")
    entered = await rest_api.http.post(place, json={"minutes": 5}, headers=headers)
    assert entered.json()["tenant_id"] == str(rest_api.house.tenant)
    assert (await rest_api.http.get("/users", headers=headers)).status_code == 200

    made = await rest_api.http.post("/api-keys", json=SAMPLES["/api-keys"], headers=headers)
    assert made.status_code == 201, made.text
    assert (await rest_api.http.post("/tenants/leave", headers=headers)).status_code == 204
    assert_problem(await rest_api.http.get("/users", headers=headers), 403, "forbidden")
    _, boss = await rest_api.add_signed_in_user("admin")
    log = (await rest_api.http.get("/audit", params={"who": str(root)}, headers=boss)).json()[
        "items"
    ]
    assert [each["action"] for each in log] == ["keys.make", "users.read", "sessions.enter"]


async def test_what_people_did_and_looked_at_is_in_their_tenants_log(
    rest_api: RestApiFixture,
) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    made = await rest_api.http.post("/users", json=SAMPLES["/users"], headers=headers)
    await rest_api.http.patch(
        f"/users/{made.json()['id']}", json={"role": "agent"}, headers=headers
    )
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=headers)
    await rest_api.http.get(f"/conversations/{visit.id}/messages", headers=headers)

    log = (await rest_api.http.get("/audit", headers=headers)).json()["items"]
    assert [each["action"] for each in log] == [
        "conversations.read",
        "conversations.assign_conversation",
        "users.change",
        "users.invite",
        "sessions.begin",
    ]
    assert {each["who"] for each in log} == {str(boss)}
    changed = log[2]
    assert (changed["before"]["role"], changed["after"]["role"]) == ("viewer", "agent")
    assert changed["address"] == "127.0.0.1"
    assert "nova@example.com" not in str(log), "who somebody is stands in users alone"


async def test_no_role_of_a_tenant_can_hold_what_is_the_platforms(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    for permission in PLATFORM_ACTIONS:
        refused = await rest_api.http.put(
            "/roles/chefao", json={"permissions": [permission]}, headers=headers
        )
        assert_problem(refused, 400, "unknown_permission")
    for name in ("admin", "superuser"):
        refused = await rest_api.http.put(
            f"/roles/{name}", json={"permissions": ["users:read"]}, headers=headers
        )
        assert_problem(refused, 409, "built_in_role" if name == "superuser" else "own_role")
