"""Second copies and the trust unlock."""

from typing import Any

import pytest

from niochat_sandbox.scripted_model.flows.connection_flow import explain_block
from niochat_sandbox.scripted_model.keyword_matching import (
    parse_choice_number,
    parse_invoice_format,
)
from niochat_sandbox.scripted_model.model_actions import ToolName, build_tool_call
from niochat_sandbox.scripted_model.turn_view import TurnView
from tests.niochat_sandbox.scripted_model.chat_requests import (
    CONFIRMING,
    CONTRACT,
    KNOWN,
    SUSPENDED,
    Given,
    build_error_result,
    build_ok_result,
    next_action_for,
    next_text_for,
)

ASKED = "> 1 - R$ 99,90\n\nPrefere PIX ou boleto?"
INVOICES = build_ok_result(
    ToolName.LIST_INVOICES,
    faturas=[{"fatura": 1, "valor": "R$ 99,90"}, {"fatura": 2, "valor": "R$ 50,00"}],
    apresentar="1 - R$ 99,90\n2 - R$ 50,00",
)
SEND = ToolName.SEND_INVOICE
WISHING: dict[str, Any] = {**KNOWN, "desejo": "fatura"}


@pytest.mark.parametrize("situation", [KNOWN, SUSPENDED])
def test_invoices_are_listed_blocked_or_not(situation: dict[str, Any]) -> None:
    assert next_action_for("quero a fatura", situation=situation) == build_tool_call(
        ToolName.LIST_INVOICES
    )


def test_no_invoice_is_said_to_be_none() -> None:
    assert "Não há faturas" in next_text_for(
        "fatura", situation=KNOWN, results=(build_ok_result(ToolName.LIST_INVOICES, faturas=[]),)
    )


def test_invoices_are_shown_and_the_form_is_asked_for() -> None:
    text = next_text_for("quero a fatura", situation=KNOWN, results=(INVOICES,))
    assert text == "1 - R$ 99,90\n2 - R$ 50,00\n\nPrefere PIX ou boleto?"


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        (("quero a fatura no pix",), "pix"),
        (("me manda o boleto",), "boleto"),
        (("quero a fatura, pix e boleto",), "ambos"),
        (("manda o pix", "> CPF?", "529.982.247-25", "> Corretas?", "sim"), "pix"),
    ],
)
def test_a_form_said_since_the_wish_is_not_asked_for(lines: tuple[str, ...], form: str) -> None:
    chosen = build_ok_result(ToolName.CHOOSE_CONTRACT, contrato=CONTRACT, desejo="fatura")
    results = (chosen, INVOICES)
    assert next_action_for(*lines, situation=CONFIRMING, results=results) == build_tool_call(
        SEND, forma=form
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pix", build_tool_call(SEND, forma="pix")),
        ("boleto por favor", build_tool_call(SEND, forma="boleto")),
        ("os dois", build_tool_call(SEND, forma="ambos")),
        ("ambos", build_tool_call(SEND, forma="ambos")),
        ("a 2 no pix", build_tool_call(SEND, fatura=2, forma="pix")),
        ("a segunda via no boleto", build_tool_call(SEND, forma="boleto")),
    ],
)
def test_the_named_form_is_sent(text: str, expected: object) -> None:
    assert next_action_for(ASKED, text, situation=KNOWN) == expected


def test_a_known_wish_needs_no_second_list() -> None:
    assert next_action_for("> Mais algo?", "agora o boleto", situation=WISHING) == build_tool_call(
        SEND, forma="boleto"
    )


def test_the_number_of_an_invoice_is_kept_until_the_form_is_named() -> None:
    asked = next_text_for(ASKED, "a 2", situation=KNOWN)
    assert asked == "Fatura 2: prefere PIX ou boleto?"
    lines = (ASKED, "a 2", f"> {asked}", "pix")
    assert next_action_for(*lines, situation=KNOWN) == build_tool_call(SEND, fatura=2, forma="pix")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hum", "prefere PIX ou boleto?"),
        ("obrigado", "Por nada! Para continuar"),
        ("não, deixa", "mais alguma coisa?"),
    ],
)
def test_an_unclear_answer_sends_nothing(text: str, words: str) -> None:
    assert words in next_text_for(ASKED, text, situation=KNOWN)


