"""Errors as HTTP: one table from code families to status, RFC 9457 problem details."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from niochat.domain.errors import (
    Conflict,
    Invalid,
    NiochatError,
    NotFound,
    Refused,
    Unavailable,
    Unreadable,
)

STATUS: dict[type[NiochatError], int] = {
    Refused: 409,
    Invalid: 400,
    NotFound: 404,
    Conflict: 409,
    Unavailable: 503,
    Unreadable: 500,
    NiochatError: 500,
}


class TooLarge(Invalid):
    """The body is over the limit."""

    code = "too_large"


STATUS[TooLarge] = 413


def status_of(error: NiochatError) -> int:
    """HTTP status of the nearest class in the table."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


async def as_problem(_: Request, error: Exception) -> Response:
    """Handler for Starlette: ``application/problem+json`` with a stable code."""
    assert isinstance(error, NiochatError)
    status = status_of(error)
    headers = {"Retry-After": "2"} if status == 503 else {}
    body = {"type": "about:blank", "title": str(error), "status": status, "code": error.code}
    return JSONResponse(
        body, status_code=status, headers=headers, media_type="application/problem+json"
    )
