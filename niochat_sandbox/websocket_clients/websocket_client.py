"""One live client: it sends hello with its last position, records each frame, and reconnects."""

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
"""The number of clients that connect at a time.

If one process took each handshake step for all clients before the next step for any, the server
would be idle for seconds, which does not happen with many browsers.
"""
_COMPRESSION_BITS = 15
"""Window bits: the clients accept compressed frames, as browsers do."""


class WebSocketClient:
    """A client. ``heard``: (position, time) of each frame with an event, in the order
    of arrival.
    """

    def __init__(self, name: str, cookie: str, connect_limit: asyncio.Semaphore) -> None:
        """``connect_limit`` limits concurrent connects of all clients; see ``MAX_CONNECTING``."""
        self.name = name
        self.heard: list[tuple[str, float]] = []
        self.welcomed: list[tuple[float, bool]] = []
        """The time of each welcome, and whether the client was caught up."""
        self.failed: Counter[str] = Counter()
        """Failed connections, and connections that ended without a cut, counted by reason."""
        self._connect_limit = connect_limit
        self._headers = {"Cookie": cookie}
        self._position: str | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._welcomed_event = asyncio.Event()
        self._should_run = True

    async def run(self, http: aiohttp.ClientSession, url: str) -> None:
        """Stay connected until :meth:`cut`."""
        self._should_run = True
        while self._should_run:
            try:
                await self._connect_once(http, url)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._record_failure(type(error).__name__)
            if self._should_run:
                await asyncio.sleep(random.uniform(*_RECONNECT_DELAY_S))

    async def wait_until_welcomed(self) -> None:
        """Return once the client is welcomed."""
        await self._welcomed_event.wait()

    def cut(self) -> None:
        """Shut the socket down without a close frame, as a broken network does, and stay
        disconnected.
        """
        self._should_run = False
        self._welcomed_event.clear()
        found = self._socket.get_extra_info("socket") if self._socket is not None else None
        if found is not None and found.fileno() >= 0:
            with socket.socket(fileno=socket.dup(found.fileno())) as same:
                same.shutdown(socket.SHUT_RDWR)

    async def _connect_once(self, http: aiohttp.ClientSession, url: str) -> None:
        async with self._connect_limit, asyncio.timeout(_UPGRADE_TIMEOUT_S):
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
            self._welcomed_event.clear()
            await self._socket.close()

    def _record_frame(self, frame: dict[str, Any], now: float) -> None:
        match frame["type"]:
            case "welcome":
                self.welcomed.append((now, frame["caught_up"]))
                self._welcomed_event.set()
                if not frame["caught_up"]:
                    self._position = frame["position"]  # else the missed events come first
            case "event" | "hidden":
                self._position = frame["position"]
                self.heard.append((frame["position"], now))
            case "heartbeat":
                self._position = frame["position"]
            case "goodbye":
                self.failed[f"goodbye {frame['reason']}"] += 1

    def _record_failure(self, reason: str) -> None:
        if self._should_run:
            self.failed[reason] += 1
