"""Builds the REST API."""

from fastapi import FastAPI, Request, Response

from niochat.domain.errors import PermissionDeniedError
from niochat.http.api.api_application import create_api_application
from niochat.http.problems import problem_response
from niochat.http.rest.administration import (
    audit_routes,
    channel_routes,
    refused_text_routes,
    settings_routes,
    tenant_routes,
)
from niochat.http.rest.conversations import (
    contact_routes,
    conversation_routes,
    file_routes,
    message_routes,
    search_routes,
)
from niochat.http.rest.dependencies import audit_denied
from niochat.http.rest.identity import (
    api_key_routes,
    auth_routes,
    presence_routes,
    role_routes,
    team_routes,
    user_routes,
)
from niochat.http.rest.rest_services import RestServices

REST_PATH = "/api/v1"
ROUTERS = (
    auth_routes.router,
    user_routes.router,
    role_routes.router,
    team_routes.router,
    api_key_routes.router,
    conversation_routes.router,
    message_routes.router,
    file_routes.router,
    contact_routes.router,
    search_routes.router,
    audit_routes.router,
    tenant_routes.router,
    channel_routes.router,
    settings_routes.router,
    refused_text_routes.router,
    presence_routes.router,
)


def build_rest_application(services: RestServices) -> FastAPI:
    """Return the application to mount at ``REST_PATH``."""
    app = create_rest_application()
    app.state.services = services
    return app


def create_rest_application() -> FastAPI:
    """Return the application without services: enough for its OpenAPI document."""
    app = create_api_application(REST_PATH, ROUTERS, openapi_url="/openapi.json")
    app.add_exception_handler(PermissionDeniedError, _handle_forbidden)
    return app


async def _handle_forbidden(request: Request, error: Exception) -> Response:
    """Record the rejection in the audit log, as successful requests are."""
    assert isinstance(error, PermissionDeniedError)
    await audit_denied(request, error)
    return await problem_response(request, error)
