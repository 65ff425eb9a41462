"""Connections that send a part of a request and then nothing, from as many addresses as wanted."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

HEADERS = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALF_HEADERS = HEADERS
HALF_BODY = HEADERS + b"Content-Length: 50\r\n\r\n{"
LONG_HALF_BODY = HEADERS + b"Content-Length: 200000\r\n\r\n{" + b" " * 40_000
LONG_HALF_UPLOAD = (
    b"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    b"Content-Length: 200000\r\n\r\n--b\r\n" + b" " * 40_000
)
PAST_THE_BUFFER = (
    b"POST /api/v1/contacts/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 200000\r\n\r\n{" + b" " * 40_000
)
"""More than HAProxy holds, less than the route's bound: it reaches the application."""
WEBHOOK = (
    b"POST /webhooks/uazapi/00000000-0000-0000-0000-000000000000/secret HTTP/1.1\r\nHost: x\r\n"
    b"Content-Length: 200000\r\n\r\n{" + b" " * 40_000
)


@dataclass
class Slow:
    """How the connections ended: seconds each was open, and the statuses that they heard."""

    open_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    refused: int = 0


@contextlib.asynccontextmanager
async def connections(
    host: tuple[str, int], count: int, sent: Sequence[bytes], *, addresses: int = 1
) -> AsyncIterator[Slow]:
    """``count`` of them, open meanwhile; each waits at most 60 s for its end.

    The addresses are of 127.0.0.0/8, which is all this machine's.
    """
    slow = Slow()
    opened = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        source = number % addresses
        local = (f"127.{1 + source // 62500}.{source // 250 % 250}.{1 + source % 250}", 0)
        begun = time.monotonic()
        try:
            async with opened:
                reader, writer = await asyncio.open_connection(*host, local_addr=local)
                writer.write(sent[number % len(sent)])
                await writer.drain()
            async with asyncio.timeout(60):
                answer = await reader.read(4096)
        except (OSError, TimeoutError):
            slow.refused += 1
            return
        slow.open_s.append(time.monotonic() - begun)
        slow.statuses[answer[9:12].decode(errors="replace")] += 1
        writer.close()

    tasks = [asyncio.ensure_future(one(number)) for number in range(count)]
    try:
        await asyncio.sleep(2.0)  # they are all there
        yield slow
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
