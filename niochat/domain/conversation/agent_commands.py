"""What people of the provider ask of a conversation. Durable commands, as the gateway's are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.conversation.state import ConversationPriority
from niochat.domain.ids import ConversationId, MessageId
from niochat.domain.message import MessageKind


@dataclass(frozen=True, slots=True)
class AssignConversation:
    """A human takes the conversation over.

    ``queue``: it is the team's queue that gives it to them. Nothing happens then unless the
    conversation still waits for that team: a queue takes nothing from a person.
    """

    agent: str
    queue: str | None = None
    type: Literal["assign_conversation"] = "assign_conversation"


@dataclass(frozen=True, slots=True)
class ReturnConversationToAssistant:
    """A human returns the conversation to the assistant."""

    by: str
    type: Literal["give_back_conversation"] = "give_back_conversation"


@dataclass(frozen=True, slots=True)
class HandOffConversation:
    """What the assistant holds goes to people; ``team`` is the tenant's own one when not named."""

    by: str
    team: str | None = None
    type: Literal["hand_over_conversation"] = "hand_over_conversation"


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file of the tenant that leaves with a message. ``size`` in bytes."""

    id: str
    kind: MessageKind
    filename: str
    mimetype: str
    size: int


@dataclass(frozen=True, slots=True)
class ReplyToCustomer:
    """A human answers the customer. ``reply_to`` is the gateway's id of the message that is
    quoted, ``again`` our id of a message that failed and is said once more; with a ``file`` the
    text is its caption, maybe empty.
    """

    agent: str
    text: str
    reply_to: str | None = None
    file: AttachedFile | None = None
    again: MessageId | None = None
    type: Literal["reply_to_customer"] = "reply_to_customer"


@dataclass(frozen=True, slots=True)
class EditReply:
    """A human replaces what was said; ``target`` is the gateway's id of the message."""

    agent: str
    target: str
    text: str
    type: Literal["edit_reply"] = "edit_reply"


@dataclass(frozen=True, slots=True)
class DeleteReply:
    """A human takes back what was said, for everyone."""

    agent: str
    target: str
    type: Literal["delete_reply"] = "delete_reply"


@dataclass(frozen=True, slots=True)
class ReactToMessage:
    """A human puts an emoji on a message, or takes it off (empty)."""

    agent: str
    target: str
    emoji: str
    type: Literal["react_to_message"] = "react_to_message"


@dataclass(frozen=True, slots=True)
class AddNote:
    """A human writes something for the other people of the provider, and may name some."""

    agent: str
    text: str
    mentions: tuple[str, ...] = ()
    type: Literal["leave_note"] = "leave_note"


@dataclass(frozen=True, slots=True)
class TransferConversation:
    """A human passes it on, to a ``team``'s queue or to another ``agent``.

    ``left_by``: who had it went offline, so the product passes it on. Nothing happens then unless
    they still have it and its customer waits.
    """

    by: str
    team: str | None = None
    agent: str | None = None
    note: str = ""
    left_by: str | None = None
    type: Literal["transfer_conversation"] = "transfer_conversation"


@dataclass(frozen=True, slots=True)
class SnoozeConversation:
    """A human puts it off: it comes back at ``until``, or when the customer writes."""

    by: str
    until: datetime
    type: Literal["snooze_conversation"] = "snooze_conversation"


@dataclass(frozen=True, slots=True)
class SetConversationPriority:
    """A human says how urgent it is."""

    by: str
    priority: ConversationPriority
    type: Literal["prioritise_conversation"] = "prioritise_conversation"


@dataclass(frozen=True, slots=True)
class SetConversationLabels:
    """A human sorts it: these labels are all it has from now on."""

    by: str
    labels: tuple[str, ...]
    type: Literal["label_conversation"] = "label_conversation"


@dataclass(frozen=True, slots=True)
class ResolveConversation:
    """The visit is over."""

    by: str
    type: Literal["resolve_conversation"] = "resolve_conversation"


@dataclass(frozen=True, slots=True)
class ReopenConversation:
    """A human goes on with a visit that was over; only while no other one is open."""

    by: str
    conversation: ConversationId
    type: Literal["reopen_conversation"] = "reopen_conversation"
