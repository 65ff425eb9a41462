"""The load generator's server: gateway, model and control on one port, without a framework."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from niochat_sandbox.load_generator import canned_responses
from niochat_sandbox.load_generator.rejected_webhooks import RejectedWebhookStore

ReplyCallback = Callable[[str], None]
"""Receives each text that the product sends to a customer."""
ControlHandler = Callable[[str, bytes], Awaitable[bytes]]
"""Handles a control request of (path, body). Raises ``ValueError`` with a message."""


class LoadServerProtocol(asyncio.Protocol):
    """One client connection; its requests are served one after another."""

    def __init__(
        self,
        on_reply: ReplyCallback,
        control: ControlHandler,
        unexpected: Counter[str],
        rejected: RejectedWebhookStore,
    ) -> None:
        self._on_reply = on_reply
        self._control = control
        self._unexpected = unexpected
        self._rejected = rejected
        self._url = b""
        self._token = ""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio callback."""
        # uvloop's class does not inherit from asyncio.Transport
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """asyncio callback."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        """Parser callback."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Parser callback."""
        if name.lower() == b"token":
            self._token = value.decode()

    def on_body(self, body: bytes) -> None:
        """Parser callback."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Parser callback."""
        path, body = self._url.decode(), b"".join(self._body)
        self._url, self._body = b"", []
        if path.startswith("/sandbox"):
            self._task = asyncio.get_running_loop().create_task(self._handle_control(path, body))
        else:
            self._serve(path, body)

    def _serve(self, path: str, body: bytes) -> None:
        match path:
            case "/model/v1/chat/completions":
                self._answer(canned_responses.build_completion(body))
            case "/gateway/send/text":
                self._on_reply(body.decode())
                self._answer(canned_responses.build_send_response())
            case "/gateway/message/find":
                self._answer(self._rejected.find_page(self._token, body))
            case "/gateway/instance/status":
                self._answer(canned_responses.build_status_response())
            case _:
                self._unexpected[path.partition("?")[0]] += 1
                self._answer(b'{"error":"unknown path"}', b"404 Not Found")

    async def _handle_control(self, path: str, body: bytes) -> None:
        try:
            self._answer(await self._control(path, body))
        except (ValueError, TypeError, KeyError, OSError) as error:
            self._answer(repr(error).encode(), b"400 Bad Request")

    def _answer(self, body: bytes, status: bytes = b"200 OK") -> None:
        self._transport.write(
            b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (status, len(body), body)
        )
