"""Edits and deletions: what has to be answered follows what was really said."""

import pytest

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain.conversation import ConversationStatus, TimerName
from niochat.domain.policy import ConversationPolicy
from tests.domain.talk import Talk, text


def answered() -> Talk:
    """The message ``a`` got its answer."""
    talk = Talk()
    talk.customer("meu CPF é 1", external="a")
    talk.fire()
    talk.answer("Não encontrei.")
    return talk


def text_of(talk: Talk, external: str) -> str:
    return next(said.text for said in talk.said.values() if said.external == external)


# -- edits --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_newest_edit_counts_in_whatever_order_they_come(order: tuple[int, int]) -> None:
    talk = Talk()
    talk.customer(external="a")
    for after_s in order:
        talk.edit("a", f"depois de {after_s}", after_s)

    assert text_of(talk, "a") == "depois de 20"


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_same_for_edits_that_come_before_their_message(order: tuple[int, int]) -> None:
    talk = Talk()
    for after_s in order:
        talk.edit("a", f"depois de {after_s}", after_s)
    talk.customer(external="a")

    assert text_of(talk, "a") == "depois de 20"
    assert talk.live.unanswered == 1
    assert talk.unmatched == {}


def test_an_edit_of_an_older_code_without_a_time_counts_as_made_now() -> None:
    talk = Talk()
    talk.do(cmd.ReceiveEdit("e", "a", "2026 foi bom"))
    talk.customer(external="a")

    assert text_of(talk, "a") == "2026 foi bom"


def test_an_edited_answered_message_is_unanswered_again_and_wakes_the_assistant() -> None:
    talk = answered()
    talk.wait(60)

    talk.edit("a", "meu CPF é 2", 60)
    talk.fire()

    assert talk.turn.messages == 1


def test_an_edit_after_whatsapps_quarter_of_an_hour_wakes_nobody() -> None:
    talk = answered()
    talk.wait(3600)

    talk.edit("a", "outra coisa", 3600)

    assert talk.live.unanswered == 0
    assert talk.live.turn is None


def test_an_older_edit_that_comes_late_wakes_nobody() -> None:
    talk = answered()
    talk.edit("a", "a nova", 60)
    talk.fire()
    talk.answer("Achei.")

    talk.edit("a", "a velha", 30)

    assert text_of(talk, "a") == "a nova"
    assert talk.live.unanswered == 0


def test_an_edit_of_what_waits_is_still_one_message() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.edit("a", "melhor assim", 1)
    talk.fire()

    assert talk.turn.messages == 1


def test_an_edit_of_what_is_being_answered_begins_the_turn_anew() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.fire()
    first = talk.turn.id

    talk.edit("a", "era outra coisa", 5)
    talk.fire()

    assert talk.turn.id != first
    assert talk.turn.messages == 1
    assert talk.turns[first] == "cancelled"


def test_an_edit_while_no_turn_may_be_cancelled_any_more_is_answered_after_it() -> None:
    talk = Talk(ConversationPolicy(burst_window_s=0))
    talk.customer(external="a")
    talk.customer(external="b")
    talk.customer(external="c")
    running = talk.turn

    talk.edit("c", "era outra coisa", 5)
    assert talk.turn == running
    talk.answer("Pronto.")

    assert talk.turn.messages == 1, "the edited one is answered now"


def test_an_edit_of_what_a_person_answered_shows_that_the_customer_waits() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.do(cmd.AssignConversation("ana"))
    talk.do(cmd.ReplyToCustomer("ana", "Pronto."))
    assert not talk.live.waits

    talk.edit("a", "na verdade é outro contrato", 60)

    assert talk.live.waits
    assert talk.live.turn is None


def test_an_edit_after_the_visit_changes_the_text_and_opens_nothing() -> None:
    talk = answered()
    talk.do(cmd.ResolveConversation("ana"))

    decision = talk.edit("a", "tarde demais", 60)

    assert talk.live.status is ConversationStatus.RESOLVED
    assert not any(isinstance(effect, fx.RunTurn) for effect in decision.effects)
    assert text_of(talk, "a") == "tarde demais"


def test_an_edit_of_our_own_words_wakes_nobody() -> None:
    talk = answered()
    outbox = talk.claim()
    assert outbox is not None
    talk.settle(outbox, cmd.SendStatus.SENT, "out-1")

    talk.edit("out-1", "corrigido", 10)

    assert talk.live.unanswered == 0
    assert talk.live.turn is None


# -- deletions ----------------------------------------------------------------------------


def test_a_burst_whose_only_message_is_deleted_makes_no_turn() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.take_back("a")

    talk.fire()

    assert talk.live.unanswered == 0
    assert talk.live.turn is None
    assert talk.timers[TimerName.IDLE], "the visit does not stay open for ever"


def test_a_burst_is_answered_without_what_was_deleted() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.customer(external="b")
    talk.take_back("a")
    talk.fire()

    assert talk.turn.messages == 1


def test_a_turn_that_has_nothing_left_to_answer_is_cancelled() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.customer(external="b")
    talk.fire()
    turn = talk.turn.id

    talk.take_back("a")
    assert talk.turn.messages == 1, "there is something left"
    talk.take_back("b")

    assert talk.live.turn is None
    assert talk.live.unanswered == 0
    assert talk.turns[turn] == "cancelled"


def test_what_came_during_a_turn_that_lost_its_messages_is_answered() -> None:
    talk = Talk(ConversationPolicy(burst_window_s=0))
    talk.customer(external="a")
    talk.customer(external="b")
    talk.customer(external="c")
    talk.customer(external="d")
    assert (talk.turn.messages, talk.live.unanswered) == (3, 1), "no turn is cancelled for ever"

    talk.take_back("a", "b", "c")

    assert talk.turn.messages == 1
    assert talk.live.unanswered == 0


def test_deleted_twice_is_deleted_once() -> None:
    talk = Talk()
    talk.customer(external="a")
    talk.customer(external="b")
    talk.take_back("a")
    talk.take_back("a", "a")

    assert talk.live.unanswered == 1


def test_a_deletion_of_what_was_answered_changes_nothing_else() -> None:
    talk = answered()
    talk.take_back("a")

    assert talk.live.unanswered == 0


def test_a_message_whose_deletion_came_first_opens_no_visit() -> None:
    talk = Talk()
    talk.take_back("a")

    talk.customer(external="a")

    assert talk.state is None
    assert [said.deleted for said in talk.said.values()] == [True]


def test_an_edit_does_not_bring_a_deleted_message_back() -> None:
    talk = answered()
    talk.take_back("a")
    talk.edit("a", "não sou nada", 30)

    assert talk.live.unanswered == 0


# -- nothing was said ---------------------------------------------------------------------


def test_a_notice_opens_nothing_and_wakes_nobody() -> None:
    talk = Talk()
    talk.do(cmd.ReceiveSystemNotice("n", "pinInChatMessage"))
    assert talk.state is None

    talk.customer()
    before = talk.state
    talk.do(cmd.ReceiveSystemNotice("n", "albumMessage"))
    assert talk.state == before


def test_an_old_text_that_begins_like_a_time_is_kept_whole() -> None:
    talk = Talk()
    talk.do(cmd.ReceiveEdit("e", "a", "2026-03-02 vence a fatura"))
    talk.do(cmd.ReceiveMessage("a", text("x"), talk.now))

    assert text_of(talk, "a") == "2026-03-02 vence a fatura"
