"""Parses ``messages`` webhooks: messages, edits, deletions and reactions."""

from niochat.adapters.gateways.uazapi.parsing.content_parser import (
    is_reaction,
    parse_content,
    parse_content_or_notice,
    parse_quoted_id,
)
from niochat.adapters.gateways.uazapi.parsing.dedupe_keys import (
    message_key,
    notice_key,
    receipt_key,
)
from niochat.adapters.gateways.uazapi.parsing.identity_parser import (
    detect_group_chat,
    identity_from_message,
)
from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_bare_id,
    read_first_text,
    read_flag,
    read_message_id,
    read_object,
    read_text,
    read_timestamp,
)
from niochat.adapters.gateways.uazapi.parsing.message_types import EMPTY_NOTICE, unwrap_message
from niochat.adapters.gateways.uazapi.parsing.webhook_envelope import WebhookEnvelope
from niochat.domain.conversation.commands import (
    ReceiveDeletion,
    ReceiveEcho,
    ReceiveEdit,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
    ReceiveReaction,
    ReceiveSystemNotice,
)
from niochat.domain.message import MessageContent
from niochat.ports.gateway_events import IgnoredEvent, InboundEvent

_NewMessage = ReceiveMessage | ReceiveProviderPhoneMessage | ReceiveEcho
_Command = _NewMessage | ReceiveReaction | ReceiveEdit | ReceiveDeletion | ReceiveSystemNotice
_REVOKE = frozenset({"REVOKE", "0"})
_EDIT = frozenset({"MESSAGE_EDIT", "14"})
"""Types of ``protocolMessage``, by name or by number."""


def parse_message_event(envelope: WebhookEnvelope) -> InboundEvent | IgnoredEvent:
    """The command for a message, or the reason why there is none (Uazapi reference 2.3)."""
    message, chat = envelope.message, envelope.chat
    group_kind = detect_group_chat(
        (message.get("chatid"), chat.get("wa_chatid")),
        (message.get("isGroup"), chat.get("wa_isGroup")),
    )
    if group_kind:
        return IgnoredEvent(group_kind)
    external_id = read_message_id(message)
    if not external_id:
        return IgnoredEvent("no_message_id")
    identity = identity_from_message(message, chat, from_me=_is_from_me(envelope))
    if identity is None:
        return IgnoredEvent("no_identity")
    command = _parse_command(envelope, external_id)
    if command is None:
        return IgnoredEvent("no_target")
    creates = not isinstance(command, ReceiveSystemNotice | ReceiveDeletion)
    return InboundEvent(identity, command, _dedupe_key(command), creates, raw=envelope.raw)


def _dedupe_key(command: _Command) -> str:
    """The dedupe key of a command. A notice has a key of its own, so that a placeholder does not
    block the real message, which arrives later under the same id.
    """
    match command:
        case ReceiveSystemNotice():
            return notice_key(command.external_id)
        case ReceiveDeletion(targets=targets):
            return receipt_key("deleted", targets)
        case _:
            return message_key(command.external_id)


def _is_from_me(envelope: WebhookEnvelope) -> bool:
    # A message sent by the API is ours even if a build omits fromMe. As a customer's message it
    # would make the assistant answer itself.
    message = envelope.message
    return read_flag(message.get("fromMe")) or read_flag(message.get("wasSentByApi"))


def _parse_command(envelope: WebhookEnvelope, external_id: str) -> _Command | None:
    message = envelope.message
    if is_reaction(message):
        return _parse_reaction(envelope, external_id)
    protocol = _parse_protocol(envelope, external_id)
    if protocol is not None:
        return protocol
    edited = read_bare_id(message.get("edited"))
    if edited and edited != external_id:
        return _parse_edit(envelope, external_id, edited, parse_content_or_notice(message))
    return _parse_new_message(envelope, external_id)


def _parse_protocol(envelope: WebhookEnvelope, external_id: str) -> _Command | None:
    """Parse a ``protocolMessage``, such as a deletion or an edit; ``None`` for other types."""
    shape = unwrap_message(envelope.message)
    if shape.name != "protocol":
        return None
    target = read_bare_id(read_first_text(read_object(shape.inner.get("key")), "ID", "id"))
    kind = read_text(shape.inner.get("type")).upper()
    if target and kind in _REVOKE:
        return ReceiveDeletion((target,))
    if target and target != external_id and kind in _EDIT:
        edited = read_object(shape.inner.get("editedMessage"))
        content = parse_content_or_notice(
            {"messageType": "editedMessage", "content": {"message": edited}}
        )
        return _parse_edit(envelope, external_id, target, content, shape.inner.get("timestampMS"))
    return ReceiveSystemNotice(external_id, shape.notice)


def _parse_edit(
    envelope: WebhookEnvelope,
    external_id: str,
    target: str,
    content: MessageContent | str,
    own_time: object = None,
) -> ReceiveEdit | ReceiveSystemNotice:
    """Parse an edit. One without text becomes a notice, so that the message keeps its text."""
    if not isinstance(content, MessageContent) or not content.text:
        return ReceiveSystemNotice(
            external_id, content if isinstance(content, str) else EMPTY_NOTICE
        )
    at = read_timestamp(envelope.received_at, own_time, envelope.message.get("messageTimestamp"))
    return ReceiveEdit(external_id, target, content.text, at)


def _parse_reaction(envelope: WebhookEnvelope, external_id: str) -> ReceiveReaction | None:
    message = envelope.message
    content = read_object(message.get("content"))
    key = read_object(content.get("key"))
    target = read_bare_id(message.get("reaction")) or read_bare_id(read_first_text(key, "ID", "id"))
    if not target:
        return None
    emoji = read_text(message.get("text")) or read_text(content.get("text"))
    return ReceiveReaction(external_id, target, emoji, from_provider=_is_from_me(envelope))


def _parse_new_message(
    envelope: WebhookEnvelope, external_id: str
) -> _NewMessage | ReceiveSystemNotice:
    message = envelope.message
    last_in_chat = envelope.chat.get("wa_lastMsgTimestamp")
    sent_at = read_timestamp(envelope.received_at, message.get("messageTimestamp"), last_in_chat)
    track_id = read_text(message.get("track_id")).strip()
    if read_flag(message.get("wasSentByApi")) and track_id:
        # It may be our own send; then it is evidence of the send, whatever its shape.
        return ReceiveEcho(external_id, track_id, parse_content(message), sent_at)
    content, reply_to = parse_content_or_notice(message), parse_quoted_id(message)
    if not isinstance(content, MessageContent):
        return ReceiveSystemNotice(external_id, content)
    if not _is_from_me(envelope):
        return ReceiveMessage(external_id, content, sent_at, reply_to)
    if read_flag(message.get("wasSentByApi")):
        return ReceiveEcho(external_id, track_id, content, sent_at)
    return ReceiveProviderPhoneMessage(external_id, content, sent_at, reply_to)
