"""Which of WhatsApp's messages say something: a closed list. The rest is a notice.

Names are the fields of ``waE2E.Message``, the protobuf that gateways built on whatsmeow read;
``messageType`` of a webhook is such a name, begun with a capital letter. ``docs/whatsapp.md`` has
the same list for people, and a test holds both together. What is not here is a notice too: a new
kind of message must be known before it may open a conversation.
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
"""What a person said, and as what it is kept."""

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
"""They count as what lies in their ``message``."""

UPDATE_TYPES: Mapping[str, str] = {
    "reactionMessage": "reaction",
    "editedMessage": "edit",
    "protocolMessage": "edit or deletion",
}
"""They change a message that was said before. What ``protocolMessage`` says besides is a notice."""

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
"""Known, and nothing that anybody said."""

EMPTY_NOTICE = "empty"
"""Notice of what should say something and does not: most often a placeholder, whose message comes
later under the same id.
"""
UNKNOWN_NOTICE = "unknown"
"""Notice of a shape that is on no list."""

_NAME_OF_TYPE = re.compile(r"(.*?)(?:message)?(?:v[0-9]+)?")
_MAX_DEPTH = 5
"""Envelopes that lie in one another."""


def short_type_name(name: str) -> str:
    """``PollCreationMessageV3`` becomes ``pollcreation``: builds differ in all that is cut off."""
    match = _NAME_OF_TYPE.fullmatch(name.strip().lower())
    return match[1] if match else ""


KIND_BY_TYPE = {short_type_name(name): kind for name, kind in CONTENT_TYPES.items()}
_WRAPPERS = frozenset(map(short_type_name, WRAPPER_TYPES))
_NOTICES = {
    short_type_name(name): name for name in sorted(NOTICE_TYPES | set(UPDATE_TYPES), reverse=True)
} | {"calllog": "callLogMesssage"}
_OPENED = frozenset(KIND_BY_TYPE) | _WRAPPERS | {"edited"}
_MEANS_SOMETHING = frozenset(KIND_BY_TYPE) | _WRAPPERS | {"protocol", "edited", "reaction"}


@dataclass(frozen=True, slots=True)
class UnwrappedMessage:
    """What a message is, with its envelopes taken off: a short name, and the content inside."""

    name: str
    inner: Json

    @property
    def notice(self) -> str:
        """Under what it is counted, where it says nothing; never what the gateway made up."""
        return _NOTICES.get(self.name, UNKNOWN_NOTICE)


def unwrap_message(message: Json) -> UnwrappedMessage:
    """The shape of a webhook's message. Total: whatever cannot be read is its outermost type."""
    name, content = short_type_name(read_text(message.get("messageType"))), message.get("content")
    inner = read_object(content)
    for _ in range(_MAX_DEPTH):
        if name and name not in _OPENED:
            break
        inside = read_object(inner.get("message"))
        found = _find_type(inside) if inside else _unwrap_own_name(name, inner)
        if found is None:
            break
        if name not in KIND_BY_TYPE:
            name = found[0]
        inner = found[1]
    return UnwrappedMessage(name, inner)


def is_wrapper(name: str) -> bool:
    """Whether it says only that something lies inside."""
    return name in _WRAPPERS


def _find_type(source: Json) -> tuple[str, Json] | None:
    """The first field of a ``waE2E.Message`` that means something, in the order of names: that of
    keys means nothing.
    """
    for field, value in sorted(source.items()):
        name = short_type_name(field)
        if name not in _MEANS_SOMETHING:
            continue
        if isinstance(value, str) and value:
            return name, {"text": value}
        if read_object(value):
            return name, read_object(value)
    return None


def _unwrap_own_name(name: str, content: Json) -> tuple[str, Json] | None:
    """Some builds put the content once more under its own name."""
    for field, value in sorted(content.items()):
        if name and short_type_name(field) == name and read_object(value):
            return name, read_object(value)
    return None
