"""Parses ``messages_update`` webhooks: delivery receipts and deletions."""

from collections.abc import Mapping

from niochat.adapters.gateways.uazapi.parsing.dedupe_keys import receipt_key
from niochat.adapters.gateways.uazapi.parsing.identity_parser import (
    detect_group_chat,
    identity_from_update,
)
from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_bare_id,
    read_list,
    read_message_id,
    read_text,
)
from niochat.adapters.gateways.uazapi.parsing.webhook_envelope import WebhookEnvelope
from niochat.domain.conversation.commands import ReceiveDeletion, ReceiveDeliveryReceipt
from niochat.domain.message import DeliveryStatus
from niochat.ports.gateway_events import IgnoredEvent, InboundEvent

_DELETED = "deleted"
_STATUSES = {
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "played": DeliveryStatus.PLAYED,
}


def parse_receipt_event(envelope: WebhookEnvelope) -> InboundEvent | IgnoredEvent:
    """Parse a receipt or a deletion, or return the reason why the body is neither.

    There are three shapes (Uazapi reference 2.3): ``state`` with ``event{MessageIDs}``,
    ``message{messageid,status}``, and the legacy ``data{id,status}``. The gateway's ``failed`` is
    ignored, because the result of our own send says more.
    """
    update = envelope.event or envelope.message
    group_kind = _group_chat(envelope, update)
    if group_kind:
        return IgnoredEvent(group_kind)
    state = _parse_state(envelope, update)
    if state is None:
        return IgnoredEvent("unknown_receipt")
    targets = _parse_targets(update)
    if not targets:
        return IgnoredEvent("no_message_id")
    identity = identity_from_update(update, envelope.chat)
    if identity is None:
        return IgnoredEvent("no_identity")
    command = _parse_command(state, targets)
    key = receipt_key(state, targets)
    return InboundEvent(identity, command, key, creates_contact=False, raw=envelope.raw)


def _parse_command(
    state: str, targets: tuple[str, ...]
) -> ReceiveDeliveryReceipt | ReceiveDeletion:
    if state == _DELETED:
        return ReceiveDeletion(targets)
    return ReceiveDeliveryReceipt(targets, _STATUSES[state])


def _group_chat(envelope: WebhookEnvelope, update: Mapping[str, object]) -> str | None:
    if read_text(envelope.raw.get("type")).lower() == "groupreceipts":
        return "group"
    addresses = (update.get("Chat"), update.get("chatid"), envelope.chat.get("wa_chatid"))
    marks = (update.get("IsGroup"), update.get("isGroup"), envelope.chat.get("wa_isGroup"))
    return detect_group_chat(addresses, marks)


def _parse_state(envelope: WebhookEnvelope, update: Mapping[str, object]) -> str | None:
    """The state, if it is a known one. Builds put it in different fields."""
    candidates = (envelope.raw.get("state"), update.get("state"), update.get("status"))
    states = [read_text(value).strip().lower() for value in (*candidates, envelope.raw.get("type"))]
    # The first field with a value decides, so that a later field cannot override "Failed".
    state = next(filter(None, states), "")
    return state if state == _DELETED or state in _STATUSES else None


def _parse_targets(update: Mapping[str, object]) -> tuple[str, ...]:
    """The distinct bare ids, sorted, so that their order in the webhook has no effect."""
    message_ids = update.get("MessageIDs")
    ids = {read_bare_id(value) for value in (read_list(message_ids) or (message_ids,))}
    ids = {target for target in ids if target} or {read_message_id(update)}
    return tuple(sorted(target for target in ids if target))
