"""Users change their own name, photo and password; members see their colleagues."""

import io

import pytest
from PIL import Image

from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.identity.conftest import PASSWORD

pytestmark = pytest.mark.asyncio

NEW_PASSWORD = "outra senha qualquer"


def picture(colour: str = "red") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (400, 300), colour).save(written, "PNG")
    return written.getvalue()


async def test_a_user_of_any_role_is_renamed(rest_api: RestApiFixture) -> None:
    for role in ("viewer", "superuser"):
        _, headers = await rest_api.add_signed_in_user(role)
        done = await rest_api.http.patch("/auth/me", json={"name": " Ana Lima "}, headers=headers)
        assert done.status_code == 204
        assert (await rest_api.http.get("/auth/me", headers=headers)).json()["name"] == "Ana Lima"
    refused = await rest_api.http.patch("/auth/me", json={"role": "admin"}, headers=headers)
    assert_problem(refused, 422, "invalid")
    rows = await rest_api.house.admin.fetch(
        "SELECT tenant_id, before, after FROM audit WHERE action = 'users.rename' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [(rest_api.house.tenant, None, None), (None, None, None)]


async def test_the_session_says_when_it_ends(rest_api: RestApiFixture) -> None:
    user, headers = await rest_api.add_signed_in_user("agent")
    await rest_api.house.admin.execute("UPDATE tenants SET session_idle = '30 minutes'")
    told = (await rest_api.http.get("/auth/me", headers=headers)).json()
    (session,) = await rest_api.house.admin.fetch(
        "SELECT id, expires_at FROM sessions WHERE user_id = $1", user
    )
    assert told["session_id"] == str(session["id"])
    assert told["session_expires_at"][:19] == session["expires_at"].isoformat()[:19]
    assert (told["idle_timeout_s"], told["second_factor"], told["photo_url"]) == (1800, False, None)


async def test_a_photo_is_seen_by_members_and_by_nobody_else(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    ana, hers = await rest_api.add_signed_in_user("agent")
    _, viewer = await rest_api.add_signed_in_user("viewer")
    _, stranger = await rest_api.add_signed_in_user("admin", await given.tenant())
    form = {"file": ("ana.png", picture(), "image/png")}
    put = await rest_api.http.put("/auth/me/photo", files=form, headers=hers)
    assert put.status_code == 200, put.text
    url = put.json()["photo_url"]
    assert (await rest_api.http.get("/auth/me", headers=hers)).json()["photo_url"] == url
    path = url.removeprefix("/api/v1")
    shown = await rest_api.http.get(path, headers=viewer)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    with Image.open(io.BytesIO(shown.content)) as photo:
        assert photo.size == (256, 256)
    assert shown.headers["cache-control"].startswith("private")
    unchanged = {**viewer, "if-none-match": shown.headers["etag"]}
    again = await rest_api.http.get(path, headers=unchanged)
    assert (again.status_code, again.content) == (304, b"")
    assert_problem(await rest_api.http.get(path, headers=stranger), 404, "not_found")
    assert (await rest_api.http.get(path)).status_code == 401

    form = {"file": ("ana.png", picture("blue"), "image/png")}
    other = (await rest_api.http.put("/auth/me/photo", files=form, headers=hers)).json()
    assert other["photo_url"] != url
    assert (await rest_api.http.get(path, headers=unchanged)).status_code == 200
    assert (await rest_api.http.delete("/auth/me/photo", headers=hers)).status_code == 204
    gone = await rest_api.http.get(f"/users/{ana}/photo", headers=hers)
    assert_problem(gone, 404, "not_found")


async def test_what_is_no_photo_is_refused_and_keeps_the_old_one(rest_api: RestApiFixture) -> None:
    ana, headers = await rest_api.add_signed_in_user("agent")
    form = {"file": ("ana.png", picture(), "image/png")}
    await rest_api.http.put("/auth/me/photo", files=form, headers=headers)
    svg = {"file": ("x.svg", b"<svg/>", "image/svg+xml")}
    refused = await rest_api.http.put("/auth/me/photo", files=svg, headers=headers)
    assert_problem(refused, 400, "bad_photo")
    nothing = await rest_api.http.put("/auth/me/photo", content=b"x", headers=headers)
    assert_problem(nothing, 400, "no_file")
    assert (await rest_api.http.get(f"/users/{ana}/photo", headers=headers)).status_code == 200


async def test_a_password_is_changed_and_other_sessions_end(rest_api: RestApiFixture) -> None:
    user, here = await rest_api.add_signed_in_user("agent")
    login = await rest_api.house.admin.fetchval("SELECT login FROM users WHERE id = $1", user)
    elsewhere = await rest_api.bearer(login)
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    done = await rest_api.http.post("/auth/me/password", json=body, headers=here)
    assert done.status_code == 204, done.text
    assert (await rest_api.http.get("/auth/me", headers=here)).status_code == 200
    assert (await rest_api.http.get("/auth/me", headers=elsewhere)).status_code == 401
    assert user in rest_api.changed
    old = await rest_api.http.post("/auth/login", json={"login": login, "password": PASSWORD})
    assert_problem(old, 401, "bad_credentials")
    new = {"login": login, "password": NEW_PASSWORD}
    assert (await rest_api.http.post("/auth/login", json=new)).status_code == 200
    again = await rest_api.http.post("/auth/me/password", json=body, headers=here)
    assert_problem(again, 400, "wrong_password")


async def test_a_wrong_or_weak_password_changes_nothing_and_guesses_are_limited(
    rest_api: RestApiFixture,
) -> None:
    user, headers = await rest_api.add_signed_in_user("agent")
    hashed = "SELECT password_hash FROM users WHERE id = $1"
    before = await rest_api.house.admin.fetchval(hashed, user)
    weak = {"current_password": PASSWORD, "password": "curta"}
    refused = await rest_api.http.post("/auth/me/password", json=weak, headers=headers)
    assert_problem(refused, 400, "weak_password")
    wrong = {"current_password": "errada errada", "password": NEW_PASSWORD}
    for _ in range(10):
        refused = await rest_api.http.post("/auth/me/password", json=wrong, headers=headers)
        assert_problem(refused, 400, "wrong_password")
    right = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    refused = await rest_api.http.post("/auth/me/password", json=right, headers=headers)
    assert_problem(refused, 429, "too_many_attempts")
    assert await rest_api.house.admin.fetchval(hashed, user) == before
    rows = await rest_api.given.rows("SELECT action FROM audit WHERE action LIKE 'users.password%'")
    assert rows == ["users.password_refused"] * 10


async def test_every_member_sees_the_colleagues_and_teams(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    await rest_api.house.admin.execute(
        "INSERT INTO roles VALUES ($1, 'conferente', ARRAY['contacts:read'])", rest_api.house.tenant
    )
    user, headers = await rest_api.add_signed_in_user("conferente")
    await rest_api.add_signed_in_user("admin", await given.tenant())
    await rest_api.house.create_user("fora@example.com", status="disabled")
    ana = await rest_api.house.create_user("ana@example.com")
    await rest_api.house.admin.execute(
        "INSERT INTO team_members VALUES ($1, 'atendimento', $2)", rest_api.house.tenant, ana
    )
    await rest_api.house.admin.execute(
        "INSERT INTO presences (tenant_id, user_id, state, reason)"
        " VALUES ($1, $2, 'away', 'lunch')",
        rest_api.house.tenant,
        ana,
    )
    form = {"file": ("x.png", picture(), "image/png")}
    await rest_api.http.put("/auth/me/photo", files=form, headers=headers)
    told = (await rest_api.http.get("/colleagues", headers=headers)).json()
    shown = [(each["id"], each["teams"], each["state"], each["reason"]) for each in told["users"]]
    assert shown == [
        (str(ana), ["atendimento"], "away", "lunch"),
        (str(user), [], "offline", None),
    ]
    assert [bool(each["photo_url"]) for each in told["users"]] == [False, True]
    assert told["teams"] == [{"slug": "atendimento", "name": "Atendimento"}]

    _, root = await rest_api.add_signed_in_user("superuser")
    refused = await rest_api.http.get("/colleagues", headers=root)
    assert_problem(refused, 403, "no_tenant")


async def test_the_provider_chooses_the_reasons_for_a_pause(rest_api: RestApiFixture) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    told = await rest_api.http.get("/presence/reasons", headers=agent)
    assert told.headers["etag"] == '"0"'
    assert told.json()["reasons"][0] == {"code": "lunch", "name": "Almoço"}
    away = {"state": "away", "reason": "lunch"}
    done = await rest_api.http.put("/presence/me", json=away, headers=agent)
    assert done.json()["reason"] == "lunch"

    new = {"reasons": [{"code": "cafe", "name": "Café"}]}
    tagged = {**boss, "if-match": '"0"'}
    refused = await rest_api.http.put(
        "/presence/reasons", json=new, headers={**agent, "if-match": "*"}
    )
    assert_problem(refused, 403, "forbidden")
    put = await rest_api.http.put("/presence/reasons", json=new, headers=tagged)
    assert (put.status_code, put.json(), put.headers["etag"]) == (200, new, '"1"')
    stale = await rest_api.http.put("/presence/reasons", json=new, headers=tagged)
    assert_problem(stale, 412, "stale")
    twice = {"reasons": new["reasons"] * 2}
    refused = await rest_api.http.put("/presence/reasons", json=twice, headers=tagged)
    assert_problem(refused, 422, "invalid")
    assert_problem(
        await rest_api.http.put("/presence/me", json=away, headers=agent), 400, "unknown_reason"
    )
    away["reason"] = "cafe"
    assert (await rest_api.http.put("/presence/me", json=away, headers=agent)).status_code == 200
