"""Connections that all tenants share: no cookie of one reaches another, no host takes them all."""

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

KEEP_ALIVE_S = 4.0
"""Below the usual 5 s of servers: what is sent on a connection just closed there is uncertain."""


def shared_transport(connections: int) -> AiohttpTransport:
    """A pool of at most ``connections``, half of them to one host, without cookies."""
    tls = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=tls,
            limit=connections,
            limit_per_host=max(1, connections // 2),
            keepalive_timeout=KEEP_ALIVE_S,
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(verify=tls, client=session)
