"""Turns errors of a FastAPI application into problem details (RFC 9457)."""

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from niochat.domain.errors import NiochatError
from niochat.http.problems import FieldProblem, build_problem_response, problem_response

_CODE_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}
_TITLE_BY_STATUS = {
    404: "The path does not exist. GET /api/v1/openapi.json lists the paths of the REST API.",
    405: "The path does not support this method. See the Allow header.",
}


def install_error_handlers(app: FastAPI) -> None:
    """Add the handlers to an application."""
    app.add_exception_handler(NiochatError, problem_response)
    app.add_exception_handler(RequestValidationError, _handle_validation_error)
    app.add_exception_handler(HTTPException, _handle_http_error)


async def _handle_validation_error(_: Request, error: Exception) -> Response:
    """Name every invalid field. The response never contains what was sent: it may be a password."""
    assert isinstance(error, RequestValidationError)
    fields = [
        FieldProblem(field=".".join(str(part) for part in each["loc"]), message=each["msg"])
        for each in error.errors()
    ]
    title = "; ".join(f"{each.field}: {each.message}" for each in fields[:3])
    return build_problem_response(422, "invalid", title, errors=fields)


async def _handle_http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    title = _TITLE_BY_STATUS.get(status, str(error.detail))
    code = _CODE_BY_STATUS.get(status, "http")
    return build_problem_response(status, code, title, headers=error.headers)
