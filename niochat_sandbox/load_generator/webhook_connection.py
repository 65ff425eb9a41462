"""A keep-alive connection that posts one request at a time."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

ResponseCallback = Callable[[int, float], None]
"""Receives the status (0: no response) and ``Retry-After`` in seconds."""
_RECONNECT_DELAY_S = 0.2


class WebhookConnection(asyncio.Protocol):
    """One connection; ``on_idle`` is called whenever it can take a request."""

    def __init__(
        self, host: str, port: int, on_idle: Callable[["WebhookConnection"], None]
    ) -> None:
        self._address = (host, port)
        self._on_idle = on_idle
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._on_response: ResponseCallback | None = None
        self._retry_after_s = 0.0
        self._closed = False

    async def open(self) -> None:
        """Connect. Raises ``OSError``."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, *self._address)

    def close(self) -> None:
        """Close the connection; a pending response is lost."""
        self._closed = True
        if self._transport is not None:
            self._transport.close()

    def post(self, request: bytes, on_response: ResponseCallback) -> None:
        """Send a request; only allowed while the connection is idle."""
        assert self._transport is not None
        self._on_response, self._retry_after_s = on_response, 0.0
        self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio callback."""
        # uvloop's class does not inherit from asyncio.Transport
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpResponseParser(self)
        self._on_idle(self)

    def data_received(self, data: bytes) -> None:
        """asyncio callback."""
        assert self._parser is not None
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio callback; a server may close a kept-alive connection."""
        self._transport = None
        self._report(0)
        if not self._closed:
            self._reconnect_later()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback."""
        if name.lower() == b"retry-after" and value.isdigit():
            self._retry_after_s = float(value)

    def on_message_complete(self) -> None:
        """Parser callback."""
        assert self._parser is not None
        assert self._transport is not None
        status, alive = self._parser.get_status_code(), self._parser.should_keep_alive()
        if not alive:
            self._transport.close()
        self._report(status)
        if alive and not self._transport.is_closing():
            self._on_idle(self)

    def _report(self, status: int) -> None:
        on_response, self._on_response = self._on_response, None
        if on_response is not None:
            on_response(status, self._retry_after_s)

    def _reconnect_later(self) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(
            _RECONNECT_DELAY_S, lambda: self._hold_task(loop.create_task(self._reopen()))
        )

    def _hold_task(self, task: "asyncio.Task[None]") -> None:
        self._task = task  # without a reference the task could be garbage-collected

    async def _reopen(self) -> None:
        try:
            await self.open()
        except OSError:
            if not self._closed:
                self._reconnect_later()
