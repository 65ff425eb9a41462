"""After a hand-off, while nobody is there: the assistant serves, and speaks over nobody."""

from dataclasses import replace
from datetime import time, timedelta

import pytest

from niochat.domain import commands as cmd
from niochat.domain.conversation import ConversationStatus, TimerName
from niochat.domain.hours import BusinessShift
from niochat.domain.message import Author
from niochat.domain.policy import ConversationPolicy, StaffAvailability
from tests.domain.talk import Talk

OFFICE = ConversationPolicy(hours=(BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),))
TO_SUPPORT = cmd.HandoffRequest("suporte", "asked_for_human", "Quer uma pessoa.")
NIGHT_S = 10 * 3600.0


def handed_off(policy: ConversationPolicy = OFFICE, *, there: bool = False) -> Talk:
    """The assistant has called people."""
    talk = Talk(policy)
    people(talk, there=there)
    talk.thinking()
    talk.answer("Passei para a equipe.", handoff=TO_SUPPORT)
    return talk


def people(talk: Talk, *, there: bool) -> None:
    talk.people = StaffAvailability(there, None if there else talk.now + timedelta(seconds=NIGHT_S))


def served(talk: Talk) -> Talk:
    """The customer wrote in the night, and a turn runs."""
    talk.thinking()
    return talk


def opens(talk: Talk) -> None:
    """The hour at which people are back."""
    talk.wait(max(talk.due_in(TimerName.OPENING), 0.0))
    people(talk, there=True)


def test_what_the_customer_writes_in_the_night_is_answered_and_stays_in_the_queue() -> None:
    talk = served(handed_off())

    talk.answer("Aqui está a fatura.")

    assert talk.live.status is ConversationStatus.WAITING
    assert (talk.live.team, talk.live.waits) == ("suporte", True)
    assert talk.waiting_to_leave()[-1] == "Aqui está a fatura."
    assert talk.sends[list(talk.sends)[-1]].origin is Author.ASSISTANT, "a takeover cancels it"
    assert talk.claim() is not None


def test_while_people_are_there_their_queue_is_theirs() -> None:
    talk = handed_off(there=True)

    talk.customer()

    assert TimerName.OPENING not in talk.timers
    assert talk.fire().events == ()


def test_the_team_goes_home_and_who_still_waits_is_served() -> None:
    talk = handed_off(there=True)
    talk.customer("alguém?")
    people(talk, there=False)

    talk.thinking()

    assert talk.turn.messages == 2


def test_the_team_goes_home_with_a_conversation_that_nobody_has_answered() -> None:
    talk = handed_off(there=True)
    talk.do(cmd.AssignConversation("ana"))
    people(talk, there=False)

    served(talk)
    talk.answer("Posso adiantar algo?")

    assert (talk.live.status, talk.live.agent) == (ConversationStatus.OPEN, "ana")
    assert talk.waiting_to_leave()[-1] == "Posso adiantar algo?"


def test_nobody_speaks_over_an_agent_who_wrote() -> None:
    talk = handed_off(there=True)
    talk.do(cmd.AssignConversation("ana"))
    talk.do(cmd.ReplyToCustomer("ana", "Vou ver."))
    people(talk, there=False)

    talk.customer()

    assert not talk.may_reply
    assert talk.fire().events == ()


def test_who_takes_it_in_the_night_is_there() -> None:
    talk = handed_off()
    talk.do(cmd.AssignConversation("ana"))

    talk.customer()

    assert not talk.may_reply


@pytest.mark.parametrize("what", ["assign", "transfer", "snooze", "resolve"])
def test_what_a_person_does_in_the_night_silences_the_assistant_in_that_commit(what: str) -> None:
    talk = served(handed_off())
    talk.answer("Um.", "Dois.")
    turn = served(talk).turn
    acts: dict[str, cmd.Command] = {
        "assign": cmd.AssignConversation("ana"),
        "transfer": cmd.TransferConversation("ana", agent="bia"),
        "snooze": cmd.SnoozeConversation("ana", talk.now + timedelta(hours=1)),
        "resolve": cmd.ResolveConversation("ana"),
    }

    talk.do(acts[what])

    assert talk.turns[turn.id] == "cancelled"
    assert not {"Um.", "Dois."} & set(talk.waiting_to_leave())
    assert not talk.may_reply


def test_the_agent_who_has_it_and_answers_in_the_night_cancels_what_was_to_leave() -> None:
    talk = handed_off(there=True)
    talk.do(cmd.AssignConversation("ana"))
    people(talk, there=False)
    served(talk)
    talk.answer("Um.")
    served(talk)

    talk.do(cmd.ReplyToCustomer("ana", "Cheguei."))

    assert talk.live.turn is None
    assert "Um." not in talk.waiting_to_leave()
    talk.customer()
    assert not talk.may_reply


def test_a_person_on_the_phone_is_not_spoken_over_for_a_while() -> None:
    talk = served(handed_off())
    talk.phone()

    talk.customer()

    assert talk.live.turn is None
    assert not talk.may_reply
    talk.wait(OFFICE.phone_pause_s)
    assert talk.may_reply


def test_who_types_on_the_phone_right_before_the_night_is_not_spoken_over_after_it() -> None:
    talk = handed_off(there=True)
    talk.phone()
    people(talk, there=False)

    talk.customer()

    assert not talk.may_reply


