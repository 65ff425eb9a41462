"""One exchange with a Uazapi server over HTTP, bounded in time, and never repeated."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from niochat.adapters.http_pool import open_shared_session
from niochat.adapters.ssrf_guard import ForbiddenAddressError, SsrfGuard
from niochat.domain.errors import InvalidInputError

_CONNECT_S = 5.0
MAX_RESPONSE_BYTES = 32 * 2**20
"""Bytes of an answer: a thousand stored messages are less."""


@dataclass(frozen=True, slots=True)
class UazapiResponse:
    """``body`` is its JSON, or ``None`` where it is none."""

    status: int
    body: object
    retry_after: str | None


class UazapiTransport:
    """A pool of connections that all channels share; it opens with the first call."""

    def __init__(self, connections: int, guard: SsrfGuard | None = None) -> None:
        self._connections = connections
        self._guard = guard
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the pool; calls in flight end as lost."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        url: str,
        secret: Mapping[str, str],
        body: Mapping[str, object] | None,
        timeout_s: float,
        most_bytes: int = MAX_RESPONSE_BYTES,
    ) -> UazapiResponse:
        """Send once; ``secret`` is the header that signs in. Raises what aiohttp raises, and
        ``InvalidInputError`` for an answer of more than ``most_bytes``.
        """
        if self._session is None:
            self._session = open_shared_session(self._connections, guard=self._guard)
        # Waiting for a connection ends before the whole does, so that a deadline that strikes
        # later always means: the request may have been written.
        connect = min(_CONNECT_S, timeout_s / 2)
        async with (
            asyncio.timeout(timeout_s),
            self._session.request(
                method,
                url,
                headers={**secret, "content-type": "application/json"},
                data=None if body is None else orjson.dumps(body),
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=connect),
                allow_redirects=False,
            ) as answer,
        ):
            text = await _read_bounded(answer, most_bytes)
            return UazapiResponse(
                answer.status, _parse_json(text), answer.headers.get("retry-after")
            )


async def _read_bounded(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The body. Raises ``InvalidInputError`` for one that is longer: nobody fills our memory."""
    text = bytearray()
    async for chunk in answer.content.iter_chunked(64 * 1024):
        text += chunk
        if len(text) > most_bytes:
            raise InvalidInputError("the gateway's answer is too long", code="too_large")
    return bytes(text)


def describe_error(error: BaseException) -> str:
    """What kept a call from being answered; never the address."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return str(error) if isinstance(error, ForbiddenAddressError) else type(error).__name__


def _parse_json(text: bytes) -> object:
    """The body as JSON, or ``None`` where it is none."""
    try:
        return json.loads(text)  # takes halves of characters too, which orjson refuses
    except (ValueError, RecursionError):
        return None
