"""Authentication of the operators' API: one token, from ``NIOCHAT_OPERATOR_TOKEN``."""

import hashlib
import hmac

import structlog
from fastapi import Request
from pydantic import SecretStr

from niochat.domain.errors import AuthenticationError, PermissionDeniedError
from niochat.http.request_metadata import bearer_token, client_address

_log = structlog.get_logger(__name__)


class OperatorTokenDependency:
    """Requires the operator token. Without a configured token, nobody has access."""

    def __init__(self, token: SecretStr | None) -> None:
        self._digest = _digest(token.get_secret_value()) if token is not None else None

    async def __call__(self, request: Request) -> None:
        """Check the token in constant time. Raises ``AuthenticationError``,
        ``PermissionDeniedError``.
        """
        if self._digest is None:
            raise PermissionDeniedError(
                "The operators' API is disabled. Set NIOCHAT_OPERATOR_TOKEN to enable it.",
                code="operators_closed",
            )
        if not hmac.compare_digest(_digest(bearer_token(request) or ""), self._digest):
            _log.warning("operator_refused", client=client_address(request))
            raise AuthenticationError(
                "The operator token is missing or wrong. Send Authorization: Bearer <token>.",
                code="unauthorized",
            )


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
