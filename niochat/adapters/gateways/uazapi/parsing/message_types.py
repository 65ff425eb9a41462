"""A closed list of the WhatsApp message types that have content. All others are notices.

The names are the fields of ``waE2E.Message``, the protobuf that gateways built on whatsmeow read;
``messageType`` of a webhook is such a name with a capital first letter. ``docs/whatsapp.md`` has
the same list for readers, and a test compares the two. An unknown type is a notice too: a new type
must be listed here before it may open a conversation.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from niochat.adapters.gateways.uazapi.parsing.json_fields import read_object, read_text
from niochat.domain.message import MessageKind

Json = Mapping[str, object]

CONTENT_TYPES: Mapping[str, MessageKind] = {
    "conversation": MessageKind.TEXT,
    "extendedTextMessage": MessageKind.TEXT,
    "imageMessage": MessageKind.IMAGE,
    "videoMessage": MessageKind.VIDEO,
    "ptvMessage": MessageKind.VIDEO,
    "audioMessage": MessageKind.AUDIO,
    "documentMessage": MessageKind.DOCUMENT,
    "documentWithCaptionMessage": MessageKind.DOCUMENT,
    "stickerMessage": MessageKind.STICKER,
    "lottieStickerMessage": MessageKind.STICKER,
    "locationMessage": MessageKind.LOCATION,
    "liveLocationMessage": MessageKind.LOCATION,
    "contactMessage": MessageKind.CONTACT,
    "contactsArrayMessage": MessageKind.CONTACT,
    "pollCreationMessage": MessageKind.POLL,
    "pollCreationMessageV2": MessageKind.POLL,
    "pollCreationMessageV3": MessageKind.POLL,
    "pollCreationMessageV4": MessageKind.POLL,
    "pollCreationMessageV5": MessageKind.POLL,
    "pollCreationMessageV6": MessageKind.POLL,
    "listResponseMessage": MessageKind.CHOICE,
    "buttonsResponseMessage": MessageKind.CHOICE,
    "templateButtonReplyMessage": MessageKind.CHOICE,
    "interactiveResponseMessage": MessageKind.CHOICE,
    "buttonsMessage": MessageKind.TEXT,
    "listMessage": MessageKind.TEXT,
    "templateMessage": MessageKind.TEXT,
    "highlyStructuredMessage": MessageKind.TEXT,
    "interactiveMessage": MessageKind.TEXT,
    "productMessage": MessageKind.TEXT,
    "orderMessage": MessageKind.TEXT,
    "invoiceMessage": MessageKind.TEXT,
    "sendPaymentMessage": MessageKind.TEXT,
    "requestPaymentMessage": MessageKind.TEXT,
    "groupInviteMessage": MessageKind.TEXT,
    "eventMessage": MessageKind.TEXT,
    "eventInviteMessage": MessageKind.TEXT,
    "stickerPackMessage": MessageKind.TEXT,
    "questionResponseMessage": MessageKind.TEXT,
    "statusQuestionAnswerMessage": MessageKind.TEXT,
    "statusQuotedMessage": MessageKind.TEXT,
    "richResponseMessage": MessageKind.TEXT,
}
"""Types with content of a person, and the kind under which each is stored."""

WRAPPER_TYPES = frozenset(
    {
        "associatedChildMessage",
        "botForwardedMessage",
        "botInvokeMessage",
        "commentMessage",
        "deviceSentMessage",
        "ephemeralMessage",
        "groupMentionedMessage",
        "questionMessage",
        "questionReplyMessage",
        "spoilerMessage",
        "viewOnceMessage",
        "viewOnceMessageV2",
        "viewOnceMessageV2Extension",
    }
)
"""Wrappers; they are handled as the message in their field ``message``."""

UPDATE_TYPES: Mapping[str, str] = {
    "reactionMessage": "reaction",
    "editedMessage": "edit",
    "protocolMessage": "edit or deletion",
}
"""Types that change an earlier message. Any other ``protocolMessage`` is a notice."""

NOTICE_TYPES = frozenset(
    {
        "albumMessage",
        "bcallMessage",
        "botTaskMessage",
        "call",
        "callLogMesssage",
        "cancelPaymentRequestMessage",
        "chat",
        "conditionalRevealMessage",
        "declinePaymentRequestMessage",
        "encCommentMessage",
        "encEventResponseMessage",
        "encReactionMessage",
        "eventCoverImage",
        "fastRatchetKeySenderKeyDistributionMessage",
        "groupRootKeyShare",
        "groupStatusMentionMessage",
        "groupStatusMessage",
        "groupStatusMessageV2",
        "keepInChatMessage",
        "limitSharingMessage",
        "messageContextInfo",
        "messageHistoryBundle",
        "messageHistoryNotice",
        "newsletterAdminInviteMessage",
        "newsletterAdminProfileMessage",
        "newsletterAdminProfileMessageV2",
        "newsletterAdminProfileStatusMessage",
        "newsletterFollowerInviteMessageV2",
        "paymentInviteMessage",
        "paymentReminderMessage",
        "pinInChatMessage",
        "placeholderMessage",
        "pollAddOptionMessage",
        "pollCreationOptionImageMessage",
        "pollResultSnapshotMessage",
        "pollResultSnapshotMessageV3",
        "pollUpdateMessage",
        "requestPhoneNumberMessage",
        "scheduledCallCreationMessage",
        "scheduledCallEditMessage",
        "secretEncryptedMessage",
        "senderKeyDistributionMessage",
        "splitPaymentMessage",
        "statusAddYours",
        "statusMentionMessage",
        "statusNotificationMessage",
        "statusStickerInteractionMessage",
        "stickerSyncRmrMessage",
    }
)
"""Known types without content of a person."""

EMPTY_NOTICE = "empty"
"""Notice for a type that should have content and has none. It is usually a placeholder, whose
message arrives later under the same id.
"""
UNKNOWN_NOTICE = "unknown"
"""Notice for a type that is on no list."""

_NAME_OF_TYPE = re.compile(r"(.*?)(?:message)?(?:v[0-9]+)?")
_MAX_DEPTH = 5
"""The maximum number of nested wrappers."""


def short_type_name(name: str) -> str:
    """``PollCreationMessageV3`` becomes ``pollcreation``: builds differ in the parts cut off."""
    match = _NAME_OF_TYPE.fullmatch(name.strip().lower())
    return match[1] if match else ""


KIND_BY_TYPE = {short_type_name(name): kind for name, kind in CONTENT_TYPES.items()}
_WRAPPERS = frozenset(map(short_type_name, WRAPPER_TYPES))
_NOTICES = {
    short_type_name(name): name for name in sorted(NOTICE_TYPES | set(UPDATE_TYPES), reverse=True)
} | {"calllog": "callLogMesssage"}
_UNWRAPPED_TYPES = frozenset(KIND_BY_TYPE) | _WRAPPERS | {"edited"}
_KNOWN_TYPES = frozenset(KIND_BY_TYPE) | _WRAPPERS | {"protocol", "edited", "reaction"}


@dataclass(frozen=True, slots=True)
class UnwrappedMessage:
    """A message without its wrappers: the short name of its type, and its content."""

    name: str
    inner: Json

    @property
    def notice(self) -> str:
        """The notice of a message without content; never a name that the gateway invented."""
        return _NOTICES.get(self.name, UNKNOWN_NOTICE)


def unwrap_message(message: Json) -> UnwrappedMessage:
    """Remove the wrappers of a webhook's message. Unreadable content keeps its outermost type."""
    name, content = short_type_name(read_text(message.get("messageType"))), message.get("content")
    inner = read_object(content)
    for _ in range(_MAX_DEPTH):
        if name and name not in _UNWRAPPED_TYPES:
            break
        wrapped = read_object(inner.get("message"))
        unwrapped = _find_type(wrapped) if wrapped else _unwrap_own_name(name, inner)
        if unwrapped is None:
            break
        if name not in KIND_BY_TYPE:
            name = unwrapped[0]
        inner = unwrapped[1]
    return UnwrappedMessage(name, inner)


def is_wrapper(name: str) -> bool:
    """Whether the type is only a wrapper of another message."""
    return name in _WRAPPERS


def _find_type(source: Json) -> tuple[str, Json] | None:
    """The first field of a ``waE2E.Message`` that has a known type. Fields are read in the order of
    their names, because the order of JSON keys has no meaning.
    """
    for field, value in sorted(source.items()):
        name = short_type_name(field)
        if name not in _KNOWN_TYPES:
            continue
        if isinstance(value, str) and value:
            return name, {"text": value}
        if read_object(value):
            return name, read_object(value)
    return None


def _unwrap_own_name(name: str, content: Json) -> tuple[str, Json] | None:
    """Unwrap content that some builds nest again under the name of its type."""
    for field, value in sorted(content.items()):
        if name and short_type_name(field) == name and read_object(value):
            return name, read_object(value)
    return None
