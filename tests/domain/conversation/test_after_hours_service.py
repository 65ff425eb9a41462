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
    talk = ConversationSimulator(policy)
    people(talk, there=there)
    talk.start_turn()
    talk.finish_turn("Passei para a equipe.", handoff=TO_SUPPORT)
    return talk


def people(talk: ConversationSimulator, *, there: bool) -> None:
    talk.people = StaffAvailability(there, None if there else talk.now + timedelta(seconds=NIGHT_S))


def served(talk: ConversationSimulator) -> ConversationSimulator:
    """The customer wrote in the night, and a turn runs."""
    talk.start_turn()
    return talk


def opens(talk: ConversationSimulator) -> None:
    """The hour at which people are back."""
    talk.advance_clock(max(talk.seconds_until_timer(TimerName.OPENING), 0.0))
    people(talk, there=True)


def test_what_the_customer_writes_in_the_night_is_answered_and_stays_in_the_queue() -> None:
    talk = served(handed_off())

    talk.finish_turn("Aqui está a fatura.")

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert (talk.active_conversation.team, talk.active_conversation.waits) == ("suporte", True)
    assert talk.queued_texts()[-1] == "Aqui está a fatura."
    assert talk.sends[list(talk.sends)[-1]].origin is Author.ASSISTANT, "a takeover cancels it"
    assert talk.claim_send() is not None


def test_while_people_are_there_their_queue_is_theirs() -> None:
    talk = handed_off(there=True)

    talk.receive_customer_message()

    assert TimerName.OPENING not in talk.timers
    assert talk.fire_timer().events == ()


def test_the_team_goes_home_and_who_still_waits_is_served() -> None:
    talk = handed_off(there=True)
    talk.receive_customer_message("alguém?")
    people(talk, there=False)

    talk.start_turn()

    assert talk.turn.messages == 2


def test_the_team_goes_home_with_a_conversation_that_nobody_has_answered() -> None:
    talk = handed_off(there=True)
    talk.decide_command(cmd.AssignConversation("ana"))
    people(talk, there=False)

    served(talk)
    talk.finish_turn("Posso adiantar algo?")

    assert (talk.active_conversation.status, talk.active_conversation.agent) == (
        ConversationStatus.OPEN,
        "ana",
    )
    assert talk.queued_texts()[-1] == "Posso adiantar algo?"


def test_nobody_speaks_over_an_agent_who_wrote() -> None:
    talk = handed_off(there=True)
    talk.decide_command(cmd.AssignConversation("ana"))
    talk.decide_command(cmd.ReplyToCustomer("ana", "Vou ver."))
    people(talk, there=False)

    talk.receive_customer_message()

    assert not talk.can_assistant_reply
    assert talk.fire_timer().events == ()


def test_who_takes_it_in_the_night_is_there() -> None:
    talk = handed_off()
    talk.decide_command(cmd.AssignConversation("ana"))

    talk.receive_customer_message()

    assert not talk.can_assistant_reply


@pytest.mark.parametrize("what", ["assign", "transfer", "snooze", "resolve"])
def test_what_a_person_does_in_the_night_silences_the_assistant_in_that_commit(what: str) -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.", "Dois.")
    turn = served(talk).turn
    acts: dict[str, cmd.Command] = {
        "assign": cmd.AssignConversation("ana"),
        "transfer": cmd.TransferConversation("ana", agent="bia"),
        "snooze": cmd.SnoozeConversation("ana", talk.now + timedelta(hours=1)),
        "resolve": cmd.ResolveConversation("ana"),
    }

    talk.decide_command(acts[what])

    assert talk.turns[turn.id] == "cancelled"
    assert not {"Um.", "Dois."} & set(talk.queued_texts())
    assert not talk.can_assistant_reply


def test_the_agent_who_has_it_and_answers_in_the_night_cancels_what_was_to_leave() -> None:
    talk = handed_off(there=True)
    talk.decide_command(cmd.AssignConversation("ana"))
    people(talk, there=False)
    served(talk)
    talk.finish_turn("Um.")
    served(talk)

    talk.decide_command(cmd.ReplyToCustomer("ana", "Cheguei."))

    assert talk.active_conversation.turn is None
    assert "Um." not in talk.queued_texts()
    talk.receive_customer_message()
    assert not talk.can_assistant_reply


def test_a_person_on_the_phone_is_not_spoken_over_for_a_while() -> None:
    talk = served(handed_off())
    talk.receive_phone_message()

    talk.receive_customer_message()

    assert talk.active_conversation.turn is None
    assert not talk.can_assistant_reply
    talk.advance_clock(OFFICE.phone_pause_s)
    assert talk.can_assistant_reply


def test_who_types_on_the_phone_right_before_the_night_is_not_spoken_over_after_it() -> None:
    talk = handed_off(there=True)
    talk.receive_phone_message()
    people(talk, there=False)

    talk.receive_customer_message()

    assert not talk.can_assistant_reply


def test_when_people_are_back_the_assistant_is_silent() -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.")
    opens(talk)

    talk.fire_timer(name=TimerName.OPENING)

    assert not talk.can_assistant_reply
    assert "Um." not in talk.queued_texts()
    talk.receive_customer_message()
    assert talk.fire_timer().events == ()
    assert talk.active_conversation.waits


