"""Exchanges one request with an SGP server, bounded in time and size and never repeated."""

import asyncio
from dataclasses import dataclass, field

import aiohttp
import httpx

from niochat.adapters.erps.sgp.errors import error_from_exception, sgp_error
from niochat.adapters.http_pool import open_shared_transport
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.erp import ErpError

_CONNECT_S = 5.0
_ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})
"""Asked for plain; a server that compresses all the same stays bounded with these."""

_CONNECTION_ERRORS = (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class SgpHttpRequest:
    """What goes over the wire. ``route`` names it in errors, where the address must not stand."""

    route: str
    method: str
    url: str = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class SgpHttpResponse:
    """A whole answer. ``content_type`` in lower case and without parameters."""

    route: str
    status: int
    content_type: str
    body: bytes = field(repr=False)


class SgpTransport:
    """A pool of connections that all tenants share, without cookies, proxies or redirects."""

    def __init__(self, connections: int, guard: SsrfGuard | None = None) -> None:
        # Not through httpx.AsyncClient: it logs whole addresses, and a GET's holds the token.
        self._transport = open_shared_transport(connections, guard)

    async def close(self) -> None:
        """Close the pool; calls under way end as lost."""
        await self._transport.aclose()

    async def send(
        self, question: SgpHttpRequest, timeout_s: float, most_bytes: int
    ) -> SgpHttpResponse:
        """Send once; a response of any status is returned.

        Raises ``ErpError``: ``erp_unreachable``, ``erp_timeout``, ``erp_lost``, ``erp_too_big``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return await self._exchange(question, timeout_s, most_bytes)
        except _CONNECTION_ERRORS as error:
            # The cause may quote the address, and with it the token of a GET.
            raise error_from_exception(question.route, error) from None

    async def _exchange(
        self, question: SgpHttpRequest, timeout_s: float, most_bytes: int
    ) -> SgpHttpResponse:
        response = await self._transport.handle_async_request(_request(question, timeout_s))
        try:
            body = await _body(response, question.route, most_bytes)
        finally:
            await response.aclose()
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return SgpHttpResponse(question.route, response.status_code, kind, body)


def _request(question: SgpHttpRequest, timeout_s: float) -> httpx.Request:
    headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "niochat"}
    if question.content_type:
        headers["content-type"] = question.content_type
    # Waiting for a connection ends before the whole does, so that a deadline that strikes
    # later always means: the request may have been written.
    connect = min(_CONNECT_S, timeout_s / 2)
    return httpx.Request(
        question.method,
        question.url,
        headers=headers,
        content=question.content,
        extensions={"timeout": {"connect": connect, "pool": connect, "read": None, "write": None}},
    )


async def _body(response: httpx.Response, route: str, most_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        raise sgp_error("erp_malformed", route, "answered in an encoding nobody asked for")
    told = response.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and len(told) < 19 and int(told) > most_bytes:
        raise _too_big(route)
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > most_bytes:
            raise _too_big(route)
    return bytes(body)


def _too_big(route: str) -> ErpError:
    return sgp_error("erp_too_big", route, "answered with more than is believable")
