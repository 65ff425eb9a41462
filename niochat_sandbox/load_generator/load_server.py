"""The crowd's server: gateway, model and control on one port, without a framework."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from niochat_sandbox.load_generator import canned_responses
from niochat_sandbox.load_generator.rejected_webhooks import RejectedWebhookStore

ReplyCallback = Callable[[str], None]
"""Told each text that the gateway is to send."""
ControlHandler = Callable[[str, bytes], Awaitable[bytes]]
"""Answers a control call of (path, body). Raises `ValueError` with a sentence."""


class LoadServerProtocol(asyncio.Protocol):
    """One connection of a caller. Requests of a connection come one after the other."""

    def __init__(
        self,
        heard: ReplyCallback,
        control: ControlHandler,
        strange: Counter[str],
        kept: RejectedWebhookStore,
    ) -> None:
        self._heard = heard
        self._control = control
        self._strange = strange
        self._kept = kept
        self._url = b""
        self._token = ""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        """asyncio's."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        """The parser's."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's."""
        if name.lower() == b"token":
            self._token = value.decode()

    def on_body(self, body: bytes) -> None:
        """The parser's."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The parser's."""
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
                self._heard(body.decode())
                self._answer(canned_responses.build_send_response())
            case "/gateway/message/find":
                self._answer(self._kept.find_page(self._token, body))
            case "/gateway/instance/status":
                self._answer(canned_responses.build_status_response())
            case _:
                self._strange[path.partition("?")[0]] += 1
                self._answer(b'{"error":"not of this crowd"}', b"404 Not Found")

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
