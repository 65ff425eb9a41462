"""Edits and deletions: what has to be answered follows what was really said."""

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus, TimerName
from tests.domain.conversation_simulator import ConversationSimulator, build_text


def answered() -> ConversationSimulator:
    """The message ``a`` got its answer."""
    talk = ConversationSimulator()
    talk.receive_customer_message("meu CPF é 1", external="a")
    talk.fire_timer()
    talk.finish_turn("Não encontrei.")
    return talk


def text_of(talk: ConversationSimulator, external: str) -> str:
    return next(said.text for said in talk.said.values() if said.external == external)


# -- edits --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_newest_edit_counts_in_whatever_order_they_come(order: tuple[int, int]) -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    for after_s in order:
        talk.receive_edit("a", f"depois de {after_s}", after_s)

    assert text_of(talk, "a") == "depois de 20"


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_same_for_edits_that_come_before_their_message(order: tuple[int, int]) -> None:
    talk = ConversationSimulator()
    for after_s in order:
        talk.receive_edit("a", f"depois de {after_s}", after_s)
    talk.receive_customer_message(external="a")

    assert text_of(talk, "a") == "depois de 20"
    assert talk.active_conversation.unanswered == 1
    assert talk.unmatched == {}


def test_an_edit_of_an_older_code_without_a_time_counts_as_made_now() -> None:
    talk = ConversationSimulator()
    talk.decide_command(cmd.ReceiveEdit("e", "a", "2026 foi bom"))
    talk.receive_customer_message(external="a")

    assert text_of(talk, "a") == "2026 foi bom"


def test_an_edited_answered_message_is_unanswered_again_and_wakes_the_assistant() -> None:
    talk = answered()
    talk.advance_clock(60)

    talk.receive_edit("a", "meu CPF é 2", 60)
    talk.fire_timer()

    assert talk.turn.messages == 1


def test_an_edit_after_whatsapps_quarter_of_an_hour_wakes_nobody() -> None:
    talk = answered()
    talk.advance_clock(3600)

    talk.receive_edit("a", "outra coisa", 3600)

    assert talk.active_conversation.unanswered == 0
    assert talk.active_conversation.turn is None


def test_an_older_edit_that_comes_late_wakes_nobody() -> None:
    talk = answered()
    talk.receive_edit("a", "a nova", 60)
    talk.fire_timer()
    talk.finish_turn("Achei.")

    talk.receive_edit("a", "a velha", 30)

    assert text_of(talk, "a") == "a nova"
    assert talk.active_conversation.unanswered == 0


def test_an_edit_of_what_waits_is_still_one_message() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.receive_edit("a", "melhor assim", 1)
    talk.fire_timer()

    assert talk.turn.messages == 1


def test_an_edit_of_what_is_being_answered_begins_the_turn_anew() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.fire_timer()
    first = talk.turn.id

    talk.receive_edit("a", "era outra coisa", 5)
    talk.fire_timer()

    assert talk.turn.id != first
    assert talk.turn.messages == 1
    assert talk.turns[first] == "cancelled"


def test_an_edit_while_no_turn_may_be_cancelled_any_more_is_answered_after_it() -> None:
    talk = ConversationSimulator(ConversationPolicy(burst_window_s=0))
    talk.receive_customer_message(external="a")
    talk.receive_customer_message(external="b")
    talk.receive_customer_message(external="c")
    running = talk.turn

    talk.receive_edit("c", "era outra coisa", 5)
    assert talk.turn == running
    talk.finish_turn("Pronto.")

    assert talk.turn.messages == 1, "the edited one is answered now"


def test_an_edit_of_what_a_person_answered_shows_that_the_customer_waits() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.decide_command(cmd.AssignConversation("ana"))
    talk.decide_command(cmd.ReplyToCustomer("ana", "Pronto."))
    assert not talk.active_conversation.waits

    talk.receive_edit("a", "na verdade é outro contrato", 60)

    assert talk.active_conversation.waits
    assert talk.active_conversation.turn is None


