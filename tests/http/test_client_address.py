"""Promises about the client's address: a trusted proxy is believed, anybody else is not.

``application`` is what Serve runs; it needs no Ray to be called.
"""

from collections.abc import Iterator

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route

from niochat.composition.components import Components
from niochat.http.deployments import replica_application as applications
from tests.http.conftest import serve_app

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[None]:
    before = structlog.get_config()
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    monkeypatch.setenv("NIOCHAT_VAULT_KEYS", "k1:" + "A" * 43 + "=")
    monkeypatch.setenv("NIOCHAT_BASE_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("NIOCHAT_LOG", "error")
    monkeypatch.delenv("NIOCHAT_TRUSTED_PROXIES", raising=False)
    yield
    structlog.configure(**before)


async def who(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host if request.client else "")


def routes(_: Components) -> list[BaseRoute]:
    return [Route("/who", who)]


async def seen(forwarded: str | None) -> str:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    async with serve_app(applications.build_replica_application(routes), lifespan="on") as http:
        return (await http.get("/who", headers=headers)).text


async def test_a_proxy_on_this_machine_is_believed_unless_told_otherwise() -> None:
    assert await seen("203.0.113.9") == "203.0.113.9"
    assert await seen(None) == "127.0.0.1"


async def test_a_proxy_of_a_network_that_is_not_trusted_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NIOCHAT_TRUSTED_PROXIES", "10.0.0.0/8")

    assert await seen("203.0.113.9") == "127.0.0.1"


async def test_what_a_client_claims_before_the_trusted_proxies_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NIOCHAT_TRUSTED_PROXIES", "127.0.0.1/32, 10.0.0.0/8")

    assert await seen("198.51.100.1, 203.0.113.9, 10.1.2.3") == "203.0.113.9"


async def test_an_unreadable_header_is_nobody_s_address() -> None:
    assert await seen("not-an-address") in ("127.0.0.1", "not-an-address")
