"""A keep-alive connection that posts one request at a time."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

ResponseCallback = Callable[[int, float], None]
"""Told the status (0: no answer came) and the `Retry-After` in seconds."""
_RECONNECT_DELAY_S = 0.2


class WebhookConnection(asyncio.Protocol):
    """One connection; `idle` is told whenever it can take a request."""

    def __init__(self, host: str, port: int, idle: Callable[["WebhookConnection"], None]) -> None:
        self._where = (host, port)
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answered: ResponseCallback | None = None
        self._retry_after_s = 0.0
        self._closed = False

    async def open(self) -> None:
        """Connect. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, *self._where)

    def close(self) -> None:
        """Close it; an answer under way is lost."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()

    def post(self, request: bytes, answered: ResponseCallback) -> None:
        """Write a request; only while idle."""
        assert self._transport is not None
        self._answered, self._retry_after_s = answered, 0.0
        self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._parser = httptools.HttpResponseParser(self)
        self._idle(self)

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        assert self._parser is not None
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio's; a server may close a connection that it kept alive."""
        self._transport = None
        self._report(0)
        if not self._closed:
            self._reconnect_later()

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's."""
        if name.lower() == b"retry-after" and value.isdigit():
            self._retry_after_s = float(value)

    def on_message_complete(self) -> None:
        """The parser's."""
        assert self._parser is not None
        assert self._transport is not None
        status, alive = self._parser.get_status_code(), self._parser.should_keep_alive()
        if not alive:
            self._transport.close()
        self._report(status)
        if alive and not self._transport.is_closing():
            self._idle(self)

    def _report(self, status: int) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status, self._retry_after_s)

    def _reconnect_later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(
            _RECONNECT_DELAY_S, lambda: self._hold_task(loop.create_task(self._reopen()))
        )

    def _hold_task(self, task: "asyncio.Task[None]") -> None:
        self._task = task  # a task that nobody holds may vanish

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError:
            if not self._closed:
                self._reconnect_later()
