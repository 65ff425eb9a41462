"""What a message says: the gateway's many shapes, read into one ``Content``.

Source: Uazapi reference 2.3. Media keep metadata only: the URLs in a webhook are encrypted
and useless, thumbnails and keys are nobody's business.
"""

import re
from collections.abc import Mapping

from niochat.adapters.whatsapp.uazapi.fields import (
    bare_id,
    first_text,
    flag_of,
    list_of,
    number_of,
    object_of,
    text_of,
)
from niochat.domain.message import Content, Kind

Json = Mapping[str, object]

KIND_BY_TYPE = {
    "conversation": Kind.TEXT,
    "extendedtext": Kind.TEXT,
    "buttons": Kind.TEXT,
    "interactive": Kind.TEXT,
    "list": Kind.TEXT,
    "template": Kind.TEXT,
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "ptv": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "document": Kind.DOCUMENT,
    "documentwithcaption": Kind.DOCUMENT,
    "sticker": Kind.STICKER,
    "location": Kind.LOCATION,
    "livelocation": Kind.LOCATION,
    "contact": Kind.CONTACT,
    "contactsarray": Kind.CONTACT,
    "pollcreation": Kind.POLL,
    "pollupdate": Kind.POLL_VOTE,
    "listresponse": Kind.CHOICE,
    "buttonsresponse": Kind.CHOICE,
    "templatebuttonreply": Kind.CHOICE,
    "interactiveresponse": Kind.CHOICE,
}
_KIND_BY_MEDIA = {
    "image": Kind.IMAGE,
    "video": Kind.VIDEO,
    "gif": Kind.VIDEO,
    "ptv": Kind.VIDEO,
    "audio": Kind.AUDIO,
    "ptt": Kind.AUDIO,
    "document": Kind.DOCUMENT,
    "sticker": Kind.STICKER,
    "user_created_sticker": Kind.STICKER,
    "location": Kind.LOCATION,
    "vcard": Kind.CONTACT,
    "list_response": Kind.CHOICE,
}
_MEDIA_NUMBERS = {
    "length": "fileLength",
    "seconds": "seconds",
    "width": "width",
    "height": "height",
    "page_count": "pageCount",
}
_NAME_OF_TYPE = re.compile(r"(.*?)(?:message)?(?:v[0-9]+)?")
_PHOTO = re.compile(r"(?im)^(?:item[0-9]+\.)?PHOTO[;:].*(?:\r?\n[ \t].*)*\r?\n?")
_WRAPPERS = 3
"""Documents with caption and view-once media lie up to this many envelopes deep."""


def content_of(message: Json) -> Content:
    """What ``message`` says; a shape we do not know is ``unknown`` with its type kept."""
    kind = _kind(message)
    inner = _unwrapped(message)
    match kind:
        case Kind.CHOICE:
            return _choice(message)
        case Kind.POLL:
            return _poll(message, inner)
        case Kind.POLL_VOTE:
            return _poll_vote(message, inner)
        case Kind.TEXT:
            return _text(message, inner)
        case Kind.UNKNOWN:
            return Content(kind, _said(message, inner), {"message_type": _type(message)})
        case Kind.LOCATION:
            return Content(kind, _said(message, inner), _location(message, inner))
        case Kind.CONTACT:
            return Content(kind, _said(message, inner), _contact(inner))
        case _:
            kind = Kind.VOICE if _is_voice(kind, message, inner) else kind
            return Content(kind, _said(message, inner), _media(kind, message, inner))


def is_reaction(message: Json) -> bool:
    """Whether the message is an emoji put on another one, or taken off."""
    return _short_type(message) == "reaction" or text_of(message.get("type")) == "reaction"


def replied_to(message: Json) -> str | None:
    """Bare id of the quoted message, from ``quoted`` or from the content's context."""
    content = object_of(message.get("content"))
    contexts = (content.get("contextInfo"), _unwrapped(message).get("contextInfo"))
    stanzas = (first_text(object_of(context), "stanzaID", "stanzaId") for context in contexts)
    ids = (bare_id(value) for value in (message.get("quoted"), *stanzas))
    return next((found for found in ids if found), None)


def _kind(message: Json) -> Kind:
    short, media = _short_type(message), text_of(message.get("mediaType")).lower()
    kind = KIND_BY_TYPE.get(short) or _KIND_BY_MEDIA.get(media)
    if kind is not None:
        return kind
    # Older builds leave messageType out; then a bare text is still a text.
    is_text = not short and text_of(message.get("type")) in {"", "text"}
    return Kind.TEXT if is_text and _said(message, _unwrapped(message)) else Kind.UNKNOWN


