"""The process of many sockets, against a server that plays `/live`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import WSMsgType, web

from niochat_sandbox.websocket_clients.__main__ import serve
from tests.niochat_sandbox.load_generator.conftest import free_port
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
_SCREENS = [{"name": "one", "cookie": "who=ana"}, {"name": "one", "cookie": "who=rui"}]


@dataclass
class FakeLiveServer:
    """Welcomes, tells one event, and remembers each hello; `turned_away` is closed with 1012."""

    port: int = field(default_factory=free_port)
    hellos: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    turned_away: int = 0
    here: int = 0

    async def live(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        hello = json.loads((await socket.receive()).data)
        if self.turned_away:
            self.turned_away -= 1
            await socket.close(code=1012, message=b"slow")
            return socket
        self.hellos.append((request.headers["cookie"], hello))
        position = hello.get("position")
        caught_up = position is not None
        await socket.send_json({"type": "welcome", "position": "9", "caught_up": caught_up})
        await socket.send_json({"type": "event", "position": "11" if caught_up else "10"})
        self.here += 1
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
        self.here -= 1
        return socket


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[FakeLiveServer]:
    found = FakeLiveServer()
    app = web.Application()
    app.router.add_get("/live", found.live)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", found.port).start()
    yield found
    await runner.cleanup()


@pytest_asyncio.fixture
async def screens() -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    task = asyncio.create_task(serve(port))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:

        async def up() -> bool:
            with suppress(httpx.TransportError):
                return (await http.get("/sandbox/health")).is_success
            return False

        await wait_until(up)
        yield http
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def opened(http: httpx.AsyncClient, stage: FakeLiveServer) -> dict[str, Any]:
    job = {"url": f"ws://127.0.0.1:{stage.port}/live", "within_s": 20, "screens": _SCREENS}
    found: dict[str, Any] = (await http.post("/sandbox/open", json=job)).json()
    return found


async def heard(http: httpx.AsyncClient, count: int) -> list[list[str]]:
    """Positions by screen, once each of them has heard so many."""

    async def enough() -> list[list[str]]:
        found = (await http.get("/sandbox/heard")).json()
        told = [[found["positions"][n] for n, _ in s["heard"]] for s in found["screens"]]
        return told if all(len(each) >= count for each in told) else []

    return await wait_until(enough)


async def test_screens_come_again_with_the_position_of_the_last_event_they_heard(
    screens: httpx.AsyncClient, stage: FakeLiveServer
) -> None:
    first = await opened(screens, stage)
    assert await heard(screens, 1) == [["10"], ["10"]]
    await screens.post("/sandbox/cut")
    await wait_until(lambda: not stage.here)
    again = (await screens.post("/sandbox/return", json={"within_s": 20})).json()

    assert await heard(screens, 2) == [["10", "11"], ["10", "11"]]
    assert (first["absent"], first["failed"]) == (again["absent"], again["failed"]) == (0, {})
    assert sorted(cookie for cookie, _ in stage.hellos) == ["who=ana"] * 2 + ["who=rui"] * 2
    assert [hello.get("position") for _, hello in stage.hellos] == [None, None, "10", "10"]


async def test_a_screen_that_is_turned_away_tries_again_and_that_is_counted(
    screens: httpx.AsyncClient, stage: FakeLiveServer
) -> None:
    stage.turned_away = 1

    found = await opened(screens, stage)

    assert (found["absent"], found["failed"]) == (0, {"closed 1012 slow": 1})


async def test_who_does_not_come_in_time_is_absent(
    screens: httpx.AsyncClient, stage: FakeLiveServer
) -> None:
    stage.turned_away = 10**6
    job = {"url": f"ws://127.0.0.1:{stage.port}/live", "within_s": 0.2, "screens": _SCREENS}

    found = (await screens.post("/sandbox/open", json=job)).json()

    assert found["absent"] == 2
