"""The gate in front of gateway, model and ERP where ordered faults happen to requests."""

import asyncio
from typing import Any, assert_never

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.sandbox.fault_answers import HTML, HTML_PAGE, HUGE, JSON, refusal
from niochat.sandbox.faults import Fault, FaultBook, Kind, Target
from niochat.sandbox.sgp_request import sent_fields

EMPTY_ANSWER = "sandbox.empty_answer"

_LONGEST_READ_BODY = 64 * 1024
_PATH_TARGETS = (Target.GATEWAY, Target.MODEL, Target.SGP)


class FaultGate:
    """ASGI wrapper; must be the outermost, since only there `send` leads to the socket."""

    def __init__(self, app: ASGIApp, book: FaultBook) -> None:
        self._app = app
        self._book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._pass(scope, receive, send)
        except asyncio.CancelledError:  # the server stops: no traceback for every long poll
            await close_connection(receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        target = _target(scope) if self._book.faults else None
        if target is None:
            await self._app(scope, receive, send)
            return
        token = _token(scope)
        if target is Target.SGP:
            body = _ReadBody(receive)
            token, receive = await _token_sent(scope, body), body
        path = scope["path"][len(target) + 1 :]
        fault = self._book.take(target, path, token)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._play(fault, scope, receive, send)

    async def _play(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case Kind.DELAY | Kind.HOLD:
                await self._pause(fault)
                await self._app(scope, receive, send)
            case Kind.HANG | Kind.DROP:
                await self._pause(fault)
                await close_connection(receive, send)
            case Kind.HOLD_AFTER:
                await self._answer_late(fault, scope, receive, send)
            case Kind.LOST_ANSWER:
                await self._app(scope, receive, _swallow)
                await asyncio.sleep(fault.seconds)
                await close_connection(receive, send)
            case Kind.STATUS | Kind.HTML:
                await _send_instead(fault, send)
            case Kind.MALFORMED:
                await self._app(scope, receive, _swallow)
                await _send_body(200, JSON, b'{"id": "sandbox-', [], send)
            case Kind.HUGE:
                await self._app(scope, receive, _swallow)
                await _send_body(200, JSON, HUGE, [], send)
            case Kind.EMPTY:
                await self._answer_nothing(fault, scope, receive, send)
            case Kind.CUT:
                await self._app(scope, receive, _Cut(receive, send))
            case unknown:
                assert_never(unknown)

    async def _pause(self, fault: Fault) -> None:
        if fault.kind is Kind.HOLD:
            await self._book.withdrawn(fault)
        elif fault.kind is not Kind.DROP:
            await asyncio.sleep(fault.seconds)

    async def _answer_nothing(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.target is Target.MODEL:
            await self._app({**scope, EMPTY_ANSWER: True}, receive, send)
            return
        await self._app(scope, receive, _swallow)
        await _send_body(200, JSON, b"{}", [], send)

    async def _answer_late(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """Works at once; what it would have answered waits until the order is withdrawn."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self._app(scope, receive, keep)
        await self._book.withdrawn(fault)
        for message in kept:
            await send(message)


class _ReadBody:
    """A `receive` that hands out what was read ahead, then what the client still sends.

    A server tells of nothing but the disconnection once a client has gone, even where the
    request had come in whole (uvicorn 0.54): only a body read ahead outlives its client.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: list[Message] = []

    async def ahead(self, most: int) -> bytes | None:
        """The whole body; None for one of more than `most` bytes or broken off."""
        whole = b""
        while len(whole) <= most:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return None
            whole += message.get("body", b"")
            if not message.get("more_body"):
                return whole if len(whole) <= most else None
        return None

    async def __call__(self) -> Message:
        return self._read.pop(0) if self._read else await self._receive()


class _Cut:
    """A `send` that passes at most two whole pieces of the body, half a piece, and closes."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._pieces = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self._pieces += 1
            if self._pieces > 2 or not message.get("more_body"):
                await self._cut(message.get("body", b""))
                return
        await self._send(message)

    async def _cut(self, body: bytes) -> None:
        half = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await self._send(half)
        await close_connection(self._receive, self._send)


async def close_connection(receive: Receive, send: Send) -> None:
    """Closes the client's socket without another byte, and returns when it is closed.

    ASGI has no word for it: uvicorn answers 500 for an application that raises or returns
    early, so the transport is taken from the request's cycle, whose bound method `send` is.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("this server's connections cannot be closed from inside")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _swallow(_message: Message) -> None:
    """A `send` into nothing."""


def _token(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"token":
            return str(value, "latin-1")
        if name == b"authorization":
            return str(value, "latin-1").removeprefix("Bearer ")
    return ""


def _target(scope: Scope) -> Target | None:
    if scope["type"] != "http":
        return None
    path: str = scope["path"]
    return next((each for each in _PATH_TARGETS if path.startswith(f"/{each}/")), None)


async def _token_sent(scope: Scope, body: _ReadBody) -> str:
    """The ERP's token, which is a field of form, JSON or query; empty when unreadable."""
    headers = dict(scope["headers"])
    kind = str(headers.get(b"content-type", b""), "latin-1")
    sent = await body.ahead(_LONGEST_READ_BODY)
    try:
        return str(sent_fields(kind, scope["query_string"], sent or b"").get("token", ""))
    except ValueError:
        return ""


async def _send_instead(fault: Fault, send: Send) -> None:
    status, kind, body = 200, HTML, HTML_PAGE
    if fault.kind is Kind.STATUS:
        status, kind, body = refusal(fault.target, fault.status)
    headers = []
    if fault.retry_after is not None:
        headers.append((b"retry-after", f"{fault.retry_after:g}".encode()))
    await _send_body(status, kind, body, headers, send)


async def _send_body(
    status: int, kind: bytes, body: bytes, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    fixed = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fixed + headers})
    await send({"type": "http.response.body", "body": body})
