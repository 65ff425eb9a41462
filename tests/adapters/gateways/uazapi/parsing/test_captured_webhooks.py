"""Every captured webhook means what we wrote down, here and in the real captures beside us."""

from collections.abc import Mapping

import orjson
import pytest

from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import (
    ReceiveEdit,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
    ReceiveReaction,
    ReceiveSystemNotice,
)
from niochat.ports.gateway_events import (
    ChannelConnectionChanged,
    IgnoredEvent,
    InboundEvent,
    WhatsAppIdentity,
)
from tests.adapters.gateways.uazapi.captured_webhooks import NAMES, NOW, REAL_FOLDER, load_capture
from tests.adapters.gateways.uazapi.parsing.expected_events import COMMANDS, NOT_STORED

JOANA = WhatsAppIdentity(lid="200000000000033", phone="5581977776666", name="Joana Prado")
HAVE_REAL = pytest.mark.skipif(not REAL_FOLDER.is_dir(), reason="real captures are not here")


def test_an_expectation_is_written_for_every_capture() -> None:
    assert sorted([*COMMANDS, *NOT_STORED]) == NAMES


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_capture_becomes_its_command(name: str) -> None:
    webhook = parse_webhook(load_capture(name), NOW)
    found = webhook.event
    assert webhook.token == "fixture-token"
    assert isinstance(found, InboundEvent)
    assert found.command == COMMANDS[name]
    assert found.identity == JOANA
    said = not isinstance(found.command, ReceiveSystemNotice)
    assert found.dedupe_key == f"{'message' if said else 'notice'}:{COMMANDS[name].external_id}"
    assert found.creates_contact == said


@pytest.mark.parametrize("name", sorted(NOT_STORED))
def test_a_capture_that_is_not_stored_says_why(name: str) -> None:
    assert parse_webhook(load_capture(name), NOW).event == NOT_STORED[name]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_what_is_stored_of_a_capture_is_small_and_holds_no_secret(name: str) -> None:
    found = parse_webhook(load_capture(name), NOW).event
    assert isinstance(found, InboundEvent)
    stored = orjson.dumps(found.raw)
    assert len(stored) < 6_000
    for word in (b"fixture-token", b'mediaKey"', b"JPEGThumbnail", b"waveform", b"lead_"):
        assert word not in stored


@HAVE_REAL
@pytest.mark.parametrize("name", NAMES)
def test_a_remade_capture_has_the_keys_of_the_real_one(name: str) -> None:
    assert _shape(load_capture(name)) == _shape(load_capture(name, REAL_FOLDER))


@HAVE_REAL
@pytest.mark.parametrize("name", NAMES)
def test_a_real_capture_means_the_same_as_the_remade_one(name: str) -> None:
    body = load_capture(name, REAL_FOLDER)
    found, expected = parse_webhook(body, NOW).event, COMMANDS.get(name)
    if expected is None:
        assert isinstance(found, ChannelConnectionChanged | IgnoredEvent)
        assert found == NOT_STORED[name]
        return
    assert isinstance(found, InboundEvent)
    message = body["message"]
    assert isinstance(message, dict)
    kind = "notice" if isinstance(expected, ReceiveSystemNotice) else "message"
    assert found.dedupe_key == f"{kind}:{message['messageid']}"
    assert found.identity == WhatsAppIdentity(
        message["chatlid"].removesuffix("@lid"),
        message["chatid"].removesuffix("@s.whatsapp.net"),
        "Maria Silva",
    )
    assert _outline(found.command) == _outline(expected)


def _outline(command: object) -> object:
    """Type and what does not depend on the invented values."""
    match command:
        case ReceiveMessage() | ReceiveProviderPhoneMessage():
            content = command.content
            replies = command.reply_to is not None
            return type(command), content.kind, bool(content.text), list(content.details), replies
        case ReceiveReaction():
            return type(command), command.from_provider, bool(command.emoji)
        case ReceiveEdit():
            return type(command), bool(command.target), bool(command.text)
        case ReceiveSystemNotice():
            return type(command), command.shape
        case _:
            return command


def _shape(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shape(part) for part in value]
    return type(value)
