"""``messages`` webhooks: what was said, edited or reacted to, by whom."""

from niochat.adapters.whatsapp.uazapi.content import content_of, is_reaction, replied_to
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
from niochat.adapters.whatsapp.uazapi.keys import message_key
from niochat.domain.commands import (
    ReceiveEcho,
    ReceiveEdit,
    ReceiveMessage,
    ReceivePhoneMessage,
    ReceiveReaction,
)
from niochat.domain.incoming import Ignored, Incoming

_Command = ReceiveMessage | ReceivePhoneMessage | ReceiveEcho | ReceiveReaction | ReceiveEdit


def meaning_of_message(envelope: Envelope) -> Incoming | Ignored:
    """The command a message asks for, or why there is none (Uazapi reference 2.3)."""
    message, chat = envelope.message, envelope.chat
    crowd = crowd_of(
        (message.get("chatid"), chat.get("wa_chatid")),
        (message.get("isGroup"), chat.get("wa_isGroup")),
    )
    if crowd:
        return Ignored(crowd)
    external_id = message_id(message)
    if not external_id:
        return Ignored("no_message_id")
    identity = of_message(message, chat, from_me=_is_from_me(envelope))
    if identity is None:
        return Ignored("no_identity")
    command = _command(envelope, external_id)
    if command is None:
        return Ignored("no_target")
    return Incoming(identity, command, message_key(external_id), creates=True, raw=envelope.raw)


def _is_from_me(envelope: Envelope) -> bool:
    # An API send is ours even where a build forgets fromMe: taken for a customer's message,
    # it would make the assistant answer itself.
    message = envelope.message
    return flag_of(message.get("fromMe")) or flag_of(message.get("wasSentByApi"))


def _command(envelope: Envelope, external_id: str) -> _Command | None:
    if is_reaction(envelope.message):
        return _reaction(envelope, external_id)
    edited = bare_id(envelope.message.get("edited"))
    if edited and edited != external_id:
        text = content_of(envelope.message).text
        return ReceiveEdit(external_id, target=edited, text=text)
    return _said(envelope, external_id)


def _reaction(envelope: Envelope, external_id: str) -> ReceiveReaction | None:
    message = envelope.message
    content = object_of(message.get("content"))
    key = object_of(content.get("key"))
    target = bare_id(message.get("reaction")) or bare_id(first_text(key, "ID", "id"))
    if not target:
        return None
    emoji = text_of(message.get("text")) or text_of(content.get("text"))
    return ReceiveReaction(external_id, target, emoji, from_provider=_is_from_me(envelope))


def _said(
    envelope: Envelope, external_id: str
) -> ReceiveMessage | ReceivePhoneMessage | ReceiveEcho:
    message = envelope.message
    content, reply_to = content_of(message), replied_to(message)
    last_in_chat = envelope.chat.get("wa_lastMsgTimestamp")
    sent_at = moment_of(envelope.received_at, message.get("messageTimestamp"), last_in_chat)
    if not _is_from_me(envelope):
        return ReceiveMessage(external_id, content, sent_at, reply_to)
    if flag_of(message.get("wasSentByApi")):
        track_id = text_of(message.get("track_id")).strip()
        return ReceiveEcho(external_id, track_id, content, sent_at)
    return ReceivePhoneMessage(external_id, content, sent_at, reply_to)
