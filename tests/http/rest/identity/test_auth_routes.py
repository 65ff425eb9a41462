"""Signing in over HTTP: bearer tokens for clients, cookies for browsers, and what is refused."""

import asyncio

import httpx
import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.identity.conftest import PASSWORD

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

LOGIN = "ana@example.com"


async def test_a_client_signs_in_with_a_bearer_token_and_out_again(
    rest_api: RestApiFixture,
) -> None:
    await rest_api.house.create_user(LOGIN, "agent")
    told = (
        await rest_api.http.post("/auth/login", json={"login": LOGIN, "password": PASSWORD})
    ).json()
    headers = {"authorization": f"Bearer {told['access_token']}"}
    assert told["expires_in"] == 900

    me = (await rest_api.http.get("/auth/me", headers=headers)).json()
    assert (me["login"], me["role"], me["tenant_id"]) == (
        LOGIN,
        "agent",
        str(rest_api.house.tenant),
    )
    assert "conversations:reply:team" in me["permissions"]

    assert (await rest_api.http.post("/auth/logout", headers=headers)).status_code == 204
    assert_problem(await rest_api.http.get("/auth/me", headers=headers), 401, "session_over")
    refreshed = await rest_api.http.post(
        "/auth/refresh", json={"refresh_token": told["refresh_token"]}
    )
    assert_problem(refreshed, 401, "session_over")


async def test_a_browser_signs_in_by_cookies_that_scripts_cannot_read(
    rest_api: RestApiFixture,
) -> None:
    await rest_api.house.create_user(LOGIN)
    body = {"login": LOGIN, "password": PASSWORD, "use_cookies": True}
    told = await rest_api.http.post("/auth/login", json=body)
    assert told.json()["access_token"] is None
    assert told.json()["refresh_token"] is None
    cookies = {each.partition("=")[0]: each for each in told.headers.get_list("set-cookie")}
    for name in ("niochat_access", "niochat_refresh"):
        assert "HttpOnly" in cookies[name]
        assert "SameSite=strict" in cookies[name]
    assert "HttpOnly" not in cookies["niochat_csrf"]
    assert (await rest_api.http.get("/auth/me")).json()["login"] == LOGIN


async def test_what_changes_something_by_cookie_needs_the_csrf_header(
    rest_api: RestApiFixture,
) -> None:
    await rest_api.house.create_user(LOGIN)
    body = {"login": LOGIN, "password": PASSWORD, "use_cookies": True}
    csrf = (await rest_api.http.post("/auth/login", json=body)).json()["csrf_token"]

    for headers in ({}, {"x-csrf-token": "guess"}, {"x-csrf-token": ""}):
        assert_problem(await rest_api.http.post("/auth/logout", headers=headers), 403, "csrf")
        refused = await _refresh_by_cookie(rest_api, headers)
        assert_problem(refused, 403, "csrf")
    assert (await rest_api.http.get("/auth/me")).status_code == 200

    refreshed = await _refresh_by_cookie(rest_api, {"x-csrf-token": csrf})
    assert refreshed.status_code == 200, refreshed.text
    csrf = refreshed.json()["csrf_token"]
    out = await rest_api.http.post("/auth/logout", headers={"x-csrf-token": csrf})
    assert out.status_code == 204
    assert_problem(await rest_api.http.get("/auth/me"), 401, "unauthenticated")


async def test_two_tabs_that_refresh_at_once_both_go_on(rest_api: RestApiFixture) -> None:
    await rest_api.house.create_user(LOGIN)
    body = {"login": LOGIN, "password": PASSWORD, "use_cookies": True}
    csrf = (await rest_api.http.post("/auth/login", json=body)).json()["csrf_token"]
    headers = {"x-csrf-token": csrf}
    answers = await asyncio.gather(*(_refresh_by_cookie(rest_api, headers) for _ in range(2)))

    assert [each.status_code for each in answers] == [200, 200]
    assert {each.json()["csrf_token"] for each in answers} == {csrf}, "the other tab knows it"
    tokens = {each.cookies["niochat_refresh"] for each in answers}
    assert len(tokens) == 1
    assert (await rest_api.http.get("/auth/me")).json()["login"] == LOGIN
    out = await rest_api.http.post("/auth/logout", headers=headers)
    assert out.status_code == 204


