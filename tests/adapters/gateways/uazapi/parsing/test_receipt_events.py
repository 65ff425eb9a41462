"""Receipts, deletions, the session, and what cannot be stored (Uazapi reference 2.3)."""

import pytest

from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import (
    ReceiveDeletion,
    ReceiveDeliveryReceipt,
    ReceiveMessage,
)
from niochat.domain.message import DeliveryStatus
from niochat.ports.gateway_events import ChannelConnectionChanged, WhatsAppIdentity
from tests.adapters.gateways.uazapi.captured_webhooks import (
    NOW,
    build_message_body,
    build_receipt_body,
    load_capture,
)
from tests.adapters.gateways.uazapi.parsing.parsed_events import (
    OUR_LID,
    parse_content,
    parse_ignored_reason,
    parse_inbound,
)

# -- receipts and deletions --------------------------------------------------------------


@pytest.mark.parametrize("state", ["Sent", "delivered", "READ", "Played"])
def test_a_receipt_moves_messages_of_a_known_contact(state: str) -> None:
    found = parse_inbound(build_receipt_body(MessageIDs=["9:B", "A", "A"]) | {"state": state})
    assert found.command == ReceiveDeliveryReceipt(("A", "B"), DeliveryStatus(state.lower()))
    assert found.dedupe_key == f"receipt:{state.lower()}:A,B"
    assert not found.creates_contact
    assert (found.identity.lid, found.identity.phone) == ("200000000000033", "5581977776666")


def test_a_deletion_names_its_messages() -> None:
    found = parse_inbound(build_receipt_body() | {"state": "Deleted", "type": "Deleted"})
    assert found.command == ReceiveDeletion(("3EB0538DA65A59F6D8A251",))
    assert found.dedupe_key == "receipt:deleted:3EB0538DA65A59F6D8A251"
    assert not found.creates_contact


@pytest.mark.parametrize("part", ["message", "data"])
def test_the_other_shapes_of_a_receipt_are_read(part: str) -> None:
    update = {"id": "9:A", "status": "Read", "chatid": "5581977776666@s.whatsapp.net"}
    name = "EventType" if part == "message" else "event"
    found = parse_inbound({name: "messages_update", part: update})
    assert found.command == ReceiveDeliveryReceipt(("A",), DeliveryStatus.READ)
    assert found.identity == WhatsAppIdentity(phone="5581977776666")


@pytest.mark.parametrize("is_ours", [True, "True"])
def test_a_receipt_from_our_own_device_is_not_about_its_sender(is_ours: object) -> None:
    found = parse_inbound(build_receipt_body(IsFromMe=is_ours, sender_lid=OUR_LID, Sender=OUR_LID))
    assert found.identity == WhatsAppIdentity(phone="5581977776666")


def test_a_state_we_do_not_know_is_ignored() -> None:
    assert parse_ignored_reason(build_receipt_body() | {"state": "Failed"}) == "unknown_receipt"
    assert (
        parse_ignored_reason(build_receipt_body(status="Read") | {"state": "Failed"})
        == "unknown_receipt"
    )
    assert parse_ignored_reason(build_receipt_body() | {"state": None}) == "unknown_receipt"


def test_a_receipt_of_nothing_or_of_nobody_is_ignored() -> None:
    assert parse_ignored_reason(build_receipt_body(MessageIDs=[])) == "no_message_id"
    nowhere: dict[str, object] = {
        "EventType": "messages_update",
        "message": {"id": "A", "status": "Read"},
    }
    assert parse_ignored_reason(nowhere) == "no_identity"


def test_many_ids_make_a_key_of_bounded_length() -> None:
    ids = [f"3EB0{n:018X}" for n in range(40)]
    key = parse_inbound(build_receipt_body(MessageIDs=ids)).dedupe_key
    assert key == parse_inbound(build_receipt_body(MessageIDs=ids[::-1])).dedupe_key
    assert len(key) == len("receipt:delivered:") + 64


# -- the session, and what cannot be stored ----------------------------------------------


def test_a_session_that_is_back_forgets_why_it_was_away() -> None:
    instance = {"status": "Connected", "lastDisconnectReason": "old"}
    found = parse_webhook({"EventType": "connection", "instance": instance}, NOW).event
    assert found == ChannelConnectionChanged("connected")


def test_a_logged_out_session_without_a_status_is_disconnected() -> None:
    body: dict[str, object] = {"EventType": "connection", "type": "LoggedOut"}
    assert parse_webhook(body, NOW).event == ChannelConnectionChanged("disconnected", "LoggedOut")
    assert parse_ignored_reason({"EventType": "connection", "instance": [1]}) == "no_status"


def test_what_postgresql_cannot_store_is_taken_out() -> None:
    found = parse_inbound(build_message_body({"text": "a\x00b\ud800c", "messageid": "A\x00C"}))
    assert isinstance(found.command, ReceiveMessage)
    assert found.command.content.text == "ab\ufffdc"
    assert found.dedupe_key == "message:AC"


def test_two_halves_of_a_character_become_one() -> None:
    assert parse_content(text="\ud83d\ude00").text == "😀"


def test_nesting_without_end_is_cut() -> None:
    deep: dict[str, object] = {}
    for _ in range(5_000):
        deep = {"contextInfo": deep}
    assert parse_content(content=deep).text == "Bom dia"


def test_a_capture_is_not_changed_by_reading_it() -> None:
    body = build_message_body()
    parse_webhook(body, NOW)
    assert body == load_capture("user-chat__from-others__text.sent")
