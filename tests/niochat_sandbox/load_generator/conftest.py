"""A crowd on a port of its own, and a door for its webhooks."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest_asyncio

from niochat_lab.bench.environment.load_generator_client import LoadGeneratorClient
from niochat_sandbox.load_generator.__main__ import serve
from tests.wait_until import wait_until


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Receiver:
    """Answers webhooks with what `statuses` says, then with 200; keeps the bodies."""

    port: int
    bodies: list[bytes] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    connections: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/uazapi/channel/secret"

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One keep-alive connection."""
        self.connections["opened"] += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.bodies.append(await reader.readexactly(length))
                status = self.statuses.pop(0) if self.statuses else "200 OK"
                if status == "broken":
                    return
                wait = "retry-after: 0\r\n" if status.startswith("429") else ""
                writer.write(f"HTTP/1.1 {status}\r\n{wait}content-length: 2\r\n\r\n{{}}".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    found = Receiver(free_port())
    server = await asyncio.start_server(found.serve_one, "127.0.0.1", found.port)
    yield found
    server.close()


@pytest_asyncio.fixture
async def crowd() -> AsyncIterator[LoadGeneratorClient]:
    port = free_port()
    task = asyncio.create_task(serve(port))
    client = LoadGeneratorClient(f"http://127.0.0.1:{port}")

    async def up() -> bool:
        with suppress(OSError):
            (await asyncio.open_connection("127.0.0.1", port))[1].close()
            return True
        return False

    await wait_until(up)
    yield client
    await client.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
