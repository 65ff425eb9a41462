"""What every answer of the API has in common: problems for errors, headers for browsers."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.domain.errors import NiochatError, PermissionDeniedError
from niochat.http.problems import problem_response
from niochat.http.rest.caller_rate_limit import RATE_HEADERS_KEY
from niochat.http.rest.dependencies import audit_denied
from niochat.http.rest.schemas import ProblemDetails

PROBLEM_MEDIA_TYPE = "application/problem+json"
SECURITY_HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"referrer-policy": b"no-referrer",
    b"strict-transport-security": b"max-age=31536000; includeSubDomains",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
"""OWASP, HTTP Headers Cheat Sheet, for an API that answers JSON and no page."""
_CODE_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}
_TITLE_BY_STATUS = {
    404: "The path does not exist. GET /api/v1/openapi.json lists all paths.",
    405: "The path does not support this method. See the Allow header.",
}


def install_error_handlers(app: FastAPI) -> None:
    """Handlers and headers of an application."""
    app.add_exception_handler(NiochatError, problem_response)
    app.add_exception_handler(PermissionDeniedError, _handle_forbidden)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_error)
    app.add_middleware(SecurityHeadersMiddleware)


async def _handle_forbidden(request: Request, error: Exception) -> Response:
    """A failure is written down as what succeeds is."""
    assert isinstance(error, PermissionDeniedError)
    await audit_denied(request, error)
    return await problem_response(request, error)


async def _handle_validation_error(_: Request, error: Exception) -> Response:
    """Names every field; never shows what was sent, which may be a password."""
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in each["loc"]), "why": each["msg"]}
        for each in error.errors()
    ]
    title = "; ".join(f"{each['field']}: {each['why']}" for each in fields[:3])
    return _problem_response(422, "invalid", title, errors=fields)


async def _handle_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    title = _TITLE_BY_STATUS.get(status, str(error.detail))
    return _problem_response(
        status, _CODE_BY_STATUS.get(status, "http"), title, headers=error.headers
    )


def _problem_response(
    status: int,
    code: str,
    title: str,
    *,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    body = ProblemDetails(title=title, status=status, code=code, **more).model_dump(
        exclude_none=True
    )
    return JSONResponse(body, status, headers, PROBLEM_MEDIA_TYPE)


class SecurityHeadersMiddleware:
    """Adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                told = {**SECURITY_HEADERS, **scope.get("state", {}).get(RATE_HEADERS_KEY, {})}
                added = [each for each in told.items() if each[0] not in said]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        await self._app(scope, receive, with_headers)
