"""An answer waits for what voice notes, pictures and PDFs say, and never longer than it should."""

from typing import Any

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import Decision
from niochat.domain.conversation.file_reading import (
    MAX_TRANSCRIPT_LENGTH,
    FileReading,
    ReadableFileKind,
    format_transcript,
)
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import TimerName
from niochat.domain.ids import MessageId, file_id, inbound_message_id
from niochat.domain.message import MessageContent, MessageKind
from tests.domain.conversation_simulator import THREAD, ConversationSimulator

HEARS = ConversationPolicy(hears=True, sees=True)


def sends(
    talk: ConversationSimulator, name: str, kind: MessageKind = MessageKind.VOICE, **details: Any
) -> Decision:
    return talk.decide_command(
        cmd.ReceiveMessage(name, MessageContent(kind, "", details), talk.now)
    )


def message(name: str) -> MessageId:
    return inbound_message_id(THREAD, name)


def read(talk: ConversationSimulator, name: str, code: str = "") -> Decision:
    return talk.decide_command(
        cmd.SettleFileReading(
            message(name), talk.active_conversation.id, FileReading("oi", code=code)
        )
    )


def missing(talk: ConversationSimulator, name: str) -> Decision:
    gone = cmd.SettleFile(
        file_id(message(name)), message(name), talk.active_conversation.id, code="gone"
    )
    return talk.decide_command(gone)


def wanted(decision: Decision) -> list[fx.RequestFileReading]:
    return [each for each in decision.effects if isinstance(each, fx.RequestFileReading)]


@pytest.mark.parametrize(
    ("kind", "sort"),
    [
        (MessageKind.VOICE, ReadableFileKind.VOICE),
        (MessageKind.AUDIO, ReadableFileKind.VOICE),
        (MessageKind.IMAGE, ReadableFileKind.PICTURE),
        (MessageKind.DOCUMENT, ReadableFileKind.DOCUMENT),
    ],
)
def test_what_a_file_says_is_wanted_where_the_assistant_hears_and_sees(
    kind: MessageKind, sort: ReadableFileKind
) -> None:
    (found,) = wanted(sends(ConversationSimulator(HEARS), "a", kind, seconds=7))

    assert (found.sort, found.message, found.seconds) == (sort, message("a"), 7.0)


@pytest.mark.parametrize(
    "kind", [MessageKind.VIDEO, MessageKind.STICKER, MessageKind.TEXT, MessageKind.LOCATION]
)
def test_nothing_else_is_read(kind: MessageKind) -> None:
    assert wanted(sends(ConversationSimulator(HEARS), "a", kind)) == []


@pytest.mark.parametrize("policy", [ConversationPolicy(), ConversationPolicy(sees=True)])
def test_where_nobody_hears_a_voice_note_is_as_before(policy: ConversationPolicy) -> None:
    talk = ConversationSimulator(policy)
    assert wanted(sends(talk, "a")) == []
    talk.advance_clock(2.5)
    talk.fire_timer()

    assert talk.active_conversation.turn is not None


def test_once_the_burst_is_over_the_turn_waits_for_the_words() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(2.5)
    talk.fire_timer()
    assert talk.active_conversation.turn is None
    assert talk.seconds_until_timer(TimerName.READING) == 17.5

    talk.advance_clock(3)
    read(talk, "a")
    assert talk.turn.messages == 1


def test_words_that_come_within_the_burst_do_not_cut_it_short() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(1)
    read(talk, "a")
    assert talk.active_conversation.turn is None

    talk.receive_customer_message("e manda o pix")
    talk.advance_clock(2.5)
    talk.fire_timer()
    assert talk.turn.messages == 2


@pytest.mark.parametrize("how", [read, missing])
def test_a_file_that_says_nothing_is_not_waited_for(how: Any) -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(2.5)
    talk.fire_timer()
    how(talk, "a", "no_words") if how is read else how(talk, "a")

    assert talk.active_conversation.turn is not None


def test_a_deleted_note_is_not_waited_for() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.receive_customer_message("oi", "b")
    talk.receive_deletion("a")
    talk.advance_clock(2.5)
    talk.fire_timer()

    assert talk.turn.messages == 1


def test_all_files_of_a_burst_are_waited_for() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    sends(talk, "b", MessageKind.IMAGE)
    talk.advance_clock(2.5)
    talk.fire_timer()
    read(talk, "b")
    assert talk.active_conversation.turn is None
    read(talk, "a")

    assert talk.turn.messages == 2


def test_after_the_bound_the_turn_goes_on_without() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(2.5)
    talk.fire_timer()
    talk.advance_clock(talk.seconds_until_timer(TimerName.READING))
    talk.fire_timer(name=TimerName.READING)
    assert talk.turn.messages == 1

    decision = read(talk, "a")
    assert [type(each) for each in decision.effects] == [fx.StoreFileReading]
    assert talk.active_conversation.turn is not None, "what comes late disturbs nobody"


def test_who_goes_on_sending_notes_is_not_waited_for_without_end() -> None:
    talk = ConversationSimulator(HEARS)
    since = talk.now
    for number in range(12):
        sends(talk, f"n{number}")
        talk.advance_clock(8)
        talk.fire_timer()
    until = talk.active_conversation.awaited_until
    if talk.active_conversation.turn is None:
        assert until is not None
        assert (until - since).total_seconds() <= 28
    assert (talk.now - since).total_seconds() > 28
    assert any(isinstance(each, e.TurnStarted) for each in talk.logs[talk.active_conversation.id])


def test_a_timer_for_files_that_was_overtaken_does_nothing() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(2.5)
    talk.fire_timer()
    talk.receive_customer_message("espera")
    talk.fire_timer(name=TimerName.READING)

    assert talk.active_conversation.turn is None


def test_words_that_come_after_a_takeover_start_nothing() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    talk.advance_clock(2.5)
    talk.fire_timer()
    talk.decide_command(cmd.AssignConversation("ana"))
    read(talk, "a")

    assert talk.active_conversation.turn is None


def test_words_for_a_visit_that_is_over_are_kept_and_open_none() -> None:
    talk = ConversationSimulator(HEARS)
    sends(talk, "a")
    visit = talk.active_conversation.id
    talk.decide_command(cmd.ResolveConversation("ana"))
    late = cmd.SettleFileReading(message("a"), visit, FileReading("oi"))
    decision = talk.decide_command(late)

    assert (decision.events, len(decision.effects)) == ((), 1)


def test_without_waiting_the_burst_is_as_long_as_ever() -> None:
    talk = ConversationSimulator(ConversationPolicy(hears=True, reading_wait_s=0))
    assert wanted(sends(talk, "a")) != []
    talk.advance_clock(2.5)
    talk.fire_timer()

    assert talk.active_conversation.turn is not None


def test_a_turn_that_is_cut_off_by_a_note_waits_for_it() -> None:
    talk = ConversationSimulator(HEARS)
    talk.start_turn()
    sends(talk, "a")
    assert talk.active_conversation.turn is None
    talk.advance_clock(2.5)
    talk.fire_timer()
    assert talk.active_conversation.turn is None
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
