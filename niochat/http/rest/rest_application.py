"""The API put together, and where it is mounted."""

from typing import Any

from fastapi import Depends, FastAPI

from niochat.http.rest import error_handlers
from niochat.http.rest.administration import (
    audit_routes,
    channel_routes,
    refused_text_routes,
    settings_routes,
    tenant_routes,
)
from niochat.http.rest.control_characters import reject_control_characters
from niochat.http.rest.conversations import (
    contact_routes,
    conversation_routes,
    file_routes,
    message_routes,
    search_routes,
)
from niochat.http.rest.identity import auth_routes, presence_routes, user_routes
from niochat.http.rest.rest_services import RestServices
from niochat.http.rest.schemas import ProblemDetails

API_VERSION = "1.0.0"
ROUTERS = (
    auth_routes.router,
    user_routes.router,
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
_PROBLEM_RESPONSES = {
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


def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1 of the API, without anything running."""
    return _create_application().openapi()


def build_rest_application(rooms: RestServices) -> FastAPI:
    """The application below ``/api/v1``. Its documentation is OpenAPI 3.1 and no page: pages
    would load scripts from elsewhere.
    """
    app = _create_application()
    app.state.rooms = rooms
    return app


def _create_application() -> FastAPI:
    app = FastAPI(
        title="NioChat",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        separate_input_output_schemas=False,
        servers=[{"url": "/api/v1"}],
        root_path_in_servers=False,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: (
            route.name
        ),  # it would lead to the Host that was sent
        dependencies=[Depends(reject_control_characters)],
        responses=_PROBLEM_RESPONSES,  # type: ignore[arg-type]
    )
    error_handlers.install_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
