"""Promises about what is posted: stored before it is answered, refused with a clear error."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from niochat.adapters.postgres.database import Database
from niochat.domain.conversation.commands import ReceiveSystemNotice
from niochat.http.webhooks.webhook_endpoint import MAX_WEBHOOK_BODY
from niochat.tenants.config_records import ChannelAddress
from tests.adapters.gateways.uazapi.captured_webhooks import (
    NAMES,
    TEXT,
    build_message_body,
    build_receipt_body,
    load_capture,
)
from tests.adapters.gateways.uazapi.parsing.expected_events import COMMANDS, NOT_STORED
from tests.builders import RowBuilder
from tests.http.conftest import TOKEN, WebhookFixture, build_webhook_application, path_of, serve_app

pytestmark = pytest.mark.asyncio


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    return found


async def pieces(size: int, piece: int = 64 * 1024) -> AsyncIterator[bytes]:
    """A body of ``size`` bytes whose length is declared nowhere."""
    yield b'{"x": "'
    for start in range(0, size, piece):
        yield b"a" * min(piece, size - start)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b'{"EventType": "messages"} x', "malformed"),
        (b"\xff\xfe", "malformed"),
        (b"[]", "malformed"),
        (json.dumps([load_capture(TEXT)]).encode(), "malformed"),
        (b'"messages"', "malformed"),
        (b"null", "malformed"),
        (b'{"token": "fixture-token"}', "invalid"),
    ],
)
async def test_what_is_no_webhook_is_a_clear_400_and_changes_nothing(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, body: bytes, code: str
) -> None:
    answer = await world.post(address, body)

    assert answer.status_code == 400
    assert problem(answer)["code"] == code
    assert await given.count("inbox") == 0


async def test_json_nested_too_deeply_is_a_400(
    world: WebhookFixture, address: ChannelAddress
) -> None:
    deep = b'{"EventType": "messages", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    assert (await world.post(address, deep)).status_code == 400


async def test_a_body_over_a_mebibyte_is_413_before_it_is_read(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    declared = await world.post(address, b" " * (MAX_WEBHOOK_BODY + 1))
    chunked = await world.http.post(path_of(address), content=pieces(MAX_WEBHOOK_BODY + 1))

    for answer in (declared, chunked):
        assert answer.status_code == 413
        assert problem(answer)["code"] == "too_large"
    assert await given.count("inbox") == 0


async def test_a_body_of_exactly_a_mebibyte_is_taken(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    body = json.dumps(load_capture(TEXT)).encode()

    answer = await world.post(address, body + b" " * (MAX_WEBHOOK_BODY - len(body)))

    assert answer.status_code == 200
    assert await given.count("inbox") == 1


async def test_the_row_is_there_when_the_answer_is(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    for number in range(20):
        answer = await world.post(address, build_message_body({"messageid": f"AC{number:030d}"}))

        assert answer.json() == {"accepted": "new"}
        assert await given.count("inbox") == number + 1
    assert world.poked == [(await given.rows("SELECT id FROM threads"))[0]] * 20


async def test_the_same_webhook_at_once_and_again_is_one_row_and_always_200(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    body = load_capture(TEXT)
    answers = await asyncio.gather(*(world.post(address, body) for _ in range(5)))
    answers.append(await world.post(address, body))

    assert [answer.status_code for answer in answers] == [200] * 6
    told = [answer.json()["accepted"] for answer in answers]
    assert "new" in told
    assert told[-1] == "known"
    assert await given.count("inbox") == 1


async def test_two_first_webhooks_of_a_customer_at_once_are_one_contact_and_one_thread(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    bodies = [build_message_body({"messageid": f"AC{number:030d}"}) for number in range(8)]

    answers = await asyncio.gather(*(world.post(address, body) for body in bodies))

    assert {answer.status_code for answer in answers} == {200}
    assert await given.count("inbox") == 8
    assert await given.count("contacts") == 1
    assert await given.count("threads") == 1
    assert await given.count("identities") == 2


async def test_two_processes_that_meet_a_customer_at_once_make_one_contact(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, database_url: str
) -> None:
    other = await Database.open(database_url, size=4)
    try:
        async with serve_app(
            build_webhook_application(world.door(other)), lifespan="off"
        ) as second:
            bodies = [build_message_body({"messageid": f"AC{number:030d}"}) for number in range(6)]
            posts = [
                (world.http if number % 2 else second).post(path_of(address), json=body)
                for number, body in enumerate(bodies)
            ]
            answers = await asyncio.gather(*posts)
    finally:
        other.terminate()

    assert {answer.status_code for answer in answers} == {200}
    assert await given.count("inbox") == 6
    assert await given.count("contacts") == 1


async def test_customers_with_the_same_last_eight_digits_stay_two(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    for number, phone in enumerate(("5581937776666", "5511937776666", "558137776666")):
        fields = {
            "messageid": f"AC{number:030d}",
            "chatid": f"{phone}@s.whatsapp.net",
            "sender_pn": f"{phone}@s.whatsapp.net",
            **dict.fromkeys(("chatlid", "sender_lid", "sender"), ""),
        }
        chat = {"wa_chatid": fields["chatid"], "wa_chatlid": "", "phone": f"+{phone}"}
        assert (await world.post(address, build_message_body(fields, chat))).status_code == 200

    assert await given.count("contacts") == 3
    assert await given.count("threads") == 3


async def test_while_the_database_is_away_the_answer_is_503_and_nothing_is_lost(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    nowhere = await Database.open("postgresql://niochat@127.0.0.1:9/nowhere", size=1)
    try:
        async with serve_app(
            build_webhook_application(world.door(nowhere)), lifespan="off"
        ) as away:
            refused = await away.post(path_of(address), json=load_capture(TEXT))
    finally:
        nowhere.terminate()

    assert refused.status_code == 503
    assert problem(refused)["code"] == "database"
    assert "retry-after" in refused.headers
    # The gateway repeats it, and then it is new.
    assert (await world.post(address, load_capture(TEXT))).json() == {"accepted": "new"}
    assert await given.count("inbox") == 1


async def test_a_directory_that_is_away_is_503_and_not_404(
    world: WebhookFixture, given: RowBuilder
) -> None:
    nowhere = await Database.open("postgresql://niochat@127.0.0.1:9/nowhere", size=1)
    lost = WebhookFixture(nowhere, world.folder)
    try:
        async with serve_app(build_webhook_application(lost.door()), lifespan="off") as away:
            answer = await away.post(f"/webhooks/uazapi/{uuid4()}/secret", json={})
    finally:
        nowhere.terminate()

    assert answer.status_code == 503


def crowds() -> Iterator[tuple[str, dict[str, object]]]:
    group = "120363000000004455@g.us"
    yield "group", load_capture("group-chat__from-others__text.sent")
    yield "group", build_receipt_body(Chat=group, IsGroup=True)
    for server in ("broadcast", "newsletter"):
        address = f"120363000000004455@{server}"
        yield server, build_message_body({"chatid": address}, {"wa_chatid": address})
    yield "history", {"EventType": "history", "token": TOKEN, "messages": [load_capture(TEXT)]}
    yield "presence", {"EventType": "presence", "token": TOKEN}
    yield "unknown_event", {"EventType": "of_tomorrow", "token": TOKEN}


@pytest.mark.parametrize(("reason", "body"), [*crowds()])
async def test_what_is_not_a_customer_s_is_200_counted_and_not_stored(
    world: WebhookFixture,
    address: ChannelAddress,
    given: RowBuilder,
    reason: str,
    body: dict[str, object],
) -> None:
    answer = await world.post(address, body)

    assert (answer.status_code, answer.json()) == (200, {"ignored": reason})
    assert world.ignored.counts == {reason: 1}
    assert await given.count("inbox") == 0
    assert await given.count("contacts") == 0
    assert not world.poked


async def test_news_of_a_stranger_makes_no_contact(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    answer = await world.post(address, build_receipt_body())

    assert (answer.status_code, answer.json()) == (200, {"ignored": "stranger"})
    assert await given.count("contacts") == 0


@pytest.mark.parametrize("status", ["connecting", "disconnected", "connected"])
async def test_a_connection_webhook_changes_the_channel(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, status: str
) -> None:
    await given.admin.execute(
        "UPDATE channels SET held_until = now() + interval '1 h', held_reason = 'x', holds = 3"
    )

    answer = await world.post(address, load_capture(f"connection__{status}.event"))

    assert answer.status_code == 200
    row = await given.admin.fetchrow("SELECT status, status_reason, held_until FROM channels")
    assert row is not None
    assert row["status"] == status
    assert (row["held_until"] is None) == (status == "connected")
    assert bool(row["status_reason"]) == (status == "disconnected")
    told = [address.channel.tenant_id] if status == "connected" else []
    assert world.connected == told


@pytest.mark.parametrize("name", NAMES)
async def test_every_capture_is_200_and_a_row_or_an_ignore(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, name: str
) -> None:
    answer = await world.post(address, load_capture(name))

    assert answer.status_code == 200
    kinds = await given.rows("SELECT command->>'type' FROM inbox")
    # Nobody becomes a contact by what says nothing.
    said = name in COMMANDS and not isinstance(COMMANDS[name], ReceiveSystemNotice)
    assert kinds == ([COMMANDS[name].type] if said else [])
    assert (name in COMMANDS) != (name in NOT_STORED)


async def test_a_body_that_postgresql_could_not_hold_is_stored_all_the_same(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    text = json.dumps(build_message_body({"text": "TEXT", "content": "TEXT"}))

    answer = await world.post(address, text.replace("TEXT", "oi\\u0000 \\ud83d!").encode())

    assert answer.status_code == 200
    assert await given.count("inbox") == 1


async def test_one_bad_row_does_not_take_its_neighbours_with_it(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    """A LID longer than any index takes is one webhook's fault, not that of its group."""
    long = build_message_body({"messageid": "AC" + "F" * 300_000})
    good = [build_message_body({"messageid": f"AC{number:030d}"}) for number in range(4)]

    answers = await asyncio.gather(*(world.post(address, body) for body in (long, *good)))

    assert [answer.status_code for answer in answers[1:]] == [200] * 4
    assert answers[0].status_code in (200, 400)
    assert await given.count("inbox", "dedupe_key LIKE '%0'") == 1


