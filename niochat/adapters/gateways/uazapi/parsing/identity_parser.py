"""Reads the many address fields of a webhook into one ``WhatsAppIdentity``.

Source: Uazapi reference 2.3 and 2.5. ``sender`` of a message from our side is *our* address,
so for those only the chat counts. A Brazilian ninth digit is never added nor taken away.
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
    """Collects candidates, best first; the first readable one of each kind wins."""

    lids: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)

    def add(self, *values: object) -> None:
        """Addresses with a server part, which says what they are; bare digits are a phone."""
        for value in values:
            text = read_text(value).strip()
            match = _JID.fullmatch(text)
            if match and match[2] == "lid":
                self.lids.append(match[1])
            elif match or "@" not in text:
                self.add_phone(match[1] if match else text)

    def add_lid(self, *values: object) -> None:
        """Values of fields that hold a LID by their name, with or without ``@lid``."""
        for value in values:
            text = read_text(value).strip()
            if _BARE_LID.fullmatch(text):
                self.lids.append(text)
            elif text.endswith("@lid"):
                self.add(text)

    def add_phone(self, value: object) -> None:
        """A phone number, maybe dressed: ``+55 81 9999-8888``."""
        digits = _PHONE_PUNCTUATION.sub("", read_text(value))
        if _PHONE.fullmatch(digits):
            self.phones.append(digits)

    def identity(self, name: str) -> WhatsAppIdentity | None:
        """Everything known, or ``None`` when neither LID nor phone is."""
        lid, phone = next(iter(self.lids), None), next(iter(self.phones), None)
        return WhatsAppIdentity(lid, phone, name.strip() or None) if lid or phone else None


def identity_from_message(
    message: Mapping[str, object], chat: Mapping[str, object], *, from_me: bool
) -> WhatsAppIdentity | None:
    """The contact of a message; ``None`` when neither LID nor phone can be read."""
    found = _AddressCollector()
    found.add_lid(message.get("chatlid"))
    found.add(message.get("chatid"))
    if not from_me:
        found.add_lid(message.get("sender_lid"))
        found.add(message.get("sender_pn"))
        found.add(*_with_server([message.get("sender")]))
    _add_chat(found, chat)
    said = "" if from_me else read_text(message.get("senderName"))
    return found.identity(said.strip() or _read_name(chat))


def identity_from_update(
    update: Mapping[str, object], chat: Mapping[str, object]
) -> WhatsAppIdentity | None:
    """The contact whose chat a receipt or deletion belongs to."""
    found = _AddressCollector()
    found.add(read_first_text(update, "Chat", "chat", "chatid"))
    found.add_lid(update.get("chatlid"))
    if "IsFromMe" in update and not read_flag(update["IsFromMe"]):
        found.add_lid(update.get("sender_lid"))
        found.add(update.get("sender_pn"))
        found.add(*_with_server([update.get("Sender")]))
    _add_chat(found, chat)
    return found.identity(_read_name(chat))


def detect_group_chat(addresses: Iterable[object], marks: Iterable[object]) -> str | None:
    """``group``, ``broadcast`` or ``newsletter`` when this is not a talk with one person."""
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
    # Bare digits in ``sender`` may be a LID as well as a phone: not guessed.
    return [text for value in values if "@" in (text := read_text(value))]


def _read_name(chat: Mapping[str, object]) -> str:
    return read_first_text(chat, "wa_name", "name")
