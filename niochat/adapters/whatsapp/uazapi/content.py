"""What a message says: the gateway's many shapes, read into one ``Content``.

Source: Uazapi reference 2.3. Media keep metadata only: the URLs in a webhook are encrypted
and useless, thumbnails and keys are nobody's business.
"""

import re
from collections.abc import Iterable, Mapping

import orjson

from niochat.adapters.whatsapp.uazapi.fields import (
    bare_id,
    first_text,
    flag_of,
    list_of,
    number_of,
    object_of,
    text_of,
)
from niochat.adapters.whatsapp.uazapi.shapes import (
    EMPTY,
    KIND_BY_SHAPE,
    Shape,
    is_envelope,
    shape_of,
)
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
_WORDY = frozenset({MessageKind.TEXT, MessageKind.CHOICE, MessageKind.POLL})
"""Without words they say nothing."""
_TEMPLATES = (
    "hydratedTemplate", "hydratedFourRowTemplate", "interactiveMessageTemplate", "fourRowTemplate",
)  # fmt: skip
_WORDS = (
    "hydratedTitleText", "hydratedContentText", "hydratedFooterText", "contentText", "title",
    "orderTitle", "message", "name", "description", "body", "note", "caption", "groupName",
    "eventTitle", "packDescription",
)  # fmt: skip
"""Fields that hold words, in the order in which they are read."""
_LONGEST_PARAMS = 64 * 1024
_TOKENS = frozenset({"flow_token", "wa_flow_response_params", "id", "name", "version"})
"""Of a filled-in form: what nobody typed."""


def said_of(message: Json) -> MessageContent | str:
    """What ``message`` says, or the name of the notice that it is (``shapes``).

    Text, answers and polls without a word are the notice ``empty``: the gateway sends such a body
    for a message that it waits for, and the real one later under the same id.
    """
    shape = shape_of(message)
    kind = _kind(message, shape)
    if kind is None:
        empty = not shape.name and not _said(message, shape.inner)
        return EMPTY if empty else shape.notice
    content = _content(kind, message, shape.inner)
    if kind in _WORDY and not content.text.strip():
        return EMPTY
    return content


def content_of(message: Json) -> MessageContent:
    """What ``message`` says, whatever it is: a shape that says nothing is ``unknown`` with its
    type kept. For what was certainly sent, such as our own echo.
    """
    said = said_of(message)
    if isinstance(said, MessageContent):
        return said
    inner = shape_of(message).inner
    return MessageContent(
        MessageKind.UNKNOWN, _said(message, inner), {"message_type": _type(message)}
    )


def _content(kind: MessageKind, message: Json, inner: Json) -> MessageContent:
    match kind:
        case MessageKind.CHOICE:
            return _choice(message, inner)
        case MessageKind.POLL:
            return _poll(message, inner)
        case MessageKind.TEXT:
            return MessageContent(kind, _said(message, inner) or _body(inner))
        case MessageKind.LOCATION:
            return MessageContent(kind, _said(message, inner), _location(message, inner))
        case MessageKind.CONTACT:
            return MessageContent(kind, _said(message, inner), _contact(inner))
        case _:
            kind = MessageKind.VOICE if _is_voice(kind, message, inner) else kind
            return MessageContent(kind, _said(message, inner), _media(kind, message, inner))


def is_reaction(message: Json) -> bool:
    """Whether the message is an emoji put on another one, or taken off."""
    return shape_of(message).name == "reaction" or text_of(message.get("type")) == "reaction"


def replied_to(message: Json) -> str | None:
    """Bare id of the quoted message, from ``quoted`` or from the content's context."""
    content = object_of(message.get("content"))
    contexts = (content.get("contextInfo"), shape_of(message).inner.get("contextInfo"))
    stanzas = (first_text(object_of(context), "stanzaID", "stanzaId") for context in contexts)
    ids = (bare_id(value) for value in (message.get("quoted"), *stanzas))
    return next((found for found in ids if found), None)


def _kind(message: Json, shape: Shape) -> MessageKind | None:
    kind = KIND_BY_SHAPE.get(shape.name)
    if kind is not None or (shape.name and not is_envelope(shape.name)):
        return kind
    # Older builds leave messageType out, others name the envelope: the media type tells then.
    kind = _KIND_BY_MEDIA.get(text_of(message.get("mediaType")).lower())
    if kind is not None:
        return kind
    is_text = text_of(message.get("type")) in {"", "text"}
    return MessageKind.TEXT if is_text and _said(message, shape.inner) else None


def _type(message: Json) -> str:
    return first_text(message, "messageType", "type") or "none"


def _said(message: Json, inner: Json) -> str:
    content = message.get("content")
    plain = content if isinstance(content, str) else ""
    return text_of(message.get("text")) or plain or first_text(inner, "text", "caption")


