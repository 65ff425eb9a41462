"""What stands for a Supabase project in a benchmark: one that takes everything, and a slow one.

The work of a project is not the product's, and on the machine of the benchmark it would compete
with it, so the rows are read and forgotten.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CLOSED_URL = "http://127.0.0.1:9"
"""An address at which nothing listens: the port of the discard protocol."""
_ACCEPTED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(slots=True)
class ProjectEndpoint:
    """A server that answers each request with 201 after ``delay_s``."""

    delay_s: float = 0.0
    url: str = ""
    requests: int = 0
    received: int = field(default=0)
    """Bytes of bodies."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _body_length(head)
                if length:
                    await reader.readexactly(length)
                self.requests += 1
                self.received += length
                await asyncio.sleep(self.delay_s)
                writer.write(_ACCEPTED)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _body_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(_LENGTH):
            return int(line[len(_LENGTH) :])
    return 0


@asynccontextmanager
async def open_endpoint(delay_s: float = 0.0) -> AsyncIterator[ProjectEndpoint]:
    """Serve on a free port of this machine until the block ends."""
    endpoint = ProjectEndpoint(delay_s)
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0, limit=1 << 20)
    endpoint.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield endpoint
    finally:
        server.close()
