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
from niochat.attachments.attachment_reader import AttachmentReader
from niochat.attachments.attachment_store import object_key
from niochat.attachments.reading_scheduler import MAX_ATTEMPTS, MAX_PER_HOUR
from niochat.domain.conversation.commands import ReceiveProviderPhoneMessage, SettleFileReading
from niochat.domain.conversation.file_reading import MAX_TRANSCRIPT_LENGTH
from niochat.domain.message import MessageContent, MessageKind
from niochat.live.event_log import EventLog
from niochat.live.frames import encode_event_frame
from niochat_sandbox.voice_notes import build_voice_note
from tests.actors.sandbox_provider import create_gateway_instance, one_root_certificate
from tests.attachments.attachment_pipeline import AttachmentPipeline, open_attachment_pipeline
from tests.builders import SENT_AT, RowBuilder, ShardAssignments, build_message, insert_commands
from tests.niochat_sandbox.conftest import origin

__all__ = ["one_root_certificate", "origin"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
WORDS = "oi, quero pagar minha fatura"


@pytest_asyncio.fixture
async def room(
    database: Database, origin: str, given: RowBuilder, ownership: ShardAssignments, tmp_path: Path
) -> AsyncIterator[AttachmentPipeline]:
    async with create_gateway_instance(origin) as world:
        hearing = {"transcription_model": "whisper", "transcription_price": 0.6}
        async with open_attachment_pipeline(
            database, world, given, ownership, tmp_path, **hearing
        ) as here:
            yield here


async def policy(room: AttachmentPipeline, **changes: Any) -> None:
    await room.given.admin.execute("UPDATE tenants SET policy = policy || $1", changes)


async def fault(room: AttachmentPipeline, kind: str, **order: Any) -> None:
    await room.provider.inject_fault("model", kind, path="/v1/audio", **order)


async def test_it_is_shown_at_once_and_its_words_when_they_are_known(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS)
    (before,) = await room.load_shown_messages()
    assert (before["kind"], before["transcript"]) == ("voice", None)
    assert before["reading"]["status"] == "waiting"
    assert await room.list_turn_texts() == [], "the answer waits"

    await room.run_downloads()
    await room.run_readings()

    (after,) = await room.load_shown_messages()
    assert (after["transcript"], after["reading"]["status"]) == (WORDS, "read")
    assert await room.given.count("events", "type = 'file_read'") == 1
    assert await room.list_turn_texts() == ["running"], "nothing else is waited for"


async def test_the_cost_of_a_transcription_is_stored(room: AttachmentPipeline) -> None:
    await room.receive_voice_note(WORDS, seconds=30)
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["model"], row["seconds"], row["cost"]) == ("whisper", 30, Decimal("0.3"))


async def test_without_the_setting_nobody_listens_and_nothing_waits(
    room: AttachmentPipeline,
) -> None:
    await policy(room, hears=False)
    await room.receive_voice_note(WORDS)

    assert await room.load_attachment_row() is None
    assert await room.list_turn_texts() == ["running"]


