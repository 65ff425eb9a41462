"""``messages_update`` webhooks: how far our messages got, and what was deleted."""

from collections.abc import Mapping

from niochat.adapters.whatsapp.uazapi.envelope import Envelope
from niochat.adapters.whatsapp.uazapi.fields import (
    bare_id,
    list_of,
    message_id,
    text_of,
)
from niochat.adapters.whatsapp.uazapi.identity import crowd_of, of_update
from niochat.adapters.whatsapp.uazapi.keys import receipt_key
from niochat.domain.commands import ReceiveDeletion, ReceiveReceipt
from niochat.domain.incoming import IgnoredEvent, InboundEvent
from niochat.domain.message import DeliveryStatus

_DELETED = "deleted"
_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.PLAYED,
}


def meaning_of_update(envelope: Envelope) -> InboundEvent | IgnoredEvent:
    """A receipt or a deletion, or why there is none.

    Three shapes (Uazapi reference 2.3): ``state`` with ``event{MessageIDs}``,
    ``message{messageid,status}``, and the legacy ``data{id,status}``. A ``failed`` of the
    gateway is no receipt: our own send result says more.
    """
    update = envelope.event or envelope.message
    crowd = _crowd(envelope, update)
    if crowd:
        return IgnoredEvent(crowd)
    state = _state(envelope, update)
    if state is None:
        return IgnoredEvent("unknown_receipt")
    targets = _targets(update)
    if not targets:
        return IgnoredEvent("no_message_id")
    identity = of_update(update, envelope.chat)
    if identity is None:
        return IgnoredEvent("no_identity")
    command = _command(state, targets)
    key = receipt_key(state, targets)
    return InboundEvent(identity, command, key, creates_contact=False, raw=envelope.raw)


def _command(state: str, targets: tuple[str, ...]) -> ReceiveReceipt | ReceiveDeletion:
    if state == _DELETED:
        return ReceiveDeletion(targets)
    return ReceiveReceipt(targets, _STATUSES[state])


def _crowd(envelope: Envelope, update: Mapping[str, object]) -> str | None:
    if text_of(envelope.raw.get("type")).lower() == "groupreceipts":
        return "group"
    addresses = (update.get("Chat"), update.get("chatid"), envelope.chat.get("wa_chatid"))
    marks = (update.get("IsGroup"), update.get("isGroup"), envelope.chat.get("wa_isGroup"))
    return crowd_of(addresses, marks)


def _state(envelope: Envelope, update: Mapping[str, object]) -> str | None:
    """The state, if it is one we know; builds put it in different places."""
    places = (envelope.raw.get("state"), update.get("state"), update.get("status"))
    states = [text_of(value).strip().lower() for value in (*places, envelope.raw.get("type"))]
    # The first that says anything decides: a "Failed" must not be overruled by a later field.
    state = next(filter(None, states), "")
    return state if state == _DELETED or state in _STATUSES else None


def _targets(update: Mapping[str, object]) -> tuple[str, ...]:
    """Bare ids, each once, sorted: the same news in another order is the same news."""
    listed = update.get("MessageIDs")
    ids = {bare_id(value) for value in (list_of(listed) or (listed,))}
    ids = {found for found in ids if found} or {message_id(update)}
    return tuple(sorted(found for found in ids if found))
