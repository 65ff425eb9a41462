"""``messages`` webhooks: what was said, edited or reacted to, by whom."""

from niochat.adapters.whatsapp.uazapi.content import (
    content_of,
    is_reaction,
    replied_to,
    said_of,
)
from niochat.adapters.whatsapp.uazapi.envelope import Envelope
from niochat.adapters.whatsapp.uazapi.fields import (
    bare_id,
    first_text,
    flag_of,
    message_id,
    moment_of,
    object_of,
    text_of,
)
from niochat.adapters.whatsapp.uazapi.identity import crowd_of, of_message
from niochat.adapters.whatsapp.uazapi.keys import message_key, notice_key, receipt_key
from niochat.adapters.whatsapp.uazapi.shapes import EMPTY, shape_of
from niochat.domain.commands import (
    ReceiveDeletion,
    ReceiveEcho,
    ReceiveEdit,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
    ReceiveReaction,
    ReceiveSystemNotice,
)
from niochat.domain.incoming import IgnoredEvent, InboundEvent
from niochat.domain.message import MessageContent

_Said = ReceiveMessage | ReceiveProviderPhoneMessage | ReceiveEcho
_Command = _Said | ReceiveReaction | ReceiveEdit | ReceiveDeletion | ReceiveSystemNotice
_REVOKE = frozenset({"REVOKE", "0"})
_EDIT = frozenset({"MESSAGE_EDIT", "14"})
"""Types of ``protocolMessage``, by their name or their number."""


def meaning_of_message(envelope: Envelope) -> InboundEvent | IgnoredEvent:
    """The command a message asks for, or why there is none (Uazapi reference 2.3)."""
    message, chat = envelope.message, envelope.chat
    crowd = crowd_of(
        (message.get("chatid"), chat.get("wa_chatid")),
        (message.get("isGroup"), chat.get("wa_isGroup")),
    )
    if crowd:
        return IgnoredEvent(crowd)
    external_id = message_id(message)
    if not external_id:
        return IgnoredEvent("no_message_id")
    identity = of_message(message, chat, from_me=_is_from_me(envelope))
    if identity is None:
        return IgnoredEvent("no_identity")
    command = _command(envelope, external_id)
    if command is None:
        return IgnoredEvent("no_target")
    creates = not isinstance(command, ReceiveSystemNotice | ReceiveDeletion)
    return InboundEvent(identity, command, _key(command), creates, raw=envelope.raw)


def _key(command: _Command) -> str:
    """A notice has one of its own: a placeholder must not keep out the message that it stands for,
    which comes under the same id.
    """
    match command:
        case ReceiveSystemNotice():
            return notice_key(command.external_id)
        case ReceiveDeletion(targets=targets):
            return receipt_key("deleted", targets)
        case _:
            return message_key(command.external_id)


def _is_from_me(envelope: Envelope) -> bool:
    # An API send is ours even where a build forgets fromMe: taken for a customer's message,
    # it would make the assistant answer itself.
    message = envelope.message
    return flag_of(message.get("fromMe")) or flag_of(message.get("wasSentByApi"))


def _command(envelope: Envelope, external_id: str) -> _Command | None:
    message = envelope.message
    if is_reaction(message):
        return _reaction(envelope, external_id)
    protocol = _protocol(envelope, external_id)
    if protocol is not None:
        return protocol
    edited = bare_id(message.get("edited"))
    if edited and edited != external_id:
        return _edit(envelope, external_id, edited, said_of(message))
    return _said(envelope, external_id)


def _protocol(envelope: Envelope, external_id: str) -> _Command | None:
    """A deletion or an edit as WhatsApp itself says it; ``None`` where it is neither."""
    shape = shape_of(envelope.message)
    if shape.name != "protocol":
        return None
    target = bare_id(first_text(object_of(shape.inner.get("key")), "ID", "id"))
    kind = text_of(shape.inner.get("type")).upper()
    if target and kind in _REVOKE:
        return ReceiveDeletion((target,))
    if target and target != external_id and kind in _EDIT:
        new = object_of(shape.inner.get("editedMessage"))
        said = said_of({"messageType": "editedMessage", "content": {"message": new}})
        return _edit(envelope, external_id, target, said, shape.inner.get("timestampMS"))
    return ReceiveSystemNotice(external_id, shape.notice)


def _edit(
    envelope: Envelope,
    external_id: str,
    target: str,
    said: MessageContent | str,
    own_time: object = None,
) -> ReceiveEdit | ReceiveSystemNotice:
    """Without a word it is no edit: what was said stays."""
    if not isinstance(said, MessageContent) or not said.text:
        return ReceiveSystemNotice(external_id, said if isinstance(said, str) else EMPTY)
    at = moment_of(envelope.received_at, own_time, envelope.message.get("messageTimestamp"))
    return ReceiveEdit(external_id, target, said.text, at)


def _reaction(envelope: Envelope, external_id: str) -> ReceiveReaction | None:
    message = envelope.message
    content = object_of(message.get("content"))
    key = object_of(content.get("key"))
    target = bare_id(message.get("reaction")) or bare_id(first_text(key, "ID", "id"))
    if not target:
        return None
    emoji = text_of(message.get("text")) or text_of(content.get("text"))
    return ReceiveReaction(external_id, target, emoji, from_provider=_is_from_me(envelope))


def _said(envelope: Envelope, external_id: str) -> _Said | ReceiveSystemNotice:
    message = envelope.message
    last_in_chat = envelope.chat.get("wa_lastMsgTimestamp")
    sent_at = moment_of(envelope.received_at, message.get("messageTimestamp"), last_in_chat)
    track_id = text_of(message.get("track_id")).strip()
    if flag_of(message.get("wasSentByApi")) and track_id:
        # Perhaps ours: then it is evidence of the send, whatever shape the gateway gave it.
        return ReceiveEcho(external_id, track_id, content_of(message), sent_at)
    content, reply_to = said_of(message), replied_to(message)
    if not isinstance(content, MessageContent):
        return ReceiveSystemNotice(external_id, content)
    if not _is_from_me(envelope):
        return ReceiveMessage(external_id, content, sent_at, reply_to)
    if flag_of(message.get("wasSentByApi")):
        return ReceiveEcho(external_id, track_id, content, sent_at)
    return ReceiveProviderPhoneMessage(external_id, content, sent_at, reply_to)