def test_an_edit_after_the_visit_changes_the_text_and_opens_nothing() -> None:
    talk = answered()
    talk.decide_command(cmd.ResolveConversation("ana"))

    decision = talk.receive_edit("a", "tarde demais", 60)

    assert talk.active_conversation.status is ConversationStatus.RESOLVED
    assert not any(isinstance(effect, fx.RunTurn) for effect in decision.effects)
    assert text_of(talk, "a") == "tarde demais"


def test_an_edit_of_our_own_words_wakes_nobody() -> None:
    talk = answered()
    outbox = talk.claim_send()
    assert outbox is not None
    talk.settle_send(outbox, cmd.SendStatus.SENT, "out-1")

    talk.receive_edit("out-1", "corrigido", 10)

    assert talk.active_conversation.unanswered == 0
    assert talk.active_conversation.turn is None


# -- deletions ----------------------------------------------------------------------------


def test_a_burst_whose_only_message_is_deleted_makes_no_turn() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.receive_deletion("a")

    talk.fire_timer()

    assert talk.active_conversation.unanswered == 0
    assert talk.active_conversation.turn is None
    assert talk.timers[TimerName.IDLE], "the visit does not stay open for ever"


def test_a_burst_is_answered_without_what_was_deleted() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.receive_customer_message(external="b")
    talk.receive_deletion("a")
    talk.fire_timer()

    assert talk.turn.messages == 1


def test_a_turn_that_has_nothing_left_to_answer_is_cancelled() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.receive_customer_message(external="b")
    talk.fire_timer()
    turn = talk.turn.id

    talk.receive_deletion("a")
    assert talk.turn.messages == 1, "there is something left"
    talk.receive_deletion("b")

    assert talk.active_conversation.turn is None
    assert talk.active_conversation.unanswered == 0
    assert talk.turns[turn] == "cancelled"


def test_what_came_during_a_turn_that_lost_its_messages_is_answered() -> None:
    talk = ConversationSimulator(ConversationPolicy(burst_window_s=0))
    talk.receive_customer_message(external="a")
    talk.receive_customer_message(external="b")
    talk.receive_customer_message(external="c")
    talk.receive_customer_message(external="d")
    assert (talk.turn.messages, talk.active_conversation.unanswered) == (3, 1), (
        "no turn is cancelled for ever"
    )

    talk.receive_deletion("a", "b", "c")

    assert talk.turn.messages == 1
    assert talk.active_conversation.unanswered == 0


def test_deleted_twice_is_deleted_once() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message(external="a")
    talk.receive_customer_message(external="b")
    talk.receive_deletion("a")
    talk.receive_deletion("a", "a")

    assert talk.active_conversation.unanswered == 1


def test_a_deletion_of_what_was_answered_changes_nothing_else() -> None:
    talk = answered()
    talk.receive_deletion("a")

    assert talk.active_conversation.unanswered == 0


def test_a_message_whose_deletion_came_first_opens_no_visit() -> None:
    talk = ConversationSimulator()
    talk.receive_deletion("a")

    talk.receive_customer_message(external="a")

    assert talk.state is None
    assert [said.deleted for said in talk.said.values()] == [True]


def test_an_edit_does_not_bring_a_deleted_message_back() -> None:
    talk = answered()
    talk.receive_deletion("a")
    talk.receive_edit("a", "não sou nada", 30)

    assert talk.active_conversation.unanswered == 0


# -- nothing was said ---------------------------------------------------------------------


def test_a_notice_opens_nothing_and_wakes_nobody() -> None:
    talk = ConversationSimulator()
    talk.decide_command(cmd.ReceiveSystemNotice("n", "pinInChatMessage"))
    assert talk.state is None

    talk.receive_customer_message()
    before = talk.state
    talk.decide_command(cmd.ReceiveSystemNotice("n", "albumMessage"))
    assert talk.state == before


def test_an_old_text_that_begins_like_a_time_is_kept_whole() -> None:
    talk = ConversationSimulator()
    talk.decide_command(cmd.ReceiveEdit("e", "a", "2026-03-02 vence a fatura"))
    talk.decide_command(cmd.ReceiveMessage("a", build_text("x"), talk.now))

    assert text_of(talk, "a") == "2026-03-02 vence a fatura"
