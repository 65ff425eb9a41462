"""Middleware before gateway, model, ERP and Supabase that applies the fault rules to requests."""

import asyncio
from typing import Any, assert_never

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat_sandbox.fault_injection.fault_responses import (
    HTML,
    HTML_PAGE,
    HUGE_BODY,
    JSON,
    build_error_response,
)
from niochat_sandbox.fault_injection.fault_rules import (
    FaultKind,
    FaultRule,
    FaultRuleSet,
    FaultTarget,
)
from niochat_sandbox.sgp.sgp_request import parse_request_fields

EMPTY_RESPONSE = "sandbox.empty_answer"

_MAX_BUFFERED_BODY = 64 * 1024
_TARGET_PREFIXES = {
    "/gateway/": FaultTarget.GATEWAY,
    "/model/": FaultTarget.MODEL,
    "/sgp/": FaultTarget.SGP,
    "/rest/v1/": FaultTarget.SUPABASE,
}


class FaultMiddleware:
    """ASGI middleware. It must be the outermost, because only there ``send`` leads to
    the socket.
    """

    def __init__(self, app: ASGIApp, rules: FaultRuleSet) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._forward(scope, receive, send)
        # the server is stopping: avoid a traceback for each long poll
        except asyncio.CancelledError:
            await close_connection(receive, send)

    async def _forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = _target_for_path(scope) if self._rules.faults else None
        if match is None:
            await self._app(scope, receive, send)
            return
        target, path = match
        token = _token_from_headers(scope)
        if target is FaultTarget.SGP:
            body = _BufferedReceive(receive)
            token, receive = await _token_from_body(scope, body), body
        fault = self._rules.consume_match(target, path, token)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._apply_fault(fault, scope, receive, send)

    async def _apply_fault(
        self, fault: FaultRule, scope: Scope, receive: Receive, send: Send
    ) -> None:
        match fault.kind:
            case FaultKind.DELAY | FaultKind.HOLD:
                await self._wait(fault)
                await self._app(scope, receive, send)
            case FaultKind.HANG | FaultKind.DROP:
                await self._wait(fault)
                await close_connection(receive, send)
            case FaultKind.HOLD_AFTER:
                await self._answer_after_delay(fault, scope, receive, send)
            case FaultKind.LOST_ANSWER:
                await self._app(scope, receive, _discard)
                await asyncio.sleep(fault.seconds)
                await close_connection(receive, send)
            case FaultKind.STATUS | FaultKind.HTML:
                await _send_fault_response(fault, send)
            case FaultKind.MALFORMED:
                await self._app(scope, receive, _discard)
                await _send_body(200, JSON, b'{"id": "sandbox-', [], send)
            case FaultKind.HUGE:
                await self._app(scope, receive, _discard)
                await _send_body(200, JSON, HUGE_BODY, [], send)
            case FaultKind.EMPTY:
                await self._close_unanswered(fault, scope, receive, send)
            case FaultKind.CUT:
                await self._app(scope, receive, _TruncatedSend(receive, send))
            case unknown:
                assert_never(unknown)

    async def _wait(self, fault: FaultRule) -> None:
        if fault.kind is FaultKind.HOLD:
            await self._rules.wait_until_removed(fault)
        elif fault.kind is not FaultKind.DROP:
            await asyncio.sleep(fault.seconds)

    async def _close_unanswered(
        self, fault: FaultRule, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.target is FaultTarget.MODEL:
            await self._app({**scope, EMPTY_RESPONSE: True}, receive, send)
            return
        await self._app(scope, receive, _discard)
        await _send_body(200, JSON, b"{}", [], send)

    async def _answer_after_delay(
        self, fault: FaultRule, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Run the application at once, and hold its response until the rule is removed."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        await self._rules.wait_until_removed(fault)
        for message in messages:
            await send(message)


class _BufferedReceive:
    """A ``receive`` that returns the messages read in advance, then those that the client sends.

    After a client has disconnected, a server only reports the disconnection, even if the request
    had arrived completely (uvicorn 0.54). A body read in advance outlives the client.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._read: list[Message] = []

    async def buffered(self, max_bytes: int) -> bytes | None:
        """Return the whole body; None if it exceeds ``max_bytes`` or the client disconnected."""
        whole = b""
        while len(whole) <= max_bytes:
            message = await self._receive()
            self._read.append(message)
            if message["type"] != "http.request":
                return None
            whole += message.get("body", b"")
            if not message.get("more_body"):
                return whole if len(whole) <= max_bytes else None
        return None

    async def __call__(self) -> Message:
        return self._read.pop(0) if self._read else await self._receive()


class _TruncatedSend:
    """A ``send`` that passes at most two chunks of the body and half of the next, then
    disconnects.
    """

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
    """Close the client's socket without sending another byte; return when it is closed.

    ASGI has no such operation: uvicorn responds with 500 if an application raises or returns early.
    The transport is therefore taken from the request cycle that ``send`` is bound to.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("this server's connections cannot be closed from inside")
    transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _discard(_message: Message) -> None:
    """A ``send`` that discards the message."""


def _token_from_headers(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"token":
            return str(value, "latin-1")
        if name == b"authorization":
            return str(value, "latin-1").removeprefix("Bearer ")
    return ""


def _target_for_path(scope: Scope) -> tuple[FaultTarget, str] | None:
    """The service that a request is for, and the path there; None if no faults apply to it."""
    if scope["type"] != "http":
        return None
    path: str = scope["path"]
    for prefix, target in _TARGET_PREFIXES.items():
        if path.startswith(prefix):
            return target, path[len(prefix) - 1 :]
    return None


async def _token_from_body(scope: Scope, body: _BufferedReceive) -> str:
    """The ERP token, a field of the form, JSON or query; empty if it cannot be read."""
    headers = dict(scope["headers"])
    kind = str(headers.get(b"content-type", b""), "latin-1")
    content = await body.buffered(_MAX_BUFFERED_BODY)
    try:
        return str(
            parse_request_fields(kind, scope["query_string"], content or b"").get("token", "")
        )
    except ValueError:
        return ""


async def _send_fault_response(fault: FaultRule, send: Send) -> None:
    status, kind, body = 200, HTML, HTML_PAGE
    if fault.kind is FaultKind.STATUS:
        status, kind, body = build_error_response(fault.target, fault.status)
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
