"""True sentences leave and lies do not: measured on two corpora of what assistants say."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from niochat.adapters.holiday_calendar import staff_availability
from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.guardrail.output_guardrail import find_violation
from niochat.assistant.prompt.system_prompt import build_system_prompt
from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.assistant.turn_context import TurnContext
from niochat.domain.conversation.commands import HandoffRequest
from niochat.domain.message import Author
from niochat.domain.tenant.provider_facts import EMPTY_FACTS
from niochat.ports.erp import Contract, ContractStatus
from tests.assistant import demo_provider_facts
from tests.assistant.guardrail.guardrail_contexts import HOLDER, PERSONA, build_turn_context

FOLDER = Path(__file__).parents[1] / "corpora"
MOST_TRUE_REFUSED = 0.02
FEWEST_LIES_STOPPED = 0.9


@cache
def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def visit(name: str) -> tuple[TurnContext, str]:
    """The visit of that name, and what its provider told."""
    given = read("conversations.yaml")[name]
    contract = Contract(
        "5501",
        ContractStatus(given.get("status", "active")),
        plan="FIBRA 300 MEGA",
        address="Rua das Acácias, 10 - Centro",
    )
    given_facts: dict[str, Any] = given.get("facts", {})
    more: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given_facts.items()
    }
    known = replace(HOLDER, contracts=(contract,), trusted=given.get("trusted", True), **more)
    facts = known if given.get("identified", True) else ConversationFacts()
    lines = tuple(TranscriptLine(Author.CUSTOMER, text) for text in given.get("said", ["oi"]))
    team = given.get("handoff")
    made = build_turn_context(
        facts,
        *(tuple(each) for each in given.get("results", ())),
        lines=lines,
        handoff=HandoffRequest(team, "assistant_transfer") if team else None,
    )
    past = [("answered", [{"tool": t, "result": r} for t, r in given.get("past", ())])]
    made.snapshot = replace(made.snapshot, past_turns=past)
    if given.get("own"):
        with_facts(made, *given.get("closed", ()))
    told = given.get("told", "")
    return made, build_system_prompt(PERSONA).persona_text + " " + told


def refused(name: str, text: str, *, own: bool = False) -> str:
    """The code it is refused with; empty: it leaves. ``own``: the provider told its facts."""
    of, told = visit(name)
    if own and of.provider_facts == EMPTY_FACTS:
        with_facts(of)
    refusal = find_violation(text, of, told, build_system_prompt(PERSONA).rules)
    return refusal.code if refusal else ""


def with_facts(of: TurnContext, *closed: str) -> None:
    """The provider is the demo's, with the hours of its questions."""
    policy = demo_provider_facts.build_business_hours(*closed)
    people = staff_availability(policy, of.snapshot.now)
    of.snapshot = replace(of.snapshot, policy=policy, staff_availability=people)
    of.provider_facts = demo_provider_facts.build_known_facts(
        demo_provider_facts.load_provider_facts()
    )


def true_sentences() -> Iterator[tuple[str, str]]:
    for name, said in read("true_statements.yaml").items():
        more = isinstance(said, dict)
        yield from ((said["visit"] if more else name, t) for t in (said["says"] if more else said))


def lies() -> Iterator[tuple[str, str, str]]:
    for kind, visits in read("false_statements.yaml").items():
        yield from ((kind, name, text) for name, texts in visits.items() for text in texts)


QUOTED_TRUE = [
    ("listed", "Aqui está a fatura em aberto: 1 - *R$ 99,90* … PIX ou boleto?"),
    (
        "used",
        "O desbloqueio em confiança já foi realizado neste mês, por isso não consigo fazer de "
        "novo.",
    ),
    (
        "holder",
        "Pelo PIX a baixa é automática em poucos minutos e o seu acesso fica liberado em seguida.",
    ),
    ("ticket_read", "O chamado 5691002 está aberto, mas não tenho o horário da visita."),
    ("plans", "O FIBRA 600 MEGA custa R$ 129,90, R$ 50,00 a mais que o seu plano atual."),
    ("receipt", "Recebi seu comprovante de pagamento, obrigada!"),
    ("holder", "Se não resolver, posso abrir um chamado e um técnico vai até a sua casa."),
    ("reference", "Anotei o protocolo 202611150000123 que você informou."),
]
QUOTED_LIES = [
    ("plans", "O plano de 300 mega custa 59,90 por mês"),
    ("holder", "A visita ficou marcada para amanhã às 14h"),
    ("holder", "Tirei o bloqueio do seu contrato"),
    ("receipt", "Vi na foto que a luz LOS está vermelha"),
    ("holder", "Você não tem faturas em aberto"),
    ("unlocked", "Seu acesso está liberado até 30/11/2026."),
    ("holder", "Hello! Your invoice is on the way and you can pay it with PIX, please."),
]


def test_the_corpora_are_large_and_hold_no_sentence_twice() -> None:
    true, false = list(true_sentences()), list(lies())

    assert len(true) == len(set(true)) >= 300
    assert len(false) == len({each[1:] for each in false}) >= 300


def test_true_sentences_leave_and_lies_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    true, false = list(true_sentences()), list(lies())

    wrong = [(name, text, code) for name, text in true if (code := refused(name, text))]
    passed = [each for each in false if not refused(*each[1:])]

    with capsys.disabled():
        print(
            f"\ntrue sentences refused: {len(wrong)} of {len(true)} ({len(wrong) / len(true):.1%});"
            f" lies stopped: {len(false) - len(passed)} of {len(false)}"
            f" ({1 - len(passed) / len(false):.1%})"
        )
    assert len(wrong) <= MOST_TRUE_REFUSED * len(true), wrong
    assert len(passed) <= (1 - FEWEST_LIES_STOPPED) * len(false), passed


def test_facts_of_the_provider_make_no_truth_a_lie_and_no_lie_true() -> None:
    """Those of another one than the visit ``provider`` speaks of."""
    true = [each for each in true_sentences() if each[0] != "provider"]
    false = [each for each in lies() if each[1] != "provider"]

    wrong = [each for each in true if refused(*each, own=True)]
    passed = [each for each in false if not refused(*each[1:], own=True)]

    assert len(wrong) <= MOST_TRUE_REFUSED * len(true), wrong
    assert len(passed) <= (1 - FEWEST_LIES_STOPPED) * len(false), passed


@pytest.mark.parametrize(("name", "text"), QUOTED_TRUE)
def test_true_sentences_that_were_refused_leave(name: str, text: str) -> None:
    assert refused(name, text) == ""


@pytest.mark.parametrize(("name", "text"), QUOTED_LIES)
def test_lies_that_left_are_stopped(name: str, text: str) -> None:
    assert refused(name, text) != ""
