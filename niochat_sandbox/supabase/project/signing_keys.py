"""The public keys that a project accepts user tokens of, as Supabase's third-party auth does."""

import asyncio
import time
from typing import Any

import httpx
import jwt

REFRESH_S = 2.0
"""Shortest time between two fetches, while tokens name a key that is not known."""
_TIMEOUT_S = 5.0


class SigningKeys:
    """A JWKS that was given, and one that is fetched from ``url`` when a key is not known.

    Supabase sees a change of the other side's keys within 30 minutes; this one within
    ``REFRESH_S`` of the first token that names the new key.
    """

    def __init__(self, jwks: dict[str, Any] | None = None, url: str | None = None) -> None:
        self.url = url
        self._given = _read_jwks(jwks or {"keys": []})
        self._fetched: dict[str, jwt.PyJWK] = {}
        self._fetched_at = -REFRESH_S
        self._lock = asyncio.Lock()

    def replace(self, jwks: dict[str, Any]) -> None:
        """Accept the keys of this JWKS instead of those given before. Raises ``ValueError``."""
        self._given = _read_jwks(jwks)

    def known_ids(self) -> list[str]:
        """The ids of all keys that are known now."""
        return sorted({*self._given, *self._fetched})

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this id, fetched if it is not known yet; None if there is none."""
        if (key := self._given.get(kid) or self._fetched.get(kid)) is not None:
            return key
        if self.url is not None:
            async with self._lock:
                await self._fetch(self.url)
        return self._fetched.get(kid)

    async def _fetch(self, url: str) -> None:
        if time.monotonic() - self._fetched_at < REFRESH_S:
            return
        self._fetched_at = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
                response = await client.get(url)
                response.raise_for_status()
                self._fetched = _read_jwks(response.json())
        except (httpx.HTTPError, ValueError):
            return  # the keys of the last fetch stay


def _read_jwks(jwks: dict[str, Any]) -> dict[str, jwt.PyJWK]:
    """The asymmetric keys by their id: third-party auth takes no others."""
    keys = jwks.get("keys")
    if not isinstance(keys, list):
        raise ValueError('a JWKS is an object {"keys": [...]}')
    try:
        return {key["kid"]: jwt.PyJWK(key) for key in keys if key.get("kty") != "oct"}
    except (jwt.PyJWTError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a key of the JWKS cannot be read: {error}") from error
