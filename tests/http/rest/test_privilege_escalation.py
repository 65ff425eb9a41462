"""Nobody changes what may more than they, and nobody gives themselves more: over every route."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole, PermissionAction, format_grants
from niochat.http.rest.dependencies import PermissionDependency
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.http.rest.test_authorization import routes, snapshot

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

CHANGES = {
    PermissionAction.USERS_WRITE,
    PermissionAction.ROLES_WRITE,
    PermissionAction.TEAMS_WRITE,
    PermissionAction.KEYS_WRITE,
}
"""Whoever holds one of these changes users, roles, teams or keys."""
WEAK = [
    "users:read",
    "users:write",
    "roles:write",
    "teams:read",
    "teams:write",
    "keys:write",
    "conversations:read:team",
    "conversations:reply:own",
    "presence:write",
    "audit:read",
]
STRONG = format_grants(ROLE_GRANTS[BuiltInRole.ADMIN])
WIDER = [*(each for each in WEAK if "read:team" not in each), "conversations:read:all"]


@dataclass
class Place:
    """A provider with somebody strong, what is theirs, and somebody weak of team ``norte``."""

    desk: RestApiFixture
    weak: UUID
    headers: dict[str, str]
    strong_headers: dict[str, str]
    ids: dict[str, str]

    async def asks(self, method: str, path: str, body: Any, **other: str) -> httpx.Response:
        ids = {**self.ids, **other}
        address = re.sub(r"{(\w+)}", lambda name: ids[name[1]], path)
        return await self.desk.http.request(method, address, json=body, headers=self.headers)


async def place(rest_api: RestApiFixture) -> Place:
    admin, house = rest_api.house.admin, rest_api.house
    for name, permissions in (
        ("fraca", WEAK),
        ("forte", STRONG),
        ("larga", WIDER),
        ("vaga", STRONG),
    ):
        await admin.execute(
            "INSERT INTO roles VALUES ($1, $2, $3)", house.tenant, name, permissions
        )
    for slug in ("norte", "sul", "diretoria", "vazia"):
        await admin.execute("INSERT INTO teams VALUES ($1, $2, $2)", house.tenant, slug)
    strong, strong_headers = await rest_api.add_signed_in_user("forte")
    weak, headers = await rest_api.add_signed_in_user("fraca")
    pending = await house.create_user("chegando@example.com", "forte", status="invited")
    peer = await house.create_user("colega@example.com", "fraca")
    for team, user in (("diretoria", strong), ("norte", weak), ("norte", peer)):
        await admin.execute(
            "INSERT INTO team_members VALUES ($1, $2, $3)", house.tenant, team, user
        )
    key = await rest_api.http.post(
        "/api-keys", json={"name": "erp", "permissions": ["settings:write"]}, headers=strong_headers
    )
    ids = {
        "user_id": str(strong),
        "pending": str(pending),
        "peer": str(peer),
        "weak": str(weak),
        "name": "forte",
        "slug": "diretoria",
        "key_id": key.json()["id"],
    }
    return Place(rest_api, weak, headers, strong_headers, ids)


BODIES: dict[tuple[str, str], list[Any]] = {
    ("POST", "/users"): [
        {"login": "x@example.com", "name": "X", "role": "forte"},
        {"login": "x@example.com", "name": "X", "role": "admin"},
        {"login": "x@example.com", "name": "X", "role": "larga"},
        {"login": "x@example.com", "name": "X", "role": "fraca", "teams": ["sul"]},
    ],
    ("PATCH", "/users/{user_id}"): [
        {"name": "x"},
        {"role": "fraca"},
        {"disabled": True},
        {"disabled": False},
        {"teams": []},
        {"teams": ["norte"]},
        {},
    ],
    ("POST", "/users/{user_id}/invitation"): [None],
    ("PUT", "/roles/{name}"): [
        {"permissions": []},
        {"permissions": WEAK},
        {"permissions": STRONG},
    ],
    ("DELETE", "/roles/{name}"): [None],
    ("PUT", "/teams/{slug}"): [{"name": "x"}, {"name": "x", "assignment": "balanced"}],
    ("DELETE", "/teams/{slug}"): [None],
    ("POST", "/api-keys"): [
        {"name": "x", "permissions": ["settings:write"]},
        {"name": "x", "permissions": ["conversations:read:all"]},
        {"name": "x", "permissions": ["conversations:reply:team"]},
    ],
    ("DELETE", "/api-keys/{key_id}"): [None],
    ("PUT", "/api-keys/{key_id}/owner"): [{"user_id": "$weak"}],
    ("PUT", "/presence/{user_id}"): [{"offline": True}, {"capacity": 0}],
}
"""What somebody weak may try at what is strong, by route."""
IDS = {
    "/users/{user_id}/invitation": {"user_id": "pending"},
    "DELETE /roles/{name}": {"name": "vaga"},
}


def walked() -> list[tuple[str, str]]:
    return sorted(
        (method, path)
        for method, path, declared in routes()
        if isinstance(declared, PermissionDependency)
        and declared.action in CHANGES
        and method != "GET"
    )


async def test_every_route_that_changes_people_and_what_they_may_is_tried() -> None:
    assert walked() == sorted(BODIES)


@pytest.mark.parametrize(("method", "path"), sorted(BODIES))
async def test_what_is_stronger_is_changed_by_nobody_weaker(
    rest_api: RestApiFixture, method: str, path: str
) -> None:
    here = await place(rest_api)
    names = IDS.get(f"{method} {path}", IDS.get(path, {}))
    other = {name: here.ids.get(value, value) for name, value in names.items()}
    before = await kept(rest_api)
    for body in BODIES[method, path]:
        if body is not None:
            body = {k: here.ids["weak"] if v == "$weak" else v for k, v in body.items()}
        assert_problem(await here.asks(method, path, body, **other), 403, "stronger")
    assert await kept(rest_api) == before
    rows = await rest_api.house.admin.fetch(
        "SELECT target, after FROM audit WHERE action = 'access.denied' AND who = $1",
        str(here.weak),
    )
    assert [row["target"] for row in rows] == [f"{method} {path}"] * len(BODIES[method, path])
    assert all(row["after"]["code"] == "stronger" for row in rows)


async def kept(rest_api: RestApiFixture) -> list[str]:
    """Of the tenant, but its log."""
    members = await rest_api.house.admin.fetch("SELECT m::text FROM team_members m ORDER BY 1")
    teams = await rest_api.house.admin.fetch("SELECT t::text FROM teams t ORDER BY 1")
    log = {row[0] for row in await rest_api.house.admin.fetch("SELECT t::text FROM audit t")}
    rows = await snapshot(rest_api, rest_api.house.tenant)
    sessions = {
        row[0] for row in await rest_api.house.admin.fetch("SELECT s::text FROM sessions s")
    }
    rows = [row for row in rows if row not in log and row not in sessions]
    return [*rows, *(row[0] for row in [*members, *teams])]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/users/{weak}", {"teams": ["norte", "sul"]}, 403),
        ("PATCH", "/users/{weak}", {"teams": ["sul"]}, 403),
        ("PATCH", "/users/{weak}", {"role": "larga"}, 403),
        ("PATCH", "/users/{peer}", {"role": "larga"}, 403),
        ("PATCH", "/users/{peer}", {"teams": ["sul"]}, 403),
        ("PUT", "/roles/fraca", {"permissions": WIDER}, 409),
        ("PUT", "/roles/nova", {"permissions": WIDER}, 403),
        ("PUT", "/roles/larga", {"permissions": WEAK}, 403),
        # and what they may
        ("PATCH", "/users/{weak}", {"teams": []}, 200),
        ("PATCH", "/users/{weak}", {"name": "x"}, 200),
        ("PATCH", "/users/{peer}", {"name": "x", "teams": []}, 200),
        ("PATCH", "/users/{peer}", {"disabled": True}, 200),
        ("PUT", "/roles/nova", {"permissions": ["users:read", "conversations:read:own"]}, 204),
        ("PUT", "/teams/norte", {"name": "x"}, 204),
        ("PUT", "/teams/nova", {"name": "x"}, 204),
        ("DELETE", "/teams/vazia", None, 204),
        ("PUT", "/presence/{peer}", {"capacity": 1}, 200),
    ],
)
async def test_nobody_widens_their_own_sight_and_equals_may_be_changed(
    rest_api: RestApiFixture, method: str, path: str, body: Any, status: int
) -> None:
    here = await place(rest_api)
    answer = await here.asks(method, path, body)
    assert answer.status_code == status, answer.text


async def test_a_role_of_people_in_other_teams_is_changed_by_who_sees_those(
    rest_api: RestApiFixture,
) -> None:
    """Else its holders there would see for whoever changes it."""
    here = await place(rest_api)
    await rest_api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'leitura', ARRAY['users:read'])", rest_api.house.tenant
    )
    south = await rest_api.house.create_user("sul@example.com", "leitura")
    await rest_api.house.admin.execute(
        "INSERT INTO team_members VALUES ($1, 'sul', $2)", rest_api.house.tenant, south
    )
    wider = {"permissions": ["users:read", "conversations:read:team"]}
    assert_problem(await here.asks("PUT", "/roles/leitura", wider), 403, "stronger")
    same = await here.asks("PUT", "/roles/leitura", {"permissions": []})
    assert same.status_code == 204, "what sees no conversation is of no team"


async def test_a_key_changes_no_more_than_it_holds(rest_api: RestApiFixture) -> None:
    here = await place(rest_api)
    made = await rest_api.http.post(
        "/api-keys",
        headers=here.strong_headers,
        json={"name": "rh", "permissions": ["users:write", "roles:write", "keys:write"]},
    )
    key = {"authorization": f"Bearer {made.json()['key']}"}
    for method, path, body in (
        ("PATCH", f"/users/{here.ids['peer']}", {"disabled": True}),
        ("PUT", "/roles/fraca", {"permissions": []}),
        ("POST", "/api-keys", {"name": "y", "permissions": ["audit:read"]}),
        ("DELETE", f"/api-keys/{here.ids['key_id']}", None),
    ):
        assert_problem(
            await rest_api.http.request(method, path, json=body, headers=key), 403, "stronger"
        )
