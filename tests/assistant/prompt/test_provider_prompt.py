"""What the provider told is known: its questions are answered, and lies about it do not leave."""

import time
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
from niochat.assistant.prompt.provider_prompt import format_provider_facts
from niochat.assistant.prompt.system_prompt import FACTS_HEADING, build_system_prompt
from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.assistant.turn_context import TurnContext
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.message import Author
from niochat.domain.tenant.provider_facts import EMPTY_FACTS
from niochat.ports.erp import Contract, ContractStatus
from tests.assistant import demo_provider_facts
from tests.assistant.guardrail.guardrail_contexts import build_turn_context

ANSWERS = Path(__file__).parents[1] / "corpora/questions.yaml"
PERSONA = {"name": "Nia", "company": "Provedor Demo"}


@cache
def answers() -> dict[str, dict[bool, list[str]]]:
    return dict(yaml.safe_load(ANSWERS.read_text(encoding="utf-8")))


def told(kind: Any) -> Iterator[tuple[str, str]]:
    for name, said in answers().items():
        yield from ((name, text) for text in said[kind])


def asked(question: str, policy: ConversationPolicy | None = None, **facts: Any) -> TurnContext:
    """A visit of somebody unknown who asks this; ``facts`` in the place of the demo provider's."""
    made = build_turn_context(
        ConversationFacts(), lines=(TranscriptLine(Author.CUSTOMER, question),)
    )
    policy = policy or demo_provider_facts.build_business_hours()
    people = staff_availability(policy, made.snapshot.now)
    made.snapshot = replace(made.snapshot, policy=policy, staff_availability=people)
    made.provider_facts = demo_provider_facts.build_known_facts(
        {**demo_provider_facts.load_provider_facts(), **facts}
    )
    return made


def refused(text: str, of: TurnContext) -> str:
    """The code; empty: it leaves."""
    prompt = build_system_prompt(PERSONA)
    found = find_violation(text, of, prompt.persona_text, prompt.rules)
    return found.code if found else ""


def of_question(name: str) -> TurnContext:
    scenario = demo_provider_facts.load_questions()[name]
    closed = ["2026-11-23"] if scenario["policy"].get("closed_days") else []
    return asked(scenario["steps"][0]["say"], demo_provider_facts.build_business_hours(*closed))


def test_there_are_forty_questions_and_each_has_answers() -> None:
    assert len(answers()) >= 40
    assert set(answers()) == set(demo_provider_facts.load_questions())
    assert all(each[True] and each[False] for each in answers().values())


def test_the_questions_are_asked_of_the_demo_provider() -> None:
    assert (
        demo_provider_facts.load_questions()["pergunta-horario"]["assistant"]["facts"]
        == demo_provider_facts.load_provider_facts()
    )


@pytest.mark.parametrize(("name", "text"), list(told(True)))
def test_a_true_answer_leaves(name: str, text: str) -> None:
    assert refused(text, of_question(name)) == ""


@pytest.mark.parametrize(("name", "text"), list(told(False)))
def test_a_false_answer_does_not_leave(name: str, text: str) -> None:
    assert refused(text, of_question(name)) != ""


@pytest.mark.parametrize("said", [True, False])
def test_another_providers_sentences_are_told_from_lies_as_well(said: bool) -> None:
    other = yaml.safe_load((ANSWERS.parent / "other_provider.yaml").read_text(encoding="utf-8"))
    policy = demo_provider_facts.build_business_hours(hours=other["hours"], holidays="")

    wrong = []
    for question, text in other[said]:
        visit = asked(question or "oi", policy)
        visit.provider_facts = demo_provider_facts.build_known_facts(other["facts"])
        if (refused(text, visit) == "") is not said:
            wrong.append(text)

    assert wrong == []


def test_the_lines_for_the_model_are_short_and_the_same_at_any_time() -> None:
    told = demo_provider_facts.build_known_facts(demo_provider_facts.load_provider_facts())

    lines = format_provider_facts(told, demo_provider_facts.build_business_hours())

    assert len(lines) <= 1_500
    for part in (
        "segunda a sexta das 8h às 18h",
        "Rua do Sol, 120",
        "0800 081 4002",
        "Mudança de endereço R$ 80,00",
        "Troca de titularidade grátis",
        "Fidelidade: 12 meses",
        "Paulista (Janga, Pau Amarelo, Maranguape)",
        "IP fixo → suporte",
        "fibra óptica",
        "Vencimentos à escolha: 5; 10; 15; 20",
        "Tem TV ou telefone? Não, só internet.",
    ):
        assert part in lines
    assert format_provider_facts(EMPTY_FACTS, ConversationPolicy()) == ""


