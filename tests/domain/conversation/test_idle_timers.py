"""A customer who was answered and says nothing: a reminder, then the end of the visit."""

from dataclasses import replace

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.message import Author
from tests.domain.conversation_simulator import ConversationSimulator

POLICY = ConversationPolicy(
    burst_window_s=0,
    reminder_after_s=600,
    close_after_s=300,
    reminder_text="Ainda aí?",
    close_text="Encerrei. Protocolo: {protocol}",
)


def answered(policy: ConversationPolicy = POLICY) -> ConversationSimulator:
    """A visit whose customer was answered, and the answer has left."""
    talk = ConversationSimulator(policy)
    talk.receive_customer_message()
    talk.finish_turn("Pronto!")
    leaves(talk)
    return talk


def leaves(talk: ConversationSimulator) -> None:
    """Everything that is queued is on the customer's phone."""
    while (outbox := talk.claim_send()) is not None:
        talk.settle_send(outbox, cmd.SendStatus.SENT, f"out-{outbox}")


def test_from_an_answer_on_silence_is_measured() -> None:
    talk = answered()

    assert talk.seconds_until_timer(TimerName.IDLE) == 600
    assert talk.active_conversation.status is ConversationStatus.PENDING


def test_the_first_silence_brings_one_reminder() -> None:
    talk = answered()

    decision = talk.fire_idle_timer()

    assert talk.queued_texts() == ["Ainda aí?"]
    assert e.CustomerReminded() in decision.events
    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert talk.active_conversation.reminded
    assert talk.seconds_until_timer(TimerName.IDLE) == 300


def test_the_second_silence_ends_the_visit_with_its_protocol() -> None:
    talk = answered()
    talk.fire_idle_timer()
    leaves(talk)

    decision = talk.fire_idle_timer()

    assert talk.active_conversation.status is ConversationStatus.RESOLVED
    assert talk.queued_texts() == ["Encerrei. Protocolo: 20260302000001"]
    assert decision.events[-1] == e.ConversationResolved("inactivity")


def test_the_closing_sentence_leaves_although_the_visit_is_over() -> None:
    talk = answered()
    talk.fire_idle_timer()
    leaves(talk)
    talk.fire_idle_timer()

    outbox = talk.claim_send()

    assert outbox is not None
    assert talk.sends[outbox].origin is Author.SYSTEM


def test_a_timer_that_fires_twice_reminds_once() -> None:
    talk = answered()
    talk.fire_idle_timer()

    assert talk.fire_timer(generation=1, name=TimerName.IDLE).events == ()
    assert talk.queued_texts() == ["Ainda aí?"]


def test_who_writes_after_the_reminder_is_reminded_again_before_the_end() -> None:
    talk = answered()
    talk.fire_idle_timer()
    leaves(talk)
    talk.receive_customer_message("estou aqui")
    assert not talk.active_conversation.reminded
    talk.finish_turn("Que bom!")
    leaves(talk)

    assert talk.seconds_until_timer(TimerName.IDLE) == 600
    talk.fire_idle_timer()

    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert talk.queued_texts() == ["Ainda aí?"]


def test_a_message_in_between_starts_the_silence_anew() -> None:
    talk = answered()
    talk.advance_clock(400)
    talk.receive_customer_message("mais uma")
    talk.finish_turn("Claro!")
    talk.advance_clock(200)

    assert talk.fire_timer(generation=1, name=TimerName.IDLE).events == (), (
        "the first answer's silence"
    )
    assert talk.seconds_until_timer(TimerName.IDLE) == 400


def test_while_a_turn_runs_nobody_is_reminded() -> None:
    talk = answered()
    talk.receive_customer_message("mais uma")

    assert talk.fire_idle_timer().events == ()
    assert talk.turn.messages == 1


def test_while_a_burst_is_open_nobody_is_reminded() -> None:
    talk = answered(replace(POLICY, burst_window_s=0))
    talk.policy = replace(POLICY, burst_window_s=2.5)
    talk.receive_customer_message("mais uma")

    assert talk.fire_timer(name=TimerName.IDLE).events == ()
    assert talk.active_conversation.turn is None