def _body(inner: Json) -> str:
    """The words of what is more than a text: menus, templates, goods, orders, invitations. What
    can be pressed is left out: the options of a menu of ours are not ours to act on.
    """
    template = next(filter(None, (object_of(inner.get(name)) for name in _TEMPLATES)), inner)
    parts = [object_of(template.get(part)) for part in ("header", "body", "footer")]
    if any(parts):
        return _joined(first_text(part, "title", "subtitle", "text") for part in parts)
    product = object_of(inner.get("product")) or object_of(inner.get("catalog"))
    note = object_of(inner.get("noteMessage"))
    answers = (object_of(each) for each in list_of(inner.get("submessages")))
    return _joined(
        [
            *(first_text(template, name) for name in _WORDS),
            *(first_text(product, name) for name in ("title", "description")),
            text_of(note.get("conversation"))
            or first_text(object_of(note.get("extendedTextMessage")), "text"),
            *(first_text(each, "messageText") for each in answers),
        ]
    )


def _joined(parts: Iterable[str]) -> str:
    return "\n".join(dict.fromkeys(part for part in parts if part.strip()))


def _choice(message: Json, inner: Json) -> MessageContent:
    """An answer to a menu. Its words are wherever the build and the kind of menu have put them."""
    response = object_of(inner.get("Response")) or object_of(inner.get("response"))
    row, params = object_of(inner.get("singleSelectReply")), _params(inner)
    choice = (
        first_text(message, "buttonOrListid")
        or first_text(inner, "selectedButtonID", "selectedButtonId", "selectedID", "selectedId")
        or first_text(row, "selectedRowID", "selectedRowId")
        or first_text(params, "id", "row_id", "selected_id")
    )
    label = (
        first_text(message, "vote", "text")
        or first_text(response, "SelectedDisplayText", "selectedDisplayText")
        or first_text(inner, "selectedDisplayText", "SelectedDisplayText", "title")
        or first_text(params, "display_text", "title")
        or _filled_in(params)
        or first_text(object_of(inner.get("body")), "text")
        or first_text(inner, "description")
        or choice
    )
    return MessageContent(
        MessageKind.CHOICE, label, _present({"choice_id": choice, "label": label})
    )


def _params(inner: Json) -> Json:
    """What a native flow answers, JSON inside of JSON; empty where it is none."""
    flow = object_of(inner.get("nativeFlowResponseMessage"))
    flow = flow or object_of(inner.get("InteractiveResponseMessage"))
    flow = object_of(flow.get("nativeFlowResponseMessage")) or flow
    flow = object_of(flow.get("NativeFlowResponseMessage")) or flow
    text = first_text(flow, "paramsJSON", "paramsJson", "params_json")
    if not text or len(text) > _LONGEST_PARAMS:
        return {}
    try:
        return object_of(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}


def _filled_in(params: Json) -> str:
    """A form's answers, one a line: ``name: value``."""
    return "\n".join(
        f"{name}: {text}"
        for name, value in params.items()
        if name.lower() not in _TOKENS
        and (text := text_of(value) or ", ".join(filter(None, map(text_of, list_of(value)))))
    )


def _poll(message: Json, inner: Json) -> MessageContent:
    named = (first_text(object_of(o), "optionName") for o in list_of(inner.get("options")))
    options = [name for name in named if name]
    listed = text_of(message.get("convertOptions")).split("|")
    question = text_of(message.get("text")) or first_text(inner, "name")
    return MessageContent(
        MessageKind.POLL, question, {"options": options or [o for o in listed if o]}
    )


def _location(message: Json, inner: Json) -> dict[str, object]:
    return _present(
        {
            "latitude": number_of(inner.get("degreesLatitude")),
            "longitude": number_of(inner.get("degreesLongitude")),
            "name": text_of(inner.get("name")),
            "address": text_of(inner.get("address")),
            "live": shape_of(message).name == "livelocation" or None,
        }
    )


def _contact(inner: Json) -> dict[str, object]:
    cards = [_card(object_of(card)) for card in list_of(inner.get("contacts"))]
    return _card(inner) | _present({"contacts": [card for card in cards if card]})


def _card(source: Json) -> dict[str, object]:
    vcard = _PHOTO.sub("", text_of(source.get("vcard")))
    return _present({"name": text_of(source.get("displayName")), "vcard": vcard})


def _is_voice(kind: MessageKind, message: Json, inner: Json) -> bool:
    noted = text_of(message.get("mediaType")).lower() == "ptt" or flag_of(inner.get("PTT"))
    return kind is MessageKind.AUDIO and noted


def _media(kind: MessageKind, message: Json, inner: Json) -> dict[str, object]:
    numbers = {ours: number_of(inner.get(theirs)) for ours, theirs in _MEDIA_NUMBERS.items()}
    is_gif = text_of(message.get("mediaType")).lower() == "gif" or flag_of(inner.get("gifPlayback"))
    return _present(
        {
            "mimetype": text_of(inner.get("mimetype")),
            "file_name": first_text(inner, "fileName", "title"),
            **numbers,
            "gif": (kind is MessageKind.VIDEO and is_gif) or None,
            "animated": flag_of(inner.get("isAnimated")) if kind is MessageKind.STICKER else None,
        }
    )


def _present(details: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in details.items() if value not in (None, "", [])}
