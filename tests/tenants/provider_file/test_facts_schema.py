"""Facts in a providers' file: kept as they are read by people, and refused with their line."""

from pathlib import Path
from typing import Any

import pytest

from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.provider_facts import EMPTY_FACTS
from niochat.tenants.provider_file.facts_schema import FactsConfig, parse_facts
from tests.assistant import demo_provider_facts
from tests.tenants.provider_files import build_assistant, build_provider, load_provider_file

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"adress": "Rua A, 1"}, "adress", "unknown key"),
    ({"address": ""}, "address", "one line"),
    ({"address": "Rua A\n1"}, "address", "one line"),
    ({"address": "x" * 201}, "address", "200"),
    ({"phones": [{"number": 8134324002}]}, "phones[0].number", "must be text"),
    ({"phones": [{"number": "liga lá"}]}, "phones[0].number", "telephone"),
    ({"phones": [{"number": "12"}]}, "phones[0].number", "telephone"),
    ({"email": "contato"}, "email", "e-mail"),
    ({"sites": [{"name": "Site", "address": "www.a.com"}]}, "sites[0].address", "http"),
    ({"sites": [{"name": "Site", "address": "javascript:alert(1)"}]}, "sites[0].address", "http"),
    ({"speed_test": "ftp://a.example"}, "speed_test", "http"),
    ({"fees": [{"name": "Visita", "amount": "50"}]}, "fees[0].amount", "number"),
    ({"fees": [{"name": "Visita", "amount": -1}]}, "fees[0].amount", "0 to"),
    ({"fees": [{"name": "Visita", "amount": 10.555}]}, "fees[0].amount", "decimals"),
    ({"fees": [{"name": "Visita"}]}, "fees[0].amount", "missing"),
    ({"fees": [{"name": "Visita", "amount": float("inf")}]}, "fees[0].amount", "0 to"),
    ({"fidelity_months": 61}, "fidelity_months", "60"),
    ({"coverage": {"ceps": [53020]}}, "coverage.ceps[0]", "in quotes"),
    ({"coverage": {"ceps": ["53020-1234"]}}, "coverage.ceps[0]", "CEP"),
    ({"coverage": {"ceps": ["54000-000 a 53000-000"]}}, "coverage.ceps[0]", "not after"),
    ({"coverage": {"places": [{"neighbourhoods": []}]}}, "coverage.places[0].city", "missing"),
    (
        {
            "coverage": {
                "places": [
                    {"city": f"Cidade {n}", "neighbourhoods": ["Bairro " + "x" * 50] * 60}
                    for n in range(9)
                ]
            }
        },
        "coverage",
        "characters",
    ),
    ({"unlock": {"days": 0}}, "unlock.days", "1"),
    ({"billing": {"due_days": [5, 5]}}, "billing.due_days", "twice"),
    ({"billing": {"due_days": [32]}}, "billing.due_days[0]", "31"),
    ({"unknown": [{"topic": "IP fixo", "team": "vendas"}]}, "unknown[0].team", "atendimento"),
    ({"more": [{"question": "Tem TV?"}]}, "more[0].answer", "missing"),
    ({"more": [{"question": "q", "answer": "a" * 300}] * 6}, "facts", "shorten them"),
    ({"technologies": ["fibra"] * 9}, "technologies", "8"),
    ({"address": "Rua A\x00, 1"}, "address", "control characters"),
]


@pytest.mark.parametrize(("facts", "place", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, facts: dict[str, Any], place: str, told: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        load_provider_file(tmp_path, build_provider(assistant=build_assistant(facts=facts)))

    lines = str(refused.value).splitlines()[1:]
    assert lines, refused.value
    assert place in lines[0] or "control characters" in lines[0]
    assert "line " in lines[0]
    assert told in "\n".join(lines)


def test_the_demo_providers_facts_are_read_whole() -> None:
    facts = demo_provider_facts.build_known_facts(demo_provider_facts.load_provider_facts())

    assert all(
        getattr(facts, name) != getattr(EMPTY_FACTS, name) for name in FactsConfig.model_fields
    )
    assert {fee.name: fee.amount for fee in facts.fees}["Troca de titularidade"] == 0
    assert facts.coverage.places[0].city == "Olinda"


@pytest.mark.parametrize("word", ["grátis", "Gratis", 0, 0.0])
def test_an_amount_may_be_free_of_charge(word: object) -> None:
    entry = FactsConfig.model_validate({"fees": [{"name": "Visita", "amount": word}]})

    assert entry.to_row() == {"fees": [{"name": "Visita", "amount": 0.0}]}


def test_ceps_are_kept_as_ranges() -> None:
    ceps = ["53020", "50030-12", "53000000-53439999", "55000-000 a 55000-999"]

    entry = FactsConfig.model_validate({"coverage": {"ceps": ceps}})

    assert list(entry.coverage.ceps) == [
        "53020-000 a 53020-999",
        "50030-120 a 50030-129",
        "53000-000 a 53439-999",
        "55000-000 a 55000-999",
    ]
    again = FactsConfig.model_validate(entry.to_row())
    assert again == entry
    assert parse_facts(entry.to_row()).coverage.covers_cep("53020500") is True


def test_a_fine_may_be_an_amount() -> None:
    assert FactsConfig.model_validate({"fine": 1300}).fine == "R$ 1.300,00"


@pytest.mark.parametrize("stored", [None, [], "x", {"fees": 3}, {"coverage": {"places": "a"}}])
def test_what_cannot_be_read_is_no_fact(stored: object) -> None:
    assert parse_facts(stored) == EMPTY_FACTS


def test_what_a_newer_version_adds_is_not_in_the_way() -> None:
    assert parse_facts({"address": "Rua A, 1", "motto": "x"}).address == "Rua A, 1"
