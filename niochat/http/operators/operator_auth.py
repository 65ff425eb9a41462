"""Who may use the API for operators: whoever shows the one token, and nobody where none is set."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable

import structlog
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_log = structlog.get_logger(__name__)

EndpointHandler = Callable[[Request], Awaitable[Response]]


class OperatorAuthenticator:
    """Compares digests in constant time: neither length nor beginning of the token shows."""

    def __init__(self, token: SecretStr | None) -> None:
        self._digest = _digest(token.get_secret_value()) if token is not None else None

    def require_token(self, endpoint: EndpointHandler) -> EndpointHandler:
        """``endpoint`` behind the gate; its errors are problem details (RFC 9457)."""

        async def guard(request: Request) -> Response:
            if self._digest is None:
                return _problem_response(
                    403,
                    "operators_closed",
                    "The operators' API is disabled. Set NIOCHAT_OPERATOR_TOKEN to enable it.",
                )
            if not hmac.compare_digest(_digest(_bearer_token(request)), self._digest):
                client = request.client.host if request.client else ""
                _log.warning("operator_refused", client=client)
                return _problem_response(
                    401,
                    "unauthorized",
                    "The operator token is missing or wrong. Send Authorization: Bearer <token>.",
                )
            return await endpoint(request)

        return guard


def _bearer_token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _problem_response(status: int, code: str, title: str) -> Response:
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )
