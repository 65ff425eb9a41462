"""The kinds of virtual actors and their addresses."""

from hashlib import md5
from uuid import UUID

from niochat.runtime.address import ActorAddress

CONVERSATION = "conversation"
TENANT = "tenant"
TEAM_QUEUE = "team_queue"


def conversation_address(thread_id: UUID) -> ActorAddress:
    """A conversation's actor is addressed by its thread, so the thread's next conversation has the
    same actor.
    """
    return ActorAddress(CONVERSATION, thread_id)


def tenant_address(tenant_id: UUID) -> ActorAddress:
    """Each tenant has one actor, which is never on the message path."""
    return ActorAddress(TENANT, tenant_id)


def team_queue_address(tenant_id: UUID, team: str) -> ActorAddress:
    """Each team has one actor. PostgreSQL computes the same key: ``teams.shard`` is its shard."""
    name = f"{tenant_id}:team:{team}".encode()
    return ActorAddress(TEAM_QUEUE, UUID(md5(name, usedforsecurity=False).hexdigest()))
