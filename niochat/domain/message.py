"""One thing said: what it is, who said it, how far it got."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Author(StrEnum):
    """Who said it."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"
    AGENT = "agent"
    PHONE = "phone"
    """A person of the provider, typing on the provider's own phone."""
    INTEGRATION = "integration"
    """Another system that sends through the same gateway instance."""
    AUTOMATIC = "automatic"
    """The provider's WhatsApp app by itself: a greeting, or that nobody is there."""
    SYSTEM = "system"


class MessageKind(StrEnum):
    """What was said. Media carry metadata and name their file."""

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
    """Between people of the provider; never sent, never read by the assistant."""
    UNKNOWN = "unknown"


class MessageChange(StrEnum):
    """What may be done to a message that has left. Doing it twice is doing it once."""

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
    """What a message says. ``details`` is JSON: metadata of media, coordinates, choices."""

    kind: MessageKind
    text: str = ""
    details: Mapping[str, object] = field(default_factory=dict)


class DeliveryStatus(StrEnum):
    """How far a message got. Moves forward only, see :func:`advances`."""

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
    """Whether ``new`` is further than ``current``.

    Evidence of delivery beats ``failed`` and ``uncertain``; nothing beats it back.
    """
    return current is None or _RANK[new] > _RANK[current]
