"""The closed list of what counts as said, in code and in ``docs/whatsapp.md``."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import niochat
from niochat.adapters.gateways.uazapi.parsing.message_types import (
    CONTENT_TYPES,
    NOTICE_TYPES,
    UPDATE_TYPES,
    WRAPPER_TYPES,
    short_type_name,
)
from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import (
    ReceiveDeletion,
    ReceiveEcho,
    ReceiveEdit,
    ReceiveMessage,
    ReceiveSystemNotice,
)
from niochat.domain.message import MessageContent, MessageKind
from niochat.ports.gateway_events import InboundEvent
from tests.adapters.gateways.uazapi.captured_webhooks import NOW, build_message_body
from tests.adapters.gateways.uazapi.parsing.parsed_events import parse_content, parse_inbound

ROOT = Path(niochat.__file__).parents[1]
BECOMES = (
    {name: f"said: {kind.value}" for name, kind in CONTENT_TYPES.items()}
    | dict.fromkeys(WRAPPER_TYPES, "envelope")
    | dict(UPDATE_TYPES)
    | dict.fromkeys(NOTICE_TYPES, "notice")
)


def message_type(field: str) -> str:
    return field[0].upper() + field[1:]


def notice(**message: object) -> ReceiveSystemNotice:
    found = parse_inbound(build_message_body({"text": "", **message}))
    assert isinstance(found.command, ReceiveSystemNotice), found.command
    assert found.dedupe_key == f"notice:{found.command.external_id}"
    assert not found.creates_contact
    return found.command


def documented() -> Iterator[tuple[str, str]]:
    for line in (ROOT / "docs/whatsapp.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            field, becomes, *_ = (cell.strip() for cell in line.strip("|").split("|"))
            yield field.strip("`"), becomes


def test_the_document_says_of_every_shape_what_the_code_does() -> None:
    rows = list(documented())
    assert dict(rows) == BECOMES
    assert len(rows) == len(BECOMES), "a shape stands there twice"


@pytest.mark.parametrize("field", sorted(NOTICE_TYPES))
def test_a_notice_is_kept_by_its_name_and_says_nothing(field: str) -> None:
    body = {"text": "Fulano fixou uma mensagem", "key": {"ID": "AC01"}, "name": "x"}
    found = notice(messageType=message_type(field), content=body, type="media")
    assert short_type_name(found.shape) == short_type_name(field)


@pytest.mark.parametrize("words", ["", "Uma novidade do WhatsApp"])
def test_a_shape_that_nobody_knows_is_a_notice_even_with_words(words: str) -> None:
    assert notice(messageType="HologramMessage", text=words).shape == "unknown"


@pytest.mark.parametrize("kind", ["EPHEMERAL_SETTING", "3", "INITIAL_SECURITY_NOTIFICATION", ""])
def test_other_protocol_messages_are_notices(kind: str) -> None:
    body = {"type": kind, "ephemeralExpiration": 86400, "key": {"ID": "AC01"}}
    assert notice(messageType="ProtocolMessage", content=body).shape == "protocolMessage"


WORDS: dict[str, object] = {
    "buttonsMessage": {"contentText": "as palavras", "buttons": []},
    "listMessage": {"description": "as palavras", "sections": []},
    "templateMessage": {"hydratedTemplate": {"hydratedContentText": "as palavras"}},
    "highlyStructuredMessage": {"hydratedTemplate": {"hydratedTitleText": "as palavras"}},
    "interactiveMessage": {"body": {"text": "as palavras"}},
    "productMessage": {"product": {"title": "as palavras"}},
    "orderMessage": {"message": "as palavras"},
    "invoiceMessage": {"note": "as palavras"},
    "sendPaymentMessage": {"noteMessage": {"extendedTextMessage": {"text": "as palavras"}}},
    "requestPaymentMessage": {"noteMessage": {"conversation": "as palavras"}},
    "groupInviteMessage": {"caption": "as palavras"},
    "eventMessage": {"name": "as palavras"},
    "eventInviteMessage": {"eventTitle": "as palavras"},
    "stickerPackMessage": {"name": "as palavras"},
    "questionResponseMessage": {"text": "as palavras"},
    "statusQuestionAnswerMessage": {"text": "as palavras"},
    "statusQuotedMessage": {"text": "as palavras"},
    "richResponseMessage": {"submessages": [{"messageText": "as palavras"}]},
    "listResponseMessage": {"title": "as palavras"},
    "buttonsResponseMessage": {"selectedDisplayText": "as palavras"},
    "templateButtonReplyMessage": {"selectedDisplayText": "as palavras"},
    "interactiveResponseMessage": {"body": {"text": "as palavras"}},
    "conversation": "as palavras",
    "extendedTextMessage": {"text": "as palavras"},
}


@pytest.mark.parametrize("field", sorted(CONTENT_TYPES))
def test_what_is_said_is_a_message_of_its_kind_with_its_words(field: str) -> None:
    poll = {"name": "as palavras", "options": []}
    body = WORDS.get(
        field, poll if CONTENT_TYPES[field] is MessageKind.POLL else {"caption": "as palavras"}
    )
    found = parse_content(
        messageType=message_type(field), mediaType="", type="", text="", content=body
    )
    assert (found.kind, found.text) == (CONTENT_TYPES[field], "as palavras")


@pytest.mark.parametrize("field", sorted(WRAPPER_TYPES))
def test_an_envelope_counts_as_what_lies_in_it(field: str) -> None:
    inside = {"messageContextInfo": {"x": 1}, "imageMessage": {"caption": "olha"}}
    shape = {"messageType": message_type(field), "mediaType": "", "text": ""}
    assert parse_content(**shape, content={"message": inside}).kind is MessageKind.IMAGE
    twice = {"message": {"ephemeralMessage": {"message": {"conversation": "oi"}}}}
    assert parse_content(**shape, content=twice) == MessageContent(MessageKind.TEXT, "oi")
    pinned = {"message": {"pinInChatMessage": {"type": 1}}}
    assert notice(**shape, content=pinned, type="")


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"params": '{"id":"boleto","display_text":"Segunda via"}'}, "Segunda via"),
        ({"params": '{"title":"Plano 500","id":"p500"}'}, "Plano 500"),
        ({"params": '{"id":"boleto"}'}, "boleto"),
        (
            {"params": '{"flow_token":"t","Nome":"Caio","Dias":["seg","ter"],"CPF":12345678909}'},
            "Nome: Caio\nDias: seg, ter\nCPF: 12345678909",
        ),
        ({"params": "no json", "body": {"text": "Enviado"}}, "Enviado"),
        ({"params": "[1]", "body": {"text": "Enviado"}}, "Enviado"),
    ],
)
@pytest.mark.parametrize("name", ["paramsJSON", "paramsJson", "params_json"])
def test_a_flow_says_what_was_chosen_or_filled_in(
    message: dict[str, object], said: str, name: str
) -> None:
    flow = {"name": "flow", name: message["params"]}
    body: dict[str, object] = {"nativeFlowResponseMessage": flow, "body": message.get("body")}
    found = parse_content(messageType="InteractiveResponseMessage", text="", content=body)
    assert (found.kind, found.text) == (MessageKind.CHOICE, said)


@pytest.mark.parametrize(
    "message",
    [
        {"messageType": "Conversation", "content": ""},
        {"messageType": "ExtendedTextMessage", "content": {"text": "  "}},
        {"messageType": "", "type": "", "content": None},
        {"messageType": None, "type": "text", "content": {}},
        {"messageType": "ButtonsResponseMessage", "content": {}},
    ],
)
def test_a_body_without_words_is_a_placeholder_that_leaves_the_key_alone(
    message: dict[str, object],
) -> None:
    found = notice(**message)
    real = parse_inbound(build_message_body())
    assert found.shape == "empty"
    assert isinstance(real.command, ReceiveMessage)
    assert real.command.external_id == found.external_id
    assert real.dedupe_key == f"message:{found.external_id}"


def test_a_deletion_in_whatsapps_own_words_is_one() -> None:
    body = {"type": "REVOKE", "key": {"ID": "558130009999:AC01"}}
    found = parse_inbound(
        build_message_body({"messageType": "ProtocolMessage", "text": "", "content": body})
    )
    assert found.command == ReceiveDeletion(("AC01",))
    assert found.dedupe_key == "receipt:deleted:AC01"
    assert not found.creates_contact


def test_an_edit_in_whatsapps_own_words_has_its_own_time() -> None:
    inner = {
        "protocolMessage": {
            "type": 14,
            "key": {"id": "AC01"},
            "timestampMS": 1770923901000,
            "editedMessage": {"conversation": "novo"},
        }
    }
    shape = {"messageType": "EditedMessage", "text": "", "content": {"message": inner}}
    command = parse_inbound(build_message_body(shape)).command
    assert isinstance(command, ReceiveEdit)
    assert (command.target, command.text) == ("AC01", "novo")
    assert command.edited_at is not None
    assert command.edited_at.timestamp() == 1770923901


def test_an_edit_without_a_word_changes_nothing() -> None:
    assert notice(edited="AC01", content={"text": ""}).shape == "empty"


def test_an_echo_is_evidence_of_our_send_whatever_its_shape() -> None:
    sent = {"fromMe": True, "wasSentByApi": True, "track_id": "t-1", "text": "", "content": {}}
    found = parse_inbound(build_message_body({**sent, "messageType": "HologramMessage"}))
    assert isinstance(found.command, ReceiveEcho)
    stranger = {**sent, "track_id": "", "messageType": "PinInChatMessage"}
    assert isinstance(parse_inbound(build_message_body(stranger)).command, ReceiveSystemNotice)


def test_what_is_stored_of_a_notice_can_be_looked_into() -> None:
    body = build_message_body(
        {"messageType": "PinInChatMessage", "text": "", "content": {"type": 1}}
    )
    found = parse_webhook(body, NOW).event
    assert isinstance(found, InboundEvent)
    assert json.dumps(found.raw).count("PinInChatMessage") == 1
