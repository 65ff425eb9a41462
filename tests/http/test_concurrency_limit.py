"""Where sockets and requests share a replica, the requests keep a bound of their own."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from niochat.http.concurrency_limit import ConcurrencyLimitMiddleware

MOST = 3


async def fails(_: Request) -> Response:
    raise ValueError("no")


async def greets(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("here")
    await socket.receive()


async def answers(_: Request) -> Response:
    return PlainTextResponse("done")


@pytest.mark.asyncio
async def test_a_request_above_the_bound_hears_503_and_when_to_come_again() -> None:
    go_on, waiting = asyncio.Event(), asyncio.Semaphore(0)

    async def waits(_: Request) -> Response:
        waiting.release()
        await go_on.wait()
        return PlainTextResponse("done")

    app = Starlette(
        routes=[Route("/waits", waits), Route("/fails", fails)],
        middleware=[Middleware(ConcurrencyLimitMiddleware, MOST)],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.test") as http:
        for _ in range(2 * MOST):
            assert (await http.get("/fails")).status_code == 500
        inside = [asyncio.create_task(http.get("/waits")) for _ in range(MOST)]
        for _ in inside:
            await waiting.acquire()

        refused = await http.get("/waits")

        assert (refused.status_code, refused.json()["code"]) == (503, "crowded")
        assert int(refused.headers["retry-after"]) >= 1
        go_on.set()
        assert [(await each).status_code for each in inside] == [200] * MOST
        assert (await http.get("/waits")).status_code == 200, "places are given back"


def test_sockets_take_no_place_of_a_request() -> None:
    app = Starlette(
        routes=[WebSocketRoute("/live", greets), Route("/", answers)],
        middleware=[Middleware(ConcurrencyLimitMiddleware, 1)],
    )
    with TestClient(app) as client, client.websocket_connect("/live") as socket:
        assert socket.receive_text() == "here"

        assert client.get("/").status_code == 200
