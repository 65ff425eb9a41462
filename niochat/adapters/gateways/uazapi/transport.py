"""Exchanges one request with a Uazapi server, limited in time and size, and never repeats it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from niochat.adapters.http_pool import HttpTransport, ResponseTooLargeError
from niochat.adapters.ssrf_guard import ForbiddenAddressError, SsrfGuard
from niochat.domain.errors import InvalidInputError

MAX_RESPONSE_BYTES = 32 * 2**20
"""Limit of a response; a thousand stored messages are smaller."""


@dataclass(frozen=True, slots=True)
class UazapiResponse:
    """A response. ``body`` is its JSON, or ``None`` if it was no JSON."""

    status: int
    body: object
    retry_after: str | None


class UazapiTransport:
    """Exchanges JSON over a pool of connections that all channels share."""

    def __init__(self, connections: int, guard: SsrfGuard | None = None) -> None:
        self._http = HttpTransport(connections, guard)

    async def close(self) -> None:
        """Close the pool; calls in progress fail as lost."""
        await self._http.close()

    async def call(
        self,
        method: str,
        url: str,
        auth_headers: Mapping[str, str],
        body: Mapping[str, object] | None,
        timeout_s: float,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> UazapiResponse:
        """Send once; ``auth_headers`` authenticate the request. Raises the errors of aiohttp, and
        ``InvalidInputError`` for a response of more than ``max_bytes``.
        """
        headers = {**auth_headers, "content-type": "application/json"}
        content = None if body is None else orjson.dumps(body)
        try:
            response = await self._http.exchange(
                method, url, headers, content, timeout_s, max_bytes
            )
        except ResponseTooLargeError:
            raise InvalidInputError("the gateway's answer is too long", code="too_large") from None
        return UazapiResponse(
            response.status, _parse_json(response.body), response.headers.get("retry-after")
        )


def describe_error(error: BaseException) -> str:
    """The reason why a call got no response, without the address."""
    if isinstance(error, aiohttp.ClientConnectorError):
        error = error.os_error
    return str(error) if isinstance(error, ForbiddenAddressError) else type(error).__name__


def _parse_json(text: bytes) -> object:
    """The body as JSON, or ``None`` if it is no JSON."""
    try:
        return json.loads(text)  # accepts lone surrogates, which orjson refuses
    except (ValueError, RecursionError):
        return None
