"""HTTP connections that tenants share. No cookies are kept, and no host can use all connections."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from ssl import SSLContext

import aiohttp
import httpx

from niochat.adapters.ssrf_guard import SsrfGuard

KEEP_ALIVE_S = 4.0
"""Shorter than the usual 5 s of servers: the outcome of a request is uncertain if the server closes
the connection at the same moment.
"""
_CONNECT_TIMEOUT_S = 5.0
_CHUNK_BYTES = 64 * 1024


def open_shared_session(
    connections: int, tls: SSLContext | None = None, guard: SsrfGuard | None = None
) -> aiohttp.ClientSession:
    """A pool of at most ``connections``, half of them to one host, without cookies.

    ``guard`` checks each address before a connection. Call it on the event loop that uses the pool.
    """
    connector = aiohttp.TCPConnector(
        ssl=tls or httpx.create_ssl_context(),
        limit=connections,
        limit_per_host=max(1, connections // 2),
        keepalive_timeout=KEEP_ALIVE_S,
        resolver=guard.resolver if guard else None,
        socket_factory=guard.create_socket if guard else None,
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class ResponseTooLargeError(Exception):
    """The body is longer than the caller allows; the limit protects the memory."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response. The names of ``headers`` are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


MAX_BYTES_AT_ONCE = 1 << 20
"""aiohttp writes ``bytes`` in one go, which blocks the event loop when they are longer than this.
It writes a buffer in chunks.
"""


def _request_body(content: bytes | None) -> bytes | BytesIO | None:
    if content is None or len(content) <= MAX_BYTES_AT_ONCE:
        return content
    return BytesIO(content)


class HttpTransport:
    """Sends each request once, without redirects or proxies; the pool opens with the first one."""

    def __init__(
        self,
        connections: int,
        guard: SsrfGuard | None = None,
        *,
        decompress: bool = True,
        tls: SSLContext | None = None,
    ) -> None:
        """Without ``decompress`` a body stays in its ``content-encoding``. ``tls`` replaces the
        usual authorities.
        """
        self._tls = tls
        self._connections = connections
        self._guard = guard
        self._decompress = decompress
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the pool; requests in progress fail, and their outcome is unknown."""
        if self._session is not None:
            await self._session.close()

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout_s: float,
        max_bytes: int,
    ) -> HttpResponse:
        """Send once and read the response, whatever its status. Raises the errors of aiohttp,
        ``TimeoutError``, and ``ResponseTooLargeError`` for a body of more than ``max_bytes``.
        """
        if self._session is None:
            self._session = open_shared_session(self._connections, tls=self._tls, guard=self._guard)
        # The wait for a connection ends before the whole exchange does. So a time-out of the
        # exchange always means that the request may have been written.
        connect = min(_CONNECT_TIMEOUT_S, timeout_s / 2)
        async with (
            asyncio.timeout(timeout_s),
            self._session.request(
                method,
                url,
                headers=headers,
                data=_request_body(content),
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=connect),
                allow_redirects=False,
                auto_decompress=self._decompress,
            ) as response,
        ):
            body = await _read_bounded(response, max_bytes)
            return HttpResponse(response.status, response.headers, body)


async def _read_bounded(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    if (response.content_length or 0) > max_bytes:
        raise ResponseTooLargeError
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > max_bytes:
            raise ResponseTooLargeError
    return bytes(body)
