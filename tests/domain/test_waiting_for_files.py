"""An answer waits for what voice notes, pictures and PDFs say, and never longer than it should."""

from typing import Any

import pytest

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import TimerName
from niochat.domain.draft import Decision
from niochat.domain.ids import MessageId, file_id, inbound_message_id
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.policy import ConversationPolicy
from niochat.domain.reading import (
    MAX_TRANSCRIPT_LENGTH,
    FileReading,
    ReadableFileKind,
    format_transcript,
)
from tests.domain.talk import THREAD, Talk

HEARS = ConversationPolicy(hears=True, sees=True)


def sends(talk: Talk, name: str, kind: MessageKind = MessageKind.VOICE, **details: Any) -> Decision:
    return talk.do(cmd.ReceiveMessage(name, MessageContent(kind, "", details), talk.now))


def message(name: str) -> MessageId:
    return inbound_message_id(THREAD, name)


def read(talk: Talk, name: str, code: str = "") -> Decision:
    return talk.do(cmd.SettleFileReading(message(name), talk.live.id, FileReading("oi", code=code)))


def missing(talk: Talk, name: str) -> Decision:
    gone = cmd.SettleFile(file_id(message(name)), message(name), talk.live.id, code="gone")
    return talk.do(gone)


def wanted(decision: Decision) -> list[fx.RequestFileReading]:
    return [each for each in decision.effects if isinstance(each, fx.RequestFileReading)]


@pytest.mark.parametrize(
    ("kind", "sort"),
    [
        (MessageKind.VOICE, ReadableFileKind.VOICE), (MessageKind.AUDIO, ReadableFileKind.VOICE), (MessageKind.IMAGE, ReadableFileKind.PICTURE),
        (MessageKind.DOCUMENT, ReadableFileKind.DOCUMENT),
    ],
)  # fmt: skip
def test_what_a_file_says_is_wanted_where_the_assistant_hears_and_sees(
    kind: MessageKind, sort: ReadableFileKind
) -> None:
    (found,) = wanted(sends(Talk(HEARS), "a", kind, seconds=7))

    assert (found.sort, found.message, found.seconds) == (sort, message("a"), 7.0)


@pytest.mark.parametrize(
    "kind", [MessageKind.VIDEO, MessageKind.STICKER, MessageKind.TEXT, MessageKind.LOCATION]
)
def test_nothing_else_is_read(kind: MessageKind) -> None:
    assert wanted(sends(Talk(HEARS), "a", kind)) == []


@pytest.mark.parametrize("policy", [ConversationPolicy(), ConversationPolicy(sees=True)])
def test_where_nobody_hears_a_voice_note_is_as_before(policy: ConversationPolicy) -> None:
    talk = Talk(policy)
    assert wanted(sends(talk, "a")) == []
    talk.wait(2.5)
    talk.fire()

    assert talk.live.turn is not None


def test_once_the_burst_is_over_the_turn_waits_for_the_words() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(2.5)
    talk.fire()
    assert talk.live.turn is None
    assert talk.due_in(TimerName.READING) == 17.5

    talk.wait(3)
    read(talk, "a")
    assert talk.turn.messages == 1


def test_words_that_come_within_the_burst_do_not_cut_it_short() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(1)
    read(talk, "a")
    assert talk.live.turn is None

    talk.customer("e manda o pix")
    talk.wait(2.5)
    talk.fire()
    assert talk.turn.messages == 2


@pytest.mark.parametrize("how", [read, missing])
def test_a_file_that_says_nothing_is_not_waited_for(how: Any) -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(2.5)
    talk.fire()
    how(talk, "a", "no_words") if how is read else how(talk, "a")

    assert talk.live.turn is not None


def test_a_deleted_note_is_not_waited_for() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.customer("oi", "b")
    talk.take_back("a")
    talk.wait(2.5)
    talk.fire()

    assert talk.turn.messages == 1


def test_all_files_of_a_burst_are_waited_for() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    sends(talk, "b", MessageKind.IMAGE)
    talk.wait(2.5)
    talk.fire()
    read(talk, "b")
    assert talk.live.turn is None
    read(talk, "a")

    assert talk.turn.messages == 2


def test_after_the_bound_the_turn_goes_on_without() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(2.5)
    talk.fire()
    talk.wait(talk.due_in(TimerName.READING))
    talk.fire(name=TimerName.READING)
    assert talk.turn.messages == 1

    decision = read(talk, "a")
    assert [type(each) for each in decision.effects] == [fx.StoreFileReading]
    assert talk.live.turn is not None, "what comes late disturbs nobody"


def test_who_goes_on_sending_notes_is_not_waited_for_without_end() -> None:
    talk = Talk(HEARS)
    since = talk.now
    for number in range(12):
        sends(talk, f"n{number}")
        talk.wait(8)
        talk.fire()
    until = talk.live.awaited_until
    if talk.live.turn is None:
        assert until is not None
        assert (until - since).total_seconds() <= 28
    assert (talk.now - since).total_seconds() > 28
    assert any(isinstance(each, e.TurnStarted) for each in talk.logs[talk.live.id])


def test_a_timer_for_files_that_was_overtaken_does_nothing() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(2.5)
    talk.fire()
    talk.customer("espera")
    talk.fire(name=TimerName.READING)

    assert talk.live.turn is None


def test_words_that_come_after_a_takeover_start_nothing() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    talk.wait(2.5)
    talk.fire()
    talk.do(cmd.AssignConversation("ana"))
    read(talk, "a")

    assert talk.live.turn is None


def test_words_for_a_visit_that_is_over_are_kept_and_open_none() -> None:
    talk = Talk(HEARS)
    sends(talk, "a")
    visit = talk.live.id
    talk.do(cmd.ResolveConversation("ana"))
    late = cmd.SettleFileReading(message("a"), visit, FileReading("oi"))
    decision = talk.do(late)

    assert (decision.events, len(decision.effects)) == ((), 1)


def test_without_waiting_the_burst_is_as_long_as_ever() -> None:
    talk = Talk(ConversationPolicy(hears=True, reading_wait_s=0))
    assert wanted(sends(talk, "a")) != []
    talk.wait(2.5)
    talk.fire()

    assert talk.live.turn is not None


def test_a_turn_that_is_cut_off_by_a_note_waits_for_it() -> None:
    talk = Talk(HEARS)
    talk.thinking()
    sends(talk, "a")
    assert talk.live.turn is None
    talk.wait(2.5)
    talk.fire()
    assert talk.live.turn is None
    read(talk, "a")

    assert talk.turn.messages == 2


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("  oi,\n\ntudo\tbem? ", "oi, tudo bem?"),
        ("\x00\x1b[0m\u202eabc\ud800", "[0m abc"),
        ("", ""),
        ("palavra " * 5_000, "…"),
    ],
)
def test_a_transcript_is_one_line_of_bounded_length(heard: str, kept: str) -> None:
    found = format_transcript(heard)

    assert found.endswith(kept)
    assert len(found) <= MAX_TRANSCRIPT_LENGTH
    assert found.isprintable()
