"""What the provider's phone says by itself is not a person who takes over."""

from datetime import timedelta

import pytest

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain.message import Author
from tests.domain.talk import Talk, text

GREETING = "Olá! Bem-vindo à Rede Norte."


def phone(talk: Talk, after_s: float, words: str = GREETING) -> Author:
    """Whose message it is that the phone sent so long after the customer's last one."""
    heard_at = talk.live.heard_at
    assert heard_at is not None
    talk.wait(after_s)
    talk.do(cmd.ReceiveProviderPhoneMessage(f"p-{talk._number}", text(words), talk.now))
    return list(talk.said.values())[-1].author


def test_a_greeting_does_not_silence_the_assistant() -> None:
    talk = Talk()
    talk.customer()

    assert phone(talk, 0.6) is Author.AUTOMATIC
    assert talk.live.paused_until is None
    assert talk.live.unanswered == 1
    talk.fire()
    assert talk.turn.messages == 1


def test_a_turn_that_began_at_once_goes_on() -> None:
    talk = Talk()
    talk.thinking()
    turn = talk.turn

    assert phone(talk, 1) is Author.AUTOMATIC
    assert talk.turn == turn


@pytest.mark.parametrize("after_s", [2.5, 10, 60])
def test_a_person_who_reads_and_types_takes_over(after_s: float) -> None:
    talk = Talk()
    talk.customer()

    assert phone(talk, after_s) is Author.PHONE
    assert talk.live.paused_until == talk.now + timedelta(seconds=talk.policy.phone_pause_s)


def test_what_was_sent_before_the_customers_words_is_a_persons() -> None:
    talk = Talk()
    talk.customer()

    early = cmd.ReceiveProviderPhoneMessage("p", text("Bom dia"), talk.now - timedelta(seconds=1))
    decision = talk.do(early)

    assert any(isinstance(effect, fx.CancelAssistantSends) for effect in decision.effects)


def test_later_in_a_visit_a_quick_answer_is_a_persons() -> None:
    talk = Talk()
    talk.customer()
    talk.wait(40)
    talk.customer()

    assert phone(talk, 1, "já resolvo") is Author.PHONE


def test_who_has_typed_lately_types_on_in_the_next_visit_too() -> None:
    talk = Talk()
    talk.customer()
    assert phone(talk, 30, "oi, sou eu") is Author.PHONE
    talk.do(cmd.ResolveConversation("ana"))
    talk.wait(1900)
    talk.customer()

    assert phone(talk, 1, "de novo eu") is Author.PHONE


def test_who_has_the_pause_keeps_it() -> None:
    talk = Talk()
    talk.customer()
    phone(talk, 30, "já vejo")
    until = talk.live.paused_until
    talk.wait(60)
    talk.customer()

    assert phone(talk, 1) is Author.PHONE
    assert until is not None
    assert talk.live.paused_until is not None
    assert talk.live.paused_until > until


def test_an_away_message_that_is_known_may_come_at_any_moment_of_the_visit() -> None:
    talk = Talk()
    talk.automatic = {"Estamos fechados."}
    talk.customer()
    talk.wait(40)
    talk.customer()

    assert phone(talk, 4, "Estamos fechados.") is Author.AUTOMATIC
    assert phone(talk, 4, "Estamos fechados.") is Author.PHONE, "eight seconds are a person's"
