"""Envelopes, authors and identities that no capture shows (Uazapi reference 2.3 and 2.5)."""

from datetime import UTC, datetime

import pytest

from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import (
    ReceiveEcho,
    ReceiveEdit,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
    ReceiveReaction,
)
from niochat.domain.errors import InvalidInputError
from niochat.ports.gateway_events import InboundEvent, WhatsAppIdentity
from tests.adapters.gateways.uazapi.captured_webhooks import (
    NOW,
    build_message_body,
    build_receipt_body,
)
from tests.adapters.gateways.uazapi.parsing.parsed_events import (
    OUR_LID,
    parse_ignored_reason,
    parse_inbound,
    parse_message,
)

# -- envelopes ----------------------------------------------------------------------


@pytest.mark.parametrize("body", [{}, {"EventType": None}, {"EventType": 7, "event": {}}])
def test_a_body_that_names_no_event_is_invalid(body: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError, match="EventType"):
        parse_webhook(body, NOW)


def test_the_legacy_envelope_means_the_same_as_the_flat_one() -> None:
    flat = build_message_body()
    legacy = {"event": "message", "instance": "r1", "token": "fixture-token"}
    found = parse_inbound(legacy | {"data": flat["message"]})
    expected = parse_inbound(flat)
    assert found.command == expected.command
    assert found.dedupe_key == expected.dedupe_key
    assert (found.identity.lid, found.identity.phone) == ("200000000000033", "5581977776666")


def test_a_token_inside_instance_is_claimed_and_not_stored() -> None:
    body = build_message_body() | {"instance": {"name": "x", "token": "instance-secret"}}
    del body["token"]
    webhook = parse_webhook(body, NOW)
    assert webhook.token == "instance-secret"
    assert isinstance(webhook.event, InboundEvent)
    assert webhook.event.raw["instance"] == {"name": "x"}


def test_a_token_repeated_inside_another_string_is_blanked() -> None:
    found = parse_inbound(build_message_body() | {"BaseUrl": "https://g.test/?token=fixture-token"})
    assert found.raw["BaseUrl"] == "https://g.test/?token=[token]"


@pytest.mark.parametrize("kind", ["presence", "call", "contacts", "chats", "labels", "leads"])
def test_an_event_of_no_concern_is_ignored_by_its_name(kind: str) -> None:
    assert parse_ignored_reason({"EventType": kind.upper(), "event": {}}) == kind


def test_a_replay_of_the_history_is_never_a_message() -> None:
    assert parse_ignored_reason(build_message_body() | {"EventType": "history"}) == "history"


def test_an_event_nobody_has_heard_of_is_ignored() -> None:
    assert parse_ignored_reason({"EventType": "quantum"}) == "unknown_event"


@pytest.mark.parametrize(
    ("chatid", "reason"),
    [
        ("120363000000004455@g.us", "group"),
        ("status@broadcast", "broadcast"),
        ("1700000000@broadcast", "broadcast"),
        ("120363000000009999@newsletter", "newsletter"),
    ],
)
def test_what_is_not_a_talk_with_one_person_is_ignored(chatid: str, reason: str) -> None:
    assert parse_ignored_reason(build_message_body({"chatid": chatid})) == reason
    assert parse_ignored_reason(build_receipt_body(Chat=chatid)) == reason


@pytest.mark.parametrize("mark", [True, "true", "True", 1])
def test_a_group_is_known_by_its_mark_alone(mark: object) -> None:
    assert parse_ignored_reason(build_message_body({"isGroup": mark})) == "group"
    assert parse_ignored_reason(build_receipt_body(IsGroup=mark)) == "group"
    assert parse_ignored_reason(build_receipt_body() | {"type": "GroupReceipts"}) == "group"


# -- whose message it is -----------------------------------------------------------------


def test_an_echo_carries_the_track_id_of_our_send() -> None:
    found = parse_inbound(
        build_message_body(
            {"fromMe": True, "wasSentByApi": True, "track_id": "t-1", "sender": OUR_LID}
        )
    )
    assert isinstance(found.command, ReceiveEcho)
    assert found.command.track_id == "t-1"
    assert found.identity.lid == "200000000000033"


def test_an_api_send_is_ours_even_where_from_me_is_missing() -> None:
    body = build_message_body({"fromMe": None, "wasSentByApi": True})
    assert isinstance(parse_inbound(body).command, ReceiveEcho)


def test_a_message_typed_on_the_phone_belongs_to_the_chat_not_to_its_sender() -> None:
    ours = {
        "fromMe": True,
        "sender": OUR_LID,
        "sender_lid": OUR_LID,
        "sender_pn": "558130009999@s.whatsapp.net",
        "senderName": "Fibra Fictícia",
    }
    found = parse_inbound(build_message_body(ours | {"chatlid": ""}, {"wa_chatlid": ""}))
    assert isinstance(found.command, ReceiveProviderPhoneMessage)
    assert found.identity == WhatsAppIdentity(None, "5581977776666", "Joana Prado")


