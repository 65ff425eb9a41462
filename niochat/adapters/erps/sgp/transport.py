"""Exchanges one request with an SGP server, bounded in time and size and never repeated."""

import zlib
from dataclasses import dataclass, field

import aiohttp

from niochat.adapters.erps.sgp.errors import error_from_exception, sgp_error
from niochat.adapters.http_pool import HttpResponse, HttpTransport, ResponseTooLargeError
from niochat.adapters.ssrf_guard import SsrfGuard

_ENCODINGS = frozenset({"gzip", "deflate"})
"""Of servers that compress although they are asked not to."""
_GZIP_OR_ZLIB = zlib.MAX_WBITS + 32
_CONNECTION_ERRORS = (aiohttp.ClientError, OSError, ValueError, zlib.error)


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
        self._http = HttpTransport(connections, guard, decompress=False)

    async def close(self) -> None:
        """Close the pool; calls under way end as lost."""
        await self._http.close()

    async def send(
        self, question: SgpHttpRequest, timeout_s: float, most_bytes: int
    ) -> SgpHttpResponse:
        """Send once; a response of any status is returned.

        Raises ``ErpError``: ``erp_unreachable``, ``erp_timeout``, ``erp_lost``, ``erp_too_big``.
        """
        headers = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "niochat"}
        if question.content_type:
            headers["content-type"] = question.content_type
        try:
            response = await self._http.exchange(
                question.method,
                question.url,
                headers,
                question.content or None,
                timeout_s,
                most_bytes,
            )
            body = _decoded_body(response, question.route, most_bytes)
        except ResponseTooLargeError:
            raise sgp_error(
                "erp_too_big", question.route, "answered with more than is believable"
            ) from None
        except _CONNECTION_ERRORS as error:
            # The cause may quote the address, and with it the token of a GET.
            raise error_from_exception(question.route, error) from None
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return SgpHttpResponse(question.route, response.status, kind, body)


def _decoded_body(response: HttpResponse, route: str, most_bytes: int) -> bytes:
    """The body without its encoding; bounded, as a small one may expand a thousand times."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return response.body
    if encoding not in _ENCODINGS:
        raise sgp_error("erp_malformed", route, "answered in an encoding nobody asked for")
    try:
        body = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(response.body, most_bytes + 1)
    except zlib.error:
        if encoding == "gzip":
            raise
        # Some servers send the bare stream as ``deflate`` (RFC 9110, 8.4.1.2).
        body = zlib.decompressobj(-zlib.MAX_WBITS).decompress(response.body, most_bytes + 1)
    if len(body) > most_bytes:
        raise ResponseTooLargeError
    return body
