"""The kinds of virtual actors and their addresses."""

from uuid import UUID, uuid5

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
    """One per team."""
    return Address(TEAM_QUEUE, uuid5(tenant_id, f"team:{team}"))
