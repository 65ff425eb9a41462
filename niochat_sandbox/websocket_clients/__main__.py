"""Command line of the client pool: ``python -m niochat_sandbox.websocket_clients --port N``."""

import argparse
import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp
import orjson
import uvloop
from aiohttp import web

from niochat_sandbox.websocket_clients.websocket_client import MAX_CONNECTING, WebSocketClient


class WebSocketClientPool:
    """A pool of clients that connect and reconnect at the same time."""

    def __init__(self) -> None:
        self._clients: list[WebSocketClient] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._url = ""
        self._http: aiohttp.ClientSession | None = None

    async def health(self, _: web.Request) -> web.Response:
        """Report that the process is up."""
        return _json_response({"status": "ok"})

    async def open(self, request: web.Request) -> web.Response:
        """Connect the clients of ``{url, within_s, screens: [{name, cookie}]}``; return when all
        are welcomed.
        """
        job = orjson.loads(await request.read())
        self._url = job["url"]
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._http = aiohttp.ClientSession(connector=connector)
        connect_limit = asyncio.Semaphore(MAX_CONNECTING)
        self._clients = [
            WebSocketClient(each["name"], each["cookie"], connect_limit) for each in job["screens"]
        ]
        return _json_response(await self._connect_all(float(job["within_s"])))

    async def cut(self, _: web.Request) -> web.Response:
        """Cut all connections; return when none is left."""
        for screen in self._clients:
            screen.cut()
        await asyncio.gather(*self._tasks)
        return _json_response({"at": time.time()})

    async def reconnect(self, request: web.Request) -> web.Response:
        """Reconnect all clients (``{within_s}``) with their last positions; return when all are
        welcomed.
        """
        job = orjson.loads(await request.read())
        return _json_response(await self._connect_all(float(job["within_s"])))

    async def list_received(self, _: web.Request) -> web.Response:
        """Return all received frames; a frame names its position by the index in ``positions``."""
        indexes: dict[str, int] = {}
        screens = [
            {
                "name": each.name,
                "heard": [(indexes.setdefault(p, len(indexes)), at) for p, at in each.heard],
                "welcomed": each.welcomed,
            }
            for each in self._clients
        ]
        return _json_response({"positions": list(indexes), "screens": screens})

    async def close(self) -> None:
        """Close all connections for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _connect_all(self, within_s: float) -> dict[str, Any]:
        assert self._http is not None
        before, began = self._count_failures(), time.time()
        self._tasks = [
            asyncio.create_task(screen.run(self._http, self._url)) for screen in self._clients
        ]
        waiters = [asyncio.create_task(screen.wait_until_welcomed()) for screen in self._clients]
        _, pending = await asyncio.wait(waiters, timeout=within_s)
        for each in pending:
            each.cancel()
        failed = dict(self._count_failures() - before)
        return {"began": began, "ended": time.time(), "absent": len(pending), "failed": failed}

    def _count_failures(self) -> Counter[str]:
        return sum((screen.failed for screen in self._clients), Counter())


def _json_response(found: object) -> web.Response:
    return web.Response(body=orjson.dumps(found), content_type="application/json")


async def serve(port: int, host: str = "127.0.0.1") -> None:
    """Listen until cancelled."""
    screens = WebSocketClientPool()
    app = web.Application(client_max_size=2**26)
    app.router.add_get("/sandbox/health", screens.health)
    app.router.add_post("/sandbox/open", screens.open)
    app.router.add_post("/sandbox/cut", screens.cut)
    app.router.add_post("/sandbox/return", screens.reconnect)
    app.router.add_get("/sandbox/heard", screens.list_received)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.Event().wait()
    finally:
        await screens.close()
        await runner.cleanup()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m niochat_sandbox.websocket_clients", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
