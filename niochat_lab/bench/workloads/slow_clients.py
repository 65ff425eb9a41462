"""Connections that send a part of a request and then nothing, from any number of addresses."""

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
"""The body exceeds HAProxy's buffer but not the route's limit, so that it reaches the
application.
"""
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
    """How connections ended: the seconds each was open, and the statuses of the responses."""

    open_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    refused: int = 0


@contextlib.asynccontextmanager
async def run_slow_clients(
    host: tuple[str, int],
    count: int,
    requests: Sequence[bytes],
    *,
    addresses: int = 1,
    again: bool = False,
) -> AsyncIterator[SlowClientResult]:
    """Keep ``count`` connections open during the block, each for at most 60 s.

    ``again``: closed connections reconnect until the block ends; otherwise the block waits until
    all are closed. The source addresses are in 127.0.0.0/8, which belongs to this machine.
    """
    result = SlowClientResult()
    connect_limit = asyncio.Semaphore(100)
    leaving = asyncio.Event()

    async def client(number: int) -> None:
        source = _source_address(number % addresses)
        while True:
            started_at = time.monotonic()
            await _connect_once(
                result, connect_limit, host, source, requests[number % len(requests)]
            )
            if not again or leaving.is_set():
                return
            # A client that is refused at once waits as well: this is no connection flood.
            await asyncio.sleep(max(RECONNECT_DELAY_S - (time.monotonic() - started_at), 0.5))

    tasks = [asyncio.ensure_future(client(number)) for number in range(count)]
    try:
        await asyncio.sleep(2.0)  # until all are connected
        yield result
        if not again:
            await asyncio.gather(*tasks)
    finally:
        leaving.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _connect_once(
    result: SlowClientResult,
    connect_limit: asyncio.Semaphore,
    host: tuple[str, int],
    source: tuple[str, int],
    request: bytes,
) -> None:
    started_at = time.monotonic()
    writer = None
    try:
        async with connect_limit:
            reader, writer = await asyncio.open_connection(*host, local_addr=source)
            writer.write(request)
            await writer.drain()
        async with asyncio.timeout(60):
            response = await reader.read(4096)
    except (OSError, TimeoutError):
        result.refused += 1
        return
    finally:
        if writer is not None:
            writer.close()
    result.open_s.append(time.monotonic() - started_at)
    result.statuses[response[9:12].decode(errors="replace")] += 1


def _source_address(number: int) -> tuple[str, int]:
    return f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}", 0
