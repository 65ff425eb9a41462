"""Errors as HTTP: one table from code families to status, RFC 9457 problem details."""

import math

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from niochat.adapters.postgres.idempotency_store import IdempotencyKeyReusedError
from niochat.domain.errors import (
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NiochatError,
    NotFoundError,
    OperationRefusedError,
    PermissionDeniedError,
    RateLimitedError,
    UnavailableError,
    UnreadableDataError,
)
from niochat.tenants.tenant_settings import StaleSettingsError

STATUS_BY_ERROR: dict[type[NiochatError], int] = {
    OperationRefusedError: 409,
    InvalidInputError: 400,
    AuthenticationError: 401,
    PermissionDeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    RateLimitedError: 429,
    UnavailableError: 503,
    UnreadableDataError: 500,
    NiochatError: 500,
}


class BodyTooLargeError(InvalidInputError):
    """The body is over the limit."""

    code = "too_large"


STATUS_BY_ERROR[BodyTooLargeError] = 413


class BodyTimeoutError(InvalidInputError):
    """The body did not come in time."""

    code = "too_slow"


STATUS_BY_ERROR[BodyTimeoutError] = 408


class UnprocessableError(InvalidInputError):
    """It can be read, and cannot be meant so."""

    code = "unprocessable"


STATUS_BY_ERROR[UnprocessableError] = 422
STATUS_BY_ERROR[IdempotencyKeyReusedError] = 422
STATUS_BY_ERROR[StaleSettingsError] = 412


class PreconditionRequiredError(InvalidInputError):
    """It may only be changed by who has seen it as it is."""

    code = "if_match_required"


STATUS_BY_ERROR[PreconditionRequiredError] = 428
DEFAULT_RETRY_AFTER_S = 2.0
"""For who says nothing else."""


def status_for(error: NiochatError) -> int:
    """HTTP status of the nearest class in the table."""
    return next(STATUS_BY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_ERROR)


async def problem_response(_: Request, error: Exception) -> Response:
    """Handler for Starlette: ``application/problem+json`` with a stable code."""
    assert isinstance(error, NiochatError)
    status = status_for(error)
    headers = {}
    if status in (429, 503):
        wait_s = getattr(error, "retry_after_s", None) or DEFAULT_RETRY_AFTER_S
        headers["Retry-After"] = str(max(math.ceil(wait_s), 1))
    body = {"type": "about:blank", "title": str(error), "status": status, "code": error.code}
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )
