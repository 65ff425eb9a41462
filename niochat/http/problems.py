"""Errors as HTTP responses: status codes and problem details (RFC 9457)."""

import math
from collections.abc import Mapping, Sequence

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from niochat.adapters.postgres.idempotency_store import IdempotencyKeyReusedError
from niochat.domain.errors import (
    AlreadyExistsError,
    AuthenticationError,
    ConflictError,
    InvalidInputError,
    NiochatError,
    NotFoundError,
    OperationRefusedError,
    PermissionDeniedError,
    RateLimitedError,
    StaleVersionError,
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
    """The body was not received in time."""

    code = "too_slow"


STATUS_BY_ERROR[BodyTimeoutError] = 408


class UnprocessableError(InvalidInputError):
    """The request is well formed but its meaning is invalid."""

    code = "unprocessable"


STATUS_BY_ERROR[UnprocessableError] = 422
STATUS_BY_ERROR[IdempotencyKeyReusedError] = 422
STATUS_BY_ERROR[StaleSettingsError] = 412
STATUS_BY_ERROR[StaleVersionError] = 412


class PreconditionRequiredError(InvalidInputError):
    """The change needs an If-Match header with the version that the client has read."""

    code = "if_match_required"


STATUS_BY_ERROR[PreconditionRequiredError] = 428
DEFAULT_RETRY_AFTER_S = 2.0
"""For errors that do not say when to retry."""
PROBLEM_MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """An invalid field of a request."""

    field: str
    message: str


class ProblemDetails(BaseModel):
    """An error as problem details (RFC 9457). ``code`` is stable; ``title`` says what to do;
    ``errors`` lists the invalid fields of a request; ``existing_id`` is the id of what exists
    already.
    """

    type: str = "about:blank"
    title: str
    status: int
    code: str
    errors: list[FieldProblem] | None = None
    existing_id: str | None = None


def status_for(error: NiochatError) -> int:
    """Return the HTTP status of an error: that of its nearest class in the table."""
    return next(STATUS_BY_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_BY_ERROR)


async def problem_response(_: Request, error: Exception) -> Response:
    """Exception handler for Starlette and FastAPI."""
    assert isinstance(error, NiochatError)
    status = status_for(error)
    headers = {}
    if status in (429, 503):
        wait_s = getattr(error, "retry_after_s", None) or DEFAULT_RETRY_AFTER_S
        headers["Retry-After"] = str(max(math.ceil(wait_s), 1))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"  # RFC 9110, 15.5.2
    existing_id = error.existing_id if isinstance(error, AlreadyExistsError) else None
    return build_problem_response(
        status, error.code, str(error), headers=headers, existing_id=existing_id
    )


def build_problem_response(
    status: int,
    code: str,
    title: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[FieldProblem] | None = None,
    existing_id: str | None = None,
) -> Response:
    """Return problem details as a response."""
    listed = None if errors is None else list(errors)
    problem = ProblemDetails(
        title=title, status=status, code=code, errors=listed, existing_id=existing_id
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status, headers, media_type=PROBLEM_MEDIA_TYPE
    )