async def test_who_died_between_file_and_words_is_followed_by_another_at_once(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.readings.enqueue_due(range(1024))
    for task in room.readings._queue._tasks:
        task.cancel()
    await asyncio.gather(*room.readings._queue._tasks, return_exceptions=True)
    assert (await room.load_attachment_row())["status"] == "wanted"

    await room.run_readings(room.process("host-a:2"))

    assert (await room.load_attachment_row())["text"] == WORDS


async def test_a_process_that_lives_is_not_taken_its_voice_note_away(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.given.admin.execute(
        "UPDATE readings SET taken_by = 'host-a:1', next_at = now() + interval '1 min'"
    )
    await room.run_readings(room.process("host-a:1"))
    assert room.asked == []


async def test_words_whose_step_was_lost_are_asked_for_again_and_kept_once(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings_without_step()
    assert (await room.load_attachment_row())["status"] == "wanted"

    await room.run_readings(room.process("host-a:2"))

    assert ((await room.load_attachment_row())["text"], len(room.asked)) == (WORDS, 2)


async def test_two_answers_for_one_note_leave_the_first(room: AttachmentPipeline) -> None:
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room._search(room.readings)
    (first,) = room.settled
    assert isinstance(first, SettleFileReading)
    await room.given.admin.execute("UPDATE readings SET next_at = now()")
    await room.run_steps()
    again = SettleFileReading(first.message, first.conversation, type(first.reading)(text="outra"))
    await room.host.step(room.thread, again)

    assert (await room.load_attachment_row())["text"] == WORDS


async def test_the_same_note_that_comes_twice_is_heard_once(room: AttachmentPipeline) -> None:
    external = await room.receive_voice_note(WORDS)
    await room.accept_message(external, "ptt")
    await room.run_downloads()
    await room.run_readings()
    await room.accept_message(external, "ptt")
    await room.run_downloads()
    await room.run_readings()

    assert (await room.given.count("readings"), len(room.asked)) == (1, 1)
    assert (await room.load_attachment_row())["text"] == WORDS


async def test_an_answer_waits_for_two_notes_of_one_burst(room: AttachmentPipeline) -> None:
    await room.receive_voice_note("oi")
    await room.receive_voice_note("quero minha fatura")
    await room.run_downloads()
    await room.readings.enqueue_due(range(1024))
    while room.readings._queue._tasks:
        await asyncio.wait(room.readings._queue._tasks)
    one, other = room.settled
    room.settled = [one]
    await room.run_steps()
    assert await room.list_turn_texts() == []

    room.settled = [other]
    await room.run_steps()
    assert await room.list_turn_texts() == ["running"]


async def test_words_that_come_after_the_bound_are_shown_and_read_by_the_next_turn(
    room: AttachmentPipeline,
) -> None:
    await policy(room, reading_wait_s=0.001)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    assert await room.list_turn_texts() == ["running"], "the bound is over"

    await room.run_readings()

    (shown,) = await room.load_shown_messages()
    assert shown["transcript"] == WORDS
    assert await room.list_turn_texts() == ["running"], "nobody is woken twice"


async def test_a_text_that_follows_a_note_waits_with_it(room: AttachmentPipeline) -> None:
    await room.receive_voice_note("oi")
    await insert_commands(
        room.host, room.provider.place, room.thread, [build_message("m2", "e aí?")]
    )
    await room.host.run(room.thread)
    assert await room.list_turn_texts() == []

    await room.run_downloads()
    await room.run_readings()
    assert await room.list_turn_texts() == ["running"]


async def test_a_file_that_never_comes_keeps_nobody_waiting(room: AttachmentPipeline) -> None:
    await room.provider.inject_fault("gateway", "status", path="/message/download", status=404)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()

    assert (
        (await room.load_attachment_row())["status"],
        (await room.load_attachment_row())["code"],
    ) == ("failed", "gone")
    assert await room.list_turn_texts() == ["running"]


async def test_our_own_side_is_not_listened_to(room: AttachmentPipeline) -> None:
    external = await room.provider.world.write("5581988887777", kind="ptt", speech="sou eu")
    typed = ReceiveProviderPhoneMessage(
        external, MessageContent(MessageKind.VOICE, "", {"seconds": 2}), SENT_AT
    )
    await insert_commands(
        room.host, room.provider.place, room.thread, [build_message("m1", "oi"), typed]
    )
    await room.host.run(room.thread)
    await room.run_downloads()

    assert await room.load_attachment_row() is None


async def test_an_end_point_that_fails_is_asked_again_and_then_let_alone(
    room: AttachmentPipeline,
) -> None:
    await fault(room, "status", status=500, count=None)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()
    assert ((await room.load_attachment_row())["status"], await room.list_turn_texts()) == (
        "wanted",
        [],
    )

    for _ in range(MAX_ATTEMPTS):
        await room.expire_waits()
        await room.run_readings()
    row = await room.load_attachment_row()
    assert (row["status"], row["code"], row["attempts"]) == ("failed", "model_500", MAX_ATTEMPTS)
    assert await room.list_turn_texts() == ["running"]


async def test_an_end_point_that_is_back_is_understood(room: AttachmentPipeline) -> None:
    await fault(room, "drop")
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()
    await room.expire_waits()
    await room.run_readings()

    assert (await room.load_attachment_row())["text"] == WORDS


@pytest.mark.parametrize(("kind", "code"), [("empty", "no_words"), ("huge", "model_malformed")])
async def test_an_answer_that_is_none_is_not_asked_for_again(
    room: AttachmentPipeline, kind: str, code: str
) -> None:
    await fault(room, kind)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["status"], row["code"], row["text"]) == ("failed", code, "")


@pytest.mark.parametrize("kind", ["html", "malformed", "cut"])
async def test_an_answer_that_was_broken_is_asked_for_again(
    room: AttachmentPipeline, kind: str
) -> None:
    await fault(room, kind)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()
    assert (await room.load_attachment_row())["status"] == "wanted"
    await room.expire_waits()
    await room.run_readings()

    assert (await room.load_attachment_row())["text"] == WORDS


async def test_a_wrong_key_is_told_without_the_key(room: AttachmentPipeline) -> None:
    await room.given.admin.execute("UPDATE assistants SET transcription_model = 'whisper'")
    await fault(room, "status", status=401)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["status"], row["code"]) == ("failed", "model_unauthorized")
    assert room.provider.key not in row["detail"]


async def test_a_note_without_a_byte_is_fetched_again_and_holds_nobody_up(
    room: AttachmentPipeline,
) -> None:
    await policy(room, reading_wait_s=0.001)
    await room.receive_bytes("ptt", b"", mimetype="audio/ogg")
    await room.run_downloads()

    assert ((await room.load_attachment_row())["status"], room.asked) == ("waiting", [])
    assert await room.list_turn_texts() == ["running"]


async def test_a_note_whose_bytes_are_gone_from_the_store_has_no_words(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    row = await room.load_attachment_row()
    await room.store.put(object_key(row["tenant_id"], row["file_id"]), b"")
    await room.run_readings()

    assert (await room.load_attachment_row())["code"] == "empty"
    assert await room.list_turn_texts() == ["running"]


async def test_a_note_of_30_megabytes_is_not_kept_nor_heard(room: AttachmentPipeline) -> None:
    await room.receive_bytes(
        "ptt", build_voice_note("oi") + bytes(30 * 2**20), mimetype="audio/ogg"
    )
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["status"], room.asked) == ("failed", [])
    assert await room.list_turn_texts() == ["running"]


async def test_a_note_of_an_hour_is_not_heard_whatever_the_phone_says_of_it(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note(WORDS, seconds=3600)
    await room.given.admin.execute("UPDATE readings SET said_seconds = 2")
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["status"], row["code"]) == ("failed", "too_long")
    assert await room.list_turn_texts() == ["running"]


async def test_what_only_calls_itself_a_voice_note_is_not_sent_anywhere(
    room: AttachmentPipeline,
) -> None:
    await room.receive_bytes("ptt", b"MZ not a sound at all", mimetype="audio/ogg")
    await room.run_downloads()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert (row["status"], row["code"]) == ("failed", "not_audio")


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("oi\x00\x07\x1b[31m fatura\u202e\r\n", "oi [31m fatura"),
        ("a" * 100_000, "a" * (MAX_TRANSCRIPT_LENGTH - 1) + "…"),
        ("   \t\n ", ""),
    ],
)
async def test_words_are_kept_as_one_bounded_line(
    room: AttachmentPipeline, heard: str, kept: str
) -> None:
    await room.receive_voice_note(heard, seconds=2)
    await room.run_downloads()
    await room.run_readings()

    assert (await room.load_attachment_row())["text"] == kept
    assert await room.list_turn_texts() == ["running"]


