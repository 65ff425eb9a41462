"""Identifiers and what is derived from them.

Rows that a decision creates get ids *derived* from what caused them (UUID version 5),
so that deciding twice creates the same row twice, which the primary key then refuses.
"""

from typing import NewType
from uuid import UUID, uuid5

TenantId = NewType("TenantId", UUID)
ChannelId = NewType("ChannelId", UUID)
ContactId = NewType("ContactId", UUID)
ThreadId = NewType("ThreadId", UUID)
ConversationId = NewType("ConversationId", UUID)
MessageId = NewType("MessageId", UUID)
TurnId = NewType("TurnId", UUID)
OutboxId = NewType("OutboxId", UUID)

PLATFORM_TENANT_ID = UUID(int=0)
"""Stands where a tenant's id does for what belongs to none: a superuser, a key that signs."""

SHARDS = 1024
"""Fixed for ever: the generated column ``shard`` of the tables uses the same number."""


def shard_of(key: UUID) -> int:
    """Shard of an actor's key, 0 to 1023; equal to SQL's ``shard_of(uuid)``."""
    return key.int % SHARDS


def conversation_id(thread: ThreadId, cause: str) -> ConversationId:
    """Id of the conversation that the command ``cause`` opens in a thread."""
    return ConversationId(uuid5(thread, f"conversation:{cause}"))


def inbound_message_id(thread: ThreadId, external_id: str) -> MessageId:
    """Id of a message that the gateway told us about, by the gateway's own id."""
    return MessageId(uuid5(thread, f"external:{external_id}"))


def outbound_message_id(cause: UUID, ordinal: int) -> MessageId:
    """Id of the ``ordinal``-th message that ``cause`` (a turn, a conversation) says."""
    return MessageId(uuid5(cause, f"says:{ordinal}"))


def note_id(cause: UUID) -> MessageId:
    """Id of the note that ``cause`` leaves for the team."""
    return MessageId(uuid5(cause, "note"))


def agent_action_cause(conversation: ConversationId, cause: str) -> UUID:
    """What a person's messages are named after; ``cause`` names the command."""
    return uuid5(conversation, f"person:{cause}")


def timer_cause(conversation: ConversationId, name: str, generation: int) -> UUID:
    """What a fired timer's messages are named after."""
    return uuid5(conversation, f"timer:{name}:{generation}")


def outbox_id(message: MessageId) -> OutboxId:
    """Id of the one send of a message; the gateway gets it as ``track_id``."""
    return OutboxId(uuid5(message, "send"))


def change_id(cause: UUID) -> OutboxId:
    """Id of the send that changes a message, as ``cause`` asked."""
    return OutboxId(uuid5(cause, "change"))


def file_id(message: MessageId) -> UUID:
    """Id of the file that came with a customer's message."""
    return uuid5(message, "file")


def turn_id(conversation: ConversationId, version: int) -> TurnId:
    """Id of the turn that starts with event ``version`` of a conversation."""
    return TurnId(uuid5(conversation, f"turn:{version}"))
