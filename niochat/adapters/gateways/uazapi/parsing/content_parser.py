"""Parses the many shapes of a message into one ``MessageContent``.

Source: Uazapi reference 2.3. Of media only metadata is kept: the URLs in a webhook lead to
encrypted files, and thumbnails and keys must not be stored.
"""

import re
from collections.abc import Iterable, Mapping

import orjson

from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_bare_id,
    read_first_text,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_text,
)
from niochat.adapters.gateways.uazapi.parsing.message_types import (
    EMPTY_NOTICE,
    KIND_BY_TYPE,
    UnwrappedMessage,
    is_wrapper,
    unwrap_message,
)
from niochat.adapters.gateways.uazapi.parsing.voice_waveform import parse_waveform
from niochat.domain.message import MessageContent, MessageKind

Json = Mapping[str, object]

_KIND_BY_MEDIA = {
    "image": MessageKind.IMAGE,
    "video": MessageKind.VIDEO,
    "gif": MessageKind.VIDEO,
    "ptv": MessageKind.VIDEO,
    "audio": MessageKind.AUDIO,
    "ptt": MessageKind.AUDIO,
    "document": MessageKind.DOCUMENT,
    "sticker": MessageKind.STICKER,
    "user_created_sticker": MessageKind.STICKER,
    "location": MessageKind.LOCATION,
    "vcard": MessageKind.CONTACT,
    "list_response": MessageKind.CHOICE,
}
_MEDIA_NUMBERS = {
    "length": "fileLength",
    "seconds": "seconds",
    "width": "width",
    "height": "height",
    "page_count": "pageCount",
}
_PHOTO = re.compile(r"(?im)^(?:item[0-9]+\.)?PHOTO[;:].*(?:\r?\n[ \t].*)*\r?\n?")
_TEXT_KINDS = frozenset({MessageKind.TEXT, MessageKind.CHOICE, MessageKind.POLL})
"""Kinds that have no content without a text."""
_TEMPLATES = (
    "hydratedTemplate",
    "hydratedFourRowTemplate",
    "interactiveMessageTemplate",
    "fourRowTemplate",
)
_TEXT_FIELDS = (
    "hydratedTitleText",
    "hydratedContentText",
    "hydratedFooterText",
    "contentText",
    "title",
    "orderTitle",
    "message",
    "name",
    "description",
    "body",
    "note",
    "caption",
    "groupName",
    "eventTitle",
    "packDescription",
)
"""Fields that hold text, in the order in which they are read."""
_MAX_PARAMS_LENGTH = 64 * 1024
_FORM_INTERNAL_FIELDS = frozenset(
    {"flow_token", "wa_flow_response_params", "id", "name", "version"}
)
"""Fields of a submitted form that the customer did not fill in."""


def parse_content_or_notice(message: Json) -> MessageContent | str:
    """The content of ``message``, or the name of its notice (see ``message_types``).

    A text, choice or poll without text is the notice ``empty``: the gateway sends such a body while
    it waits for a message, and sends the message later under the same id.
    """
    shape = unwrap_message(message)
    kind = _kind(message, shape)
    if kind is None:
        empty = not shape.name and not _parse_text(message, shape.inner)
        return EMPTY_NOTICE if empty else shape.notice
    content = _content(kind, message, shape.inner)
    if kind in _TEXT_KINDS and not content.text.strip():
        return EMPTY_NOTICE
    return content


def parse_content(message: Json) -> MessageContent:
    """The content of a message that was certainly sent, such as the echo of our own. A shape
    without content becomes ``unknown`` and keeps its type.
    """
    content = parse_content_or_notice(message)
    if isinstance(content, MessageContent):
        return content
    inner = unwrap_message(message).inner
    return MessageContent(
        MessageKind.UNKNOWN, _parse_text(message, inner), {"message_type": _type(message)}
    )


