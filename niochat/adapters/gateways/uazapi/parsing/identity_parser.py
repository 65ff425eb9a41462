"""Parses the many address fields of a webhook into one ``WhatsAppIdentity``.

Source: Uazapi reference 2.3 and 2.5. In a message from our side ``sender`` is *our* address, so
only the chat is used. The ninth digit of a Brazilian number is never added or removed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_first_text,
    read_flag,
    read_text,
)
from niochat.ports.gateway_events import WhatsAppIdentity

_JID = re.compile(r"([0-9]{5,20})(?:[.:_][0-9]+)*@(lid|s\.whatsapp\.net|c\.us)")
_BARE_LID = re.compile(r"[0-9]{5,20}")
_PHONE = re.compile(r"[0-9]{8,15}")
"""E.164: at most 15 digits with country code."""
_PHONE_PUNCTUATION = re.compile(r"[\s()+.\u2010-\u2015-]+")
_GROUP_SERVERS = {"g.us": "group", "broadcast": "broadcast", "newsletter": "newsletter"}


@dataclass(slots=True)
class _AddressCollector:
    """Collects candidate addresses, best first. The first valid one of each kind is used."""

    lids: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)

    def add(self, *values: object) -> None:
        """Add addresses of the kind that their server part names; bare digits are a phone."""
        for value in values:
            text = read_text(value).strip()
            match = _JID.fullmatch(text)
            if match and match[2] == "lid":
                self.lids.append(match[1])
            elif match or "@" not in text:
                self.add_phone(match[1] if match else text)

    def add_lid(self, *values: object) -> None:
        """Add values of fields that are known to hold a LID, with or without ``@lid``."""
        for value in values:
            text = read_text(value).strip()
            if _BARE_LID.fullmatch(text):
                self.lids.append(text)
            elif text.endswith("@lid"):
                self.add(text)

    def add_phone(self, value: object) -> None:
        """Add a phone number, maybe formatted: ``+55 81 9999-8888``."""
        digits = _PHONE_PUNCTUATION.sub("", read_text(value))
        if _PHONE.fullmatch(digits):
            self.phones.append(digits)

    def identity(self, name: str) -> WhatsAppIdentity | None:
        """The identity, or ``None`` if neither LID nor phone is known."""
        lid, phone = next(iter(self.lids), None), next(iter(self.phones), None)
        return WhatsAppIdentity(lid, phone, name.strip() or None) if lid or phone else None


def identity_from_message(
    message: Mapping[str, object], chat: Mapping[str, object], *, from_me: bool
) -> WhatsAppIdentity | None:
    """The contact of a message; ``None`` if it has neither a valid LID nor a valid phone."""
    addresses = _AddressCollector()
    addresses.add_lid(message.get("chatlid"))
    addresses.add(message.get("chatid"))
    if not from_me:
        addresses.add_lid(message.get("sender_lid"))
        addresses.add(message.get("sender_pn"))
        addresses.add(*_with_server([message.get("sender")]))
    _add_chat(addresses, chat)
    sender_name = "" if from_me else read_text(message.get("senderName"))
    return addresses.identity(sender_name.strip() or _read_name(chat))


def identity_from_update(
    update: Mapping[str, object], chat: Mapping[str, object]
) -> WhatsAppIdentity | None:
    """The contact whose chat a receipt or deletion belongs to."""
    addresses = _AddressCollector()
    addresses.add(read_first_text(update, "Chat", "chat", "chatid"))
    addresses.add_lid(update.get("chatlid"))
    if "IsFromMe" in update and not read_flag(update["IsFromMe"]):
        addresses.add_lid(update.get("sender_lid"))
        addresses.add(update.get("sender_pn"))
        addresses.add(*_with_server([update.get("Sender")]))
    _add_chat(addresses, chat)
    return addresses.identity(_read_name(chat))


def detect_group_chat(addresses: Iterable[object], marks: Iterable[object]) -> str | None:
    """``group``, ``broadcast`` or ``newsletter``; ``None`` if the chat is with one person."""
    for address in addresses:
        server = read_text(address).strip().lower().rpartition("@")[2]
        if server in _GROUP_SERVERS:
            return _GROUP_SERVERS[server]
    return "group" if any(read_flag(mark) for mark in marks) else None


def _add_chat(addresses: _AddressCollector, chat: Mapping[str, object]) -> None:
    addresses.add_lid(chat.get("wa_chatlid"))
    addresses.add(chat.get("wa_chatid"))
    addresses.add_phone(chat.get("phone"))


def _with_server(values: Iterable[object]) -> list[str]:
    # Bare digits in ``sender`` may be a LID or a phone number, so they are not used.
    return [text for value in values if "@" in (text := read_text(value))]


def _read_name(chat: Mapping[str, object]) -> str:
    return read_first_text(chat, "wa_name", "name")
