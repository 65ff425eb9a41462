"""Commands that people of the provider give to a conversation. They are durable: each is stored in
the inbox before a step handles it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.ids import ConversationId, MessageId
from niochat.domain.message import MessageKind


@dataclass(frozen=True, slots=True)
class AssignConversation:
    """An agent takes the conversation over.

    ``queue`` names the team whose queue assigned the agent; ``None`` means that a person did. A
    queue's assignment does nothing unless the conversation still waits for that team, because a
    queue must not take a conversation from a person. ``by`` is the person who assigned it.
    """

    agent: str
    queue: str | None = None
    by: str | None = None
    type: Literal["assign_conversation"] = "assign_conversation"


@dataclass(frozen=True, slots=True)
class ReturnConversationToAssistant:
    """An agent returns the conversation to the assistant."""

    by: str
    type: Literal["give_back_conversation"] = "give_back_conversation"


@dataclass(frozen=True, slots=True)
class HandOffConversation:
    """Hands a conversation from the assistant to ``team``; ``None`` means the tenant's default
    team.
    """

    by: str
    team: str | None = None
    type: Literal["hand_over_conversation"] = "hand_over_conversation"


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of the tenant that is sent with a message. ``size`` is in bytes."""

    id: str
    kind: MessageKind
    filename: str
    mimetype: str
    size: int


@dataclass(frozen=True, slots=True)
class ReplyToCustomer:
    """An agent answers the customer.

    ``reply_to`` is the gateway's id of the quoted message. ``again`` is our id of a failed message
    that this one sends again. With a ``file``, ``text`` is its caption and may be empty.
    """

    agent: str
    text: str
    reply_to: str | None = None
    file: AttachedFile | None = None
    again: MessageId | None = None
    type: Literal["reply_to_customer"] = "reply_to_customer"


@dataclass(frozen=True, slots=True)
class StartConversation:
    """An agent starts a conversation with a customer, whose thread has none that is unresolved.

    ``text`` is the first message; with a ``file`` it is the caption and may be empty. The agent
    holds the conversation.
    """

    agent: str
    text: str
    file: AttachedFile | None = None
    type: Literal["start_conversation"] = "start_conversation"


@dataclass(frozen=True, slots=True)
class EditReply:
    """An agent replaces the text of a sent message; ``target`` is the gateway's id of it."""

    agent: str
    target: str
    text: str
    type: Literal["edit_reply"] = "edit_reply"


@dataclass(frozen=True, slots=True)
class DeleteReply:
    """An agent deletes a sent message for everyone; ``target`` is the gateway's id of it."""

    agent: str
    target: str
    type: Literal["delete_reply"] = "delete_reply"


@dataclass(frozen=True, slots=True)
class ReactToMessage:
    """An agent reacts to a message with ``emoji``; an empty one removes the reaction."""

    agent: str
    target: str
    emoji: str
    type: Literal["react_to_message"] = "react_to_message"


@dataclass(frozen=True, slots=True)
class AddNote:
    """An agent writes an internal note. ``mentions`` are the ids of mentioned users. With a
    ``file``, ``text`` may be empty; the file is never sent.
    """

    agent: str
    text: str
    mentions: tuple[str, ...] = ()
    file: AttachedFile | None = None
    type: Literal["leave_note"] = "leave_note"


@dataclass(frozen=True, slots=True)
class TransferConversation:
    """Transfers the conversation to a ``team``'s queue or to another ``agent``.

    ``left_by`` is set when the product transfers it because this agent went offline. Nothing
    happens then unless that agent still has the conversation and its customer waits.
    """

    by: str
    team: str | None = None
    agent: str | None = None
    note: str = ""
    left_by: str | None = None
    type: Literal["transfer_conversation"] = "transfer_conversation"


@dataclass(frozen=True, slots=True)
class SnoozeConversation:
    """An agent snoozes the conversation until ``until`` or until the customer writes."""

    by: str
    until: datetime
    type: Literal["snooze_conversation"] = "snooze_conversation"


@dataclass(frozen=True, slots=True)
class SetConversationPriority:
    """An agent sets the priority."""

    by: str
    priority: ConversationPriority
    type: Literal["prioritise_conversation"] = "prioritise_conversation"


@dataclass(frozen=True, slots=True)
class SetConversationLabels:
    """An agent replaces all labels of the conversation."""

    by: str
    labels: tuple[str, ...]
    type: Literal["label_conversation"] = "label_conversation"


@dataclass(frozen=True, slots=True)
class ChangeConversationLabels:
    """An agent adds labels to the conversation and removes others. A label in both is added."""

    by: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    type: Literal["change_labels"] = "change_labels"


@dataclass(frozen=True, slots=True)
class ResolveConversation:
    """An agent ends the conversation."""

    by: str
    type: Literal["resolve_conversation"] = "resolve_conversation"


@dataclass(frozen=True, slots=True)
class ReopenConversation:
    """An agent resumes a resolved conversation, provided that no other one is open in the
    thread.
    """

    by: str
    conversation: ConversationId
    type: Literal["reopen_conversation"] = "reopen_conversation"
