"""Greeting, identification and the choice of the contract."""

from typing import Any

import pytest

from niochat_sandbox.scripted_model.keyword_matching import find_tax_id
from niochat_sandbox.scripted_model.model_actions import ScriptedToolCall, ToolName, build_tool_call
from tests.niochat_sandbox.scripted_model.chat_requests import (
    CHOOSING,
    CONFIRMING,
    CONTRACT,
    CPF,
    DIGITS,
    KNOWN,
    WITHOUT_ERP,
    build_error_result,
    build_ok_result,
    next_action_for,
    next_text_for,
)

ASKED = "> Para ver sua fatura, me informe o CPF ou CNPJ do titular, por favor."
IDENTIFY, CHOOSE = ToolName.IDENTIFY, ToolName.CHOOSE_CONTRACT


def test_a_greeting_is_answered_by_the_persona() -> None:
    prompt = "Você é a Bia.\n\nOlá! Eu sou a Bia, da Rede Clara. Como posso ajudar?"
    assert next_text_for("Bom dia", prompt=prompt).startswith("Olá! Eu sou a Bia")
    assert next_text_for("Oi", prompt="Você é a Bia.\nSaudação: Aqui é a Bia!") == (
        "Aqui é a Bia! Como posso ajudar?"
    )
    assert next_text_for("oii") == "Olá! Como posso ajudar?"


def test_a_greeting_with_a_wish_is_answered_with_one_question() -> None:
    text = next_text_for("Oi, quero a 2ª via")
    assert text == "Olá! Para ver sua fatura, me informe o CPF ou CNPJ do titular, por favor."


@pytest.mark.parametrize(
    "wish",
    [
        "minha fatura",
        "manda o boleto",
        "2ª via",
        "quero pagar",
        "pix",
        "estou sem internet",
        "a internet caiu",
        "não conecta",
        "tem uma luz vermelha",
        "LOS piscando",
        "internet lenta",
        "que lentidão",
        "tá muito devagar",
        "quero desbloqueio",
        "pode liberar?",
        "por confiança",
        "promessa de pagamento",
        "meu chamado",
        "protocolo",
        "visita técnica",
    ],
)
def test_a_stranger_is_asked_for_the_document_first(wish: str) -> None:
    text = next_text_for(wish, situation={"identificado": False})
    assert "CPF ou CNPJ" in text
    assert text.count("?") == 0


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        (CPF, DIGITS),
        (DIGITS, DIGITS),
        ("529 982 247 25", DIGITS),
        ("meu cpf é 529.982.247-25.", DIGITS),
        ("11.222.333/0001-81", "11222333000181"),
        ("11222333000181", "11222333000181"),
        ("529.982.247 - 25", DIGITS),
        ("5299822472", None),
        ("529982247251", None),
        ("sem número", None),
    ],
)
def test_a_document_is_eleven_or_fourteen_digits(text: str, digits: str | None) -> None:
    assert find_tax_id(text) == digits


@pytest.mark.parametrize(
    ("lines", "wish"),
    [
        (("quero o boleto", ASKED, CPF), "fatura"),
        (("minha internet está lenta", ASKED, DIGITS), "lentidao"),
        (("boleto", ASKED, f"aliás, estou sem internet. {CPF}"), "sem_internet"),
    ],
)
def test_a_document_is_looked_up_with_the_newest_wish(lines: tuple[str, ...], wish: str) -> None:
    assert next_action_for(*lines) == build_tool_call(IDENTIFY, cpf_cnpj=DIGITS, desejo=wish)


def test_a_document_without_a_wish_is_looked_up_alone() -> None:
    assert next_action_for(CPF) == build_tool_call(IDENTIFY, cpf_cnpj=DIGITS)


def test_something_else_than_the_document_is_not_taken_for_one() -> None:
    assert "com todos os números" in next_text_for("boleto", ASKED, "529982")


