"""One exchange with a Uazapi server over HTTP, bounded in time, and never repeated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from niochat.adapters.http_pool import HttpTransport, ResponseTooLargeError
from niochat.adapters.ssrf_guard import ForbiddenAddressError, SsrfGuard
from niochat.domain.errors import InvalidInputError

MAX_RESPONSE_BYTES = 32 * 2**20
"""Bytes of an answer: a thousand stored messages are less."""


@dataclass(frozen=True, slots=True)
class UazapiResponse:
    """``body`` is its JSON, or ``None`` where it is none."""

    status: int
    body: object
    retry_after: str | None


class UazapiTransport:
    """JSON over a pool of connections that all channels share."""

    def __init__(self, connections: int, guard: SsrfGuard | None = None) -> None:
        self._http = HttpTransport(connections, guard)

    async def close(self) -> None:
        """Close the pool; calls in flight end as lost."""
        await self._http.close()

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
        headers = {**secret, "content-type": "application/json"}
        content = None if body is None else orjson.dumps(body)
        try:
            answer = await self._http.exchange(method, url, headers, content, timeout_s, most_bytes)
        except ResponseTooLargeError:
            raise InvalidInputError("the gateway's answer is too long", code="too_large") from None
        return UazapiResponse(
            answer.status, _parse_json(answer.body), answer.headers.get("retry-after")
        )


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
