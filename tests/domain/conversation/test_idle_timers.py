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
    simulator = ConversationSimulator(policy)
    simulator.receive_customer_message()
    simulator.finish_turn("Pronto!")
    leaves(simulator)
    return simulator


def leaves(simulator: ConversationSimulator) -> None:
    """Everything that is queued is on the customer's phone."""
    while (outbox := simulator.claim_send()) is not None:
        simulator.settle_send(outbox, cmd.SendStatus.SENT, f"out-{outbox}")


def test_from_an_answer_on_silence_is_measured() -> None:
    simulator = answered()

    assert simulator.seconds_until_timer(TimerName.IDLE) == 600
    assert simulator.active_conversation.status is ConversationStatus.PENDING


def test_the_first_silence_brings_one_reminder() -> None:
    simulator = answered()

    decision = simulator.fire_idle_timer()

    assert simulator.queued_texts() == ["Ainda aí?"]
    assert e.CustomerReminded() in decision.events
    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert simulator.active_conversation.reminded
    assert simulator.seconds_until_timer(TimerName.IDLE) == 300


def test_the_second_silence_resolves_the_conversation_and_names_its_protocol() -> None:
    simulator = answered()
    simulator.fire_idle_timer()
    leaves(simulator)

    decision = simulator.fire_idle_timer()

    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    assert simulator.queued_texts() == ["Encerrei. Protocolo: 20260302000001"]
    assert e.ConversationResolved("inactivity") in decision.events


def test_the_closing_message_is_sent_although_the_conversation_is_resolved() -> None:
    simulator = answered()
    simulator.fire_idle_timer()
    leaves(simulator)
    simulator.fire_idle_timer()

    outbox = simulator.claim_send()

    assert outbox is not None
    assert simulator.sends[outbox].origin is Author.SYSTEM


def test_a_timer_that_fires_twice_reminds_once() -> None:
    simulator = answered()
    simulator.fire_idle_timer()

    assert simulator.fire_timer(generation=1, name=TimerName.IDLE).events == ()
    assert simulator.queued_texts() == ["Ainda aí?"]


def test_a_customer_who_writes_after_the_reminder_is_reminded_again_before_the_end() -> None:
    simulator = answered()
    simulator.fire_idle_timer()
    leaves(simulator)
    simulator.receive_customer_message("estou aqui")
    assert not simulator.active_conversation.reminded
    simulator.finish_turn("Que bom!")
    leaves(simulator)

    assert simulator.seconds_until_timer(TimerName.IDLE) == 600
    simulator.fire_idle_timer()

    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert simulator.queued_texts() == ["Ainda aí?"]


def test_a_message_in_between_starts_the_silence_anew() -> None:
    simulator = answered()
    simulator.advance_clock(400)
    simulator.receive_customer_message("mais uma")
    simulator.finish_turn("Claro!")
    simulator.advance_clock(200)

    assert simulator.fire_timer(generation=1, name=TimerName.IDLE).events == (), (
        "the first answer's silence"
    )
    assert simulator.seconds_until_timer(TimerName.IDLE) == 400


def test_while_a_turn_runs_nobody_is_reminded() -> None:
    simulator = answered()
    simulator.receive_customer_message("mais uma")

    assert simulator.fire_idle_timer().events == ()
    assert simulator.turn.messages == 1


def test_while_a_burst_is_open_nobody_is_reminded() -> None:
    simulator = answered(replace(POLICY, burst_window_s=0))
    simulator.policy = replace(POLICY, burst_window_s=2.5)
    simulator.receive_customer_message("mais uma")

    assert simulator.fire_timer(name=TimerName.IDLE).events == ()
    assert simulator.active_conversation.turn is None


def test_an_answer_to_who_wrote_on_waits_for_the_next_answer_not_for_silence() -> None:
    simulator = ConversationSimulator(replace(POLICY, burst_window_s=2.5))
    simulator.start_turn()
    for _ in range(2):
        simulator.receive_customer_message("e mais")
        simulator.fire_timer()
    simulator.receive_customer_message("e mais esta")

    simulator.finish_turn("Pronto!")

    assert TimerName.IDLE not in simulator.timers
    assert simulator.active_conversation.unanswered == 1


