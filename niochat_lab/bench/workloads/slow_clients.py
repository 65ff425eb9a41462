"""Connections that send a part of a request and then nothing, from as many addresses as wanted."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

HALF_HEADERS = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALF_BODY = HALF_HEADERS + b"Content-Length: 50\r\n\r\n{"
LONG_HALF_BODY = HALF_HEADERS + b"Content-Length: 200000\r\n\r\n{" + b" " * 40_000
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
PARTIAL_REQUESTS = (
    HALF_HEADERS,
    HALF_BODY,
    LONG_HALF_BODY,
    LONG_HALF_UPLOAD,
    PAST_THE_BUFFER,
    WEBHOOK,
)


RECONNECT_DELAY_S = 10.0


@dataclass
class SlowClientResult:
    """How connections ended: seconds each was open, and the statuses that they heard."""

    open_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    refused: int = 0


@contextlib.asynccontextmanager
async def run_slow_clients(
    host: tuple[str, int],
    count: int,
    sent: Sequence[bytes],
    *,
    addresses: int = 1,
    again: bool = False,
) -> AsyncIterator[SlowClientResult]:
    """``count`` of them, open meanwhile, at most 60 s each; with ``again`` whoever is closed comes
    anew until the block ends, without it their ends are awaited.

    The addresses are of 127.0.0.0/8, which is all this machine's.
    """
    slow = SlowClientResult()
    opened = asyncio.Semaphore(100)
    leaving = asyncio.Event()

    async def client(number: int) -> None:
        source = _source_address(number % addresses)
        while True:
            begun = time.monotonic()
            await _connect_once(slow, opened, host, source, sent[number % len(sent)])
            if not again or leaving.is_set():
                return
            # Whoever is refused at once is no faster for it: slow clients are no flood.
            await asyncio.sleep(max(RECONNECT_DELAY_S - (time.monotonic() - begun), 0.5))

    tasks = [asyncio.ensure_future(client(number)) for number in range(count)]
    try:
        await asyncio.sleep(2.0)  # they are all there
        yield slow
        if not again:
            await asyncio.gather(*tasks)
    finally:
        leaving.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _connect_once(
    slow: SlowClientResult,
    opened: asyncio.Semaphore,
    host: tuple[str, int],
    source: tuple[str, int],
    sent: bytes,
) -> None:
    begun = time.monotonic()
    writer = None
    try:
        async with opened:
            reader, writer = await asyncio.open_connection(*host, local_addr=source)
            writer.write(sent)
            await writer.drain()
        async with asyncio.timeout(60):
            answer = await reader.read(4096)
    except (OSError, TimeoutError):
        slow.refused += 1
        return
    finally:
        if writer is not None:
            writer.close()
    slow.open_s.append(time.monotonic() - begun)
    slow.statuses[answer[9:12].decode(errors="replace")] += 1


def _source_address(number: int) -> tuple[str, int]:
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}", 0
