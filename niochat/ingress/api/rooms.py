"""What the API's routes work with, handed in where the application is put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from niochat.assignment.presences import PresenceStore
from niochat.conversation.contacts import ContactStore
from niochat.conversation.desk import ConversationQueries
from niochat.conversation.reading import ReadMarkerStore
from niochat.conversation.search import MessageSearch
from niochat.inbox.ask import CommandSubmitter
from niochat.ingress.api.limits import CallLimit
from niochat.media.library import AttachmentStore
from niochat.wiring.access import IdentityServices
from niochat.wiring.accounts import TenantServices


@dataclass(frozen=True, slots=True)
class Rooms:
    """``access_changed`` is told whose access, a user's or a tenant's, is another one now; ``say``
    tells screens what passes; ``presence_changed`` that (tenant, user) came, went or has another
    capacity. Without a ``limit`` everybody may call as often as they like. What takes longer than
    ``done_within_s`` is accepted and done later.
    """

    access: IdentityServices
    accounts: TenantServices
    desk_views: ConversationQueries
    searching: MessageSearch
    contacts: ContactStore
    asking: CommandSubmitter
    reading: ReadMarkerStore
    library: AttachmentStore
    access_changed: Callable[[UUID], Awaitable[object]]
    say: Callable[[bytes], Awaitable[object]]
    presences: PresenceStore
    presence_changed: Callable[[UUID, UUID], Awaitable[object]]
    secure_cookies: bool
    limit: CallLimit | None = None
    done_within_s: float = 5.0


def rooms_of(request: Request) -> Rooms:
    """What the application was built with."""
    rooms: Rooms = request.app.state.rooms
    return rooms
