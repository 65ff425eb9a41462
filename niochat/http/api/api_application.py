"""Builds a FastAPI application in the one way that all APIs of this product use."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from niochat.http.api.control_characters import reject_control_characters
from niochat.http.api.error_handlers import install_error_handlers
from niochat.http.api.security_headers import SecurityHeadersMiddleware
from niochat.http.problems import PROBLEM_MEDIA_TYPE, ProblemDetails

API_VERSION = "1.0.0"
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": ProblemDetails,
        "description": "The request was rejected. The problem details (RFC 9457) say what to "
        "change.",
    },
    "5XX": {
        "model": ProblemDetails,
        "description": "The service is temporarily unavailable. Repeat the request later.",
    },
}
"""The errors of every operation."""


class ApiApplication(FastAPI):
    """An application whose OpenAPI document gives problems their media type."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if not self.openapi_schema:
            for methods in super().openapi()["paths"].values():
                for operation in methods.values():
                    _describe_problem_media_type(operation["responses"])
        return super().openapi()


def create_api_application(
    path: str,
    routers: Iterable[APIRouter],
    *,
    dependencies: Iterable[Dependency] = (),
    openapi_url: str | None = None,
) -> FastAPI:
    """Return an application to mount at ``path``. ``dependencies`` run before every endpoint. It
    serves no documentation pages: they would load scripts from other sites.
    """
    app = ApiApplication(
        title="NioChat",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=openapi_url,
        separate_input_output_schemas=False,
        servers=[{"url": path}],
        root_path_in_servers=False,
        redirect_slashes=False,  # a redirect would go to the Host header, which anyone can set
        generate_unique_id_function=_operation_id,
        dependencies=[*dependencies, Depends(reject_control_characters)],
        responses=PROBLEM_RESPONSES,
    )
    install_error_handlers(app)
    app.add_middleware(SecurityHeadersMiddleware)
    for router in routers:
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    """The name of the function. It stays the same when a module moves."""
    return route.name


def _describe_problem_media_type(responses: dict[str, Any]) -> None:
    for status in PROBLEM_RESPONSES:
        content = responses[str(status)]["content"]
        content[PROBLEM_MEDIA_TYPE] = content.pop("application/json")
