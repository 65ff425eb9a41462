"""The services that the routes of the REST API use."""

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
from niochat.inbox.command_submitter import COMMAND_TIMEOUT_S, CommandSubmitter


@dataclass(frozen=True, slots=True)
class RestServices:
    """``announce_access_change`` is called with the id of a user or tenant whose access has
    changed, ``publish_frame`` with an encoded ``FrameEnvelope`` for screens, and
    ``announce_presence_change`` with (tenant, user) after a change of presence or capacity.
    Without ``rate_limiter`` no caller is limited. A command that takes longer than
    ``command_timeout_s`` is answered with 202 and executed later.
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
    command_timeout_s: float = COMMAND_TIMEOUT_S


def services_for(request: Request) -> RestServices:
    """Return the services that the application was built with."""
    services: RestServices = request.app.state.services
    return services
