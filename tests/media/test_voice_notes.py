"""A voice note becomes text once, whoever dies; its answer waits for that, and not for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.commands import ReceiveProviderPhoneMessage, SettleFileReading
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.reading import MAX_TRANSCRIPT_LENGTH
from niochat.live.frames import encode_event_frame
from niochat.live.log import EventLog
from niochat.media.library import object_key
from niochat.media.reader import AttachmentReader
from niochat.media.reading import MAX_ATTEMPTS, MAX_PER_HOUR
from niochat.sandbox.voices import build_voice_note
from tests.actors.provider import instance, one_root_certificate
from tests.builders import SENT_AT, Given, Ownership, message, put
from tests.media.hearing import Room, opened
from tests.sandbox.conftest import origin

__all__ = ["one_root_certificate", "origin"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
WORDS = "oi, quero pagar minha fatura"


@pytest_asyncio.fixture
async def room(
    database: Database, origin: str, given: Given, ownership: Ownership, tmp_path: Path
) -> AsyncIterator[Room]:
    async with instance(origin) as world:
        hearing = {"transcription_model": "whisper", "transcription_price": 0.6}
        async with opened(database, world, given, ownership, tmp_path, **hearing) as here:
            yield here


async def policy(room: Room, **changes: Any) -> None:
    await room.given.admin.execute("UPDATE tenants SET policy = policy || $1", changes)


async def fault(room: Room, kind: str, **order: Any) -> None:
    await room.provider.fault("model", kind, path="/v1/audio", **order)


async def test_it_is_shown_at_once_and_its_words_when_they_are_known(room: Room) -> None:
    await room.speaks(WORDS)
    (before,) = await room.shown()
    assert (before["kind"], before["transcript"]) == ("voice", None)
    assert before["reading"]["status"] == "waiting"
    assert await room.turns() == [], "the answer waits"

    await room.fetches()
    await room.reads()

    (after,) = await room.shown()
    assert (after["transcript"], after["reading"]["status"]) == (WORDS, "read")
    assert await room.given.count("events", "type = 'file_read'") == 1
    assert await room.turns() == ["running"], "nothing else is waited for"


async def test_what_it_cost_stands_beside_it(room: Room) -> None:
    await room.speaks(WORDS, seconds=30)
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["model"], row["seconds"], row["cost"]) == ("whisper", 30, Decimal("0.3"))


async def test_without_the_setting_nobody_listens_and_nothing_waits(room: Room) -> None:
    await policy(room, hears=False)
    await room.speaks(WORDS)

    assert await room.row() is None
    assert await room.turns() == ["running"]


async def test_who_died_between_file_and_words_is_followed_by_another_at_once(room: Room) -> None:
    await room.speaks(WORDS)
    await room.fetches()
    await room.readings.enqueue_due(range(1024))
    for task in room.readings._tasks:
        task.cancel()
    await asyncio.gather(*room.readings._tasks, return_exceptions=True)
    assert (await room.row())["status"] == "wanted"

    await room.reads(room.process("host-a:2"))

    assert (await room.row())["text"] == WORDS


async def test_a_process_that_lives_is_not_taken_its_voice_note_away(room: Room) -> None:
    await room.speaks(WORDS)
    await room.fetches()
    await room.given.admin.execute(
        "UPDATE readings SET taken_by = 'host-a:1', next_at = now() + interval '1 min'"
    )
    await room.reads(room.process("host-a:1"))
    assert room.asked == []


async def test_words_whose_step_was_lost_are_asked_for_again_and_kept_once(room: Room) -> None:
    await room.speaks(WORDS)
    await room.fetches()
    await room.answers()
    assert (await room.row())["status"] == "wanted"

    await room.reads(room.process("host-a:2"))

    assert ((await room.row())["text"], len(room.asked)) == (WORDS, 2)


async def test_two_answers_for_one_note_leave_the_first(room: Room) -> None:
    await room.speaks(WORDS)
    await room.fetches()
    await room._search(room.readings)
    (first,) = room.settled
    assert isinstance(first, SettleFileReading)
    await room.given.admin.execute("UPDATE readings SET next_at = now()")
    await room.steps()
    again = SettleFileReading(first.message, first.conversation, type(first.reading)(text="outra"))
    await room.host.step(room.thread, again)

    assert (await room.row())["text"] == WORDS


async def test_the_same_note_that_comes_twice_is_heard_once(room: Room) -> None:
    external = await room.speaks(WORDS)
    await room.takes(external, "ptt")
    await room.fetches()
    await room.reads()
    await room.takes(external, "ptt")
    await room.fetches()
    await room.reads()

    assert (await room.given.count("readings"), len(room.asked)) == (1, 1)
    assert (await room.row())["text"] == WORDS


async def test_an_answer_waits_for_two_notes_of_one_burst(room: Room) -> None:
    await room.speaks("oi")
    await room.speaks("quero minha fatura")
    await room.fetches()
    await room.readings.enqueue_due(range(1024))
    while room.readings._tasks:
        await asyncio.wait(room.readings._tasks)
    one, other = room.settled
    room.settled = [one]
    await room.steps()
    assert await room.turns() == []

    room.settled = [other]
    await room.steps()
    assert await room.turns() == ["running"]


async def test_words_that_come_after_the_bound_are_shown_and_read_by_the_next_turn(
    room: Room,
) -> None:
    await policy(room, reading_wait_s=0.001)
    await room.speaks(WORDS)
    await room.fetches()
    assert await room.turns() == ["running"], "the bound is over"

    await room.reads()

    (shown,) = await room.shown()
    assert shown["transcript"] == WORDS
    assert await room.turns() == ["running"], "nobody is woken twice"


async def test_a_text_that_follows_a_note_waits_with_it(room: Room) -> None:
    await room.speaks("oi")
    await put(room.host, room.provider.place, room.thread, [message("m2", "e aí?")])
    await room.host.run(room.thread)
    assert await room.turns() == []

    await room.fetches()
    await room.reads()
    assert await room.turns() == ["running"]


async def test_a_file_that_never_comes_keeps_nobody_waiting(room: Room) -> None:
    await room.provider.fault("gateway", "status", path="/message/download", status=404)
    await room.speaks(WORDS)
    await room.fetches()

    assert ((await room.row())["status"], (await room.row())["code"]) == ("failed", "gone")
    assert await room.turns() == ["running"]


async def test_our_own_side_is_not_listened_to(room: Room) -> None:
    external = await room.provider.world.write("5581988887777", kind="ptt", speech="sou eu")
    typed = ReceiveProviderPhoneMessage(
        external, MessageContent(MessageKind.VOICE, "", {"seconds": 2}), SENT_AT
    )
    await put(room.host, room.provider.place, room.thread, [message("m1", "oi"), typed])
    await room.host.run(room.thread)
    await room.fetches()

    assert await room.row() is None


async def test_an_end_point_that_fails_is_asked_again_and_then_let_alone(room: Room) -> None:
    await fault(room, "status", status=500, count=None)
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()
    assert ((await room.row())["status"], await room.turns()) == ("wanted", [])

    for _ in range(MAX_ATTEMPTS):
        await room.later()
        await room.reads()
    row = await room.row()
    assert (row["status"], row["code"], row["attempts"]) == ("failed", "model_500", MAX_ATTEMPTS)
    assert await room.turns() == ["running"]


async def test_an_end_point_that_is_back_is_understood(room: Room) -> None:
    await fault(room, "drop")
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()
    await room.later()
    await room.reads()

    assert (await room.row())["text"] == WORDS


@pytest.mark.parametrize(("kind", "code"), [("empty", "no_words"), ("huge", "model_malformed")])
async def test_an_answer_that_is_none_is_not_asked_for_again(
    room: Room, kind: str, code: str
) -> None:
    await fault(room, kind)
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["status"], row["code"], row["text"]) == ("failed", code, "")


@pytest.mark.parametrize("kind", ["html", "malformed", "cut"])
async def test_an_answer_that_was_broken_is_asked_for_again(room: Room, kind: str) -> None:
    await fault(room, kind)
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()
    assert (await room.row())["status"] == "wanted"
    await room.later()
    await room.reads()

    assert (await room.row())["text"] == WORDS


async def test_a_wrong_key_is_told_without_the_key(room: Room) -> None:
    await room.given.admin.execute("UPDATE assistants SET transcription_model = 'whisper'")
    await fault(room, "status", status=401)
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["status"], row["code"]) == ("failed", "model_unauthorized")
    assert room.provider.key not in row["detail"]


async def test_a_note_without_a_byte_is_fetched_again_and_holds_nobody_up(room: Room) -> None:
    await policy(room, reading_wait_s=0.001)
    await room.sends_bytes("ptt", b"", mimetype="audio/ogg")
    await room.fetches()

    assert ((await room.row())["status"], room.asked) == ("waiting", [])
    assert await room.turns() == ["running"]


async def test_a_note_whose_bytes_are_gone_from_the_store_has_no_words(room: Room) -> None:
    await room.speaks(WORDS)
    await room.fetches()
    row = await room.row()
    await room.store.put(object_key(row["tenant_id"], row["file_id"]), b"")
    await room.reads()

    assert (await room.row())["code"] == "empty"
    assert await room.turns() == ["running"]


async def test_a_note_of_30_megabytes_is_not_kept_nor_heard(room: Room) -> None:
    await room.sends_bytes("ptt", build_voice_note("oi") + bytes(30 * 2**20), mimetype="audio/ogg")
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["status"], room.asked) == ("failed", [])
    assert await room.turns() == ["running"]


async def test_a_note_of_an_hour_is_not_heard_whatever_the_phone_says_of_it(room: Room) -> None:
    await room.speaks(WORDS, seconds=3600)
    await room.given.admin.execute("UPDATE readings SET said_seconds = 2")
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["status"], row["code"]) == ("failed", "too_long")
    assert await room.turns() == ["running"]


async def test_what_only_calls_itself_a_voice_note_is_not_sent_anywhere(room: Room) -> None:
    await room.sends_bytes("ptt", b"MZ not a sound at all", mimetype="audio/ogg")
    await room.fetches()
    await room.reads()

    row = await room.row()
    assert (row["status"], row["code"]) == ("failed", "not_audio")


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("oi\x00\x07\x1b[31m fatura\u202e\r\n", "oi [31m fatura"),
        ("a" * 100_000, "a" * (MAX_TRANSCRIPT_LENGTH - 1) + "…"),
        ("   \t\n ", ""),
    ],
)
async def test_words_are_kept_as_one_bounded_line(room: Room, heard: str, kept: str) -> None:
    await room.speaks(heard, seconds=2)
    await room.fetches()
    await room.reads()

    assert (await room.row())["text"] == kept
    assert await room.turns() == ["running"]


async def test_an_end_point_that_is_slow_is_left_and_asked_again(room: Room) -> None:
    room.reader = AttachmentReader(
        room.models, room._whole, room.provider.directory.assistant, transcription_timeout_s=0.2
    )
    await fault(room, "hang", seconds=5)
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()
    assert (await room.row())["status"] == "wanted"
    await room.later()
    await room.reads()

    assert (await room.row())["text"] == WORDS


async def test_who_sends_more_than_a_person_says_is_not_listened_to(room: Room) -> None:
    await room.speaks("um")
    await room.given.admin.execute(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename)"
        " SELECT tenant_id, uuidv7(), '', '' FROM readings, generate_series(1, $1)", MAX_PER_HOUR,
    )  # fmt: skip
    await room.given.admin.execute(
        "INSERT INTO readings (tenant_id, message_id, file_id, thread_id, sort, said_seconds)"
        " SELECT a.tenant_id, a.id, a.id, r.thread_id, 'voice', 0 FROM readings r, attachments a"
        " WHERE a.thread_id IS NULL"
    )
    await room.speaks("demais")
    await room.fetches()
    await room.reads()

    rows = await room.given.rows("SELECT code FROM readings WHERE status = 'failed'")
    assert rows == ["too_many"]
    assert len(room.asked) == 1, "the first was in time"


async def test_screens_hear_of_the_words_when_they_are_known(room: Room) -> None:
    log = EventLog(room.host.database)
    begin = await log.load_end()
    await room.speaks(WORDS)
    await room.fetches()
    await room.reads()

    look = await log.read_after(begin, [room.provider.place.tenant])
    (read,) = [each for each in look.events if each.type == "file_read"]
    frame = json.loads(encode_event_frame(read))
    assert frame["message"]["transcript"] == WORDS
    assert frame["message"]["reading"] == {"status": "read", "code": None, "facts": {}}
