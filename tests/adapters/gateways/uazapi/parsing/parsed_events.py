"""What a body means, narrowed to the kind of meaning a test is about."""

from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import ReceiveMessage
from niochat.domain.message import MessageContent
from niochat.ports.gateway_events import IgnoredEvent, InboundEvent
from tests.adapters.gateways.uazapi.captured_webhooks import NOW, build_message_body

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
