"""What the provider's phone says by itself is not a person who takes over."""

from datetime import timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.message import Author
from tests.domain.conversation_simulator import ConversationSimulator, build_text

GREETING = "Olá! Bem-vindo à Rede Norte."


def phone(simulator: ConversationSimulator, after_s: float, words: str = GREETING) -> Author:
    """Whose message it is that the phone sent so long after the customer's last one."""
    heard_at = simulator.active_conversation.heard_at
    assert heard_at is not None
    simulator.advance_clock(after_s)
    simulator.decide_command(
        cmd.ReceiveProviderPhoneMessage(f"p-{simulator._number}", build_text(words), simulator.now)
    )
    return list(simulator.said.values())[-1].author


def test_a_greeting_does_not_silence_the_assistant() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()

    assert phone(simulator, 0.6) is Author.AUTOMATIC
    assert simulator.active_conversation.paused_until is None
    assert simulator.active_conversation.unanswered == 1
    simulator.fire_timer()
    assert simulator.turn.messages == 1


def test_a_turn_that_began_at_once_goes_on() -> None:
    simulator = ConversationSimulator()
    simulator.start_turn()
    turn = simulator.turn

    assert phone(simulator, 1) is Author.AUTOMATIC
    assert simulator.turn == turn


@pytest.mark.parametrize("after_s", [2.5, 10, 60])
def test_a_person_who_reads_and_types_takes_over(after_s: float) -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()

    assert phone(simulator, after_s) is Author.PHONE
    assert simulator.active_conversation.paused_until == simulator.now + timedelta(
        seconds=simulator.policy.phone_pause_s
    )


def test_a_phone_message_sent_before_the_customers_message_is_a_persons() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()

    early = cmd.ReceiveProviderPhoneMessage(
        "p", build_text("Bom dia"), simulator.now - timedelta(seconds=1)
    )
    decision = simulator.decide_command(early)

    assert any(isinstance(effect, fx.CancelAssistantSendsEffect) for effect in decision.effects)


def test_later_in_a_conversation_a_quick_reply_is_a_persons() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    simulator.advance_clock(40)
    simulator.receive_customer_message()

    assert phone(simulator, 1, "já resolvo") is Author.PHONE


def test_a_person_who_typed_recently_is_recognised_in_the_next_conversation_too() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    assert phone(simulator, 30, "oi, sou eu") is Author.PHONE
    simulator.decide_command(cmd.ResolveConversation("ana"))
    simulator.advance_clock(1900)
    simulator.receive_customer_message()

    assert phone(simulator, 1, "de novo eu") is Author.PHONE


def test_an_agents_pause_survives_an_automatic_greeting() -> None:
    simulator = ConversationSimulator()
    simulator.receive_customer_message()
    phone(simulator, 30, "já vejo")
    until = simulator.active_conversation.paused_until
    simulator.advance_clock(60)
    simulator.receive_customer_message()

    assert phone(simulator, 1) is Author.PHONE
    assert until is not None
    assert simulator.active_conversation.paused_until is not None
    assert simulator.active_conversation.paused_until > until


def test_a_known_away_message_may_come_at_any_time_in_a_conversation() -> None:
    simulator = ConversationSimulator()
    simulator.automatic = {"Estamos fechados."}
    simulator.receive_customer_message()
    simulator.advance_clock(40)
    simulator.receive_customer_message()

    assert phone(simulator, 4, "Estamos fechados.") is Author.AUTOMATIC
    assert phone(simulator, 4, "Estamos fechados.") is Author.PHONE, "eight seconds are a person's"
