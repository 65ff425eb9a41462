"""A customer who was answered and says nothing: a reminder, then the end of the visit."""

from dataclasses import replace

import pytest

from niochat.domain import commands as cmd
from niochat.domain import events as e
from niochat.domain.conversation import ConversationStatus, TimerName
from niochat.domain.message import Author
from niochat.domain.policy import ConversationPolicy
from tests.domain.talk import Talk

POLICY = ConversationPolicy(
    burst_window_s=0,
    reminder_after_s=600,
    close_after_s=300,
    reminder_text="Ainda aí?",
    close_text="Encerrei. Protocolo: {protocol}",
)


def answered(policy: ConversationPolicy = POLICY) -> Talk:
    """A visit whose customer was answered, and the answer has left."""
    talk = Talk(policy)
    talk.customer()
    talk.answer("Pronto!")
    leaves(talk)
    return talk


def leaves(talk: Talk) -> None:
    """Everything that is queued is on the customer's phone."""
    while (outbox := talk.claim()) is not None:
        talk.settle(outbox, cmd.SendStatus.SENT, f"out-{outbox}")


def test_from_an_answer_on_silence_is_measured() -> None:
    talk = answered()

    assert talk.due_in(TimerName.IDLE) == 600
    assert talk.live.status is ConversationStatus.PENDING


def test_the_first_silence_brings_one_reminder() -> None:
    talk = answered()

    decision = talk.silence()

    assert talk.waiting_to_leave() == ["Ainda aí?"]
    assert e.CustomerReminded() in decision.events
    assert talk.live.status is ConversationStatus.PENDING
    assert talk.live.reminded
    assert talk.due_in(TimerName.IDLE) == 300


def test_the_second_silence_ends_the_visit_with_its_protocol() -> None:
    talk = answered()
    talk.silence()
    leaves(talk)

    decision = talk.silence()

    assert talk.live.status is ConversationStatus.RESOLVED
    assert talk.waiting_to_leave() == ["Encerrei. Protocolo: 20260302000001"]
    assert decision.events[-1] == e.ConversationResolved("inactivity")


def test_the_closing_sentence_leaves_although_the_visit_is_over() -> None:
    talk = answered()
    talk.silence()
    leaves(talk)
    talk.silence()

    outbox = talk.claim()

    assert outbox is not None
    assert talk.sends[outbox].origin is Author.SYSTEM


def test_a_timer_that_fires_twice_reminds_once() -> None:
    talk = answered()
    talk.silence()

    assert talk.fire(generation=1, name=TimerName.IDLE).events == ()
    assert talk.waiting_to_leave() == ["Ainda aí?"]


def test_who_writes_after_the_reminder_is_reminded_again_before_the_end() -> None:
    talk = answered()
    talk.silence()
    leaves(talk)
    talk.customer("estou aqui")
    assert not talk.live.reminded
    talk.answer("Que bom!")
    leaves(talk)

    assert talk.due_in(TimerName.IDLE) == 600
    talk.silence()

    assert talk.live.status is ConversationStatus.PENDING
    assert talk.waiting_to_leave() == ["Ainda aí?"]


def test_a_message_in_between_starts_the_silence_anew() -> None:
    talk = answered()
    talk.wait(400)
    talk.customer("mais uma")
    talk.answer("Claro!")
    talk.wait(200)

    assert talk.fire(generation=1, name=TimerName.IDLE).events == (), "the first answer's silence"
    assert talk.due_in(TimerName.IDLE) == 400


def test_while_a_turn_runs_nobody_is_reminded() -> None:
    talk = answered()
    talk.customer("mais uma")

    assert talk.silence().events == ()
    assert talk.turn.messages == 1


def test_while_a_burst_is_open_nobody_is_reminded() -> None:
    talk = answered(replace(POLICY, burst_window_s=0))
    talk.policy = replace(POLICY, burst_window_s=2.5)
    talk.customer("mais uma")

    assert talk.fire(name=TimerName.IDLE).events == ()
    assert talk.live.turn is None


