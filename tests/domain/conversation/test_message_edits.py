"""Edits and deletions: what has to be answered follows what was really said."""

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus, TimerName
from tests.domain.conversation_simulator import ConversationSimulator, build_text


def answered() -> ConversationSimulator:
    """The message ``a`` got its answer."""
    simulator = ConversationSimulator()
    simulator.receive_customer_message("meu CPF é 1", external="a")
    simulator.fire_timer()
    simulator.finish_turn("Não encontrei.")
    return simulator


def text_of(simulator: ConversationSimulator, external: str) -> str:
    return next(said.text for said in simulator.said.values() if said.external == external)


# -- edits --------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_newest_edit_counts_in_whatever_order_they_come(order: tuple[int, int]) -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    for after_s in order:
        simulator.receive_edit("a", f"depois de {after_s}", after_s)

    assert text_of(simulator, "a") == "depois de 20"


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_same_for_edits_that_come_before_their_message(order: tuple[int, int]) -> None:
    simulator = ConversationSimulator()
    for after_s in order:
        simulator.receive_edit("a", f"depois de {after_s}", after_s)
    simulator.receive_customer_message(external="a")

    assert text_of(simulator, "a") == "depois de 20"
    assert simulator.active_conversation.unanswered == 1
    assert simulator.unmatched == {}


def test_an_edit_of_an_older_code_without_a_time_counts_as_made_now() -> None:
    simulator = ConversationSimulator()
    simulator.decide_command(cmd.ReceiveEdit("e", "a", "2026 foi bom"))
    simulator.receive_customer_message(external="a")

    assert text_of(simulator, "a") == "2026 foi bom"


def test_an_edited_answered_message_is_unanswered_again_and_wakes_the_assistant() -> None:
    simulator = answered()
    simulator.advance_clock(60)

    simulator.receive_edit("a", "meu CPF é 2", 60)
    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_an_edit_after_whatsapps_quarter_of_an_hour_wakes_nobody() -> None:
    simulator = answered()
    simulator.advance_clock(3600)

    simulator.receive_edit("a", "outra coisa", 3600)

    assert simulator.active_conversation.unanswered == 0
    assert simulator.active_conversation.turn is None


def test_an_older_edit_that_comes_late_wakes_nobody() -> None:
    simulator = answered()
    simulator.receive_edit("a", "a nova", 60)
    simulator.fire_timer()
    simulator.finish_turn("Achei.")

    simulator.receive_edit("a", "a velha", 30)

    assert text_of(simulator, "a") == "a nova"
    assert simulator.active_conversation.unanswered == 0


def test_an_edit_of_what_waits_is_still_one_message() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.receive_edit("a", "melhor assim", 1)
    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_an_edit_of_what_is_being_answered_begins_the_turn_anew() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.fire_timer()
    first = simulator.turn.id

    simulator.receive_edit("a", "era outra coisa", 5)
    simulator.fire_timer()

    assert simulator.turn.id != first
    assert simulator.turn.messages == 1
    assert simulator.turns[first] == "cancelled"


def test_an_edit_while_no_turn_may_be_cancelled_any_more_is_answered_after_it() -> None:
    simulator = ConversationSimulator(ConversationPolicy(burst_window_s=0))
    simulator.receive_customer_message(external="a")
    simulator.receive_customer_message(external="b")
    simulator.receive_customer_message(external="c")
    running = simulator.turn

    simulator.receive_edit("c", "era outra coisa", 5)
    assert simulator.turn == running
    simulator.finish_turn("Pronto.")

    assert simulator.turn.messages == 1, "the edited one is answered now"


def test_an_edit_of_what_a_person_answered_shows_that_the_customer_waits() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.decide_command(cmd.AssignConversation("ana"))
    simulator.decide_command(cmd.ReplyToCustomer("ana", "Pronto."))
    assert not simulator.active_conversation.waits

    simulator.receive_edit("a", "na verdade é outro contrato", 60)

    assert simulator.active_conversation.waits
    assert simulator.active_conversation.turn is None