async def _refresh_by_cookie(rest_api: RestApiFixture, headers: dict[str, str]) -> httpx.Response:
    """The refresh cookie is for another path than these tests' addresses: sent by hand."""
    jar = {each.name: each.value or "" for each in rest_api.http.cookies.jar}
    cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
    return await rest_api.http.post("/auth/refresh", json={}, headers={**headers, "cookie": cookie})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic YTpi",
        "Bearer x.y.z",
        "Bearer nk_wrong",
        "nk_wrong",
        "Bearer " + "x" * 8000,
    ],
)
async def test_a_header_that_is_none_of_ours_is_refused_whatever_the_cookie_says(
    rest_api: RestApiFixture, header: str
) -> None:
    await rest_api.house.create_user(LOGIN)
    body = {"login": LOGIN, "password": PASSWORD, "use_cookies": True}
    await rest_api.http.post("/auth/login", json=body)
    refused = await rest_api.http.get("/auth/me", headers={"authorization": header})
    assert refused.status_code == 401
    assert refused.json()["code"] in ("unauthenticated", "bad_token", "bad_key")


async def test_wrong_input_is_named_and_never_shown_again(rest_api: RestApiFixture) -> None:
    for body, field in (
        ({}, "body.login"),
        ({"login": LOGIN}, "body.password"),
        ({"login": LOGIN, "password": ""}, "body.password"),
        ({"login": LOGIN, "password": ["secreta"]}, "body.password"),
        ({"login": LOGIN, "password": PASSWORD, "admin": True}, "body.admin"),
    ):
        answer = await rest_api.http.post("/auth/login", json=body)
        told = assert_problem(answer, 422, "invalid")
        assert field in [each["field"] for each in told["errors"]]
        assert "secreta" not in answer.text
        assert PASSWORD not in answer.text
    for raw in (b"{", b"\xff\xfe", b"[]", b"null", b'"x"'):
        broken = await rest_api.http.post(
            "/auth/login", content=raw, headers={"content-type": "application/json"}
        )
        assert_problem(broken, 422, "invalid")


async def test_too_many_failures_say_when_to_come_again(rest_api: RestApiFixture) -> None:
    await rest_api.house.create_user(LOGIN)
    for _ in range(10):
        wrong = await rest_api.http.post(
            "/auth/login", json={"login": LOGIN, "password": "errada errada"}
        )
        assert_problem(wrong, 401, "bad_credentials")
    held = await rest_api.http.post("/auth/login", json={"login": LOGIN, "password": PASSWORD})
    assert_problem(held, 429, "too_many_attempts")
    assert 0 < int(held.headers["retry-after"]) <= 900


async def test_sessions_are_listed_and_ended_one_by_one(rest_api: RestApiFixture) -> None:
    await rest_api.house.create_user(LOGIN)
    await rest_api.house.create_user("rui@example.com")
    here, there = [await rest_api.bearer(LOGIN) for _ in range(2)]
    other = await rest_api.bearer("rui@example.com")

    listed = (await rest_api.http.get("/auth/sessions", headers=here)).json()
    assert sorted(each["current"] for each in listed) == [False, True]
    (foreign,) = (await rest_api.http.get("/auth/sessions", headers=other)).json()
    refused = await rest_api.http.delete(f"/auth/sessions/{foreign['id']}", headers=here)
    assert_problem(refused, 404, "not_found")

    (away,) = [each["id"] for each in listed if not each["current"]]
    ended = await rest_api.http.delete(f"/auth/sessions/{away}", headers=here)
    assert ended.status_code == 204
    assert_problem(await rest_api.http.get("/auth/me", headers=there), 401, "session_over")
    assert (await rest_api.http.get("/auth/me", headers=here)).status_code == 200
    assert (await rest_api.http.post("/auth/logout-everywhere", headers=here)).status_code == 204
    assert_problem(await rest_api.http.get("/auth/me", headers=here), 401, "session_over")
    assert len(rest_api.changed) == 2, "open sockets hear of both"


async def test_every_answer_has_the_headers_that_browsers_heed(rest_api: RestApiFixture) -> None:
    for path in ("/auth/me", "/no/such/thing", "/openapi.json", "/permissions"):
        answer = await rest_api.http.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers
    assert_problem(await rest_api.http.get("/no/such/thing"), 404, "not_found")
    assert_problem(await rest_api.http.delete("/auth/login"), 405, "method_not_allowed")
