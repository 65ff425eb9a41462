"""What the provider's phone says by itself is not a person who takes over."""

from datetime import timedelta

import pytest

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.message import Author
from tests.domain.conversation_simulator import ConversationSimulator, build_text

GREETING = "Olá! Bem-vindo à Rede Norte."


def phone(talk: ConversationSimulator, after_s: float, words: str = GREETING) -> Author:
    """Whose message it is that the phone sent so long after the customer's last one."""
    heard_at = talk.active_conversation.heard_at
    assert heard_at is not None
    talk.advance_clock(after_s)
    talk.decide_command(
        cmd.ReceiveProviderPhoneMessage(f"p-{talk._number}", build_text(words), talk.now)
    )
    return list(talk.said.values())[-1].author


def test_a_greeting_does_not_silence_the_assistant() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()

    assert phone(talk, 0.6) is Author.AUTOMATIC
    assert talk.active_conversation.paused_until is None
    assert talk.active_conversation.unanswered == 1
    talk.fire_timer()
    assert talk.turn.messages == 1


def test_a_turn_that_began_at_once_goes_on() -> None:
    talk = ConversationSimulator()
    talk.start_turn()
    turn = talk.turn

    assert phone(talk, 1) is Author.AUTOMATIC
    assert talk.turn == turn


@pytest.mark.parametrize("after_s", [2.5, 10, 60])
def test_a_person_who_reads_and_types_takes_over(after_s: float) -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()

    assert phone(talk, after_s) is Author.PHONE
    assert talk.active_conversation.paused_until == talk.now + timedelta(
        seconds=talk.policy.phone_pause_s
    )


def test_what_was_sent_before_the_customers_words_is_a_persons() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()

    early = cmd.ReceiveProviderPhoneMessage(
        "p", build_text("Bom dia"), talk.now - timedelta(seconds=1)
    )
    decision = talk.decide_command(early)

    assert any(isinstance(effect, fx.CancelAssistantSends) for effect in decision.effects)


def test_later_in_a_visit_a_quick_answer_is_a_persons() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    talk.advance_clock(40)
    talk.receive_customer_message()

    assert phone(talk, 1, "já resolvo") is Author.PHONE


def test_who_has_typed_lately_types_on_in_the_next_visit_too() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    assert phone(talk, 30, "oi, sou eu") is Author.PHONE
    talk.decide_command(cmd.ResolveConversation("ana"))
    talk.advance_clock(1900)
    talk.receive_customer_message()

    assert phone(talk, 1, "de novo eu") is Author.PHONE


def test_an_agents_pause_survives_an_automatic_greeting() -> None:
    talk = ConversationSimulator()
    talk.receive_customer_message()
    phone(talk, 30, "já vejo")
    until = talk.active_conversation.paused_until
    talk.advance_clock(60)
    talk.receive_customer_message()

    assert phone(talk, 1) is Author.PHONE
    assert until is not None
    assert talk.active_conversation.paused_until is not None
    assert talk.active_conversation.paused_until > until


def test_an_away_message_that_is_known_may_come_at_any_moment_of_the_visit() -> None:
    talk = ConversationSimulator()
    talk.automatic = {"Estamos fechados."}
    talk.receive_customer_message()
    talk.advance_clock(40)
    talk.receive_customer_message()

    assert phone(talk, 4, "Estamos fechados.") is Author.AUTOMATIC
    assert phone(talk, 4, "Estamos fechados.") is Author.PHONE, "eight seconds are a person's"
