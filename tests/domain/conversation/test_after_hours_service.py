"""After a hand-off, while nobody is there: the assistant serves, and speaks over nobody."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from niochat.domain.business_hours import BusinessShift
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationStatus, TimerName
from niochat.domain.message import Author
from tests.domain.conversation_simulator import ConversationSimulator

OFFICE = ConversationPolicy(hours=(BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),))
TO_SUPPORT = cmd.HandoffRequest("suporte", "asked_for_human", "Quer uma pessoa.")
NIGHT_S = 10 * 3600.0


def handed_off(
    policy: ConversationPolicy = OFFICE, *, there: bool = False
) -> ConversationSimulator:
    """The assistant has called people."""
    simulator = ConversationSimulator(policy)
    people(simulator, there=there)
    simulator.start_turn()
    simulator.finish_turn("Passei para a equipe.", handoff=TO_SUPPORT)
    return simulator


def people(simulator: ConversationSimulator, *, there: bool) -> None:
    simulator.people = StaffAvailability(
        there, None if there else simulator.now + timedelta(seconds=NIGHT_S)
    )


def served(simulator: ConversationSimulator) -> ConversationSimulator:
    """The customer wrote in the night, and a turn runs."""
    simulator.start_turn()
    return simulator


def opens(simulator: ConversationSimulator) -> None:
    """The hour at which people are back."""
    simulator.advance_clock(max(simulator.seconds_until_timer(TimerName.OPENING), 0.0))
    people(simulator, there=True)


def test_after_hours_messages_are_answered_and_the_conversation_stays_in_the_queue() -> None:
    simulator = served(handed_off())

    simulator.finish_turn("Aqui está a fatura.")

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert (simulator.active_conversation.team, simulator.active_conversation.waits) == (
        "suporte",
        True,
    )
    assert simulator.queued_texts()[-1] == "Aqui está a fatura."
    assert simulator.sends[list(simulator.sends)[-1]].origin is Author.ASSISTANT, (
        "a takeover cancels it"
    )
    assert simulator.claim_send() is not None


def test_while_people_are_there_their_queue_is_theirs() -> None:
    simulator = handed_off(there=True)

    simulator.receive_customer_message()

    assert TimerName.OPENING not in simulator.timers
    assert simulator.fire_timer().events == ()


def test_the_team_goes_home_and_who_still_waits_is_served() -> None:
    simulator = handed_off(there=True)
    simulator.receive_customer_message("alguém?")
    people(simulator, there=False)

    simulator.start_turn()

    assert simulator.turn.messages == 2


def test_the_team_goes_home_with_a_conversation_that_nobody_has_answered() -> None:
    simulator = handed_off(there=True)
    simulator.decide_command(cmd.AssignConversation("ana"))
    people(simulator, there=False)

    served(simulator)
    simulator.finish_turn("Posso adiantar algo?")

    assert (simulator.active_conversation.status, simulator.active_conversation.agent) == (
        ConversationStatus.OPEN,
        "ana",
    )
    assert simulator.queued_texts()[-1] == "Posso adiantar algo?"


def test_nobody_speaks_over_an_agent_who_wrote() -> None:
    simulator = handed_off(there=True)
    simulator.decide_command(cmd.AssignConversation("ana"))
    simulator.decide_command(cmd.ReplyToCustomer("ana", "Vou ver."))
    people(simulator, there=False)

    simulator.receive_customer_message()

    assert not simulator.can_assistant_reply
    assert simulator.fire_timer().events == ()


def test_an_agent_who_takes_a_conversation_after_hours_counts_as_available() -> None:
    simulator = handed_off()
    simulator.decide_command(cmd.AssignConversation("ana"))

    simulator.receive_customer_message()

    assert not simulator.can_assistant_reply


@pytest.mark.parametrize("what", ["assign", "transfer", "snooze", "resolve"])
def test_an_agents_action_after_hours_silences_the_assistant_in_that_commit(what: str) -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.", "Dois.")
    turn = served(simulator).turn
    acts: dict[str, cmd.Command] = {
        "assign": cmd.AssignConversation("ana"),
        "transfer": cmd.TransferConversation("ana", agent="bia"),
        "snooze": cmd.SnoozeConversation("ana", simulator.now + timedelta(hours=1)),
        "resolve": cmd.ResolveConversation("ana"),
    }

    simulator.decide_command(acts[what])

    assert simulator.turns[turn.id] == "cancelled"
    assert not {"Um.", "Dois."} & set(simulator.queued_texts())
    assert not simulator.can_assistant_reply


def test_the_agent_who_has_it_and_answers_in_the_night_cancels_what_was_to_leave() -> None:
    simulator = handed_off(there=True)
    simulator.decide_command(cmd.AssignConversation("ana"))
    people(simulator, there=False)
    served(simulator)
    simulator.finish_turn("Um.")
    served(simulator)

    simulator.decide_command(cmd.ReplyToCustomer("ana", "Cheguei."))

    assert simulator.active_conversation.turn is None
    assert "Um." not in simulator.queued_texts()
    simulator.receive_customer_message()
    assert not simulator.can_assistant_reply


def test_a_person_on_the_phone_is_not_spoken_over_for_a_while() -> None:
    simulator = served(handed_off())
    simulator.receive_phone_message()

    simulator.receive_customer_message()

    assert simulator.active_conversation.turn is None
    assert not simulator.can_assistant_reply
    simulator.advance_clock(OFFICE.phone_pause_s)
    assert simulator.can_assistant_reply


def test_a_phone_message_just_before_closing_keeps_the_assistant_silent() -> None:
    simulator = handed_off(there=True)
    simulator.receive_phone_message()
    people(simulator, there=False)

    simulator.receive_customer_message()

    assert not simulator.can_assistant_reply


def test_when_people_are_back_the_assistant_is_silent() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.")
    opens(simulator)

    simulator.fire_timer(name=TimerName.OPENING)

    assert not simulator.can_assistant_reply
    assert "Um." not in simulator.queued_texts()
    simulator.receive_customer_message()
    assert simulator.fire_timer().events == ()
    assert simulator.active_conversation.waits


def test_a_burst_that_ends_after_people_are_back_is_theirs() -> None:
    simulator = handed_off()
    simulator.receive_customer_message()
    people(simulator, there=True)

    assert simulator.fire_timer().events == ()
    assert simulator.active_conversation.unanswered == 1


def test_a_turn_that_runs_when_people_come_says_what_its_tools_did() -> None:
    """An unlock may have been made by then; silence about it would be worse."""
    simulator = handed_off()
    served(simulator)
    opens(simulator)
    simulator.fire_timer(name=TimerName.OPENING)
    simulator.receive_customer_message("e aí?")

    simulator.finish_turn("O desbloqueio foi feito.")

    assert simulator.queued_texts()[-1] == "O desbloqueio foi feito."
    assert simulator.active_conversation.turn is None, "what came later is for people"
    assert simulator.active_conversation.unanswered == 1
    simulator.advance_clock(simulator.seconds_until_timer(TimerName.OPENING))
    simulator.fire_timer(name=TimerName.OPENING)
    assert not simulator.can_assistant_reply


def test_hours_that_were_changed_meanwhile_count() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.")
    simulator.advance_clock(simulator.seconds_until_timer(TimerName.OPENING))
    people(simulator, there=False)

    simulator.fire_timer(name=TimerName.OPENING)

    assert simulator.can_assistant_reply
    assert simulator.seconds_until_timer(TimerName.OPENING) == NIGHT_S


def test_silence_in_the_night_ends_nothing() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.", close="solved")

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    simulator.advance_clock(ConversationPolicy().reminder_after_s * 3)
    assert (
        TimerName.IDLE not in simulator.timers
        or simulator.fire_timer(name=TimerName.IDLE).events == ()
    )


def test_a_second_hand_off_to_the_same_team_keeps_its_place_in_the_queue() -> None:
    simulator = served(handed_off())

    decision = simulator.finish_turn("Já está com a equipe.", handoff=TO_SUPPORT)

    assert "conversation_handed_off" not in [event.type for event in decision.events]
    assert "note_added" in [event.type for event in decision.events]


def test_another_team_is_called_in_the_night_too() -> None:
    simulator = served(handed_off())

    simulator.finish_turn("Vai para vendas.", handoff=cmd.HandoffRequest("vendas", "plan_wanted"))

    assert simulator.active_conversation.team == "vendas"
    served(simulator)
    assert simulator.turn.messages == 1


def test_a_model_outage_after_hours_is_reported_once() -> None:
    simulator = served(handed_off())
    simulator.fail_turn()
    said = len(simulator.sends)

    simulator.receive_customer_message()
    simulator.advance_clock(60)
    simulator.receive_customer_message()

    assert simulator.active_conversation.status is ConversationStatus.WAITING
    assert len(simulator.sends) == said, "silence until people return"
    simulator.advance_clock(NIGHT_S)
    people(simulator, there=False)
    simulator.receive_customer_message()
    assert simulator.can_assistant_reply, "the next night is another one"


@pytest.mark.parametrize("reason", ["bot_loop", "turn_limit", "cost_limit"])
def test_a_looping_conversation_is_not_served_again_after_hours(reason: str) -> None:
    simulator = ConversationSimulator(OFFICE)
    people(simulator, there=False)
    simulator.start_turn()
    simulator.finish_turn("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", reason))

    simulator.receive_customer_message()

    assert not simulator.can_assistant_reply


def test_a_conversation_that_starts_looping_after_hours_ends_the_service() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", "bot_loop"))

    simulator.receive_customer_message()

    assert simulator.queued_texts()[-1] == "Paro por aqui."
    assert not simulator.can_assistant_reply


@pytest.mark.parametrize(
    "policy",
    [
        replace(OFFICE, serve_after_hours=False),
        replace(OFFICE, assistant_enabled=False),
        replace(OFFICE, suspended=True),
    ],
)
def test_without_after_hours_service_the_assistant_stays_silent(policy: ConversationPolicy) -> None:
    simulator = handed_off()
    simulator.policy = policy
    simulator.receive_customer_message()
    assert not simulator.can_assistant_reply

    other = served(handed_off())
    other.policy = policy
    other.finish_turn(
        "Tarde demais."
    ) if not policy.assistant_answers else other.receive_customer_message()
    assert not other.can_assistant_reply
    assert "Tarde demais." not in other.queued_texts()


def test_a_suspension_ends_it_at_once() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.")
    simulator.policy = replace(OFFICE, suspended=True)

    simulator.decide_command(cmd.SuspendAssistant())

    assert "Um." not in simulator.queued_texts()
    assert not simulator.can_assistant_reply


def test_a_conversation_returned_after_hours_belongs_to_the_assistant_again() -> None:
    simulator = served(handed_off())
    simulator.finish_turn("Um.")

    simulator.decide_command(cmd.ReturnConversationToAssistant("ana"))

    assert simulator.active_conversation.status is ConversationStatus.PENDING
    assert TimerName.IDLE in simulator.timers


def test_a_message_taken_back_in_the_night_ends_its_turn() -> None:
    simulator = handed_off()
    simulator.receive_customer_message(external="m9")
    simulator.fire_timer()
    turn = simulator.turn

    simulator.receive_deletion("m9")

    assert simulator.turns[turn.id] == "cancelled"