async def test_an_end_point_that_is_slow_is_left_and_asked_again(room: AttachmentPipeline) -> None:
    room.reader = AttachmentReader(
        room.models, room._whole, room.provider.directory.assistant, transcription_timeout_s=0.2
    )
    await fault(room, "hang", seconds=5)
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()
    assert (await room.load_attachment_row())["status"] == "wanted"
    await room.expire_waits()
    await room.run_readings()

    assert (await room.load_attachment_row())["text"] == WORDS


async def test_who_sends_more_than_a_person_says_is_not_listened_to(
    room: AttachmentPipeline,
) -> None:
    await room.receive_voice_note("um")
    await room.given.admin.execute(
        "INSERT INTO attachments (tenant_id, id, mimetype, filename)"
        " SELECT tenant_id, uuidv7(), '', '' FROM readings, generate_series(1, $1)",
        MAX_PER_HOUR,
    )
    await room.given.admin.execute(
        "INSERT INTO readings (tenant_id, message_id, file_id, thread_id, sort, said_seconds)"
        " SELECT a.tenant_id, a.id, a.id, r.thread_id, 'voice', 0 FROM readings r, attachments a"
        " WHERE a.thread_id IS NULL"
    )
    await room.receive_voice_note("demais")
    await room.run_downloads()
    await room.run_readings()

    rows = await room.given.rows("SELECT code FROM readings WHERE status = 'failed'")
    assert rows == ["too_many"]
    assert len(room.asked) == 1, "the first was in time"


async def test_screens_hear_of_the_words_when_they_are_known(room: AttachmentPipeline) -> None:
    log = EventLog(room.host.database)
    begin = await log.load_end()
    await room.receive_voice_note(WORDS)
    await room.run_downloads()
    await room.run_readings()

    look = await log.read_after(begin, [room.provider.place.tenant])
    (read,) = [each for each in look.events if each.type == "file_read"]
    frame = json.loads(encode_event_frame(read))
    assert frame["message"]["transcript"] == WORDS
    assert frame["message"]["reading"] == {"status": "read", "code": None, "facts": {}}
