"""Builders of the ``content`` field for each kind of message, as captured (reference §2.3)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ContentJson = dict[str, Any] | str

_HASH = "i0AJl+bQidaVHOe6UwmnOKEFtk5CTukkY0Dznh/kWhs="
_THUMBNAIL = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6"


@dataclass(slots=True)
class PhoneAction:
    """An action on a phone.

    ``text``: the typed text, caption, emoji or label of a choice. ``option``: the id of a list row
    or button. ``target``: the message that is reacted to, edited, deleted or voted on. ``file``:
    the name of a document. ``content``: values that replace single fields of the content.
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
    """The ``type``, ``messageType`` and ``mediaType`` of a kind of message, and the builder of its
    ``content``.
    """

    type: str
    message_type: str
    media_type: str
    build: Callable[[PhoneAction], ContentJson]


def _context(action: PhoneAction) -> dict[str, Any]:
    mode = {"initiator": 0, "trigger": 0, "initiatedByMe": False}
    timing: dict[str, Any] = {
        "expiration": 0,
        "ephemeralSettingTimestamp": 1739999266,
        "disappearingMode": mode,
    }
    if not action.reply_to:
        return timing
    quoted = {"conversation": action.quoted_text}
    reply = {"stanzaID": action.reply_to, "participant": action.our_lid, "quotedMessage": quoted}
    return {**reply, **timing, "quotedType": 0}


def _text(action: PhoneAction) -> ContentJson:
    return {
        "text": action.text,
        "previewType": 0,
        "contextInfo": _context(action),
        "inviteLinkGroupTypeV2": 0,
    }


def _conversation(action: PhoneAction) -> ContentJson:
    return action.text


def _file(action: PhoneAction, mimetype: str, length: int) -> dict[str, Any]:
    return {
        "URL": "https://mmg.whatsapp.net/v/sandbox.enc",
        "mimetype": mimetype,
        "fileSHA256": _HASH,
        "fileLength": length,
        "mediaKey": "7ttjwnlb5BW2cylP7MgutxXOCbOfHPnNnHtZg+cLQ74=",
        "fileEncSHA256": "D7X9nDQ2Vh/NI6v/Dso8J39HHA5TvGtXtlufLJPDdVk=",
        "directPath": "/v/sandbox.enc",
        "mediaKeyTimestamp": int(time.time()),
        "contextInfo": _context(action),
    }


def _captioned(content: dict[str, Any], action: PhoneAction) -> dict[str, Any]:
    return {**content, "caption": action.text} if action.text else content


def _image(action: PhoneAction) -> ContentJson:
    size = {"height": 1600, "width": 900, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(action, "image/jpeg", 162894), **size}, action)


def _video(action: PhoneAction) -> ContentJson:
    size = {"seconds": 4, "height": 850, "width": 478, "JPEGThumbnail": _THUMBNAIL}
    return _captioned({**_file(action, "video/mp4", 1183945), **size}, action)


def _gif(action: PhoneAction) -> ContentJson:
    size = {"seconds": 5, "gifPlayback": True, "height": 200, "width": 200, "gifAttribution": 1}
    return _captioned({**_file(action, "video/mp4", 304428), **size}, action)


def _audio(action: PhoneAction) -> ContentJson:
    return {**_file(action, "audio/ogg; codecs=opus", 4920), "seconds": 2}


def _ptt(action: PhoneAction) -> ContentJson:
    wave = "AAAGFDRPW19gVVNVU1JST1NfYl9SU1dUUlFYVktOUU9QUlhYVU1LTkhCPzs3ND9N"
    file = _file(action, "audio/ogg; codecs=opus", 4920)
    return {**file, "seconds": 2, "PTT": True, "waveform": wave}


def _document(action: PhoneAction) -> ContentJson:
    preview = {"JPEGThumbnail": _THUMBNAIL, "thumbnailHeight": 269, "thumbnailWidth": 480}
    naming = {"pageCount": 1, "fileName": action.file or "Comprovante.pdf"}
    return _captioned({**_file(action, "application/pdf", 56066), **naming, **preview}, action)


def _sticker(action: PhoneAction) -> ContentJson:
    flags = {"isAnimated": False, "isAvatar": False, "isAiSticker": False, "isLottie": False}
    return {**_file(action, "image/webp", 278228), "height": 64, "width": 64, **flags}


def _location(action: PhoneAction) -> ContentJson:
    return {
        "degreesLatitude": -8.0342513,
        "degreesLongitude": -34.8921449,
        "contextInfo": _context(action),
    }


def _contact(action: PhoneAction) -> ContentJson:
    name = action.text or "João"
    lines = ("BEGIN:VCARD", "VERSION:3.0", f"N:;{name};;;", f"FN:{name}")
    phone = ("item1.TEL;waid=5581977776666:+55 81 97777-6666", "item1.X-ABLabel:Celular")
    vcard = "\n".join((*lines, *phone, "END:VCARD"))
    return {"displayName": name, "vcard": vcard, "contextInfo": _context(action)}


def _reaction(action: PhoneAction) -> ContentJson:
    key = {"remoteJID": action.our_lid, "fromMe": False, "ID": action.target}
    return {"key": key, "text": action.text, "senderTimestampMS": int(time.time() * 1000)}


def _list_reply(action: PhoneAction) -> ContentJson:
    return {
        "title": action.text,
        "listType": 1,
        "singleSelectReply": {"selectedRowID": action.option},
        "contextInfo": _context(action),
        "description": "",
    }


def _button_reply(action: PhoneAction) -> ContentJson:
    return {
        "Response": {"SelectedDisplayText": action.text},
        "selectedButtonID": action.option,
        "contextInfo": _context(action),
        "type": 1,
    }


def _template_reply(action: PhoneAction) -> ContentJson:
    return {
        "selectedID": action.option,
        "selectedDisplayText": action.text,
        "contextInfo": _context(action),
        "selectedIndex": 0,
    }


def _poll(action: PhoneAction) -> ContentJson:
    options = [{"optionName": name} for name in action.option.split("|") if name]
    creation = {"name": action.text, "options": options, "selectableOptionsCount": 0}
    return {
        "messageContextInfo": {"deviceListMetadataVersion": 2},
        "pollCreationMessageV3": {**creation, "contextInfo": _context(action)},
    }


def _poll_vote(action: PhoneAction) -> ContentJson:
    return {
        "pollCreationMessageKey": {
            "remoteJID": action.our_lid,
            "fromMe": True,
            "ID": action.target,
        },
        "vote": {"encPayload": _HASH, "encIV": "4EN0uoHvvcPQNclX"},
        "senderTimestampMS": int(time.time() * 1000),
    }


def _empty(_action: PhoneAction) -> ContentJson:
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


def displayed_text(action: PhoneAction) -> str:
    """The ``text`` field: the caption of a picture, empty for a choice or a voice note."""
    if action.kind in CHOICE_KINDS or action.kind in _SILENT:
        return ""
    if action.kind == "contact":
        return f"{action.text or 'João'}\nPhone (Celular): +55 81 97777-6666"
    return action.text


def build_content(action: PhoneAction) -> ContentJson:
    """Build the ``content`` of an action; its own ``content`` fields take precedence."""
    content = MESSAGE_TYPE_SPECS[action.kind].build(action)
    return {**content, **action.content} if isinstance(content, dict) else content