@pytest.mark.parametrize(
    ("sent", "following"),
    [
        (["pix"], "O código PIX vai sozinho na próxima mensagem."),
        (["boleto"], "O boleto vai na próxima mensagem."),
        (["pix", "boleto"], "O código PIX e o boleto vão nas próximas mensagens."),
    ],
)
def test_what_was_sent_is_told_without_the_code(sent: list[str], following: str) -> None:
    result = build_ok_result(SEND, enviado=sent, valor="R$ 99,90", vencimento="10/11/2026")
    text = next_text_for("pix", situation=KNOWN, results=(result,))
    assert text == f"Segue sua fatura de R$ 99,90 com vencimento em 10/11/2026. {following}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (build_error_result(SEND, "sem_fatura"), "Não há faturas"),
        (build_error_result(SEND, "fatura_invalida"), "não está na lista"),
        (build_error_result(SEND, "forma_indisponivel", formas=["boleto"]), "Pode ser boleto?"),
        (build_error_result(SEND, "nao_confirmado"), "corretos?"),
        (build_error_result(ToolName.UNLOCK, "nao_bloqueado"), "sem bloqueio"),
        (build_error_result(ToolName.UNLOCK, "ja_usado"), "já foi usado"),
        (build_error_result(ToolName.UNLOCK, "nao_pedido"), "me escreva"),
        (build_error_result(ToolName.UNLOCK, "terceiro"), "titular"),
        (
            build_error_result(ToolName.UNLOCK, "recusado", motivo="Limite atingido."),
            "pedido: Limite atingido.",
        ),
        (build_error_result(ToolName.UNLOCK, "incerto"), "Não consegui confirmar"),
    ],
)
def test_a_refusal_is_told_truly(error: Given, words: str) -> None:
    text = next_text_for("quero", situation=KNOWN, results=(error,))
    assert words in text
    assert "Segue" not in text


@pytest.mark.parametrize(
    "text", ["quero o desbloqueio em confiança", "pode liberar?", "em confiança"]
)
def test_an_unlock_is_requested_in_the_customers_words(text: str) -> None:
    asked = f"> {explain_block(TurnView(offered=frozenset(ToolName)))}"
    assert next_action_for(asked, text, situation=SUSPENDED) == build_tool_call(
        ToolName.UNLOCK, palavras=text
    )


def test_an_unlock_keeps_the_words_said_before_the_confirmation() -> None:
    chosen = build_ok_result(ToolName.CHOOSE_CONTRACT, contrato=CONTRACT, desejo="desbloqueio")
    lines = ("quero desbloqueio", "> CPF?", "529.982.247-25", "> Corretas?", "sim")
    expected = build_tool_call(ToolName.UNLOCK, palavras="quero desbloqueio")
    assert next_action_for(*lines, situation=CONFIRMING, results=(chosen,)) == expected


def test_an_unlock_is_told_with_its_end_and_protocol() -> None:
    done = build_ok_result(ToolName.UNLOCK, liberado_ate="25/11/2026", protocolo="77")
    text = next_text_for("desbloqueio", situation=SUSPENDED, results=(done,))
    assert "liberado até 25/11/2026" in text
    assert "77" in text


@pytest.mark.parametrize(
    ("text", "form"),
    [("pix ou boleto", None), ("tanto faz", None), ("PIX", "pix"), ("boletos", "boleto")],
)
def test_an_undecided_invoice_format_is_none(text: str, form: str | None) -> None:
    assert parse_invoice_format(text) == form


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("a fatura 2, no pix", 2),
        ("2", 2),
        ("a segunda", 2),
        ("vence 10/11", None),
        ("R$ 99,90", None),
    ],
)
def test_the_number_of_an_invoice_is_read_from_a_sentence(said: str, number: int | None) -> None:
    assert parse_choice_number(said) == number
