"""The `content` of each kind of message, field by field as captured (reference §2.3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ContentJson = dict[str, Any] | str

_HASH = "i0AJl+bQidaVHOe6UwmnOKEFtk5CTukkY0Dznh/kWhs="
_THUMBNAIL = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6"


@dataclass(slots=True)
class PhoneAction:
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


class MessageTypeSpec(NamedTuple):
    """How a kind appears: `type`, `messageType`, `mediaType` and the builder of `content`."""

    type: str
    message_type: str
    media_type: str
    build: Callable[[PhoneAction], ContentJson]


def _context(draft: PhoneAction) -> dict[str, Any]:
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


def _text(draft: PhoneAction) -> ContentJson:
    return {
        "text": draft.text,
        "previewType": 0,
        "contextInfo": _context(draft),
        "inviteLinkGroupTypeV2": 0,
    }


def _conversation(draft: PhoneAction) -> ContentJson:
    return draft.text


def _file(draft: PhoneAction, mimetype: str, length: int) -> dict[str, Any]:
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


def _captioned(content: dict[str, Any], draft: PhoneAction) -> dict[str, Any]:
    return {**content, "caption": draft.text} if draft.text else content


def _image(draft: PhoneAction) -> ContentJson:
    size = {"height": 1600, "width": 900, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(draft, "image/jpeg", 162894), **size}, draft)


def _video(draft: PhoneAction) -> ContentJson:
    size = {"seconds": 4, "height": 850, "width": 478, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(draft, "video/mp4", 1183945), **size}, draft)


def _gif(draft: PhoneAction) -> ContentJson:
    size = {"seconds": 5, "gifPlayback": True, "height": 200, "width": 200, "gifAttribution": 1}
    return _captioned({**_file(draft, "video/mp4", 304428), **size}, draft)


def _audio(draft: PhoneAction) -> ContentJson:
    return {**_file(draft, "audio/ogg; codecs=opus", 4920), "seconds": 2}


def _ptt(draft: PhoneAction) -> ContentJson:
    wave = "AAAGFDRPW19gVVNVU1JST1NfYl9SU1dUUlFYVktOUU9QUlhYVU1LTkhCPzs3ND9N"
    file = _file(draft, "audio/ogg; codecs=opus", 4920)
    return {**file, "seconds": 2, "PTT": True, "waveform": wave}


def _document(draft: PhoneAction) -> ContentJson:
    preview = {"JPEGThumbnail": _THUMBNAIL, "thumbnailHeight": 269, "thumbnailWidth": 480}
    naming = {"pageCount": 1, "fileName": draft.file or "Comprovante.pdf"}
    return _captioned({**_file(draft, "application/pdf", 56066), **naming, **preview}, draft)


def _sticker(draft: PhoneAction) -> ContentJson:
    flags = {"isAnimated": False, "isAvatar": False, "isAiSticker": False, "isLottie": False}
    return {**_file(draft, "image/webp", 278228), "height": 64, "width": 64, **flags}


def _location(draft: PhoneAction) -> ContentJson:
    return {
        "degreesLatitude": -8.0342513,
        "degreesLongitude": -34.8921449,
        "contextInfo": _context(draft),
    }


def _contact(draft: PhoneAction) -> ContentJson:
    name = draft.text or "João"
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}")
    phone = ("item1.TEL;waid=5581977776666:+55 81 97777-6666", "item1.X-ABLabel:Celular")
    vcard = "\n".join((*lines, *phone, "END:VCARD"))
    return {"displayName": name, "vcard": vcard, "contextInfo": _context(draft)}


def _reaction(draft: PhoneAction) -> ContentJson:
    key = {"remoteJID": draft.our_lid, "fromMe": False, "ID": draft.target}
    return {"key": key, "text": draft.text, "senderTimestampMS": int(time.time() * 1000)}


def _list_reply(draft: PhoneAction) -> ContentJson:
    return {
        "title": draft.text,
        "listType": 1,
        "singleSelectReply": {"selectedRowID": draft.option},
        "contextInfo": _context(draft),
        "description": "",
    }


def _button_reply(draft: PhoneAction) -> ContentJson:
    return {
        "Response": {"SelectedDisplayText": draft.text},
        "selectedButtonID": draft.option,
        "contextInfo": _context(draft),
        "type": 1,
    }


def _template_reply(draft: PhoneAction) -> ContentJson:
    return {
        "selectedID": draft.option,
        "selectedDisplayText": draft.text,
        "contextInfo": _context(draft),
        "selectedIndex": 0,
    }


def _poll(draft: PhoneAction) -> ContentJson:
    options = [{"optionName": name} for name in draft.option.split("|") if name]
    creation = {"name": draft.text, "options": options, "selectableOptionsCount": 0}
    return {
        "messageContextInfo": {"deviceListMetadataVersion": 2},
        "pollCreationMessageV3": {**creation, "contextInfo": _context(draft)},
    }


def _poll_vote(draft: PhoneAction) -> ContentJson:
    return {
        "pollCreationMessageKey": {
            "remoteJID": draft.our_lid,
            "fromMe": True,
            "ID": draft.target,
        },
        "vote": {"encPayload": _HASH, "encIV": "4EN0uoHvvcPQNclX"},
        "senderTimestampMS": int(time.time() * 1000),
    }


def _empty(_draft: PhoneAction) -> ContentJson:
    return {}


MESSAGE_TYPE_SPECS: dict[str, MessageTypeSpec] = {
    "text": MessageTypeSpec("text", "ExtendedTextMessage", "", _text),
    "conversation": MessageTypeSpec("text", "Conversation", "", _conversation),
    "edit": MessageTypeSpec("text", "ExtendedTextMessage", "", _text),
    "image": MessageTypeSpec("media", "ImageMessage", "image", _image),
    "video": MessageTypeSpec("media", "VideoMessage", "video", _video),
    "gif": MessageTypeSpec("media", "VideoMessage", "gif", _gif),
    "ptt": MessageTypeSpec("media", "AudioMessage", "ptt", _ptt),
    "audio": MessageTypeSpec("media", "AudioMessage", "audio", _audio),
    "document": MessageTypeSpec("media", "DocumentMessage", "document", _document),
    "sticker": MessageTypeSpec("media", "StickerMessage", "user_created_sticker", _sticker),
    "location": MessageTypeSpec("media", "LocationMessage", "location", _location),
    "contact": MessageTypeSpec("media", "ContactMessage", "vcard", _contact),
    "reaction": MessageTypeSpec("reaction", "ReactionMessage", "", _reaction),
    "list_reply": MessageTypeSpec("media", "ListResponseMessage", "list_response", _list_reply),
    "button_reply": MessageTypeSpec("text", "ButtonsResponseMessage", "", _button_reply),
    "template_reply": MessageTypeSpec("text", "TemplateButtonReplyMessage", "", _template_reply),
    "poll": MessageTypeSpec("poll", "PollCreationMessageV3", "", _poll),
    "poll_vote": MessageTypeSpec("poll", "PollUpdateMessage", "", _poll_vote),
    "unsupported": MessageTypeSpec("media", "UnsupportedMessage", "", _empty),
    "menu_button": MessageTypeSpec("text", "ButtonsMessage", "", _empty),
    "menu_list": MessageTypeSpec("text", "ListMessage", "", _empty),
}
DELETION = "deletion"
CUSTOMER_KINDS = (MESSAGE_TYPE_SPECS.keys() - {"menu_button", "menu_list"}) | {DELETION}

CHOICE_KINDS = frozenset({"list_reply", "button_reply", "template_reply", "poll_vote"})
_SILENT = frozenset({"ptt", "audio", "sticker", "location", "unsupported"})


def displayed_text(draft: PhoneAction) -> str:
    """The message's `text`: the caption of a picture, empty for a choice or a voice note."""
    if draft.kind in CHOICE_KINDS or draft.kind in _SILENT:
        return ""
    if draft.kind == "contact":
        return f"{draft.text or 'João'}\nPhone (Celular): +55 81 97777-6666"
    return draft.text


def build_content(draft: PhoneAction) -> ContentJson:
    """The `content` of a draft, with the draft's own fields laid over it."""
    content = MESSAGE_TYPE_SPECS[draft.kind].build(draft)
    return {**content, **draft.content} if isinstance(content, dict) else content
