"""A gateway over real TCP that answers by script, also as badly as gateways do."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET, socket

from niochat.ports.gateway import GatewayCredentials


@dataclass(frozen=True, slots=True)
class RecordedGatewayRequest:
    """One request as it came over the wire."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: object


@dataclass(slots=True)
class ScriptedGateway:
    """Gives ``answer`` to every request: bytes to send, or one of the ways to fail."""

    answer: bytes = b""
    hangs: bool = False
    resets: bool = False
    requests: list[RecordedGatewayRequest] = field(default_factory=list)
    line: GatewayCredentials = field(
        default_factory=lambda: GatewayCredentials("http://127.0.0.1:9", "t")
    )
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def set_response(self, status: int, body: object = None, **headers: str) -> None:
        """Answer with JSON, or with the very text of a string."""
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{extra}\r\n"
        self.answer = head.encode() + content

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side or the script ends it."""
        try:
            while (asked := await _read(reader)) is not None:
                self.requests.append(asked)
                self.reached.set()
                if self.hangs:
                    await asyncio.Event().wait()
                writer.write(self.answer)
                await writer.drain()
                if self.resets or not self.answer.startswith(b"HTTP/1.1 "):
                    _end(writer, reset=self.resets)
                    return
        finally:
            writer.close()


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    raw = writer.get_extra_info("socket")
    if reset and hasattr(raw, "setsockopt"):
        raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


async def _read(reader: asyncio.StreamReader) -> RecordedGatewayRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return RecordedGatewayRequest(method, path, headers, json.loads(body) if body else None)


@asynccontextmanager
async def start_scripted_gateway() -> AsyncIterator[ScriptedGateway]:
    """The gateway on a free port; every connection is ended at the end."""
    gateway = ScriptedGateway()
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(gateway.serve(reader, writer))
        tasks.add(task)
        with suppress(asyncio.CancelledError, ConnectionError):
            await task

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gateway.line = GatewayCredentials(f"http://127.0.0.1:{port}/", "line-token")
    try:
        yield gateway
    finally:
        for task in tasks:
            task.cancel()
        server.close()


def closed_port_credentials() -> GatewayCredentials:
    """A port where nobody listens."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return GatewayCredentials(f"http://127.0.0.1:{taken.getsockname()[1]}", "line-token")


Break = Callable[[ScriptedGateway], None]
