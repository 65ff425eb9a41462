"""A message: its author, kind, content and delivery status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Author(StrEnum):
    """The author of a message."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    AGENT = "agent"
    PHONE = "phone"
    """A person of the provider who wrote on the provider's own phone."""
    INTEGRATION = "integration"
    """Another system that sends through the same gateway instance."""
    AUTOMATIC = "automatic"
    """The provider's WhatsApp app: an automatic greeting or away message."""
    SYSTEM = "system"


class MessageKind(StrEnum):
    """The kind of a message. Content of media kinds holds metadata and the id of the file."""

    TEXT = "text"
    CHOICE = "choice"
    IMAGE = "image"
    VIDEO = "video"
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACT = "contact"
    POLL = "poll"
    POLL_VOTE = "poll_vote"
    NOTE = "note"
    """Internal note of the provider: never sent and never read by the assistant."""
    UNKNOWN = "unknown"


class MessageChange(StrEnum):
    """A change of a sent message. Every change is idempotent."""

    EDIT = "edit"
    DELETION = "deletion"
    REACTION = "reaction"


FILE_KINDS = frozenset(
    {
        MessageKind.IMAGE,
        MessageKind.VIDEO,
        MessageKind.VOICE,
        MessageKind.AUDIO,
        MessageKind.DOCUMENT,
        MessageKind.STICKER,
    }
)
"""Kinds that come with a file."""


@dataclass(frozen=True, slots=True)
class MessageContent:
    """The content of a message. ``details`` is JSON: metadata of media, coordinates, choices."""

    kind: MessageKind
    text: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


class DeliveryStatus(StrEnum):
    """The delivery status of a message. It only moves forward, see :func:`is_status_advance`."""

    QUEUED = "queued"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"


_RANK = {
    DeliveryStatus.QUEUED: 0,
    DeliveryStatus.UNCERTAIN: 1,
    DeliveryStatus.FAILED: 2,
    DeliveryStatus.SENT: 3,
    DeliveryStatus.DELIVERED: 4,
    DeliveryStatus.READ: 5,
    DeliveryStatus.PLAYED: 6,
}


def is_status_advance(current: DeliveryStatus | None, new: DeliveryStatus) -> bool:
    """Whether ``new`` comes after ``current``.

    Evidence of delivery replaces ``failed`` and ``uncertain``, and neither replaces it.
    """
    return current is None or _RANK[new] > _RANK[current]