def test_a_long_coverage_is_asked_by_its_tool_and_not_read() -> None:
    places = [{"city": f"Cidade {n}"} for n in range(40)]
    many = format_provider_facts(
        demo_provider_facts.build_known_facts({"coverage": {"places": places}}),
        ConversationPolicy(),
    )
    codes = format_provider_facts(
        demo_provider_facts.build_known_facts({"coverage": {"ceps": ["53020"]}}),
        ConversationPolicy(),
    )

    assert (
        many == codes == "Cobertura: peça o CEP ou o bairro e consulte a ferramenta de cobertura."
    )


def test_facts_stand_in_the_prompt_and_their_braces_are_text() -> None:
    facts = format_provider_facts(
        demo_provider_facts.build_known_facts({"address": "Rua {protocol}, {name}"}),
        ConversationPolicy(),
    )

    prompt = build_system_prompt(PERSONA, facts)

    assert "Endereço da loja: Rua {protocol}, {name}." in prompt.text
    assert build_system_prompt(PERSONA).version == prompt.version
    assert FACTS_HEADING not in build_system_prompt(PERSONA).text
    assert prompt.persona_text == build_system_prompt(PERSONA).persona_text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("O site é https://provedordemo.example.com.br/", ""),
        ("O site é WWW.provedordemo.example.com.br", ""),
        ("O site é https://falso.example.com.br", "link"),
        ("O site é https://provedordemo.example.com.br.golpe.com", "link"),
        ("O site é https://provedordemo.example.com.br/pagar", "link"),
        ("O e-mail é xcontato@provedordemo.example.com.br", "email"),
        ("Ligue 0800 081 4002", ""),
        ("Ligue 0800 081 4003", "numero"),
        ("O telefone é 3432-4002.", ""),
        ("O telefone é 3432-4003.", "numero"),
    ],
)
def test_an_address_leaves_as_it_was_told_and_no_other(text: str, code: str) -> None:
    assert refused(text, asked("oi")) == code


def test_the_providers_own_document_and_street_are_no_secret() -> None:
    mine = asked("oi", more=[{"question": "CNPJ?", "answer": "11.222.333/0001-81"}])
    assert refused("Nosso CNPJ é 11.222.333/0001-81.", mine) == ""
    assert refused("Seu CPF é 529.982.247-25.", mine) == "documento"

    third = asked("oi", address="Rua das Acácias, 500, Centro")
    contract = Contract("5501", ContractStatus.ACTIVE, address="Rua das Acácias, 10 - Centro")
    third.update_facts(name="MARIA DA SILVA", contracts=(contract,), trusted=False)
    assert refused("A loja fica na Rua das Acácias, 500.", third) == ""
    assert refused("O contrato é o da Rua das Acácias, 10.", third) == "endereco"


def test_a_due_day_is_no_due_date() -> None:
    visit = asked("quero mudar o vencimento")

    assert refused("Os dias de vencimento são 5, 10, 15 e 20.", visit) == ""
    assert refused("O vencimento pode ser no dia 15.", visit) == ""
    assert refused("Sua fatura vence no dia 15.", visit) == "data"
    assert refused("Sua fatura vence em 15/12/2026.", visit) == "data"


def test_a_partly_told_coverage_denies_nothing() -> None:
    coverage = {"whole": False, "places": [{"city": "Olinda"}]}
    visit = asked("tem em Recife?", coverage=coverage)

    assert refused("Sim, temos cobertura em Olinda.", visit) == ""
    assert refused("Não temos cobertura em Olinda.", visit) == "cobertura"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Sim, atendemos o CEP 53020-140!", ""),
        ("Não atendemos o CEP 53020-140.", "cobertura"),
        ("Temos cobertura na sua região!", ""),
        ("Ainda não chegamos na sua região.", "cobertura"),
        ("Sim, atendemos o CEP 54000-000!", "numero"),
    ],
)
def test_coverage_by_postal_code(text: str, code: str) -> None:
    visit = asked("meu cep é 53020-140, tem internet?", coverage={"ceps": ["53020"]})

    assert refused(text, visit) == code


def test_what_the_coverage_tool_found_counts_more_than_the_list() -> None:
    visit = asked("moro em Igarassu")
    found = {"ok": True, "cobertura": "sim", "local": "Centro, Igarassu"}
    visit.tool_results = [("verificar_cobertura", found)]

    assert refused("Sim, temos cobertura em Igarassu!", visit) == ""


@pytest.mark.parametrize(
    "text",
    [
        "das 8h as 18h ",
        "segunda-feira, 23/11, ",
        "nao temos em ",
        "rua do sol, 1",
        "a.b.",
        "R$ 50,00 instalação ",
    ],
)
def test_no_text_about_the_provider_keeps_the_guard_busy(text: str) -> None:
    visit, began = asked("oi"), time.process_time()
    refused((text * 3_000)[:12_000], visit)
    assert time.process_time() - began < 3
