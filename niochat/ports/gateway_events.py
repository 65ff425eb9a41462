"""The result of parsing a gateway's webhook, before anything is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from niochat.domain.conversation.commands import DurableCommand


@dataclass(frozen=True, slots=True)
class WhatsAppIdentity:
    """The WhatsApp account at the other end. At least one of ``lid`` and ``phone`` is known.

    ``lid`` is WhatsApp's own stable id (digits, without ``@lid``). ``phone`` is digits with country
    code, exactly as the gateway has it: a Brazilian mobile number may lack its ninth digit.
    ``name`` is the name that the person chose.
    """

    lid: str | None = None
    phone: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InboundEvent:
    """A command for the thread of ``identity``. It is stored at most once per ``dedupe_key``.

    ``creates_contact`` is false for updates (receipts, deletions), which must not create a contact
    for an unknown account. ``raw`` is the webhook's body without its token.
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

    The last one wins. ``reason`` is the gateway's text, for operators.
    """

    status: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class IgnoredEvent:
    """An event that is answered with 200 and counted under ``reason``, but not stored."""

    reason: str


@dataclass(frozen=True, slots=True)
class ParsedWebhook:
    """A parsed webhook body. ``token`` is the one that the gateway sent and must be verified; it is
    empty if the vendor's bodies carry none.
    """

    token: str
    event: InboundEvent | ChannelConnectionChanged | IgnoredEvent