def test_an_edit_after_the_conversation_changes_the_text_and_opens_nothing() -> None:
    simulator = answered()
    simulator.decide_command(cmd.ResolveConversation("ana"))

    decision = simulator.receive_edit("a", "tarde demais", 60)

    assert simulator.active_conversation.status is ConversationStatus.RESOLVED
    assert not any(isinstance(effect, fx.RunTurnEffect) for effect in decision.effects)
    assert text_of(simulator, "a") == "tarde demais"


def test_an_edit_of_our_own_words_wakes_nobody() -> None:
    simulator = answered()
    outbox = simulator.claim_send()
    assert outbox is not None
    simulator.settle_send(outbox, cmd.SendStatus.SENT, "out-1")

    simulator.receive_edit("out-1", "corrigido", 10)

    assert simulator.active_conversation.unanswered == 0
    assert simulator.active_conversation.turn is None


# -- deletions ----------------------------------------------------------------------------


def test_a_burst_whose_only_message_is_deleted_makes_no_turn() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.receive_deletion("a")

    simulator.fire_timer()

    assert simulator.active_conversation.unanswered == 0
    assert simulator.active_conversation.turn is None
    assert simulator.timers[TimerName.IDLE], "the visit does not stay open for ever"


def test_a_burst_is_answered_without_what_was_deleted() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.receive_customer_message(external="b")
    simulator.receive_deletion("a")
    simulator.fire_timer()

    assert simulator.turn.messages == 1


def test_a_turn_that_has_nothing_left_to_answer_is_cancelled() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.receive_customer_message(external="b")
    simulator.fire_timer()
    turn = simulator.turn.id

    simulator.receive_deletion("a")
    assert simulator.turn.messages == 1, "there is something left"
    simulator.receive_deletion("b")

    assert simulator.active_conversation.turn is None
    assert simulator.active_conversation.unanswered == 0
    assert simulator.turns[turn] == "cancelled"


def test_messages_received_during_a_turn_whose_messages_were_deleted_are_answered() -> None:
    simulator = ConversationSimulator(ConversationPolicy(burst_window_s=0))
    simulator.receive_customer_message(external="a")
    simulator.receive_customer_message(external="b")
    simulator.receive_customer_message(external="c")
    simulator.receive_customer_message(external="d")
    assert (simulator.turn.messages, simulator.active_conversation.unanswered) == (3, 1), (
        "no turn is cancelled for ever"
    )

    simulator.receive_deletion("a", "b", "c")

    assert simulator.turn.messages == 1
    assert simulator.active_conversation.unanswered == 0


def test_deleted_twice_is_deleted_once() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message(external="a")
    simulator.receive_customer_message(external="b")
    simulator.receive_deletion("a")
    simulator.receive_deletion("a", "a")

    assert simulator.active_conversation.unanswered == 1


def test_a_deletion_of_what_was_answered_changes_nothing_else() -> None:
    simulator = answered()
    simulator.receive_deletion("a")

    assert simulator.active_conversation.unanswered == 0


def test_a_message_whose_deletion_came_first_opens_no_conversation() -> None:
    simulator = ConversationSimulator()
    simulator.receive_deletion("a")

    simulator.receive_customer_message(external="a")

    assert simulator.state is None
    assert [said.deleted for said in simulator.said.values()] == [True]


def test_an_edit_does_not_bring_a_deleted_message_back() -> None:
    simulator = answered()
    simulator.receive_deletion("a")
    simulator.receive_edit("a", "não sou nada", 30)

    assert simulator.active_conversation.unanswered == 0


# -- nothing was said ---------------------------------------------------------------------


def test_a_notice_opens_nothing_and_wakes_nobody() -> None:
    simulator = ConversationSimulator()
    simulator.decide_command(cmd.ReceiveSystemNotice("n", "pinInChatMessage"))
    assert simulator.state is None

    simulator.receive_customer_message()
    before = simulator.state
    simulator.decide_command(cmd.ReceiveSystemNotice("n", "albumMessage"))
    assert simulator.state == before


def test_an_old_text_that_begins_like_a_time_is_kept_whole() -> None:
    simulator = ConversationSimulator()
    simulator.decide_command(cmd.ReceiveEdit("e", "a", "2026-03-02 vence a fatura"))
    simulator.decide_command(cmd.ReceiveMessage("a", build_text("x"), simulator.now))

    assert text_of(simulator, "a") == "2026-03-02 vence a fatura"
