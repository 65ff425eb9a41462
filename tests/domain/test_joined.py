"""Two conversations of one person become one: who holds it, and what is answered."""

from dataclasses import replace

from niochat.domain.conversation import Conversation, Status
from niochat.domain.draft import Context, Decision, Draft
from niochat.domain.ids import ConversationId
from niochat.domain.linking import link
from tests.domain.talk import START, THREAD, Talk

OTHER = Conversation(ConversationId(THREAD), "20260302000009", Status.PENDING, version=4)


def joined(talk: Talk, other: Conversation) -> Decision:
    draft = Draft(talk.state, Context(THREAD, "link", START, "", talk.policy))
    link(draft, other)
    return draft.decision()


def test_what_nobody_answered_in_the_other_conversation_is_answered_in_this_one() -> None:
    talk = Talk()
    talk.thinking()
    talk.answer("Olá!")

    after = joined(talk, replace(OTHER, unanswered=2)).conversation

    assert after is not None
    assert after.unanswered == 2
    assert after.timers["burst"] == 2


def test_a_person_who_holds_the_other_conversation_holds_the_joined_one() -> None:
    talk = Talk()
    talk.thinking()

    after = joined(talk, replace(OTHER, status=Status.OPEN, agent="ana")).conversation

    assert after is not None
    assert (after.status, after.agent, after.turn) == (Status.OPEN, "ana", None)


def test_a_team_that_waits_for_the_other_conversation_gets_the_joined_one() -> None:
    talk = Talk()
    talk.thinking()

    after = joined(talk, replace(OTHER, status=Status.WAITING, team="atendimento")).conversation

    assert after is not None
    assert (after.status, after.turn) == (Status.WAITING, None)
