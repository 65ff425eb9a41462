"""What differs from run to run is kept by where it comes from, and comes from there again."""

import json
from datetime import date
from typing import Any

import pytest

from niochat_lab.evaluation.definitions.scenario_people import ScenarioPeople, ScenarioPerson
from niochat_lab.evaluation.responders.model_request import ModelRequest, RequestHistory
from niochat_lab.evaluation.responders.recording_placeholders import (
    MissingPlaceholderError,
    PlaceholderValues,
    collect_placeholder_values,
)

TODAY, LATER = date(2026, 11, 29), date(2027, 1, 5)
MARIA = ScenarioPerson(
    "active", "Maria da Silva", "31820450082", "5581988887777", ("Rua do Sol, 10",)
)


def asked(result: dict[str, Any], told: str = "") -> ModelRequest:
    call = {"id": "c1", "type": "function", "function": {"name": "consultar_faturas"}}
    messages = [
        {"role": "system", "content": f"SITUAÇÃO\n{told or '{}'}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": json.dumps(result)},
    ]
    return ModelRequest("fatura-pix", 2, {"messages": messages})


def values(result: dict[str, Any], today: date = TODAY, told: str = "") -> PlaceholderValues:
    return collect_placeholder_values(
        asked(result, told), ScenarioPeople("5581988887777", MARIA, ()), "20261129000007", today
    )


FIRST = {"ok": True, "valor": "R$ 99,90", "chamado": 5691002, "apresentar": "1 - *R$ 99,90*, hoje"}
OTHER = {"ok": True, "valor": "R$ 12,00", "chamado": 7, "apresentar": "1 - *R$ 12,00*, hoje"}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Oi, Maria! CPF 318.204.500-82", "Oi, {{first_name}}! CPF {{cpf_dotted}}"),
        ("Protocolo: 20261129000007.", "Protocolo: {{protocol}}."),
        ("São R$ 99,90.", "São {{consultar_faturas.valor}}."),
        ("Veja:\n1 - *R$ 99,90*, hoje", "Veja:\n{{consultar_faturas.apresentar}}"),
        ("vence em 04/12/2026, ou 28/11", "vence em {{hoje+5}}, ou {{dia-1}}"),
        ("2026-12-01", "{{iso+2}}"),
        ("chamado 5691002", "chamado {{consultar_faturas.chamado}}"),
        ("nada que mude", "nada que mude"),
        ("Rua do Sol, 10", "{{address1}}"),
        ("05/12/1999 e 99/99/2026", "05/12/1999 e 99/99/2026"),
    ],
)
def test_a_value_is_kept_by_where_it_comes_from(said: str, kept: str) -> None:
    first = values(FIRST)

    assert first.insert_placeholders(said) == kept
    assert first.resolve_placeholders(kept) == said


def test_another_run_fills_in_its_own_values() -> None:
    kept = values(FIRST).insert_placeholders("R$ 99,90 até 04/12/2026, veja 1 - *R$ 99,90*, hoje")

    filled = values(OTHER, LATER).resolve_placeholders(kept)

    assert filled == "R$ 12,00 até 10/01/2027, veja 1 - *R$ 12,00*, hoje"


def test_a_day_of_the_next_year_is_as_far_away() -> None:
    december = values({}, date(2026, 12, 30))

    assert december.insert_placeholders("volta dia 02/01") == "volta dia {{dia+3}}"
    assert values({}, date(2027, 3, 1)).resolve_placeholders("{{dia+3}}") == "04/03"


def test_arguments_keep_their_types() -> None:
    given = {"chamado": 5691002, "opcao": 1, "certo": True, "lista": ["R$ 99,90"]}
    kept = values(FIRST).insert_placeholders(given)

    assert kept["chamado"] == "{{consultar_faturas.chamado}}"
    assert (kept["opcao"], kept["certo"]) == (1, True)
    assert values(FIRST).resolve_placeholders(kept) == given
    other = values({**OTHER, "chamado": 5699999}).resolve_placeholders(kept)
    assert (other["chamado"], other["lista"]) == (5699999, ["R$ 12,00"])


def test_a_weekday_is_that_of_the_situation() -> None:
    told = json.dumps({"equipe_volta": "segunda-feira, 30/11, às 08:00"}, ensure_ascii=False)
    other = json.dumps({"equipe_volta": "quarta-feira, 06/01, às 08:00"}, ensure_ascii=False)

    kept = values({}, TODAY, told).insert_placeholders("A equipe volta na segunda-feira.")

    assert kept == "A equipe volta na {{situacao.equipe_volta|weekday}}."
    assert values({}, LATER, other).resolve_placeholders(kept) == "A equipe volta na quarta-feira."


def test_a_missing_placeholder_value_is_named() -> None:
    with pytest.raises(MissingPlaceholderError, match=r"enviar_fatura\.valor"):
        values(FIRST).resolve_placeholders("{{enviar_fatura.valor}}")


def test_new_is_what_the_request_before_did_not_hold() -> None:
    talk = RequestHistory("c")
    prompt, oi = {"role": "system", "content": "x"}, {"role": "user", "content": "oi"}
    talk.last = talk.add_request({"messages": [prompt, oi]})
    answer = {"role": "assistant", "content": "olá"}

    again = talk.add_request({"messages": [{**prompt, "content": "y"}, oi, answer, oi]})

    assert talk.last.new == [oi]
    assert again.new == [answer, oi]
    assert again.shape() == ["customer"]
    assert again.number == 2


@pytest.mark.parametrize(
    ("content", "by"),
    [("⟦situação⟧ {}", "server"), ("SITUAÇÃO DO ATENDIMENTO (…)", "server"), ("oi", "customer")],
)
def test_the_servers_words_are_told_from_the_customers(content: str, by: str) -> None:
    first = RequestHistory("c").add_request({"messages": [{"role": "user", "content": content}]})

    assert first.new_texts() == [{"from": by, "text": content}]
