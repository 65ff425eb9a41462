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
    simulator: ConversationSimulator,
    name: str,
    kind: MessageKind = MessageKind.VOICE,
    **details: Any,
) -> Decision:
    return simulator.decide_command(
        cmd.ReceiveMessage(name, MessageContent(kind, "", details), simulator.now)
    )


def message(name: str) -> MessageId:
    return inbound_message_id(THREAD, name)


def read(simulator: ConversationSimulator, name: str, code: str = "") -> Decision:
    return simulator.decide_command(
        cmd.SettleFileReading(
            message(name), simulator.active_conversation.id, FileReading("oi", code=code)
        )
    )


def missing(simulator: ConversationSimulator, name: str) -> Decision:
    gone = cmd.SettleFile(
        file_id(message(name)), message(name), simulator.active_conversation.id, code="gone"
    )
    return simulator.decide_command(gone)


def wanted(decision: Decision) -> list[fx.RequestFileReadingEffect]:
    return [each for each in decision.effects if isinstance(each, fx.RequestFileReadingEffect)]


@pytest.mark.parametrize(
    ("kind", "sort"),
    [
        (MessageKind.VOICE, ReadableFileKind.VOICE),
        (MessageKind.AUDIO, ReadableFileKind.VOICE),
        (MessageKind.IMAGE, ReadableFileKind.PICTURE),
        (MessageKind.DOCUMENT, ReadableFileKind.DOCUMENT),
    ],
)
def test_a_file_reading_is_requested_where_the_assistant_can_hear_and_see(
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
    simulator = ConversationSimulator(policy)
    assert wanted(sends(simulator, "a")) == []
    simulator.advance_clock(2.5)
    simulator.fire_timer()

    assert simulator.active_conversation.turn is not None


def test_once_the_burst_is_over_the_turn_waits_for_the_words() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    assert simulator.active_conversation.turn is None
    assert simulator.seconds_until_timer(TimerName.READING) == 17.5

    simulator.advance_clock(3)
    read(simulator, "a")
    assert simulator.turn.messages == 1


def test_words_that_come_within_the_burst_do_not_cut_it_short() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(1)
    read(simulator, "a")
    assert simulator.active_conversation.turn is None

    simulator.receive_customer_message("e manda o pix")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    assert simulator.turn.messages == 2


@pytest.mark.parametrize("how", [read, missing])
def test_a_file_that_says_nothing_is_not_waited_for(how: Any) -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    how(simulator, "a", "no_words") if how is read else how(simulator, "a")

    assert simulator.active_conversation.turn is not None


def test_a_deleted_note_is_not_waited_for() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.receive_customer_message("oi", "b")
    simulator.receive_deletion("a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_all_files_of_a_burst_are_waited_for() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    sends(simulator, "b", MessageKind.IMAGE)
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    read(simulator, "b")
    assert simulator.active_conversation.turn is None
    read(simulator, "a")

    assert simulator.turn.messages == 2


def test_after_the_bound_the_turn_goes_on_without() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    simulator.advance_clock(simulator.seconds_until_timer(TimerName.READING))
    simulator.fire_timer(name=TimerName.READING)
    assert simulator.turn.messages == 1

    decision = read(simulator, "a")
    assert [type(each) for each in decision.effects] == [fx.StoreFileReadingEffect]
    assert simulator.active_conversation.turn is not None, "what comes late disturbs nobody"


def test_the_wait_for_further_voice_notes_is_bounded() -> None:
    simulator = ConversationSimulator(HEARS)
    since = simulator.now
    for number in range(12):
        sends(simulator, f"n{number}")
        simulator.advance_clock(8)
        simulator.fire_timer()
    until = simulator.active_conversation.awaited_until
    if simulator.active_conversation.turn is None:
        assert until is not None
        assert (until - since).total_seconds() <= 28
    assert (simulator.now - since).total_seconds() > 28
    assert any(
        isinstance(each, e.TurnStarted) for each in simulator.logs[simulator.active_conversation.id]
    )


def test_a_timer_for_files_that_was_overtaken_does_nothing() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    simulator.receive_customer_message("espera")
    simulator.fire_timer(name=TimerName.READING)

    assert simulator.active_conversation.turn is None


def test_words_that_come_after_a_takeover_start_nothing() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    simulator.decide_command(cmd.AssignConversation("ana"))
    read(simulator, "a")

    assert simulator.active_conversation.turn is None


def test_a_transcription_for_a_resolved_conversation_is_stored_and_opens_none() -> None:
    simulator = ConversationSimulator(HEARS)
    sends(simulator, "a")
    visit = simulator.active_conversation.id
    simulator.decide_command(cmd.ResolveConversation("ana"))
    late = cmd.SettleFileReading(message("a"), visit, FileReading("oi"))
    decision = simulator.decide_command(late)

    assert (decision.events, len(decision.effects)) == ((), 1)


def test_without_waiting_the_burst_is_as_long_as_ever() -> None:
    simulator = ConversationSimulator(ConversationPolicy(hears=True, reading_wait_s=0))
    assert wanted(sends(simulator, "a")) != []
    simulator.advance_clock(2.5)
    simulator.fire_timer()

    assert simulator.active_conversation.turn is not None


def test_a_turn_that_is_cut_off_by_a_note_waits_for_it() -> None:
    simulator = ConversationSimulator(HEARS)
    simulator.start_turn()
    sends(simulator, "a")
    assert simulator.active_conversation.turn is None
    simulator.advance_clock(2.5)
    simulator.fire_timer()
    assert simulator.active_conversation.turn is None
    read(simulator, "a")

    assert simulator.turn.messages == 2


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
