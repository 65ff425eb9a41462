"""Texts are chosen and filled in, and interest is read from the assistant's tools."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from niochat.domain.follow_up.buying_interest import (
    TOOLS_WITH_INTEREST,
    BuyingInterest,
    ShownInterest,
    ToolCall,
    find_interest,
)
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy, render_follow_up
from niochat.domain.insights.contact_reasons import TOOLS_WITH_REASON

PLANS = {"ok": True, "planos": [{"opcao": 1, "nome": "Fibra 500", "preco": "R$ 1.099,90"}]}


def call(tool: str, result: dict[str, Any] | None = None, **arguments: Any) -> ToolCall:
    return ToolCall(tool, arguments, result or {"ok": True})


def test_the_same_conversation_gets_the_same_text_and_all_texts_are_used() -> None:
    policy = FollowUpPolicy(texts=(("a", "b", "c"),))
    chosen = [policy.text_for(uuid5(UUID(int=0), str(n)), 1) for n in range(300)]
    again = [policy.text_for(uuid5(UUID(int=0), str(n)), 1) for n in range(300)]
    assert chosen == again
    assert min(Counter(chosen).values()) > 50
    assert {number for number, _ in chosen} == {1, 2, 3}


@pytest.mark.parametrize(
    ("name", "plan", "told"),
    [
        ("Maria da Silva", "Fibra 500", "Oi, Maria! O que acha de o plano Fibra 500 da Rede?"),
        (None, "", "Oi! O que acha de nossos planos da Rede?"),
        ("  ", "", "Oi! O que acha de nossos planos da Rede?"),
    ],
)
def test_placeholders_are_replaced(name: str | None, plan: str, told: str) -> None:
    text = "Oi, {nome}! O que acha de {plano} da {empresa}?"
    assert render_follow_up(text, name, plan, "Rede") == told


def test_the_strongest_interest_and_the_chosen_plan_count() -> None:
    calls = [
        call("verificar_cobertura", {"ok": True, "cobertura": "sim"}),
        call("listar_planos", PLANS),
        call("registrar_interesse", plano=1),
        call("listar_planos", PLANS),
    ]
    assert find_interest(calls) == ShownInterest(
        BuyingInterest.REGISTERED, "Fibra 500", Decimal("1099.90")
    )
    assert find_interest(calls[:1]) == ShownInterest(BuyingInterest.COVERAGE)


@pytest.mark.parametrize(
    "calls",
    [
        [],
        [call("listar_planos", {"ok": False, "erro": "x"})],
        [call("verificar_cobertura", {"ok": True, "cobertura": "nao"})],
        [call("consultar_faturas")],
        [call("listar_planos", PLANS), call("registrar_solicitacao")],
    ],
)
def test_other_tools_tell_no_interest(calls: list[ToolCall]) -> None:
    assert find_interest(calls) is None


def test_odd_results_of_tools_are_no_error() -> None:
    odd = {"ok": True, "planos": [None, {"opcao": "x"}, {"opcao": 1, "preco": "grátis"}]}
    calls = [call("listar_planos", odd), call("registrar_interesse", plano=1)]
    assert find_interest(calls) == ShownInterest(BuyingInterest.REGISTERED)


def test_the_tools_are_those_of_the_assistant() -> None:
    assert set(TOOLS_WITH_INTEREST) <= TOOLS_WITH_REASON