@pytest.mark.parametrize(
    "command",
    [
        cmd.AssignConversation("ana"),
        cmd.ResolveConversation("ana"),
        cmd.SuspendAssistant(),
    ],
)
def test_conversations_that_people_hold_or_resolved_are_not_closed_for_silence(
    command: cmd.Command,
) -> None:
    simulator = answered()
    simulator.decide_command(command)
    before = simulator.active_conversation

    assert simulator.fire_idle_timer().events == ()
    assert simulator.active_conversation == before
    assert simulator.queued_texts() == []


def test_a_conversation_that_waits_for_a_team_is_not_closed_for_silence() -> None:
    simulator = answered()
    simulator.receive_customer_message("quero uma pessoa")
    simulator.finish_turn(
        "Vou chamar.", handoff=cmd.HandoffRequest("atendimento", "customer_asked")
    )

    assert simulator.fire_idle_timer().events == ()
    assert simulator.active_conversation.status is ConversationStatus.WAITING


def test_while_a_person_types_on_the_phone_nobody_is_reminded() -> None:
    simulator = answered()
    simulator.advance_clock(599)
    simulator.receive_phone_message("resolvo eu")

    assert [event.type for event in simulator.fire_idle_timer().events] == ["timer_set"]
    assert not simulator.active_conversation.reminded


@pytest.mark.parametrize("change", [{"suspended": True}, {"assistant_enabled": False}])
def test_an_assistant_that_was_put_off_reminds_nobody(change: dict[str, bool]) -> None:
    simulator = answered()
    simulator.policy = replace(POLICY, **change)  # type: ignore[arg-type]

    assert simulator.fire_idle_timer().events == ()


def test_zero_seconds_measure_no_silence() -> None:
    simulator = answered(replace(POLICY, reminder_after_s=0))

    assert TimerName.IDLE not in simulator.timers


def test_zero_seconds_after_the_reminder_keep_the_conversation_open() -> None:
    simulator = answered(replace(POLICY, close_after_s=0))

    decision = simulator.fire_idle_timer()

    assert "timer_set" not in [event.type for event in decision.events]
    assert simulator.active_conversation.status is ConversationStatus.PENDING


def test_after_the_end_the_next_message_opens_another_conversation_with_its_own_idle_timer() -> (
    None
):
    simulator = answered()
    simulator.fire_idle_timer()
    leaves(simulator)
    simulator.fire_idle_timer()
    first = simulator.active_conversation.id

    simulator.receive_customer_message("voltei")

    assert simulator.active_conversation.id != first
    assert simulator.fire_timer(generation=2, name=TimerName.IDLE).events == (), (
        "it was of the visit before"
    )
    simulator.finish_turn("Olá de novo!")
    assert simulator.timers[TimerName.IDLE].generation == 1


def test_replies_that_have_not_left_do_not_stand_in_the_way_of_the_closing_sentence() -> None:
    """While a channel is held, neither the answer nor the reminder leaves before the end."""
    simulator = ConversationSimulator(POLICY)
    simulator.receive_customer_message()
    simulator.finish_turn("Ainda não saiu.")
    simulator.fire_idle_timer()

    simulator.fire_idle_timer()

    assert simulator.queued_texts() == ["Encerrei. Protocolo: 20260302000001"]


def test_the_idle_messages_are_sent_once_whichever_host_decides() -> None:
    """Ids are derived from the visit and the timer's generation: twice is the same row."""
    one, other = answered(), answered()
    one.fire_idle_timer()
    other.fire_idle_timer()

    assert list(one.sends) == list(other.sends)
    one.fire_idle_timer()
    assert len(one.sends) == 3, "the reminder and the end do not share an id"


def test_undelivered_replies_do_not_start_the_idle_timer() -> None:
    simulator = answered()

    decision = simulator.decide_command(
        cmd.FireTimer(TimerName.IDLE, simulator.timers[TimerName.IDLE].generation, unsent=True)
    )

    assert [event.type for event in decision.events] == ["timer_set"]
    assert simulator.timers[TimerName.IDLE].generation == 2
    assert not simulator.active_conversation.reminded
