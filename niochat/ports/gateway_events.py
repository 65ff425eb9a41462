"""The events that a gateway's webhook is parsed into, before anything is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from niochat.domain.conversation.commands import DurableCommand


@dataclass(frozen=True, slots=True)
class WhatsAppIdentity:
    """Who is at the other end. At least one of ``lid`` and ``phone`` is known.

    ``lid`` is WhatsApp's own stable id (digits, without ``@lid``); ``phone`` is digits with
    country code, exactly as the gateway has it (a Brazilian mobile may lack its ninth digit:
    never guessed here). ``name`` is what the person calls itself.
    """

    lid: str | None = None
    phone: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """A command for the thread of ``identity``; stored at most once by ``dedupe_key``.

    ``creates`` is false for news (receipts, deletions) that must not make a contact of
    somebody we do not know. ``raw`` is the webhook's body without its token.
    """

    identity: WhatsAppIdentity
    command: DurableCommand
    dedupe_key: str
    creates_contact: bool
    raw: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ChannelConnectionChanged:
    """The channel's WhatsApp session. Adapters translate the vendor's word into ``connected``,
    ``connecting`` or ``disconnected``; other words are shown as they are.

    The last one wins; ``reason`` is the gateway's words, for the operator.
    """

    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IgnoredEvent:
    """Answered 200, counted under ``reason``, not stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class ParsedWebhook:
    """One parsed body. ``token`` is the instance token in the body, empty if the vendor's bodies
    have none; the caller compares it.
    """

    token: str
    event: InboundEvent | ChannelConnectionChanged | IgnoredEvent
