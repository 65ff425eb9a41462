"""What the API's routes work with, handed in where the application is put together."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from niochat.assignment.agent_presence import PresenceStore
from niochat.attachments.attachment_store import AttachmentStore
from niochat.composition.identity_services import IdentityServices
from niochat.composition.tenant_services import TenantServices
from niochat.conversations.contacts import ContactStore
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.message_search import MessageSearch
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.http.rest.caller_rate_limit import CallerRateLimiter
from niochat.inbox.command_submitter import CommandSubmitter


@dataclass(frozen=True, slots=True)
class RestServices:
    """``access_changed`` is told whose access, a user's or a tenant's, is another one now; ``say``
    tells screens what passes; ``presence_changed`` that (tenant, user) came, went or has another
    capacity. Without a ``limit`` everybody may call as often as they like. What takes longer than
    ``command_timeout_s`` is accepted and done later.
    """

    identity: IdentityServices
    tenants: TenantServices
    conversation_queries: ConversationQueries
    message_search: MessageSearch
    contacts: ContactStore
    command_submitter: CommandSubmitter
    read_markers: ReadMarkerStore
    attachments: AttachmentStore
    announce_access_change: Callable[[UUID], Awaitable[object]]
    publish_frame: Callable[[bytes], Awaitable[object]]
    agent_presence: PresenceStore
    announce_presence_change: Callable[[UUID, UUID], Awaitable[object]]
    secure_cookies: bool
    rate_limiter: CallerRateLimiter | None = None
    command_timeout_s: float = 5.0


def services_for(request: Request) -> RestServices:
    """What the application was built with."""
    rooms: RestServices = request.app.state.rooms
    return rooms
