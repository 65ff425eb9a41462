"""An SGP over real TCP that answers each route by script, also as badly as installations do."""

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET, socket
from urllib.parse import parse_qsl

from niochat.ports.erp import ErpAccount

TOKEN = "tok +&=ç/marked-token"
APP = "niochat app"


@dataclass(frozen=True, slots=True)
class RecordedSgpRequest:
    """One request as it came over the wire. ``fields`` of the form, the JSON or the query."""

    method: str
    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, object]
    body: bytes

    @property
    def summarize(self) -> Mapping[str, object]:
        """The fields but token and app."""
        return {name: v for name, v in self.fields.items() if name not in ("token", "app")}


@dataclass(slots=True)
class ScriptedSgp:
    """Gives every route its answer: bytes to send, or one of the ways to fail."""

    base_url: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    hangs: bool = False
    resets: bool = False
    requests: list[RecordedSgpRequest] = field(default_factory=list)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def account(self) -> ErpAccount:
        return ErpAccount(base_url=self.base_url, app=APP, token=TOKEN)

    def set_response(
        self,
        body: object = None,
        status: int = 200,
        route: str = "*",
        kind: str = "application/json",
        **headers: str,
    ) -> None:
        """Answer with JSON, or with the very text or bytes given."""
        content = body if isinstance(body, bytes) else as_text(body).encode()
        lines = {"Content-Type": kind, "Content-Length": str(len(content))}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.answers[route] = f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until the other side or the script ends it."""
        try:
            while (asked := await _read(reader)) is not None:
                self.requests.append(asked)
                self.reached.set()
                if self.hangs:
                    await asyncio.Event().wait()
                if self.resets:
                    _reset(writer)
                    return
                answer = self.answers.get(asked.path) or self.answers.get("*", b"")
                writer.write(answer)
                await writer.drain()
                if not _is_whole(answer):
                    return
        finally:
            writer.close()


def as_text(body: object) -> str:
    """A string as it is, anything else as JSON."""
    return body if isinstance(body, str) else json.dumps(body)


def _is_whole(answer: bytes) -> bool:
    head, _, content = answer.partition(b"\r\n\r\n")
    return f"Content-Length: {len(content)}".encode() in head


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


async def _read(reader: asyncio.StreamReader) -> RecordedSgpRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, target, _ = head[0].split(" ")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    is_json = headers.get("content-type") == "application/json"
    told = body.decode() or query
    fields = json.loads(body) if is_json else dict(parse_qsl(told, keep_blank_values=True))
    return RecordedSgpRequest(method, path, headers, fields, body)


@asynccontextmanager
async def start_scripted_sgp() -> AsyncIterator[ScriptedSgp]:
    """The ERP on a free port; every connection is ended at the end."""
    sgp = ScriptedSgp()
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(sgp.serve(reader, writer))
        tasks.add(task)
        with suppress(asyncio.CancelledError, ConnectionError):
            await task

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    sgp.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/sgp/"
    try:
        yield sgp
    finally:
        for task in tasks:
            task.cancel()
        server.close()


def refusing_account() -> ErpAccount:
    """An address where nobody listens."""
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    return ErpAccount(base_url=f"http://127.0.0.1:{port}", app=APP, token=TOKEN)
