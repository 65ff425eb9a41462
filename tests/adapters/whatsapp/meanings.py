"""What a body means, narrowed to the kind of meaning a test is about."""

from niochat.adapters.whatsapp.uazapi.parse import parse_webhook
from niochat.domain.commands import (
    ReceiveMessage,
)
from niochat.domain.incoming import IgnoredEvent, InboundEvent
from niochat.domain.message import MessageContent

from .captures import NOW, build_message_body

OUR_LID = "200000000000044@lid"


def parse_inbound(body: dict[str, object]) -> InboundEvent:
    found = parse_webhook(body, NOW).event
    assert isinstance(found, InboundEvent), found
    return found


def parse_message(**message: object) -> ReceiveMessage:
    command = parse_inbound(build_message_body(message)).command
    assert isinstance(command, ReceiveMessage)
    return command


def parse_content(**message: object) -> MessageContent:
    return parse_message(**message).content


def parse_ignored_reason(body: dict[str, object]) -> str:
    found = parse_webhook(body, NOW).event
    assert isinstance(found, IgnoredEvent), found
    return found.reason
