"""Connections that all tenants share: no cookie of one reaches another, no host takes them all."""

from ssl import SSLContext

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from niochat.adapters.ssrf_guard import SsrfGuard

KEEP_ALIVE_S = 4.0
"""Below the usual 5 s of servers: what is sent on a connection just closed there is uncertain."""


def open_shared_session(
    connections: int, tls: SSLContext | None = None, guard: SsrfGuard | None = None
) -> aiohttp.ClientSession:
    """A pool of at most ``connections``, half of them to one host, without cookies.

    ``guard`` judges each address that is connected to. Made on the event loop that will use it.
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


def open_shared_transport(connections: int, guard: SsrfGuard | None = None) -> AiohttpTransport:
    """The same for calls of httpx."""
    tls = httpx.create_ssl_context()
    return AiohttpTransport(verify=tls, client=lambda: open_shared_session(connections, tls, guard))
