"""The API put together, and where it is mounted."""

from typing import Any

from fastapi import Depends, FastAPI

from niochat.ingress.api import (
    answers,
    auth,
    channels,
    contacts,
    conversations,
    files,
    messages,
    people,
    platform,
    presence,
    refused,
    search,
    settings,
    tenants,
)
from niochat.ingress.api.plain import plain_text
from niochat.ingress.api.rooms import Rooms
from niochat.ingress.api.shapes import Problem

VERSION = "1.0.0"
ROUTERS = (
    auth.router, people.router, conversations.router, messages.router, files.router,
    contacts.router, search.router, platform.router, tenants.router, channels.router,
    settings.router, refused.router, presence.router,
)  # fmt: skip
_PROBLEMS = {
    "4XX": {
        "model": Problem,
        "description": "The request was rejected. The problem details (RFC 9457) say what to change.",
    },
    "5XX": {
        "model": Problem,
        "description": "The service is temporarily unavailable. Repeat the request later.",
    },
}


def described() -> dict[str, Any]:
    """OpenAPI 3.1 of the API, without anything running."""
    return _documented().openapi()


def build(rooms: Rooms) -> FastAPI:
    """The application below ``/api/v1``. Its documentation is OpenAPI 3.1 and no page: pages
    would load scripts from elsewhere.
    """
    app = _documented()
    app.state.rooms = rooms
    return app


def _documented() -> FastAPI:
    app = FastAPI(
        title="NioChat", version=VERSION, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json", separate_input_output_schemas=False,
        servers=[{"url": "/api/v1"}], root_path_in_servers=False,
        redirect_slashes=False, generate_unique_id_function=lambda route: route.name,  # it would lead to the Host that was sent
        dependencies=[Depends(plain_text)], responses=_PROBLEMS,  # type: ignore[arg-type]
    )  # fmt: skip
    answers.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
