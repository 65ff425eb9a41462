"""Limits for request bodies: how large they are and how long they take.

Anyone can send a request, so the limits apply before a body is parsed. A body is read completely
before the application sees the request: a slow sender occupies none of the concurrent requests
(see ``concurrency_limit``). Few bodies are read at once from one address, so a slow sender delays
only itself.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    RateLimitedError,
    UnavailableError,
)
from niochat.http.problems import BodyTimeoutError, BodyTooLargeError, problem_response
from niochat.http.request_metadata import client_address

KIB = 1024
MIB = 1024 * KIB
MAX_ANONYMOUS_BODY = 16 * KIB
"""Bytes of a request that needs no sign-in: login, one-time links."""
MAX_REQUEST_BODY = 256 * KIB
"""Bytes of any other request."""
BODY_TIMEOUT_S = 10.0
"""From the first byte of a body to the last."""
MIN_UPLOAD_BYTES_PER_S = 16 * KIB
"""The lowest mean rate of an upload. A slower upload is aborted."""
MAX_BODIES_PER_ADDRESS = 32
"""Bodies that are read at once from one address."""
MAX_CONCURRENT_BODIES = 512

BodyLimitForPath = Callable[[str], int | None]
"""The maximum bytes of a body for a path; None if the endpoint applies its own limit."""


class BodyLimitMiddleware:
    """Rejects bodies that are too large (413), too slow (408) or too many (429, 503)."""

    def __init__(
        self, app: ASGIApp, limit_for: BodyLimitForPath, *, within_s: float = BODY_TIMEOUT_S
    ) -> None:
        self._app = app
        self._limit_for = limit_for
        self._within_s = within_s
        self._reading: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            receive_buffered = await self._buffer_body(scope, receive)
        except NiochatError as error:
            response = await problem_response(Request(scope), error)
            response.headers["connection"] = "close"  # the rest of the body is not read
            await response(scope, receive, send)
            return
        await self._app(scope, receive_buffered, send)

    async def _buffer_body(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        if "content-length" not in headers and "transfer-encoding" not in headers:
            return receive
        max_bytes = self._limit_for(scope["path"])
        if max_bytes is None:
            size = _declared_size(headers)
            return _with_deadline(receive, self._within_s + size / MIN_UPLOAD_BYTES_PER_S)
        check_declared_size(headers, max_bytes)
        with self._reserve(scope):
            return _replay_body(await self._read_in_time(receive, max_bytes), receive)

    async def _read_in_time(self, receive: Receive, max_bytes: int) -> bytes:
        try:
            async with asyncio.timeout(self._within_s):
                return await read_body(receive, max_bytes)
        except TimeoutError:
            raise BodyTimeoutError(
                f"The body was not received within {math.ceil(self._within_s)} s. Send it faster."
            ) from None
        except ClientDisconnect:
            raise InvalidInputError("The body ended early. Send the complete body.") from None

    @contextmanager
    def _reserve(self, scope: Scope) -> Iterator[None]:
        address = client_address(HTTPConnection(scope))
        if self._reading[address] >= MAX_BODIES_PER_ADDRESS:
            raise RateLimitedError(
                "Too many uploads from your address are in progress. Repeat the request later.", 1.0
            )
        if self._reading.total() >= MAX_CONCURRENT_BODIES:
            raise UnavailableError(
                "Too many uploads are in progress. Repeat the request later.", code="crowded"
            )
        self._reading[address] += 1
        try:
            yield
        finally:
            self._reading[address] -= 1
            if not self._reading[address]:
                del self._reading[address]


def check_declared_size(headers: Headers, max_bytes: int) -> None:
    """Raise ``BodyTooLargeError`` if the body is announced as larger than ``max_bytes``, and
    ``InvalidInputError`` if its announced length is not a number.
    """
    if _declared_size(headers) > max_bytes:
        raise _too_large_error(max_bytes)


async def read_body(receive: Receive, max_bytes: int) -> bytes:
    """Read a body of at most ``max_bytes``. Raises ``BodyTooLargeError``, ``ClientDisconnect``."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > max_bytes:
            raise _too_large_error(max_bytes)
        if not message.get("more_body", False):
            return bytes(body)


def _declared_size(headers: Headers) -> int:
    """The value of Content-Length; 0 without one."""
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()):
        raise InvalidInputError(
            "Content-Length must be the number of bytes in the body.", code="malformed"
        )
    return int(declared[:20])


def _too_large_error(max_bytes: int) -> BodyTooLargeError:
    size = f"{max_bytes // KIB} KiB" if max_bytes < MIB else f"{max_bytes // MIB} MiB"
    return BodyTooLargeError(f"The body is larger than {size}.")


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns the complete body first, then the messages that follow it."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_replayed() -> Message:
        return pending.pop() if pending else await receive()

    return receive_replayed


def _with_deadline(receive: Receive, within_s: float) -> Receive:
    """A ``receive`` that reports a disconnect if the body is not complete within ``within_s``."""
    ends_at = asyncio.get_running_loop().time() + within_s
    complete = False

    async def receive_in_time() -> Message:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        complete = not message.get("more_body", False)
        return message

    return receive_in_time
