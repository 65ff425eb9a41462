"""Statement 1: what is answered 200 is stored, once, under the right thread."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from niochat.adapters.postgres.domain_json_codec import command_to_json
from niochat.adapters.postgres.queries import queries
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError
from niochat.domain.message import DeliveryStatus
from niochat.inbox.inbox_store import AcceptResult, InboxStore
from tests.builders import ChannelRef, Host, RowBuilder, build_inbound, build_message

pytestmark = pytest.mark.asyncio
LID, PHONE = "100000000000001", "5581988880001"


async def accept(host: Host, place: ChannelRef, external: str, **options: Any) -> AcceptResult:
    return await host.inbox.accept(place.tenant, place.channel, build_inbound(external, **options))


async def test_a_message_of_a_stranger_makes_one_contact_one_thread_one_row(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    accepted = await accept(a, place, "m1", lid=LID, phone=PHONE)

    assert accepted.new
    assert await given.rows("SELECT id FROM threads") == [accepted.thread_id]
    assert await given.rows("SELECT value FROM identities ORDER BY kind") == [LID, PHONE]
    assert await given.rows("SELECT name FROM contacts") == ["Maria"]
    assert await given.rows("SELECT command FROM inbox") == [command_to_json(build_message("m1"))]
    assert await given.rows("SELECT raw FROM inbox") == [{"text": "oi"}]


async def test_a_redelivery_changes_nothing_five_at_once_or_a_day_later(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    await asyncio.gather(*(accept(host, place, "m1", lid=LID) for host in (a, b, a, b, a)))
    await given.admin.execute(
        "UPDATE inbox SET received_at = now() - interval '1 day', processed_at = now()"
    )
    before = await given.rows("SELECT inbox::text FROM inbox")

    again = await accept(b, place, "m1", lid=LID, words="outro texto")

    assert not again.new
    assert await given.rows("SELECT inbox::text FROM inbox") == before


async def test_two_first_webhooks_of_a_new_customer_at_two_doors_make_one_thread(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    first, second = await asyncio.gather(
        accept(a, place, "m1", lid=LID, phone=PHONE), accept(b, place, "m2", phone=PHONE)
    )

    assert first.thread_id == second.thread_id
    assert await given.count("contacts") == await given.count("threads") == 1
    assert await given.count("inbox") == 2


async def test_twenty_first_webhooks_at_once_make_one_contact_and_twenty_rows(
    a: Host, b: Host, place: ChannelRef, given: RowBuilder
) -> None:
    doors = [InboxStore(host.database) for host in (a, b) for _ in range(10)]

    accepted = await asyncio.gather(
        *(
            door.accept(place.tenant, place.channel, build_inbound(f"m{n}", lid=LID, phone=PHONE))
            for n, door in enumerate(doors)
        )
    )

    assert len({one.thread_id for one in accepted}) == 1
    assert await given.count("contacts") == await given.count("threads") == 1
    assert await given.count("inbox") == 20


async def test_numbers_that_end_alike_stay_two_people(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    for number, phone in enumerate(("5581938880001", "558138880001", "5511938880001")):
        await accept(a, place, f"m{number}", phone=phone)

    assert await given.count("contacts") == 3


async def test_one_number_at_two_providers_is_two_people(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    other = await given.place()
    await accept(a, place, "m1", phone=PHONE)
    await accept(a, other, "m1", phone=PHONE)

    assert await given.rows("SELECT DISTINCT count(*) FROM threads GROUP BY tenant_id") == [1]
    assert await given.count("inbox") == 2


async def test_one_person_on_two_channels_is_one_contact_with_two_threads(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    second = ChannelRef(place.tenant, await given.channel(place.tenant))
    await accept(a, place, "m1", lid=LID)
    await accept(a, second, "m1", lid=LID)

    assert await given.count("contacts") == 1
    assert await given.count("threads") == 2


async def test_updates_for_an_unknown_contact_create_no_contact(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    receipt = cmd.ReceiveDeliveryReceipt(("x",), DeliveryStatus.READ)

    accepted = await accept(a, place, "r1", lid=LID, command=receipt, creates=False)

    assert accepted.thread_id is None
    assert await given.count("contacts") == await given.count("inbox") == 0


async def test_news_of_somebody_known_are_stored_but_add_no_name(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    known = await accept(a, place, "m1", lid=LID)
    receipt = cmd.ReceiveDeliveryReceipt(("x",), DeliveryStatus.READ)

    news = await accept(a, place, "r1", lid=LID, phone=PHONE, command=receipt, creates=False)

    assert news.thread_id == known.thread_id
    assert await given.rows("SELECT kind FROM identities") == ["lid"]


@pytest.mark.parametrize("bad", ["nul \x00", "half a surrogate \ud800"])
async def test_a_row_the_database_cannot_hold_fails_alone_in_its_group(
    a: Host, place: ChannelRef, given: RowBuilder, bad: str
) -> None:
    answers = await asyncio.gather(
        *(accept(a, place, f"m{n}", lid=LID) for n in range(3)),
        accept(a, place, "bad", lid=LID, words=bad),
        accept(a, place, "m4", lid=LID),
        return_exceptions=True,
    )

    assert isinstance(answers[3], InvalidInputError)
    assert [each.new for each in answers if isinstance(each, AcceptResult)] == [True] * 4
    assert await given.count("inbox") == 4


async def test_a_caller_who_went_away_neither_loses_its_row_nor_stops_the_others(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    gone = asyncio.ensure_future(accept(a, place, "gone", lid=LID))
    stays = asyncio.ensure_future(accept(a, place, "stays", lid=LID))
    await asyncio.sleep(0)
    gone.cancel()

    assert (await stays).new
    assert (await accept(a, place, "after", lid=LID)).new
    assert await given.rows("SELECT command ->> 'external_id' FROM inbox ORDER BY id") == [
        "gone",
        "stays",
        "after",
    ]


async def test_rows_are_numbered_as_they_came_whatever_their_keys(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    order = ["z", "a", "m", "b"]

    await asyncio.gather(*(accept(a, place, external, lid=LID) for external in order))

    assert await given.rows("SELECT command ->> 'external_id' FROM inbox ORDER BY id") == order


async def test_a_click_counts_once_under_its_idempotency_key(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    thread = await given.thread(place)
    click = (place.tenant, thread, place.channel, "click:1", cmd.AssignConversation("ana"))

    assert await a.inbox.store_command(*click)
    assert not await a.inbox.store_command(*click)
    pending = await a.inbox.load_command(place.tenant, place.channel, "click:1")
    assert pending is not None
    assert pending.outcome is None
    await a.run(thread)
    refused = await a.inbox.load_command(place.tenant, place.channel, "click:1")
    assert refused == replace(pending, outcome="refused:resolved")
    assert await a.inbox.load_command(place.tenant, place.channel, "click:2") is None


async def test_each_conversation_of_the_assistant_receives_a_suspension_once(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    held = await accept(a, place, "m1", lid=LID)
    other = await accept(a, place, "m2", phone=PHONE)
    assert held.thread_id is not None
    assert other.thread_id is not None
    await a.run(held.thread_id)
    await a.run(other.thread_id)
    await a.inbox.store_command(
        place.tenant, other.thread_id, place.channel, "c", cmd.AssignConversation("ana")
    )
    await a.run(other.thread_id)

    await given.admin.execute("UPDATE tenants SET status = 'suspended'")
    for _ in range(2):
        await given.admin.execute(queries("inbox")["suspend_pending"], place.tenant, 2)
    await a.run(held.thread_id)

    assert await given.rows("SELECT status FROM conversations ORDER BY opened_at") == [
        "waiting",
        "open",
    ]
    assert await given.rows("SELECT status FROM turns ORDER BY started_at") == ["cancelled"] * 2
    assert await given.count("inbox", "command ->> 'type' = 'suspend_assistant'") == 1


async def test_once_processed_raw_bodies_go_after_days_and_rows_after_weeks(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    for external, days in (("new", 1), ("older", 4), ("old", 31), ("old but pending", 32)):
        await accept(a, place, external, lid=LID)
        await given.admin.execute(
            "UPDATE inbox SET received_at = now() - make_interval(days => $1),"
            " processed_at = CASE WHEN $1 <> 32 THEN now() END"
            " WHERE command ->> 'external_id' = $2",
            days,
            external,
        )

    await a.inbox.purge_old_rows()

    assert await given.rows(
        "SELECT (command ->> 'external_id', raw IS NULL)::text FROM inbox ORDER BY id"
    ) == ["(new,f)", "(older,t)", '("old but pending",f)']


async def test_the_purge_says_whether_more_is_left_and_reads_no_removed_body_again(
    a: Host, place: ChannelRef, given: RowBuilder
) -> None:
    for number in range(5):
        await accept(a, place, f"old{number}", lid=LID)
        await accept(a, place, f"gone{number}", lid=LID)
    await given.admin.execute(
        "UPDATE inbox SET processed_at = now(), received_at = now() - make_interval(days =>"
        " CASE WHEN command ->> 'external_id' LIKE 'old%' THEN 4 ELSE 31 END)"
    )

    more = [await a.inbox.purge_old_rows(limit=3) for _ in range(5)]

    assert more[-1] is False
    assert all(more[:2]), "a full batch means that more may be left"
    assert await given.count("inbox") == 5
    assert await given.count("inbox", "raw IS NOT NULL") == 0