def _type(message: Json) -> str:
    return first_text(message, "messageType", "type") or "none"


def _short_type(message: Json) -> str:
    """``PollCreationMessageV3`` becomes ``pollcreation``."""
    match = _NAME_OF_TYPE.fullmatch(text_of(message.get("messageType")).strip().lower())
    return match[1] if match else ""


def _unwrapped(message: Json) -> Json:
    """The content object inside the envelopes some types put around it."""
    content = object_of(message.get("content"))
    own_name = text_of(message.get("messageType")).lower()
    for _ in range(_WRAPPERS):
        inside = object_of(content.get("message"))
        names = [
            name
            for name in (inside or content)
            if (name.lower() == own_name if not inside else "message" in name.lower())
        ]
        found = next((hit for name in names if (hit := object_of((inside or content)[name]))), None)
        if found is None:
            return content
        content = found
    return content


def _said(message: Json, inner: Json) -> str:
    content = message.get("content")
    plain = content if isinstance(content, str) else ""
    return text_of(message.get("text")) or plain or first_text(inner, "text", "caption")


def _text(message: Json, inner: Json) -> Content:
    # A menu that our side sent says what its body says; its options are not ours to act on.
    body = first_text(inner, "contentText", "description", "title")
    return Content(Kind.TEXT, _said(message, inner) or body)


def _choice(message: Json) -> Content:
    content = object_of(message.get("content"))
    response = object_of(content.get("Response"))
    row = object_of(content.get("singleSelectReply"))
    choice = first_text(message, "buttonOrListid") or (
        first_text(content, "selectedButtonID", "selectedID") or first_text(row, "selectedRowID")
    )
    label = (
        first_text(message, "vote", "text")
        or first_text(response, "SelectedDisplayText", "selectedDisplayText")
        or first_text(content, "selectedDisplayText", "SelectedDisplayText", "title")
        or first_text(object_of(content.get("body")), "text")
        or choice
    )
    return Content(Kind.CHOICE, label, _present({"choice_id": choice, "label": label}))


def _poll(message: Json, inner: Json) -> Content:
    named = (first_text(object_of(o), "optionName") for o in list_of(inner.get("options")))
    options = [name for name in named if name]
    listed = text_of(message.get("convertOptions")).split("|")
    question = text_of(message.get("text")) or first_text(inner, "name")
    return Content(Kind.POLL, question, {"options": options or [o for o in listed if o]})


def _poll_vote(message: Json, inner: Json) -> Content:
    given = message.get("vote")
    vote = text_of(given) or ", ".join(t for v in list_of(given) if (t := text_of(v)))
    key = object_of(inner.get("pollCreationMessageKey"))
    poll = bare_id(message.get("quoted")) or bare_id(first_text(key, "ID", "id"))
    details = _present({"vote": vote, "poll_id": poll})
    return Content(Kind.POLL_VOTE, vote or text_of(message.get("text")), details)


def _location(message: Json, inner: Json) -> dict[str, object]:
    return _present(
        {
            "latitude": number_of(inner.get("degreesLatitude")),
            "longitude": number_of(inner.get("degreesLongitude")),
            "name": text_of(inner.get("name")),
            "address": text_of(inner.get("address")),
            "live": _short_type(message) == "livelocation" or None,
        }
    )


def _contact(inner: Json) -> dict[str, object]:
    cards = [_card(object_of(card)) for card in list_of(inner.get("contacts"))]
    return _card(inner) | _present({"contacts": [card for card in cards if card]})


def _card(source: Json) -> dict[str, object]:
    vcard = _PHOTO.sub("", text_of(source.get("vcard")))
    return _present({"name": text_of(source.get("displayName")), "vcard": vcard})


def _is_voice(kind: Kind, message: Json, inner: Json) -> bool:
    noted = text_of(message.get("mediaType")).lower() == "ptt" or flag_of(inner.get("PTT"))
    return kind is Kind.AUDIO and noted


def _media(kind: Kind, message: Json, inner: Json) -> dict[str, object]:
    numbers = {ours: number_of(inner.get(theirs)) for ours, theirs in _MEDIA_NUMBERS.items()}
    is_gif = text_of(message.get("mediaType")).lower() == "gif" or flag_of(inner.get("gifPlayback"))
    return _present(
        {
            "mimetype": text_of(inner.get("mimetype")),
            "file_name": first_text(inner, "fileName", "title"),
            **numbers,
            "gif": (kind is Kind.VIDEO and is_gif) or None,
            "animated": flag_of(inner.get("isAnimated")) if kind is Kind.STICKER else None,
        }
    )


def _present(details: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in details.items() if value not in (None, "", [])}