def test_an_answer_to_who_wrote_on_waits_for_the_next_answer_not_for_silence() -> None:
    talk = ConversationSimulator(replace(POLICY, burst_window_s=2.5))
    talk.start_turn()
    for _ in range(2):
        talk.receive_customer_message("e mais")
        talk.fire_timer()
    talk.receive_customer_message("e mais esta")

    talk.finish_turn("Pronto!")

    assert TimerName.IDLE not in talk.timers
    assert talk.active_conversation.unanswered == 1


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
    talk.decide_command(command)
    before = talk.active_conversation

    assert talk.fire_idle_timer().events == ()
    assert talk.active_conversation == before
    assert talk.queued_texts() == []


def test_a_conversation_that_waits_for_a_team_is_not_closed_for_silence() -> None:
    talk = answered()
    talk.receive_customer_message("quero uma pessoa")
    talk.finish_turn("Vou chamar.", handoff=cmd.HandoffRequest("atendimento", "customer_asked"))

    assert talk.fire_idle_timer().events == ()
    assert talk.active_conversation.status is ConversationStatus.WAITING


def test_while_a_person_types_on_the_phone_nobody_is_reminded() -> None:
    talk = answered()
    talk.advance_clock(599)
    talk.receive_phone_message("resolvo eu")

    assert [event.type for event in talk.fire_idle_timer().events] == ["timer_set"]
    assert not talk.active_conversation.reminded


@pytest.mark.parametrize("change", [{"suspended": True}, {"assistant_enabled": False}])
def test_an_assistant_that_was_put_off_reminds_nobody(change: dict[str, bool]) -> None:
    talk = answered()
    talk.policy = replace(POLICY, **change)  # type: ignore[arg-type]

    assert talk.fire_idle_timer().events == ()


def test_zero_seconds_measure_no_silence() -> None:
    talk = answered(replace(POLICY, reminder_after_s=0))

    assert TimerName.IDLE not in talk.timers


def test_zero_seconds_after_the_reminder_keep_the_visit_open() -> None:
    talk = answered(replace(POLICY, close_after_s=0))

    decision = talk.fire_idle_timer()

    assert "timer_set" not in [event.type for event in decision.events]
    assert talk.active_conversation.status is ConversationStatus.PENDING


def test_after_the_end_the_next_message_opens_another_visit_with_a_silence_of_its_own() -> None:
    talk = answered()
    talk.fire_idle_timer()
    leaves(talk)
    talk.fire_idle_timer()
    first = talk.active_conversation.id

    talk.receive_customer_message("voltei")

    assert talk.active_conversation.id != first
    assert talk.fire_timer(generation=2, name=TimerName.IDLE).events == (), (
        "it was of the visit before"
    )
    talk.finish_turn("Olá de novo!")
    assert talk.timers[TimerName.IDLE].generation == 1


def test_replies_that_have_not_left_do_not_stand_in_the_way_of_the_closing_sentence() -> None:
    """While a channel is held, neither the answer nor the reminder leaves before the end."""
    talk = ConversationSimulator(POLICY)
    talk.receive_customer_message()
    talk.finish_turn("Ainda não saiu.")
    talk.fire_idle_timer()

    talk.fire_idle_timer()

    assert talk.queued_texts() == ["Encerrei. Protocolo: 20260302000001"]


def test_what_silence_says_is_said_once_whoever_decides_it() -> None:
    """Ids are derived from the visit and the timer's generation: twice is the same row."""
    one, other = answered(), answered()
    one.fire_idle_timer()
    other.fire_idle_timer()

    assert list(one.sends) == list(other.sends)
    one.fire_idle_timer()
    assert len(one.sends) == 3, "the reminder and the end do not share an id"


def test_undelivered_replies_do_not_start_the_idle_timer() -> None:
    talk = answered()

    decision = talk.decide_command(
        cmd.FireTimer(TimerName.IDLE, talk.timers[TimerName.IDLE].generation, unsent=True)
    )

    assert [event.type for event in decision.events] == ["timer_set"]
    assert talk.timers[TimerName.IDLE].generation == 2
    assert not talk.active_conversation.reminded