def test_who_was_found_is_shown_as_the_system_wants_it() -> None:
    found = build_ok_result(IDENTIFY, contratos=[CONTRACT], apresentar="Contrato:\n*ANA*")
    assert next_text_for(CPF, results=(found,)) == "Contrato:\n*ANA*"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (build_error_result(IDENTIFY, "documento_invalido"), "não é válido"),
        (build_error_result(IDENTIFY, "documento_nao_informado"), "nas suas mensagens"),
        (build_error_result(IDENTIFY, "nao_encontrado", tentativas=1), "Confira"),
        (build_error_result(IDENTIFY, "nao_encontrado", tentativas=2), "planos ou chamar"),
        (build_error_result(IDENTIFY, "limite_de_consultas"), "outro documento"),
        (build_error_result(IDENTIFY, "sem_contrato_ativo"), "sem contrato ativo"),
        (build_error_result(IDENTIFY, "argumento_invalido"), "escrever de novo"),
        (build_error_result(IDENTIFY, "algo_novo"), "com a equipe"),
        (build_error_result(CHOOSE, "opcao_invalida"), "não está na lista"),
        (build_error_result(CHOOSE, "nao_identificado"), "CPF ou CNPJ"),
        (build_error_result(CHOOSE, "nao_confirmado"), "corretos?"),
        (build_error_result(CHOOSE, "aguarde_resposta"), "corretos?"),
    ],
)
def test_a_refused_identification_is_told_truly(error: Any, words: str) -> None:
    assert words in next_text_for(CPF, results=(error,))


@pytest.mark.parametrize("yes", ["sim", "isso", "correto", "confirmo", "ok", "s", "1", "Oi\nSim!"])
def test_a_yes_confirms_the_contract(yes: str) -> None:
    expected = build_tool_call(CHOOSE, opcao=1, palavras=yes.split("\n")[-1])
    assert next_action_for("> Corretas?", yes, situation=CONFIRMING) == expected


@pytest.mark.parametrize("no", ["não", "nao", "n", "está errado", "incorreto"])
def test_a_no_asks_for_the_right_document(no: str) -> None:
    text = next_text_for("> Corretas?", no, situation=CONFIRMING)
    assert "CPF ou CNPJ" in text
    assert "atendente" in text


def test_a_no_with_another_document_looks_that_up() -> None:
    text = f"não, é {CPF}"
    assert next_action_for("> Corretas?", text, situation=CONFIRMING) == build_tool_call(
        IDENTIFY, cpf_cnpj=DIGITS
    )


@pytest.mark.parametrize("other", ["obrigado", "quanto custa?", "boleto"])
def test_what_is_neither_yes_nor_no_gets_the_question_again(other: str) -> None:
    assert "corretos?" in next_text_for("> Corretas?", other, situation=CONFIRMING)


@pytest.mark.parametrize(
    ("text", "option"), [("2", 2), ("o 3 por favor", 3), ("a primeira", 1), ("opção 12", 12)]
)
def test_a_number_chooses_among_several(text: str, option: int) -> None:
    assert next_action_for("> Qual?", text, situation=CHOOSING) == build_tool_call(
        CHOOSE, opcao=option, palavras=text
    )


def test_no_number_chooses_nothing() -> None:
    assert "número do contrato" in next_text_for("> Qual?", "esse mesmo", situation=CHOOSING)
    assert "correto" in next_text_for("> Qual?", "nenhum", situation=CHOOSING)


@pytest.mark.parametrize(
    ("wish", "tool"),
    [
        ("fatura", ToolName.LIST_INVOICES),
        ("sem_internet", ToolName.CHECK_MAINTENANCE),
        ("lentidao", ToolName.CHECK_CONNECTION),
        ("desbloqueio", ToolName.UNLOCK),
        ("chamado", ToolName.LIST_TICKETS),
        ("planos", ToolName.LIST_PLANS),
    ],
)
def test_after_the_confirmation_the_wish_goes_on(wish: str, tool: ToolName) -> None:
    chosen = build_ok_result(CHOOSE, contrato=CONTRACT, desejo=wish)
    action = next_action_for("> Corretas?", "sim", situation=CONFIRMING, results=(chosen,))
    assert isinstance(action, ScriptedToolCall)
    assert action.name == tool


@pytest.mark.parametrize("wish", [None, "outro"])
def test_after_the_confirmation_without_a_wish_help_is_offered(wish: str | None) -> None:
    chosen = build_ok_result(CHOOSE, contrato=CONTRACT, desejo=wish)
    assert "Como posso ajudar" in next_text_for("sim", situation=CONFIRMING, results=(chosen,))


def test_without_an_erp_people_take_over() -> None:
    action = next_action_for("quero meu boleto", offered=WITHOUT_ERP)
    assert isinstance(action, ScriptedToolCall)
    assert action.name == ToolName.TRANSFER
    assert '"setor":"financeiro"' in action.arguments
    assert (
        next_text_for("quero meu boleto", offered=frozenset()) == "Vou verificar isso com a equipe."
    )


def test_a_confirmed_customer_is_not_asked_again() -> None:
    assert next_action_for("quero a fatura", situation=KNOWN) == build_tool_call(
        ToolName.LIST_INVOICES
    )
