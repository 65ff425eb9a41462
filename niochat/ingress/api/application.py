"""The API put together, and where it is mounted."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import FastAPI

from niochat.assignment.presences import Presences
from niochat.conversation.contacts import Contacts
from niochat.conversation.desk import DeskViews
from niochat.conversation.reading import Reading
from niochat.conversation.search import Searching
from niochat.inbox.ask import Asking
from niochat.ingress.api import (
    answers,
    auth,
    contacts,
    conversations,
    files,
    messages,
    people,
    platform,
    presence,
    search,
)
from niochat.ingress.api.shapes import Problem
from niochat.media.library import Library
from niochat.wiring.access import Access

VERSION = "1.0.0"
ROUTERS = (
    auth.router, people.router, conversations.router, messages.router, files.router,
    contacts.router, search.router, platform.router,
    presence.router,
)  # fmt: skip
_PROBLEMS = {
    "4XX": {"model": Problem, "description": "What to change, as a problem (RFC 9457)."},
    "5XX": {"model": Problem, "description": "A part is away: try again."},
}


def described() -> dict[str, Any]:
    """OpenAPI 3.1 of the API, without anything running."""
    return _documented().openapi()


def build(
    access: Access,
    desk_views: DeskViews,
    searching: Searching,
    contacts_room: Contacts,
    asking: Asking,
    reading: Reading,
    library: Library,
    changed: Callable[[UUID], Awaitable[object]],
    say: Callable[[bytes], Awaitable[object]],
    presences: Presences,
    presence_changed: Callable[[UUID, UUID], Awaitable[object]],
    *,
    secure_cookies: bool,
) -> FastAPI:
    """The application below ``/api/v1``. Its documentation is OpenAPI 3.1 and no page: pages
    would load scripts from elsewhere. ``changed`` is told whose access, a user's or a tenant's, is
    another one now; ``say`` tells screens what passes; ``presence_changed``: (tenant, user) came,
    went or has another capacity.
    """
    app = _documented()
    app.state.access, app.state.secure_cookies = access, secure_cookies
    app.state.desk_views, app.state.asking = desk_views, asking
    app.state.library, app.state.reading, app.state.say = library, reading, say
    app.state.searching, app.state.contacts = searching, contacts_room
    app.state.access_changed = changed
    app.state.presences, app.state.presence_changed = presences, presence_changed
    return app


def _documented() -> FastAPI:
    app = FastAPI(
        title="NioChat", version=VERSION, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json", separate_input_output_schemas=False,
        servers=[{"url": "/api/v1"}], root_path_in_servers=False,
        responses=_PROBLEMS,  # type: ignore[arg-type]
    )  # fmt: skip
    answers.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app
