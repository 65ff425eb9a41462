"""A client for servers of this machine."""

import httpx


def plain_client(origin: str, timeout_s: float) -> httpx.AsyncClient:
    """Without a TLS context: making one takes 35 ms of a core, longer than most tests."""
    return httpx.AsyncClient(base_url=origin, timeout=timeout_s, trust_env=False, verify=False)
