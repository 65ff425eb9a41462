"""Exchanges one request with an SGP server, bounded in time and size and never repeated."""

import zlib
from dataclasses import dataclass, field

import aiohttp

from niochat.adapters.erps.sgp.errors import error_from_exception, sgp_error
from niochat.adapters.http_pool import HttpResponse, HttpTransport, ResponseTooLargeError
from niochat.adapters.ssrf_guard import SsrfGuard

_ENCODINGS = frozenset({"gzip", "deflate"})
"""Accepted from servers that compress although we ask for ``identity``."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS + 32
_CONNECTION_ERRORS = (aiohttp.ClientError, OSError, ValueError, zlib.error)


@dataclass(frozen=True, slots=True)
class SgpHttpRequest:
    """A request as it is sent. ``route`` names it in errors, which must not contain the address."""

    route: str
    method: str
    url: str = field(repr=False)
    content: bytes = field(default=b"", repr=False)
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class SgpHttpResponse:
    """A whole response. ``content_type`` is in lower case and without parameters."""

    route: str
    status: int
    content_type: str
    body: bytes = field(repr=False)


class SgpTransport:
    """Sends requests over a pool that all tenants share, without cookies, proxies or redirects."""

    def __init__(self, connections: int, guard: SsrfGuard | None = None) -> None:
        self._http = HttpTransport(connections, guard, decompress=False)

    async def close(self) -> None:
        """Close the pool; calls in progress fail as lost."""
        await self._http.close()

    async def send(
        self, request: SgpHttpRequest, timeout_s: float, max_bytes: int
    ) -> SgpHttpResponse:
        """Send once; a response of any status is returned.

        Raises ``ErpError``: ``erp_unreachable``, ``erp_timeout``, ``erp_lost``, ``erp_too_big``.
        """
        headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "niochat"}
        if request.content_type:
            headers["content-type"] = request.content_type
        try:
            response = await self._http.exchange(
                request.method,
                request.url,
                headers,
                request.content or None,
                timeout_s,
                max_bytes,
            )
            body = _decoded_body(response, request.route, max_bytes)
        except ResponseTooLargeError:
            raise sgp_error(
                "erp_too_big", request.route, "answered with more than is believable"
            ) from None
        except _CONNECTION_ERRORS as error:
            # Drop the cause: it may quote the address, which contains the token of a GET.
            raise error_from_exception(request.route, error) from None
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return SgpHttpResponse(request.route, response.status, content_type, body)


def _decoded_body(response: HttpResponse, route: str, max_bytes: int) -> bytes:
    """The decoded body, limited in size because a small one may expand a thousandfold."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return response.body
    if encoding not in _ENCODINGS:
        raise sgp_error("erp_malformed", route, "answered in an encoding nobody asked for")
    try:
        body = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(response.body, max_bytes + 1)
    except zlib.error:
        if encoding == "gzip":
            raise
        # Some servers send the raw stream as ``deflate`` (RFC 9110, 8.4.1.2).
        body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(response.body, max_bytes + 1)
    if len(body) > max_bytes:
        raise ResponseTooLargeError
    return body
