"""The `content` of each kind of message, field by field as captured (reference §2.3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Content = dict[str, Any] | str

_HASH = "i0AJl+bQidaVHOe6UwmnOKEFtk5CTukkY0Dznh/kWhs="
_THUMBNAIL = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6"


@dataclass(slots=True)
class Draft:
    """What a person does on a phone.

    `text` is what is typed, the caption, the emoji or the label chosen; `option` the id of a
    list row or button; `target` the message reacted to, edited, deleted or voted on; `file`
    a document's name; `content` replaces single fields of the content.
    """

    kind: str
    text: str = ""
    option: str = ""
    target: str = ""
    reply_to: str = ""
    quoted_text: str = ""
    file: str = ""
    our_lid: str = ""
    content: dict[str, Any] = field(default_factory=dict)


class Shape(NamedTuple):
    """How a kind appears: `type`, `messageType`, `mediaType` and the builder of `content`."""

    type: str
    message_type: str
    media_type: str
    build: Callable[[Draft], Content]


def _context(draft: Draft) -> dict[str, Any]:
    mode = {"initiator": 0, "trigger": 0, "initiatedByMe": False}
    timing: dict[str, Any] = {
        "expiration": 0,
        "ephemeralSettingTimestamp": 1739999266,
        "disappearingMode": mode,
    }
    if not draft.reply_to:
        return timing
    quoted = {"conversation": draft.quoted_text}
    reply = {"stanzaID": draft.reply_to, "participant": draft.our_lid, "quotedMessage": quoted}
    return {**reply, **timing, "quotedType": 0}


def _text(draft: Draft) -> Content:
    return {
        "text": draft.text,
        "previewType": 0,
        "contextInfo": _context(draft),
        "inviteLinkGroupTypeV2": 0,
    }


def _conversation(draft: Draft) -> Content:
    return draft.text


def _file(draft: Draft, mimetype: str, length: int) -> dict[str, Any]:
    return {
        "URL": "https://mmg.whatsapp.net/v/sandbox.enc",
        "mimetype": mimetype,
        "fileSHA256": _HASH,
        "fileLength": length,
        "mediaKey": "7ttjwnlb5BW2cylP7MgutxXOCbOfHPnNnHtZg+cLQ74=",
        "fileEncSHA256": "D7X9nDQ2Vh/NI6v/Dso8J39HHA5TvGtXtlufLJPDdVk=",
        "directPath": "/v/sandbox.enc",
        "mediaKeyTimestamp": int(time.time()),
        "contextInfo": _context(draft),
    }


def _captioned(content: dict[str, Any], draft: Draft) -> dict[str, Any]:
    return {**content, "caption": draft.text} if draft.text else content


def _image(draft: Draft) -> Content:
    size = {"height": 1600, "width": 900, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(draft, "image/jpeg", 162894), **size}, draft)


def _video(draft: Draft) -> Content:
    size = {"seconds": 4, "height": 850, "width": 478, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(draft, "video/mp4", 1183945), **size}, draft)


def _gif(draft: Draft) -> Content:
    size = {"seconds": 5, "gifPlayback": True, "height": 200, "width": 200, "gifAttribution": 1}
    return _captioned({**_file(draft, "video/mp4", 304428), **size}, draft)


def _audio(draft: Draft) -> Content:
    return {**_file(draft, "audio/ogg; codecs=opus", 4920), "seconds": 2}


def _ptt(draft: Draft) -> Content:
    wave = "AAAGFDRPW19gVVNVU1JST1NfYl9SU1dUUlFYVktOUU9QUlhYVU1LTkhCPzs3ND9N"
    file = _file(draft, "audio/ogg; codecs=opus", 4920)
    return {**file, "seconds": 2, "PTT": True, "waveform": wave}


def _document(draft: Draft) -> Content:
    preview = {"JPEGThumbnail": _THUMBNAIL, "thumbnailHeight": 269, "thumbnailWidth": 480}
    naming = {"pageCount": 1, "fileName": draft.file or "Comprovante.pdf"}
    return _captioned({**_file(draft, "application/pdf", 56066), **naming, **preview}, draft)


def _sticker(draft: Draft) -> Content:
    flags = {"isAnimated": False, "isAvatar": False, "isAiSticker": False, "isLottie": False}
    return {**_file(draft, "image/webp", 278228), "height": 64, "width": 64, **flags}


def _location(draft: Draft) -> Content:
    return {
        "degreesLatitude": -8.0342513,
        "degreesLongitude": -34.8921449,
        "contextInfo": _context(draft),
    }


def _contact(draft: Draft) -> Content:
    name = draft.text or "João"
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}")
    phone = ("item1.TEL;waid=5581977776666:+55 81 97777-6666", "item1.X-ABLabel:Celular")
    vcard = "\n".join((*lines, *phone, "END:VCARD"))
    return {"displayName": name, "vcard": vcard, "contextInfo": _context(draft)}


def _reaction(draft: Draft) -> Content:
    key = {"remoteJID": draft.our_lid, "fromMe": False, "ID": draft.target}
    return {"key": key, "text": draft.text, "senderTimestampMS": int(time.time() * 1000)}


def _list_reply(draft: Draft) -> Content:
    return {
        "title": draft.text,
        "listType": 1,
        "singleSelectReply": {"selectedRowID": draft.option},
        "contextInfo": _context(draft),
        "description": "",
    }


def _button_reply(draft: Draft) -> Content:
    return {
        "Response": {"SelectedDisplayText": draft.text},
        "selectedButtonID": draft.option,
        "contextInfo": _context(draft),
        "type": 1,
    }


def _template_reply(draft: Draft) -> Content:
    return {
        "selectedID": draft.option,
        "selectedDisplayText": draft.text,
        "contextInfo": _context(draft),
        "selectedIndex": 0,
    }


def _poll(draft: Draft) -> Content:
    options = [{"optionName": name} for name in draft.option.split("|") if name]
    creation = {"name": draft.text, "options": options, "selectableOptionsCount": 0}
    return {
        "messageContextInfo": {"deviceListMetadataVersion": 2},
        "pollCreationMessageV3": {**creation, "contextInfo": _context(draft)},
    }


def _poll_vote(draft: Draft) -> Content:
    return {
        "pollCreationMessageKey": {
            "remoteJID": draft.our_lid,
            "fromMe": True,
            "ID": draft.target,
        },
        "vote": {"encPayload": _HASH, "encIV": "4EN0uoHvvcPQNclX"},
        "senderTimestampMS": int(time.time() * 1000),
    }


def _nothing(_draft: Draft) -> Content:
    return {}


SHAPES: dict[str, Shape] = {
    "text": Shape("text", "ExtendedTextMessage", "", _text),
    "conversation": Shape("text", "Conversation", "", _conversation),
    "edit": Shape("text", "ExtendedTextMessage", "", _text),
    "image": Shape("media", "ImageMessage", "image", _image),
    "video": Shape("media", "VideoMessage", "video", _video),
    "gif": Shape("media", "VideoMessage", "gif", _gif),
    "ptt": Shape("media", "AudioMessage", "ptt", _ptt),
    "audio": Shape("media", "AudioMessage", "audio", _audio),
    "document": Shape("media", "DocumentMessage", "document", _document),
    "sticker": Shape("media", "StickerMessage", "user_created_sticker", _sticker),
    "location": Shape("media", "LocationMessage", "location", _location),
    "contact": Shape("media", "ContactMessage", "vcard", _contact),
    "reaction": Shape("reaction", "ReactionMessage", "", _reaction),
    "list_reply": Shape("media", "ListResponseMessage", "list_response", _list_reply),
    "button_reply": Shape("text", "ButtonsResponseMessage", "", _button_reply),
    "template_reply": Shape("text", "TemplateButtonReplyMessage", "", _template_reply),
    "poll": Shape("poll", "PollCreationMessageV3", "", _poll),
    "poll_vote": Shape("poll", "PollUpdateMessage", "", _poll_vote),
    "unsupported": Shape("media", "UnsupportedMessage", "", _nothing),
    "menu_button": Shape("text", "ButtonsMessage", "", _nothing),
    "menu_list": Shape("text", "ListMessage", "", _nothing),
}
DELETION = "deletion"
CUSTOMER_KINDS = (SHAPES.keys() - {"menu_button", "menu_list"}) | {DELETION}

CHOICES = frozenset({"list_reply", "button_reply", "template_reply", "poll_vote"})
_SILENT = frozenset({"ptt", "audio", "sticker", "location", "unsupported"})


def shown_text(draft: Draft) -> str:
    """The message's `text`: the caption of a picture, empty for a choice or a voice note."""
    if draft.kind in CHOICES or draft.kind in _SILENT:
        return ""
    if draft.kind == "contact":
        return f"{draft.text or 'João'}\nPhone (Celular): +55 81 97777-6666"
    return draft.text


def content_of(draft: Draft) -> Content:
    """The `content` of a draft, with the draft's own fields laid over it."""
    content = SHAPES[draft.kind].build(draft)
    return {**content, **draft.content} if isinstance(content, dict) else content
