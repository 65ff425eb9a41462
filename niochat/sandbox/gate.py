"""The gate in front of gateway and model where ordered faults happen to requests."""

import asyncio
from typing import Any, assert_never

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.sandbox.faults import Fault, FaultBook, Kind, Target

EMPTY_ANSWER = "sandbox.empty_answer"

_GATEWAY_ERRORS = {
    401: "Invalid token",
    429: "Too many requests",
    500: "Internal server error",
    503: "WhatsApp disconnected",
}
_MODEL_ERRORS = {
    401: ("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
    429: ("Rate limit reached for requests.", "requests", "rate_limit_exceeded"),
}


class FaultGate:
    """ASGI wrapper; must be the outermost, since only there `send` leads to the socket."""

    def __init__(self, app: ASGIApp, book: FaultBook) -> None:
        self._app = app
        self._book = book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault_for(scope)
        try:
            if fault is None:
                await self._app(scope, receive, send)
            else:
                await self._play(fault, scope, receive, send)
        except asyncio.CancelledError:  # the server stops: no traceback for every long poll
            await close_connection(receive, send)

    def _fault_for(self, scope: Scope) -> Fault | None:
        if not self._book.faults or scope["type"] != "http":
            return None
        path: str = scope["path"]
        for target in (Target.GATEWAY, Target.MODEL):
            if path.startswith(f"/{target}/"):
                return self._book.take(target, path[len(target) + 1 :], _token(scope))
        return None

    async def _play(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault.kind:
            case Kind.DELAY:
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, send)
            case Kind.HOLD:
                await self._book.withdrawn(fault)
                await self._app(scope, receive, send)
            case Kind.HANG:
                await asyncio.sleep(fault.seconds)
                await close_connection(receive, send)
            case Kind.DROP:
                await close_connection(receive, send)
            case Kind.LOST_ANSWER:
                await self._app(scope, receive, _swallow)
                await asyncio.sleep(fault.seconds)
                await close_connection(receive, send)
            case Kind.STATUS:
                await _send_status(fault, send)
            case Kind.MALFORMED:
                await self._app(scope, receive, _swallow)
                await _send_json(200, b'{"id": "sandbox-', [], send)
            case Kind.EMPTY:
                await self._answer_nothing(fault, scope, receive, send)
            case Kind.CUT:
                await self._app(scope, receive, _Cut(receive, send))
            case unknown:
                assert_never(unknown)

    async def _answer_nothing(
        self, fault: Fault, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if fault.target is Target.MODEL:
            await self._app({**scope, EMPTY_ANSWER: True}, receive, send)
            return
        await self._app(scope, receive, _swallow)
        await _send_json(200, b"{}", [], send)


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


def _gateway_error(status: int) -> tuple[int, dict[str, Any]]:
    """The error's HTTP status and body; 463 is WhatsApp's own code inside a 500 (§2.1)."""
    if status == 463:
        body = {
            "error": "WhatsApp server returned error 463",
            "error_source": "whatsapp_server",
            "provider_code": 463,
            "message_ptbr": "O WhatsApp limitou novas conversas deste número.",
        }
        return 500, body
    return status, {"error": _GATEWAY_ERRORS.get(status, f"sandbox fault {status}")}


def _model_error(status: int) -> tuple[int, dict[str, Any]]:
    unknown = (f"Sandbox fault {status}.", "server_error", None)
    message, kind, code = _MODEL_ERRORS.get(status, unknown)
    return status, {"error": {"message": message, "type": kind, "param": None, "code": code}}


async def _send_status(fault: Fault, send: Send) -> None:
    describe = _model_error if fault.target is Target.MODEL else _gateway_error
    status, body = describe(fault.status)
    headers = []
    if fault.retry_after is not None:
        headers.append((b"retry-after", f"{fault.retry_after:g}".encode()))
    await _send_json(status, orjson.dumps(body), headers, send)


async def _send_json(
    status: int, body: bytes, headers: list[tuple[bytes, bytes]], send: Send
) -> None:
    fixed = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": fixed + headers})
    await send({"type": "http.response.body", "body": body})
