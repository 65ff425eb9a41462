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


def joined(simulator: ConversationSimulator, other: ConversationState) -> Decision:
    builder = DecisionBuilder(
        simulator.state, DecisionContext(THREAD, "link", START, "", simulator.policy)
    )
    merge_conversations(builder, other)
    return builder.build()


def test_unanswered_messages_of_the_merged_conversation_are_answered_in_this_one() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    simulator.finish_turn("Olá!")

    after = joined(simulator, replace(OTHER, unanswered=2)).conversation

    assert after is not None
    assert after.unanswered == 2
    assert after.timers["burst"] == 2


def test_a_person_who_holds_the_other_conversation_holds_the_joined_one() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()

    after = joined(
        simulator, replace(OTHER, status=ConversationStatus.OPEN, agent="ana")
    ).conversation

    assert after is not None
    assert (after.status, after.agent, after.turn) == (ConversationStatus.OPEN, "ana", None)


def test_a_team_that_waits_for_the_other_conversation_gets_the_joined_one() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()

    after = joined(
        simulator, replace(OTHER, status=ConversationStatus.WAITING, team="atendimento")
    ).conversation

    assert after is not None
    assert (after.status, after.turn) == (ConversationStatus.WAITING, None)