async def test_a_route_that_does_not_exist_is_404_and_another_method_405(
    world: WebhookFixture, address: ChannelAddress
) -> None:
    assert (await world.http.post("/webhooks/meta/x/y")).status_code == 404
    assert (await world.http.get("/")).status_code == 404
    assert (await world.http.get(path_of(address))).status_code == 405


async def test_the_real_message_after_its_placeholder_is_taken_once(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    empty = build_message_body({"messageType": "Conversation", "text": "", "content": ""})
    told = [
        (await world.post(address, body)).json()
        for body in (empty, empty, build_message_body(), build_message_body(), empty)
    ]

    assert [each.get("accepted") for each in told] == [None, None, "new", "known", "new"]
    assert told[0] == {"ignored": "stranger"}, "a placeholder makes nobody a contact"
    assert await given.rows("SELECT command ->> 'type' FROM inbox ORDER BY id") == [
        "receive_message",
        "receive_notice",
    ]
    assert world.ignored.counts["notice_empty"] == 1


async def test_whatsapps_own_traffic_of_a_customer_is_stored_and_counted_by_its_kind(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder
) -> None:
    await world.post(address, build_message_body())
    for number, kind in enumerate(("PinInChatMessage", "AlbumMessage", "HologramMessage")):
        body = build_message_body({"messageid": f"AC0{number}", "messageType": kind, "text": "x"})
        assert (await world.post(address, body)).json() == {"accepted": "new"}
        assert (await world.post(address, body)).json() == {"accepted": "known"}

    assert await given.count("inbox", "command ->> 'type' = 'receive_notice'") == 3
    assert await given.count("inbox", "raw IS NOT NULL") == 4
    assert dict(world.ignored.counts) == {
        "notice_pinInChatMessage": 1,
        "notice_albumMessage": 1,
        "notice_unknown": 1,
    }