def test_an_edit_and_a_reaction_from_the_phone_stay_what_they_are() -> None:
    edit = parse_inbound(
        build_message_body({"fromMe": True, "edited": "558130009999:AC01"})
    ).command
    at = datetime(2026, 2, 12, 19, 18, 21, tzinfo=UTC)
    assert edit == ReceiveEdit("AC17BA4C7C42105DAD4465E4503AD5B1", "AC01", "Bom dia", at)
    changes = {"fromMe": True, "messageType": "ReactionMessage", "reaction": "AC01", "text": "👍"}
    reaction = parse_inbound(build_message_body(changes)).command
    assert isinstance(reaction, ReceiveReaction)
    assert reaction.from_provider


def test_a_reaction_taken_off_has_no_emoji_and_finds_its_target_in_the_key() -> None:
    key = {"key": {"ID": "558130009999:AC02", "fromMe": True}, "text": ""}
    changes = {"type": "reaction", "messageType": "ReactionMessage", "text": "", "content": key}
    reaction = parse_inbound(build_message_body(changes)).command
    assert isinstance(reaction, ReceiveReaction)
    assert (reaction.target, reaction.emoji) == ("AC02", "")


def test_a_reaction_to_nothing_is_ignored() -> None:
    assert parse_ignored_reason(build_message_body({"type": "reaction"})) == "no_target"


def test_a_message_that_claims_to_edit_itself_is_a_message() -> None:
    own = "AC17BA4C7C42105DAD4465E4503AD5B1"
    assert isinstance(parse_inbound(build_message_body({"edited": own})).command, ReceiveMessage)


def test_a_message_without_any_id_is_ignored() -> None:
    assert (
        parse_ignored_reason(build_message_body({"messageid": "", "id": None})) == "no_message_id"
    )


def test_the_owner_in_front_of_an_id_is_taken_off_everywhere() -> None:
    found = parse_inbound(
        build_message_body({"messageid": None, "id": "558130009999:AC9", "quoted": "5:AC8"})
    )
    assert isinstance(found.command, ReceiveMessage)
    assert (found.command.external_id, found.command.reply_to) == ("AC9", "AC8")
    assert found.dedupe_key == "message:AC9"


def test_a_reply_is_found_in_the_context_where_quoted_is_empty() -> None:
    quoting = {"text": "sim", "contextInfo": {"stanzaID": "3EB0AA"}}
    assert parse_message(quoted="", content=quoting).reply_to == "3EB0AA"


# -- who it is ----------------------------------------------------------------------

NOBODY = {"chatid": "", "chatlid": "", "sender": "", "sender_pn": "", "sender_lid": ""}
EMPTY_CHAT = {"wa_chatid": "", "wa_chatlid": "", "phone": ""}


@pytest.mark.parametrize(
    ("message", "chat", "lid", "phone"),
    [
        ({"chatid": "123456789012345@lid"}, {}, "123456789012345", None),
        ({"chatlid": "123456789012345:12@lid"}, {}, "123456789012345", None),
        ({"sender": "123456789012345@lid"}, {}, "123456789012345", None),
        ({"sender_lid": "123456789012345@lid"}, {}, "123456789012345", None),
        ({"chatid": "558199998888:3@s.whatsapp.net"}, {}, None, "558199998888"),
        ({"sender_pn": "558199998888@s.whatsapp.net"}, {}, None, "558199998888"),
        ({"sender": "558199998888@s.whatsapp.net"}, {}, None, "558199998888"),
        ({}, {"phone": "+55 81 9999-8888"}, None, "558199998888"),
        ({}, {"phone": "558199998888"}, None, "558199998888"),
        ({}, {"wa_chatid": "558199998888@s.whatsapp.net"}, None, "558199998888"),
        ({}, {"wa_chatlid": "123456789012345@lid"}, "123456789012345", None),
        (
            {"chatid": "123456789012345@lid"},
            {"phone": "+55 81 9999-8888"},
            "123456789012345",
            "558199998888",
        ),
    ],
)
def test_lid_and_phone_are_read_from_every_place(
    message: dict[str, object], chat: dict[str, object], lid: str | None, phone: str | None
) -> None:
    found = parse_inbound(build_message_body(NOBODY | message, EMPTY_CHAT | chat)).identity
    assert (found.lid, found.phone) == (lid, phone)


@pytest.mark.parametrize(
    "message",
    [{}, {"chatid": "0@s.whatsapp.net"}, {"chatid": "ramal"}, {"sender": "123456789012345"}],
)
def test_nobody_readable_is_ignored_and_never_guessed(message: dict[str, object]) -> None:
    assert parse_ignored_reason(build_message_body(NOBODY | message, EMPTY_CHAT)) == "no_identity"


def test_the_name_comes_from_the_sender_and_else_from_the_chat() -> None:
    assert parse_inbound(build_message_body({"senderName": " Jô "})).identity.name == "Jô"
    assert parse_inbound(build_message_body({"senderName": ""})).identity.name == "Joana Prado"
    nameless = build_message_body({"senderName": " "}, {"wa_name": None, "name": ""})
    assert parse_inbound(nameless).identity.name is None