def test_when_people_are_back_the_assistant_is_silent() -> None:
    talk = served(handed_off())
    talk.answer("Um.")
    opens(talk)

    talk.fire(name=TimerName.OPENING)

    assert not talk.may_reply
    assert "Um." not in talk.waiting_to_leave()
    talk.customer()
    assert talk.fire().events == ()
    assert talk.live.waits


def test_a_burst_that_ends_after_people_are_back_is_theirs() -> None:
    talk = handed_off()
    talk.customer()
    people(talk, there=True)

    assert talk.fire().events == ()
    assert talk.live.unanswered == 1


def test_a_turn_that_runs_when_people_come_says_what_its_tools_did() -> None:
    """An unlock may have been made by then; silence about it would be worse."""
    talk = handed_off()
    served(talk)
    opens(talk)
    talk.fire(name=TimerName.OPENING)
    talk.customer("e aí?")

    talk.answer("O desbloqueio foi feito.")

    assert talk.waiting_to_leave()[-1] == "O desbloqueio foi feito."
    assert talk.live.turn is None, "what came later is for people"
    assert talk.live.unanswered == 1
    talk.wait(talk.due_in(TimerName.OPENING))
    talk.fire(name=TimerName.OPENING)
    assert not talk.may_reply


def test_hours_that_were_changed_meanwhile_count() -> None:
    talk = served(handed_off())
    talk.answer("Um.")
    talk.wait(talk.due_in(TimerName.OPENING))
    people(talk, there=False)

    talk.fire(name=TimerName.OPENING)

    assert talk.may_reply
    assert talk.due_in(TimerName.OPENING) == NIGHT_S


def test_silence_in_the_night_ends_nothing() -> None:
    talk = served(handed_off())
    talk.answer("Um.", close="solved")

    assert talk.live.status is ConversationStatus.WAITING
    talk.wait(ConversationPolicy().reminder_after_s * 3)
    assert TimerName.IDLE not in talk.timers or talk.fire(name=TimerName.IDLE).events == ()


def test_a_second_hand_off_to_the_same_team_keeps_its_place_in_the_queue() -> None:
    talk = served(handed_off())

    decision = talk.answer("Já está com a equipe.", handoff=TO_SUPPORT)

    assert "conversation_handed_off" not in [event.type for event in decision.events]
    assert "note_added" in [event.type for event in decision.events]


def test_another_team_is_called_in_the_night_too() -> None:
    talk = served(handed_off())

    talk.answer("Vai para vendas.", handoff=cmd.HandoffRequest("vendas", "plan_wanted"))

    assert talk.live.team == "vendas"
    served(talk)
    assert talk.turn.messages == 1


def test_a_model_that_is_away_in_the_night_is_told_of_once() -> None:
    talk = served(handed_off())
    talk.fail()
    said = len(talk.sends)

    talk.customer()
    talk.wait(60)
    talk.customer()

    assert talk.live.status is ConversationStatus.WAITING
    assert len(talk.sends) == said, "silence until people return"
    talk.wait(NIGHT_S)
    people(talk, there=False)
    talk.customer()
    assert talk.may_reply, "the next night is another one"


@pytest.mark.parametrize("reason", ["bot_loop", "turn_limit", "cost_limit"])
def test_what_went_round_is_not_begun_again_in_the_night(reason: str) -> None:
    talk = Talk(OFFICE)
    people(talk, there=False)
    talk.thinking()
    talk.answer("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", reason))

    talk.customer()

    assert not talk.may_reply


def test_what_begins_to_go_round_in_the_night_ends() -> None:
    talk = served(handed_off())
    talk.answer("Paro por aqui.", handoff=cmd.HandoffRequest("suporte", "bot_loop"))

    talk.customer()

    assert talk.waiting_to_leave()[-1] == "Paro por aqui."
    assert not talk.may_reply


@pytest.mark.parametrize(
    "policy",
    [
        replace(OFFICE, serve_after_hours=False),
        replace(OFFICE, assistant_enabled=False),
        replace(OFFICE, suspended=True),
    ],
)
def test_who_does_not_want_it_has_silence_as_before(policy: ConversationPolicy) -> None:
    talk = handed_off()
    talk.policy = policy
    talk.customer()
    assert not talk.may_reply

    other = served(handed_off())
    other.policy = policy
    other.answer("Tarde demais.") if not policy.assistant_answers else other.customer()
    assert not other.may_reply
    assert "Tarde demais." not in other.waiting_to_leave()


def test_a_suspension_ends_it_at_once() -> None:
    talk = served(handed_off())
    talk.answer("Um.")
    talk.policy = replace(OFFICE, suspended=True)

    talk.do(cmd.SuspendAssistant())

    assert "Um." not in talk.waiting_to_leave()
    assert not talk.may_reply


def test_given_back_in_the_night_it_is_the_assistants_again() -> None:
    talk = served(handed_off())
    talk.answer("Um.")

    talk.do(cmd.ReturnConversationToAssistant("ana"))

    assert talk.live.status is ConversationStatus.PENDING
    assert TimerName.IDLE in talk.timers


def test_a_message_taken_back_in_the_night_ends_its_turn() -> None:
    talk = handed_off()
    talk.customer(external="m9")
    talk.fire()
    turn = talk.turn

    talk.take_back("m9")

    assert talk.turns[turn.id] == "cancelled"