def _content(kind: MessageKind, message: Json, inner: Json) -> MessageContent:
    match kind:
        case MessageKind.CHOICE:
            return _parse_choice(message, inner)
        case MessageKind.POLL:
            return _parse_poll(message, inner)
        case MessageKind.TEXT:
            return MessageContent(kind, _parse_text(message, inner) or _parse_body_text(inner))
        case MessageKind.LOCATION:
            return MessageContent(
                kind, _parse_text(message, inner), _parse_location(message, inner)
            )
        case MessageKind.CONTACT:
            return MessageContent(kind, _parse_text(message, inner), _parse_contact(inner))
        case _:
            kind = MessageKind.VOICE if _is_voice(kind, message, inner) else kind
            return MessageContent(
                kind, _parse_text(message, inner), _parse_media(kind, message, inner)
            )


def is_reaction(message: Json) -> bool:
    """Whether the message adds a reaction to another message, or removes one."""
    return (
        unwrap_message(message).name == "reaction" or read_text(message.get("type")) == "reaction"
    )


def parse_quoted_id(message: Json) -> str | None:
    """Bare id of the quoted message, from ``quoted`` or from the content's context."""
    content = read_object(message.get("content"))
    contexts = (content.get("contextInfo"), unwrap_message(message).inner.get("contextInfo"))
    stanzas = (
        read_first_text(read_object(context), "stanzaID", "stanzaId") for context in contexts
    )
    ids = (read_bare_id(value) for value in (message.get("quoted"), *stanzas))
    return next((quoted_id for quoted_id in ids if quoted_id), None)


def _kind(message: Json, shape: UnwrappedMessage) -> MessageKind | None:
    kind = KIND_BY_TYPE.get(shape.name)
    if kind is not None or (shape.name and not is_wrapper(shape.name)):
        return kind
    # Older builds omit messageType and others name the wrapper: use the media type then.
    kind = _KIND_BY_MEDIA.get(read_text(message.get("mediaType")).lower())
    if kind is not None:
        return kind
    is_text = read_text(message.get("type")) in {"", "text"}
    return MessageKind.TEXT if is_text and _parse_text(message, shape.inner) else None


def _type(message: Json) -> str:
    return read_first_text(message, "messageType", "type") or "none"


def _parse_text(message: Json, inner: Json) -> str:
    content = message.get("content")
    plain = content if isinstance(content, str) else ""
    return read_text(message.get("text")) or plain or read_first_text(inner, "text", "caption")


def _parse_body_text(inner: Json) -> str:
    """The text of menus, templates, products, orders and invitations. Buttons and other options
    are left out, because the assistant must not act on the options of our own menus.
    """
    template = next(filter(None, (read_object(inner.get(name)) for name in _TEMPLATES)), inner)
    parts = [read_object(template.get(part)) for part in ("header", "body", "footer")]
    if any(parts):
        return _join_text(read_first_text(part, "title", "subtitle", "text") for part in parts)
    product = read_object(inner.get("product")) or read_object(inner.get("catalog"))
    note = read_object(inner.get("noteMessage"))
    answers = (read_object(answer) for answer in read_list(inner.get("submessages")))
    return _join_text(
        [
            *(read_first_text(template, name) for name in _TEXT_FIELDS),
            *(read_first_text(product, name) for name in ("title", "description")),
            read_text(note.get("conversation"))
            or read_first_text(read_object(note.get("extendedTextMessage")), "text"),
            *(read_first_text(answer, "messageText") for answer in answers),
        ]
    )


