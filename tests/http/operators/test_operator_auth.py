"""Promises of the gate: without the token nothing shows and nothing changes, on every route."""

import pytest

from tests.http.operators.conftest import TOKEN, OperatorApiFixture, paths

pytestmark = pytest.mark.asyncio

WRONG = ("", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN)


async def test_every_route_refuses_whoever_does_not_show_the_token(
    operations: OperatorApiFixture,
) -> None:
    for method, path in paths():
        for shown in WRONG:
            answer = await operations.http.request(
                method, f"/api/operators{path}", headers={"authorization": shown}
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), path
            assert answer.headers["www-authenticate"] == "Bearer"
            assert TOKEN not in answer.text


async def test_without_a_token_set_every_route_is_closed(operations: OperatorApiFixture) -> None:
    async with operations.closed() as http:
        for method, path in paths():
            for shown in (*WRONG, "Bearer None"):
                answer = await http.request(
                    method, f"/api/operators{path}", headers={"authorization": shown}
                )
                assert (answer.status_code, answer.json()["code"]) == (403, "operators_closed")


async def test_routes_without_the_prefix_are_404(operations: OperatorApiFixture) -> None:
    assert (await operations.http.get("/operators/hosts")).status_code == 404


async def test_how_the_scheme_is_written_does_not_matter(operations: OperatorApiFixture) -> None:
    operations.http.headers["authorization"] = f"bearer  {TOKEN}"
    assert (await operations.http.get("/api/operators/hosts")).status_code == 200


async def test_a_body_shows_nothing_to_a_stranger(operations: OperatorApiFixture) -> None:
    """A body is read before the token is checked: it gets a problem about itself alone."""
    path = "/api/operators/conversations/1/handoff"
    headers = {"authorization": "", "content-type": "application/json"}
    for content, code in ((b"{", "invalid"), (b"x" * 20_000, "too_large"), (b"{}", "unauthorized")):
        answer = await operations.http.post(path, content=content, headers=headers)
        assert answer.json()["code"] == code


async def test_the_description_is_not_served(operations: OperatorApiFixture) -> None:
    for path in ("openapi.json", "docs", "redoc"):
        assert await operations.refused("GET", f"/{path}") == (404, "not_found")


async def test_responses_are_not_cached(operations: OperatorApiFixture) -> None:
    answer = await operations.http.get("/api/operators/shards")
    assert answer.headers["cache-control"] == "no-store"
