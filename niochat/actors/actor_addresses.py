"""The kinds of virtual actors and their addresses."""

from hashlib import md5
from uuid import UUID

from niochat.runtime.address import ActorAddress

CONVERSATION = "conversation"
TENANT = "tenant"
TEAM_QUEUE = "team_queue"


def conversation_address(thread_id: UUID) -> ActorAddress:
    """A conversation's actor is addressed by its thread: the next visit is the same actor."""
    return ActorAddress(CONVERSATION, thread_id)


def tenant_address(tenant_id: UUID) -> ActorAddress:
    """One per tenant; never on the message path."""
    return ActorAddress(TENANT, tenant_id)


def team_queue_address(tenant_id: UUID, team: str) -> ActorAddress:
    """One per team. The key is one that PostgreSQL can make too: ``teams.shard`` is its shard."""
    name = f"{tenant_id}:team:{team}".encode()
    return ActorAddress(TEAM_QUEUE, UUID(md5(name, usedforsecurity=False).hexdigest()))
