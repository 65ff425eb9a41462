"""Identifiers and the functions that derive them.

The ids of rows that a decision creates derive from the cause (UUID version 5). Deciding twice thus
creates the same id twice, and the primary key rejects the second row.
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
RatingId = NewType("RatingId", UUID)

PLATFORM_TENANT_ID = UUID(int=0)
"""Used as tenant id of things that belong to no tenant, such as superusers and signing keys."""

SHARDS = 1024
"""Must never change: the generated columns ``shard`` of the tables use the same number."""


def shard_of(key: UUID) -> int:
    """Shard of an actor's key, 0 to 1023. The SQL function ``shard_of(uuid)`` is equal."""
    return key.int % SHARDS


def conversation_id(thread: ThreadId, cause: str) -> ConversationId:
    """Id of the conversation that the command ``cause`` opens in a thread."""
    return ConversationId(uuid5(thread, f"conversation:{cause}"))


def inbound_message_id(thread: ThreadId, external_id: str) -> MessageId:
    """Id of a message that the gateway reported, from the gateway's id."""
    return MessageId(uuid5(thread, f"external:{external_id}"))


def outbound_message_id(cause: UUID, ordinal: int) -> MessageId:
    """Id of the ``ordinal``-th message that ``cause`` sends, such as a turn or an agent's
    command.
    """
    return MessageId(uuid5(cause, f"says:{ordinal}"))


def note_id(cause: UUID) -> MessageId:
    """Id of the internal note that ``cause`` adds."""
    return MessageId(uuid5(cause, "note"))


def inbox_cause(inbox_id: int) -> str:
    """Name of the command in an inbox row, from which the ids of its new rows derive."""
    return f"inbox:{inbox_id}"


def agent_action_cause(conversation: ConversationId, cause: str) -> UUID:
    """Cause of the messages of an agent's command; ``cause`` names the command."""
    return uuid5(conversation, f"person:{cause}")


def timer_cause(conversation: ConversationId, name: str, generation: int) -> UUID:
    """Cause of the messages of a fired timer."""
    return uuid5(conversation, f"timer:{name}:{generation}")


def outbox_id(message: MessageId) -> OutboxId:
    """Id of a message's only send; the gateway gets it as ``track_id``."""
    return OutboxId(uuid5(message, "send"))


def change_id(cause: UUID) -> OutboxId:
    """Id of the send that changes a message because of ``cause``."""
    return OutboxId(uuid5(cause, "change"))


def file_id(message: MessageId) -> UUID:
    """Id of the file that came with a customer's message."""
    return uuid5(message, "file")


def rating_id(conversation: ConversationId, version: int) -> RatingId:
    """Id of the rating that event ``version`` of a conversation begins."""
    return RatingId(uuid5(conversation, f"rating:{version}"))


def follow_up_cause(conversation: ConversationId, number: int) -> UUID:
    """Cause of the message of attempt ``number`` to win back a conversation's customer."""
    return uuid5(conversation, f"follow_up:{number}")


def turn_id(conversation: ConversationId, version: int) -> TurnId:
    """Id of the turn that starts with event ``version`` of a conversation."""
    return TurnId(uuid5(conversation, f"turn:{version}"))
