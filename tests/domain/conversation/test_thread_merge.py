"""Two conversations of one person become one: who holds it, and what is answered."""

from dataclasses import replace

from niochat.domain.conversation.decision import Decision, DecisionBuilder, DecisionContext
from niochat.domain.conversation.handlers.thread_merge import merge_conversations
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.ids import ConversationId
from tests.domain.conversation_simulator import START, THREAD, ConversationSimulator

OTHER = ConversationState(
    ConversationId(THREAD), "20260302000009", ConversationStatus.PENDING, version=4
)


def joined(talk: ConversationSimulator, other: ConversationState) -> Decision:
    builder = DecisionBuilder(talk.state, DecisionContext(THREAD, "link", START, "", talk.policy))
    merge_conversations(builder, other)
    return builder.build()


def test_what_nobody_answered_in_the_other_conversation_is_answered_in_this_one() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    talk.finish_turn("Olá!")

    after = joined(talk, replace(OTHER, unanswered=2)).conversation

    assert after is not None
    assert after.unanswered == 2
    assert after.timers["burst"] == 2


def test_a_person_who_holds_the_other_conversation_holds_the_joined_one() -> None:
    talk = ConversationSimulator()
    talk.start_turn()

    after = joined(talk, replace(OTHER, status=ConversationStatus.OPEN, agent="ana")).conversation

    assert after is not None
    assert (after.status, after.agent, after.turn) == (ConversationStatus.OPEN, "ana", None)


def test_a_team_that_waits_for_the_other_conversation_gets_the_joined_one() -> None:
    talk = ConversationSimulator()
    talk.start_turn()

    after = joined(
        talk, replace(OTHER, status=ConversationStatus.WAITING, team="atendimento")
    ).conversation

    assert after is not None
    assert (after.status, after.turn) == (ConversationStatus.WAITING, None)
