"""`python -m niochat_sandbox.websocket_clients --port N`: serves until it is told to stop."""

import argparse
import asyncio
import time
from collections import Counter
from typing import Any

import aiohttp
import orjson
import uvloop
from aiohttp import web

from niochat.sandbox.screens.screen import AT_THE_DOOR, Screen


class Screens:
    """All of them; they open at once and return at once."""

    def __init__(self) -> None:
        self._screens: list[Screen] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._url = ""
        self._http: aiohttp.ClientSession | None = None

    async def health(self, _: web.Request) -> web.Response:
        """Up."""
        return _told({"status": "ok"})

    async def open(self, request: web.Request) -> web.Response:
        """`{url, within_s, screens: [{name, cookie}]}`: all at once; when all were welcomed."""
        job = orjson.loads(await request.read())
        self._url = job["url"]
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._http = aiohttp.ClientSession(connector=connector)
        door = asyncio.Semaphore(AT_THE_DOOR)
        self._screens = [Screen(each["name"], each["cookie"], door) for each in job["screens"]]
        return _told(await self._all_here(float(job["within_s"])))

    async def cut(self, _: web.Request) -> web.Response:
        """All sockets are cut; when none is left."""
        for screen in self._screens:
            screen.cut()
        await asyncio.gather(*self._tasks)
        return _told({"at": time.time()})

    async def come_again(self, request: web.Request) -> web.Response:
        """`{within_s}`: all come at once, each with its last position; when all were welcomed."""
        job = orjson.loads(await request.read())
        return _told(await self._all_here(float(job["within_s"])))

    async def heard(self, _: web.Request) -> web.Response:
        """All that was heard; frames name their position by its place in `positions`."""
        places: dict[str, int] = {}
        screens = [
            {
                "name": each.name,
                "heard": [(places.setdefault(p, len(places)), at) for p, at in each.heard],
                "welcomed": each.welcomed,
            }
            for each in self._screens
        ]
        return _told({"positions": list(places), "screens": screens})

    async def close(self) -> None:
        """All of them leave for good."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _all_here(self, within_s: float) -> dict[str, Any]:
        assert self._http is not None
        before, began = self._failed(), time.time()
        self._tasks = [
            asyncio.create_task(screen.stay(self._http, self._url)) for screen in self._screens
        ]
        waiting = [asyncio.create_task(screen.here()) for screen in self._screens]
        _, absent = await asyncio.wait(waiting, timeout=within_s)
        for each in absent:
            each.cancel()
        failed = dict(self._failed() - before)
        return {"began": began, "ended": time.time(), "absent": len(absent), "failed": failed}

    def _failed(self) -> Counter[str]:
        return sum((screen.failed for screen in self._screens), Counter())


def _told(found: object) -> web.Response:
    return web.Response(body=orjson.dumps(found), content_type="application/json")


async def serve(port: int, host: str = "127.0.0.1") -> None:
    """Listen until cancelled."""
    screens = Screens()
    app = web.Application(client_max_size=2**26)
    app.router.add_get("/sandbox/health", screens.health)
    app.router.add_post("/sandbox/open", screens.open)
    app.router.add_post("/sandbox/cut", screens.cut)
    app.router.add_post("/sandbox/return", screens.come_again)
    app.router.add_get("/sandbox/heard", screens.heard)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        await asyncio.Event().wait()
    finally:
        await screens.close()
        await runner.cleanup()


def main() -> None:
    """Reads the command line and serves."""
    parser = argparse.ArgumentParser(
        prog="python -m niochat_sandbox.websocket_clients", description=__doc__
    )
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