def test_a_burst_that_ends_after_people_are_back_is_theirs() -> None:
    talk = handed_off()
    talk.receive_customer_message()
    people(talk, there=True)

    assert talk.fire_timer().events == ()
    assert talk.active_conversation.unanswered == 1


def test_a_turn_that_runs_when_people_come_says_what_its_tools_did() -> None:
    """An unlock may have been made by then; silence about it would be worse."""
    talk = handed_off()
    served(talk)
    opens(talk)
    talk.fire_timer(name=TimerName.OPENING)
    talk.receive_customer_message("e aí?")

    talk.finish_turn("O desbloqueio foi feito.")

    assert talk.queued_texts()[-1] == "O desbloqueio foi feito."
    assert talk.active_conversation.turn is None, "what came later is for people"
    assert talk.active_conversation.unanswered == 1
    talk.advance_clock(talk.seconds_until_timer(TimerName.OPENING))
    talk.fire_timer(name=TimerName.OPENING)
    assert not talk.can_assistant_reply


def test_hours_that_were_changed_meanwhile_count() -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.")
    talk.advance_clock(talk.seconds_until_timer(TimerName.OPENING))
    people(talk, there=False)

    talk.fire_timer(name=TimerName.OPENING)

    assert talk.can_assistant_reply
    assert talk.seconds_until_timer(TimerName.OPENING) == NIGHT_S


def test_silence_in_the_night_ends_nothing() -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.", close="solved")

    assert talk.active_conversation.status is ConversationStatus.WAITING
    talk.advance_clock(ConversationPolicy().reminder_after_s * 3)
    assert TimerName.IDLE not in talk.timers or talk.fire_timer(name=TimerName.IDLE).events == ()


def test_a_second_hand_off_to_the_same_team_keeps_its_place_in_the_queue() -> None:
    talk = served(handed_off())

    decision = talk.finish_turn("Já está com a equipe.", handoff=TO_SUPPORT)

    assert "conversation_handed_off" not in [event.type for event in decision.events]
    assert "note_added" in [event.type for event in decision.events]


def test_another_team_is_called_in_the_night_too() -> None:
    talk = served(handed_off())

    talk.finish_turn("Vai para vendas.", handoff=cmd.HandoffRequest("vendas", "plan_wanted"))

    assert talk.active_conversation.team == "vendas"
    served(talk)
    assert talk.turn.messages == 1


def test_a_model_that_is_away_in_the_night_is_told_of_once() -> None:
    talk = served(handed_off())
    talk.fail_turn()
    said = len(talk.sends)

    talk.receive_customer_message()
    talk.advance_clock(60)
    talk.receive_customer_message()

    assert talk.active_conversation.status is ConversationStatus.WAITING
    assert len(talk.sends) == said, "silence until people return"
    talk.advance_clock(NIGHT_S)
    people(talk, there=False)
    talk.receive_customer_message()
    assert talk.can_assistant_reply, "the next night is another one"


@pytest.mark.parametrize("reason", ["bot_loop", "turn_limit", "cost_limit"])
def test_what_went_round_is_not_begun_again_in_the_night(reason: str) -> None:
    talk = ConversationSimulator(OFFICE)
    people(talk, there=False)
    talk.start_turn()
    talk.finish_turn("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", reason))

    talk.receive_customer_message()

    assert not talk.can_assistant_reply


def test_what_begins_to_go_round_in_the_night_ends() -> None:
    talk = served(handed_off())
    talk.finish_turn("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", "bot_loop"))

    talk.receive_customer_message()

    assert talk.queued_texts()[-1] == "Paro por aqui."
    assert not talk.can_assistant_reply


@pytest.mark.parametrize(
    "policy",
    [
        replace(OFFICE, serve_after_hours=False),
        replace(OFFICE, assistant_enabled=False),
        replace(OFFICE, suspended=True),
    ],
)
def test_without_after_hours_service_the_assistant_stays_silent(policy: ConversationPolicy) -> None:
    talk = handed_off()
    talk.policy = policy
    talk.receive_customer_message()
    assert not talk.can_assistant_reply

    other = served(handed_off())
    other.policy = policy
    other.finish_turn(
        "Tarde demais."
    ) if not policy.assistant_answers else other.receive_customer_message()
    assert not other.can_assistant_reply
    assert "Tarde demais." not in other.queued_texts()


def test_a_suspension_ends_it_at_once() -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.")
    talk.policy = replace(OFFICE, suspended=True)

    talk.decide_command(cmd.SuspendAssistant())

    assert "Um." not in talk.queued_texts()
    assert not talk.can_assistant_reply


def test_given_back_in_the_night_it_is_the_assistants_again() -> None:
    talk = served(handed_off())
    talk.finish_turn("Um.")

    talk.decide_command(cmd.ReturnConversationToAssistant("ana"))

    assert talk.active_conversation.status is ConversationStatus.PENDING
    assert TimerName.IDLE in talk.timers


def test_a_message_taken_back_in_the_night_ends_its_turn() -> None:
    talk = handed_off()
    talk.receive_customer_message(external="m9")
    talk.fire_timer()
    turn = talk.turn

    talk.receive_deletion("m9")

    assert talk.turns[turn.id] == "cancelled"
