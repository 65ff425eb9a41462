"""Checks a user's token as Supabase does, and says in its words why one is refused.

PostgREST 12 ignores the id of a key and tolerates one second, the hosted 14 refuses an unknown id
and tolerates 30 seconds. So the check is here, and PostgREST gets a token of the gateway with the
same claims.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import jwt

from niochat_sandbox.supabase.project.project_keys import ProjectKeys
from niochat_sandbox.supabase.project.signing_keys import SigningKeys

REST_SKEW_S = 30.0
REALTIME_SKEW_S = 0.0
_ASYMMETRIC = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "EdDSA"]


class TokenRefused(Exception):
    """A token that is not accepted. ``code`` is PostgREST's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class UserTokenVerifier:
    """Verifies tokens of the project's own secret (HS256) and of ``signing_keys``.

    ``clock_offset_s`` makes the project's clock differ from that of who signs.
    """

    keys: ProjectKeys
    signing_keys: SigningKeys
    clock_offset_s: float = field(default=0.0)

    def now(self) -> float:
        """The project's time, in seconds since the epoch."""
        return time.time() + self.clock_offset_s

    async def verify(self, token: str, skew_s: float) -> dict[str, Any]:
        """The claims of a token. Raises ``TokenRefused``."""
        claims = await self._verify_signature(token)
        self._check_times(claims, skew_s)
        return claims

    async def _verify_signature(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise TokenRefused("PGRST301", f"JWT cannot be decoded: {error}") from error
        if header.get("alg") == "HS256":
            key: Any = self.keys.jwt_secret
            algorithms = ["HS256"]
        else:
            key = await self.signing_keys.find(str(header.get("kid", "")))
            algorithms = _ASYMMETRIC
        if key is None:
            raise TokenRefused("PGRST301", "No suitable key or wrong key type")
        unchecked = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud"), False)
        try:
            return dict(jwt.decode(token, key, algorithms=algorithms, options=unchecked))  # type: ignore[arg-type]
        except jwt.PyJWTError as error:
            message = f"JWT cryptographic operation failed: {error}"
            raise TokenRefused("PGRST301", message) from error

    def _check_times(self, claims: dict[str, Any], skew_s: float) -> None:
        """The words are PostgREST's; a time that is no number is refused too."""
        now = self.now()
        for name in ("exp", "iat", "nbf"):
            value = claims.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TokenRefused("PGRST303", f"The JWT '{name}' claim must be a number")
        if now - skew_s >= claims.get("exp", float("inf")):
            raise TokenRefused("PGRST303", "JWT expired")
        if claims.get("nbf", 0) > now + skew_s:
            raise TokenRefused("PGRST303", "JWT not yet valid")
        if claims.get("iat", 0) > now + skew_s:
            raise TokenRefused("PGRST303", "JWT issued at future")
