"""What a message says and when, in the shapes that no capture shows (Uazapi reference 2.3)."""

from datetime import UTC, datetime

import pytest

from niochat.domain.conversation.commands import ReceiveEdit, ReceiveMessage
from niochat.domain.message import MessageContent, MessageKind
from tests.adapters.gateways.uazapi.captured_webhooks import NOW, build_message_body
from tests.adapters.gateways.uazapi.parsing.parsed_events import (
    parse_content,
    parse_inbound,
    parse_message,
)

# -- what it says ----------------------------------------------------------------------


def test_a_conversation_has_its_text_as_a_bare_string() -> None:
    assert parse_content(messageType="Conversation", text="", content="oi") == MessageContent(
        MessageKind.TEXT, "oi"
    )


def test_a_message_without_a_type_is_a_text_if_it_says_something() -> None:
    assert parse_content(messageType=None, type=None).kind is MessageKind.TEXT


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "ButtonsResponseMessage",
            {"Response": {"SelectedDisplayText": "Sim"}, "selectedButtonID": "y"},
        ),
        ("TemplateButtonReplyMessage", {"selectedDisplayText": "Sim", "selectedID": "y"}),
        ("InteractiveResponseMessage", {"body": {"text": "Sim"}, "selectedID": "y"}),
        ("ListResponseMessage", {"title": "Sim", "singleSelectReply": {"selectedRowID": "y"}}),
    ],
)
def test_an_answer_to_a_menu_says_its_label(kind: str, body: dict[str, object]) -> None:
    expected = MessageContent(MessageKind.CHOICE, "Sim", {"choice_id": "y", "label": "Sim"})
    assert parse_content(messageType=kind, text="", content=body) == expected
    voted = parse_content(messageType=kind, text="", content={}, vote="Sim", buttonOrListid="y")
    assert voted == expected


def test_a_caption_is_the_text_of_a_picture() -> None:
    body = {"mimetype": "image/jpeg", "caption": "olha", "URL": "https://x", "mediaKey": "k"}
    found = parse_content(messageType="ImageMessage", text="", content=body)
    assert found == MessageContent(MessageKind.IMAGE, "olha", {"mimetype": "image/jpeg"})


def test_an_audio_file_is_no_voice_note() -> None:
    audio = parse_content(messageType="AudioMessage", mediaType="audio", text="", content={})
    assert audio.kind is MessageKind.AUDIO
    assert parse_content(messageType="AudioMessage", mediaType="ptt").kind is MessageKind.VOICE
    assert (
        parse_content(messageType="AudioMessage", content={"PTT": True}).kind is MessageKind.VOICE
    )


def test_a_document_with_caption_is_found_inside_its_envelope() -> None:
    body = {"message": {"documentMessage": {"fileName": "a.pdf", "caption": "pago"}}}
    found = parse_content(messageType="DocumentWithCaptionMessage", text="", content=body)
    assert found == MessageContent(MessageKind.DOCUMENT, "pago", {"file_name": "a.pdf"})


def test_a_live_location_is_marked() -> None:
    body = {"degreesLatitude": "-7.1", "degreesLongitude": -34.8, "name": "Casa", "address": "R. 1"}
    assert parse_content(messageType="LiveLocationMessage", text="", content=body).details == {
        "latitude": -7.1,
        "longitude": -34.8,
        "name": "Casa",
        "address": "R. 1",
        "live": True,
    }


def test_a_visiting_card_loses_its_picture() -> None:
    vcard = "BEGIN:VCARD\nPHOTO;BASE64:AAAA\n BBBB\nFN:Caio\nEND:VCARD"
    found = parse_content(
        messageType="ContactMessage", content={"displayName": "Caio", "vcard": vcard}
    )
    assert found.details == {"name": "Caio", "vcard": "BEGIN:VCARD\nFN:Caio\nEND:VCARD"}


def test_a_menu_of_ours_says_its_body() -> None:
    body = {"contentText": "Escolha", "buttons": []}
    assert parse_content(messageType="ButtonsMessage", text="", content=body).text == "Escolha"


# -- when ----------------------------------------------------------------------


@pytest.mark.parametrize(("ahead_s", "kept"), [(240, True), (301, False), (72_000, False)])
def test_a_gateway_whose_clock_runs_ahead_is_believed_for_five_minutes(
    ahead_s: int, kept: bool
) -> None:
    stamp = int(NOW.timestamp()) + ahead_s
    for edited in ("", "AC01"):
        said = {"edited": edited, "messageTimestamp": stamp}
        command = parse_inbound(build_message_body(said, {"wa_lastMsgTimestamp": stamp})).command
        assert isinstance(command, ReceiveMessage | ReceiveEdit)
        at = command.edited_at if isinstance(command, ReceiveEdit) else command.sent_at
        assert at is not None
        assert (at - NOW).total_seconds() == (ahead_s if kept else 0)


@pytest.mark.parametrize(
    "stamp", [1770923901000, 1770923901, "1770923901000", "1770923901", 1770923901.0]
)
def test_a_timestamp_is_read_in_every_form(stamp: object) -> None:
    moment = datetime(2026, 2, 12, 19, 18, 21, tzinfo=UTC)
    assert parse_message(messageTimestamp=stamp).sent_at == moment


@pytest.mark.parametrize("stamp", [None, 0, -5, "soon", 4e12, 1e300, [], True, 1234])
def test_an_absurd_timestamp_gives_way_to_the_chats_and_then_to_ours(stamp: object) -> None:
    chat = build_message_body({"messageTimestamp": stamp}, {"wa_lastMsgTimestamp": 1770923900})
    command = parse_inbound(chat).command
    assert isinstance(command, ReceiveMessage)
    assert command.sent_at == datetime(2026, 2, 12, 19, 18, 20, tzinfo=UTC)
    neither = build_message_body({"messageTimestamp": stamp}, {"wa_lastMsgTimestamp": stamp})
    command = parse_inbound(neither).command
    assert isinstance(command, ReceiveMessage)
    assert command.sent_at == NOW
