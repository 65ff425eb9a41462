"""Each route has one address, and nothing is redirected: the Host that was sent is anybody's."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from niochat.http.health import HealthEndpoints
from niochat.http.rest.rest_application import create_rest_application
from niochat.http.root_path import RootPathMiddleware


async def _here(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.url.path)


def client(root: str) -> TestClient:
    """As Serve asks an application: the whole path, and its prefix as ``root_path``."""
    rest = Starlette(routes=[Route("/me", _here)])
    app = Starlette(
        routes=[*HealthEndpoints({}).routes(), Mount("/api/v1", rest)],
        middleware=[Middleware(RootPathMiddleware)],
    )
    rest.router.redirect_slashes = app.router.redirect_slashes = False
    return TestClient(app, root_path=root, follow_redirects=False)


@pytest.mark.parametrize("root", ["", "/api"])
def test_a_route_is_reached_by_its_address_and_by_no_other(root: str) -> None:
    http = client(root)

    assert http.get("/api/health/live").status_code == 200
    assert http.get("/api/v1/me").text == "/api/v1/me"
    for path in ("/api/api/health/live", "/api/api/v1/me", "/api/v1/api/v1/me", "/api/v1"):
        assert http.get(path).status_code == 404, path


def test_without_the_prefix_nothing_answers() -> None:
    for path in ("/health/live", "/v1/me", "/me"):
        assert client("").get(path).status_code == 404


def test_a_slash_too_many_is_not_found_and_not_redirected_to_the_host_that_was_sent() -> None:
    rest = TestClient(create_rest_application(), follow_redirects=False)
    for http, path in (
        (client(""), "/api/health/live/"),
        (client("/api"), "/api/v1/me/"),
        (rest, "/openapi.json/"),
        (rest, "/me/"),
    ):
        answer = http.get(path, headers={"host": "evil.example"})

        assert answer.status_code == 404
        assert "location" not in answer.headers
