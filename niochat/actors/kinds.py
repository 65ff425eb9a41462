"""The kinds of virtual actors and their addresses."""

from hashlib import md5
from uuid import UUID

from niochat.runtime.address import Address

CONVERSATION = "conversation"
TENANT = "tenant"
TEAM_QUEUE = "team_queue"


def conversation(thread_id: UUID) -> Address:
    """A conversation's actor is addressed by its thread: the next visit is the same actor."""
    return Address(CONVERSATION, thread_id)


def tenant(tenant_id: UUID) -> Address:
    """One per tenant; never on the message path."""
    return Address(TENANT, tenant_id)


def team_queue(tenant_id: UUID, team: str) -> Address:
    """One per team. The key is one that PostgreSQL can make too: ``teams.shard`` is its shard."""
    name = f"{tenant_id}:team:{team}".encode()
    return Address(TEAM_QUEUE, UUID(md5(name, usedforsecurity=False).hexdigest()))
