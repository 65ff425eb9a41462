"""Bodies of requests: how large and how slow, before anything is done with them.

A stranger may send anything. So what a route may take is judged before a byte is parsed, a body
is read whole before the application knows of the request, and it takes no place among those that
are answered while it comes in. Few come in at once from one address: who sends slowly waits alone.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    RateLimitedError,
    UnavailableError,
)
from niochat.http.problems import BodyTimeoutError, BodyTooLargeError, problem_response

KIB = 1024
MAX_ANONYMOUS_BODY = 16 * KIB
"""Of a request that anybody may send: signing in, links by mail."""
MAX_REQUEST_BODY = 256 * KIB
"""Of any other."""
BODY_TIMEOUT_S = 10.0
"""From the first byte of a body to its last."""
MIN_UPLOAD_BYTES_PER_S = 16 * KIB
"""Bytes a second of an upload, on the whole: below that it is given up."""
MAX_BODIES_PER_ADDRESS = 32
"""Bodies that come in at once."""
MAX_CONCURRENT_BODIES = 512

BodyLimitForPath = Callable[[str], int | None]
"""The most bytes of a body for a path; ``None``: the route reads it itself, in its own bounds."""


class BodyLimitMiddleware:
    """Middleware: 413 for what is too large, 408 for what is too slow, 429 and 503 for too many."""

    def __init__(
        self, app: ASGIApp, bound: BodyLimitForPath, *, within_s: float = BODY_TIMEOUT_S
    ) -> None:
        self._app = app
        self._bound = bound
        self._within_s = within_s
        self._reading: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            whole = await self._buffer_body(scope, receive)
        except NiochatError as error:
            answer = await problem_response(Request(scope), error)
            answer.headers["connection"] = "close"  # what still comes of the body is not read
            await answer(scope, receive, send)
            return
        await self._app(scope, whole, send)

    async def _buffer_body(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        declared = headers.get("content-length")
        if declared is None and "transfer-encoding" not in headers:
            return receive
        size = _parse_content_length(declared)
        most = self._bound(scope["path"])
        if most is None:
            return _with_deadline(receive, self._within_s + size / MIN_UPLOAD_BYTES_PER_S)
        if size > most:
            raise BodyTooLargeError(f"The body is larger than {most // KIB} KiB.")
        with self._reserve(scope):
            return _replay_body(await _read_body(receive, most, self._within_s), receive)

    @contextmanager
    def _reserve(self, scope: Scope) -> Iterator[None]:
        client = scope.get("client")
        address = client[0] if client else ""
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


def _parse_content_length(declared: str | None) -> int:
    if declared is None:
        return 0
    if not (declared.isascii() and declared.isdigit()):
        raise InvalidInputError(
            "Content-Length must be the number of bytes in the body.", code="malformed"
        )
    return int(declared[:20])


async def _read_body(receive: Receive, most: int, within_s: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise InvalidInputError("The body ended early. Send the complete body.")
                body += message.get("body", b"")
                if len(body) > most:
                    raise BodyTooLargeError(f"The body is larger than {most // KIB} KiB.")
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise BodyTimeoutError(
            f"The body was not received within {math.ceil(within_s)} s. Send it faster."
        ) from None


def _replay_body(body: bytes, receive: Receive) -> Receive:
    """The body at once, then what comes after it."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def whole() -> Message:
        return first.pop() if first else await receive()

    return whole


def _with_deadline(receive: Receive, within_s: float) -> Receive:
    """The same, as if the client had gone once it is too slow."""
    ends_at = asyncio.get_running_loop().time() + within_s
    ended = False

    async def paced() -> Message:
        nonlocal ended
        if ended:
            return await receive()
        try:
            async with asyncio.timeout_at(ends_at):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        ended = not message.get("more_body", False)
        return message

    return paced