def test_an_answer_to_who_wrote_on_waits_for_the_next_answer_not_for_silence() -> None:
    talk = Talk(replace(POLICY, burst_window_s=2.5))
    talk.thinking()
    for _ in range(2):
        talk.customer("e mais")
        talk.fire()
    talk.customer("e mais esta")

    talk.answer("Pronto!")

    assert TimerName.IDLE not in talk.timers
    assert talk.live.unanswered == 1


@pytest.mark.parametrize(
    "command",
    [
        cmd.AssignConversation("ana"),
        cmd.ResolveConversation("ana"),
        cmd.SuspendAssistant(),
    ],
)
def test_what_people_hold_or_ended_is_not_closed_for_silence(command: cmd.Command) -> None:
    talk = answered()
    talk.do(command)
    before = talk.live

    assert talk.silence().events == ()
    assert talk.live == before
    assert talk.waiting_to_leave() == []


def test_a_conversation_that_waits_for_a_team_is_not_closed_for_silence() -> None:
    talk = answered()
    talk.customer("quero uma pessoa")
    talk.answer("Vou chamar.", handoff=cmd.HandoffRequest("atendimento", "customer_asked"))

    assert talk.silence().events == ()
    assert talk.live.status is ConversationStatus.WAITING


def test_while_a_person_types_on_the_phone_nobody_is_reminded() -> None:
    talk = answered()
    talk.wait(599)
    talk.phone("resolvo eu")

    assert [event.type for event in talk.silence().events] == ["timer_set"]
    assert not talk.live.reminded


@pytest.mark.parametrize("change", [{"suspended": True}, {"assistant_enabled": False}])
def test_an_assistant_that_was_put_off_reminds_nobody(change: dict[str, bool]) -> None:
    talk = answered()
    talk.policy = replace(POLICY, **change)  # type: ignore[arg-type]

    assert talk.silence().events == ()


def test_zero_seconds_measure_no_silence() -> None:
    talk = answered(replace(POLICY, reminder_after_s=0))

    assert TimerName.IDLE not in talk.timers


def test_zero_seconds_after_the_reminder_keep_the_visit_open() -> None:
    talk = answered(replace(POLICY, close_after_s=0))

    decision = talk.silence()

    assert "timer_set" not in [event.type for event in decision.events]
    assert talk.live.status is ConversationStatus.PENDING


def test_after_the_end_the_next_message_opens_another_visit_with_a_silence_of_its_own() -> None:
    talk = answered()
    talk.silence()
    leaves(talk)
    talk.silence()
    first = talk.live.id

    talk.customer("voltei")

    assert talk.live.id != first
    assert talk.fire(generation=2, name=TimerName.IDLE).events == (), "it was of the visit before"
    talk.answer("Olá de novo!")
    assert talk.timers[TimerName.IDLE].generation == 1


def test_replies_that_have_not_left_do_not_stand_in_the_way_of_the_closing_sentence() -> None:
    """While a channel is held, neither the answer nor the reminder leaves before the end."""
    talk = Talk(POLICY)
    talk.customer()
    talk.answer("Ainda não saiu.")
    talk.silence()

    talk.silence()

    assert talk.waiting_to_leave() == ["Encerrei. Protocolo: 20260302000001"]


def test_what_silence_says_is_said_once_whoever_decides_it() -> None:
    """Ids are derived from the visit and the timer's generation: twice is the same row."""
    one, other = answered(), answered()
    one.silence()
    other.silence()

    assert list(one.sends) == list(other.sends)
    one.silence()
    assert len(one.sends) == 3, "the reminder and the end do not share an id"


def test_nobody_is_silent_whom_our_words_have_not_reached() -> None:
    talk = answered()

    decision = talk.do(
        cmd.FireTimer(TimerName.IDLE, talk.timers[TimerName.IDLE].generation, unsent=True)
    )

    assert [event.type for event in decision.events] == ["timer_set"]
    assert talk.timers[TimerName.IDLE].generation == 2
    assert not talk.live.reminded