def _join_text(parts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def _parse_choice(message: Json, inner: Json) -> MessageContent:
    """Parse the answer to a menu. Builds and kinds of menus differ in where its text is."""
    response = read_object(inner.get("Response")) or read_object(inner.get("response"))
    row, params = read_object(inner.get("singleSelectReply")), _parse_flow_params(inner)
    choice = (
        read_first_text(message, "buttonOrListid")
        or read_first_text(
            inner, "selectedButtonID", "selectedButtonId", "selectedID", "selectedId"
        )
        or read_first_text(row, "selectedRowID", "selectedRowId")
        or read_first_text(params, "id", "row_id", "selected_id")
    )
    label = (
        read_first_text(message, "vote", "text")
        or read_first_text(response, "SelectedDisplayText", "selectedDisplayText")
        or read_first_text(inner, "selectedDisplayText", "SelectedDisplayText", "title")
        or read_first_text(params, "display_text", "title")
        or _format_form(params)
        or read_first_text(read_object(inner.get("body")), "text")
        or read_first_text(inner, "description")
        or choice
    )
    return MessageContent(
        MessageKind.CHOICE, label, _present({"choice_id": choice, "label": label})
    )


def _parse_flow_params(inner: Json) -> Json:
    """The answer of a native flow, which is JSON inside JSON; empty if it is no such answer."""
    flow = read_object(inner.get("nativeFlowResponseMessage"))
    flow = flow or read_object(inner.get("InteractiveResponseMessage"))
    flow = read_object(flow.get("nativeFlowResponseMessage")) or flow
    flow = read_object(flow.get("NativeFlowResponseMessage")) or flow
    text = read_first_text(flow, "paramsJSON", "paramsJson", "params_json")
    if not text or len(text) > _MAX_PARAMS_LENGTH:
        return {}
    try:
        return read_object(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}


def _format_form(params: Json) -> str:
    """The answers of a form, one per line: ``name: value``."""
    return "\n".join(
        f"{name}: {text}"
        for name, value in params.items()
        if name.lower() not in _FORM_INTERNAL_FIELDS
        and (text := read_text(value) or ", ".join(filter(None, map(read_text, read_list(value)))))
    )


def _parse_poll(message: Json, inner: Json) -> MessageContent:
    names = (
        read_first_text(read_object(option), "optionName")
        for option in read_list(inner.get("options"))
    )
    options = [name for name in names if name]
    converted = read_text(message.get("convertOptions")).split("|")
    question = read_text(message.get("text")) or read_first_text(inner, "name")
    return MessageContent(
        MessageKind.POLL,
        question,
        {"options": options or [option for option in converted if option]},
    )


def _parse_location(message: Json, inner: Json) -> dict[str, object]:
    return _present(
        {
            "latitude": read_number(inner.get("degreesLatitude")),
            "longitude": read_number(inner.get("degreesLongitude")),
            "name": read_text(inner.get("name")),
            "address": read_text(inner.get("address")),
            "live": unwrap_message(message).name == "livelocation" or None,
        }
    )


def _parse_contact(inner: Json) -> dict[str, object]:
    cards = [_parse_card(read_object(card)) for card in read_list(inner.get("contacts"))]
    return _parse_card(inner) | _present({"contacts": [card for card in cards if card]})


def _parse_card(source: Json) -> dict[str, object]:
    vcard = _PHOTO.sub("", read_text(source.get("vcard")))
    return _present({"name": read_text(source.get("displayName")), "vcard": vcard})


def _is_voice(kind: MessageKind, message: Json, inner: Json) -> bool:
    is_voice_note = read_text(message.get("mediaType")).lower() == "ptt" or read_flag(
        inner.get("PTT")
    )
    return kind is MessageKind.AUDIO and is_voice_note


def _parse_media(kind: MessageKind, message: Json, inner: Json) -> dict[str, object]:
    numbers = {name: read_number(inner.get(field)) for name, field in _MEDIA_NUMBERS.items()}
    is_gif = read_text(message.get("mediaType")).lower() == "gif" or read_flag(
        inner.get("gifPlayback")
    )
    return _present(
        {
            "mimetype": read_text(inner.get("mimetype")),
            "file_name": read_first_text(inner, "fileName", "title"),
            **numbers,
            "gif": (kind is MessageKind.VIDEO and is_gif) or None,
            "animated": read_flag(inner.get("isAnimated")) if kind is MessageKind.STICKER else None,
            "waveform": parse_waveform(inner) if kind is MessageKind.VOICE else None,
        }
    )


def _present(details: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in details.items() if value not in (None, "", [])}
