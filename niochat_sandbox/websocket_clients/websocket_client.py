"""One screen: it says hello with the position it knows, notes each frame, and comes again."""

import asyncio
import random
import socket
import time
from collections import Counter
from typing import Any

import aiohttp
import orjson

_RECONNECT_DELAY_S = (0.1, 0.5)
_UPGRADE_TIMEOUT_S = 30.0
MAX_CONNECTING = 64
"""Connect at a time: one process that took each step for all of them before the next step for any
would keep the server idle for seconds, which many browsers do not.
"""
_COMPRESSION_BITS = 15
"""Bits of the window: screens offer to read compressed frames, as browsers do."""


class WebSocketClient:
    """`heard` has (position, time) of each frame with an event, in the order of arrival."""

    def __init__(self, name: str, cookie: str, doorstep: asyncio.Semaphore) -> None:
        """`doorstep`: for connecting, shared by all; see `MAX_CONNECTING`."""
        self.name = name
        self.heard: list[tuple[str, float]] = []
        self.welcomed: list[tuple[float, bool]] = []
        """When, and whether it was caught up."""
        self.failed: Counter[str] = Counter()
        """Visits without a welcome, and those that ended though nobody cut them, by reason."""
        self._doorstep = doorstep
        self._headers = {"Cookie": cookie}
        self._position: str | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._here = asyncio.Event()
        self._wanted = True

    async def run(self, http: aiohttp.ClientSession, url: str) -> None:
        """Be there until it is cut."""
        self._wanted = True
        while self._wanted:
            try:
                await self._connect_once(http, url)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._record_failure(type(error).__name__)
            if self._wanted:
                await asyncio.sleep(random.uniform(*_RECONNECT_DELAY_S))

    async def wait_until_welcomed(self) -> None:
        """Return once it was welcomed."""
        await self._here.wait()

    def cut(self) -> None:
        """Hang up without a word, as a network does, and stay away."""
        self._wanted = False
        self._here.clear()
        found = self._socket.get_extra_info("socket") if self._socket is not None else None
        if found is not None and found.fileno() >= 0:
            with socket.socket(fileno=socket.dup(found.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)

    async def _connect_once(self, http: aiohttp.ClientSession, url: str) -> None:
        async with self._doorstep, asyncio.timeout(_UPGRADE_TIMEOUT_S):
            self._socket = await http.ws_connect(
                url, headers=self._headers, compress=_COMPRESSION_BITS, max_msg_size=0
            )
        try:
            hello = {"type": "hello"} | ({"position": self._position} if self._position else {})
            await self._socket.send_str(orjson.dumps(hello).decode())
            while (message := await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self._record_frame(orjson.loads(message.data), time.time())
            self._record_failure(
                f"closed {self._socket.close_code} {message.extra or ''}"[:60].strip()
            )
        finally:
            self._here.clear()
            await self._socket.close()

    def _record_frame(self, frame: dict[str, Any], now: float) -> None:
        match frame["type"]:
            case "welcome":
                self.welcomed.append((now, frame["caught_up"]))
                self._here.set()
                if not frame["caught_up"]:
                    self._position = frame["position"]  # else what was missed comes before it
            case "event" | "hidden":
                self._position = frame["position"]
                self.heard.append((frame["position"], now))
            case "heartbeat":
                self._position = frame["position"]
            case "goodbye":
                self.failed[f"goodbye {frame['reason']}"] += 1

    def _record_failure(self, why: str) -> None:
        if self._wanted:
            self.failed[why] += 1
