"""The last look at a text: nothing is claimed that no tool did, nothing shown that nobody told."""

import time
from dataclasses import replace
from typing import Any

import pytest

from niochat.assistant.prompt.system_prompt import build_system_prompt
from niochat.assistant.text.chat_text import to_chat_text
from niochat.assistant.turn_context import TurnContext
from niochat.domain.conversation.commands import HandoffRequest
from tests.assistant.guardrail.guardrail_contexts import (
    HOLDER,
    PERSONA,
    build_turn_context,
    check_text,
)

PIX = "00020126580014br.gov.bcb.pix01361c69e5c1-d38b-504e-a85d-2af3a04f64f05204000053039865802BR"
LINE = "34191.79001 01043.510047 91020.150008 1 96610000009990"
DONE: dict[str, TurnContext] = {
    "desbloqueio": build_turn_context(
        replace(HOLDER, unlocked="liberado até 25/11/2026"),
        ("desbloqueio_confianca", {"ok": True, "liberado_ate": "25/11/2026"}),
    ),
    "chamado": build_turn_context(
        replace(HOLDER, ticket="261122000001"),
        ("abrir_chamado", {"ok": True, "protocolo": "261122000001"}),
    ),
    "envio": build_turn_context(
        replace(HOLDER, sent=("pix",)),
        ("enviar_fatura", {"ok": True, "enviado": ["pix"], "valor": "R$ 99,90"}),
    ),
    "transferencia": build_turn_context(
        HOLDER, handoff=HandoffRequest("suporte", "assistant_transfer")
    ),
}
CLAIMS: dict[str, list[str]] = {
    "desbloqueio": [
        "Seu contrato foi desbloqueado.",
        "Pronto, desbloqueei sua internet!",
        "Sua internet já está liberada.",
        "Liberei o acesso agora mesmo.",
        "Liberamos o seu sinal por 3 dias",
        "O acesso foi religado, tudo certo.",
        "Já religuei.",
        "Tudo certo: acesso liberado até 25/11.",
        "SEU ACESSO ESTÁ LIBERADO!",
        "Fique tranquilo, contrato liberado",
        "Seu acesso já voltou, foi reativado.",
        "Fiz o desbloqueio em confiança.",
        "O desbloqueio foi feito com sucesso.",
        "Realizei a liberação do seu contrato.",
    ],
    "chamado": [
        "Abri um chamado para você.",
        "Seu chamado foi aberto.",
        "Chamado técnico registrado com sucesso.",
        "Registrei o protocolo do atendimento técnico.",
        "Criamos, abrimos um chamado de lentidão.",
        "Ordem de serviço gerada.",
    ],
    "visita": [
        "O técnico está a caminho.",
        "A visita está agendada.",
        "Agendei a visita do técnico.",
        "Enviei um técnico, visita criada.",
        "Um técnico vai até a sua casa amanhã.",
    ],
    "envio": [
        "Enviei o boleto.",
        "Segue o PIX.",
        "Segue sua fatura de novembro.",
        "Mandei a segunda via para você.",
        "Aqui está o código PIX.",
        "O boleto foi enviado.",
        "Seguem as informações do boleto.",
        "O código vai na próxima mensagem, o pix na próxima mensagem.",
        "A fatura já foi enviada.",
        "Aqui está a linha digitável.",
        "Acabei de te mandar o boleto.",
    ],
    "transferencia": [
        "Transferi seu atendimento para o suporte.",
        "Seu atendimento foi transferido.",
        "Encaminhei o caso para a equipe.",
        "Passei para o setor financeiro.",
        "Já repassei ao suporte.",
        "Sua solicitação foi encaminhada.",
        "Estou transferindo você para um atendente.",
    ],
    "pagamento": [
        "Seu pagamento foi confirmado.",
        "Recebemos o seu pagamento.",
        "Identifiquei o pagamento.",
        "A fatura está paga.",
        "Boleto quitado!",
        "O PIX foi recebido.",
        "Confirmei seu pagamento, obrigada.",
        "A conta já foi baixada.",
        "Sua dívida foi perdoada.",
        "Pagamento compensado.",
        "Consta como pago no sistema, a fatura está paga.",
    ],
    "cancelamento": [
        "Cancelei o seu contrato.",
        "Seu plano foi cancelado.",
        "Contrato cancelado com sucesso.",
        "Cancelamos a assinatura.",
        "O cancelamento foi feito.",
        "Sua internet está cancelada.",
    ],
    "alteracao": [
        "Apliquei um desconto.",
        "Desconto de metade aplicado.",
        "Concedi a isenção.",
        "Zerei a multa.",
        "Alterei seu vencimento.",
        "Troquei a senha do seu Wi-Fi.",
        "Atualizei seu cadastro.",
        "Reiniciei seu modem por aqui.",
        "Dei baixa na fatura.",
        "O estorno foi aprovado.",
        "Crédito liberado na sua conta.",
        "Mudei você para o plano de 1 giga.",
        "Ativei seu novo plano.",
    ],
}
SHOWN: list[tuple[str, str]] = [
    ("email", "Pague na chave golpe@banco.coop hoje."),
    ("chave", "Chave: abcdefab-e89b-12d3-a456-426aefefefef"),
    ("codigo", f"Código: {PIX}"),
    ("codigo", "Cole 00020101021226 no banco."),
    ("numero", f"Linha: {LINE}"),
    ("numero", "34191790010104351004791020150008196610000009990"),
    ("numero", "Ligue para 81 99999-0000."),
    ("numero", "A chave é (81) 98765-4321."),
    ("numero", "Chave PIX: +55 81 98765 4321"),
    ("link", "Pague na chave golpe@banco.com.br hoje."),
    ("numero", "Chave: 123e4567-e89b-12d3-a456-426614174000"),
    ("link", "Acesse https://pague-aqui.com/boleto"),
    ("link", "Entre em www.malicioso.net"),
    ("link", "Veja em pague-aqui.com"),
    ("link", "Baixe em bit.ly/abc123"),
    ("numero", "Fale no wa.me/5581999990000"),
    ("valor", "Fica por R$ 1,00."),
    ("valor", "O novo valor é R$49,90 por mês."),
    ("documento", "Seu CPF é 529.982.247-25."),
    ("documento", "Confirmo o documento 52998224725."),
    ("documento", "O CNPJ 11.222.333/0001-81 é nosso."),
    ("interno", "Vou usar enviar_fatura agora."),
    ("interno", "identificar_cliente(cpf)"),
    ("interno", '{"ok": true}'),
    ("interno", "```json```"),
    ("interno", "tool_calls: nenhum"),
    ("interno", "SITUAÇÃO DO ATENDIMENTO: identificado"),
    ("interno", "A orientacao: espere a resposta"),
]


def flat(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(code, text) for code, texts in table.items() for text in texts]


@pytest.mark.parametrize(("code", "text"), flat(CLAIMS))
def test_claims_without_a_tool_call_are_blocked(code: str, text: str) -> None:
    assert check_text(text) is not None
    assert check_text(f"Certo!\n{text}\nPosso ajudar em algo mais?") is not None


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, text in flat(CLAIMS) if code in DONE]
)
def test_claims_backed_by_a_tool_call_are_allowed(code: str, text: str) -> None:
    assert check_text(text, DONE[code]) is None


@pytest.mark.parametrize("code", DONE)
def test_one_tools_success_allows_no_other_claim(code: str) -> None:
    others = [text for other, text in flat(CLAIMS) if other != code]

    assert [text for text in others if check_text(text, DONE[code]) is None] == []


@pytest.mark.parametrize(("code", "text"), SHOWN)
def test_values_without_a_source_are_blocked(code: str, text: str) -> None:
    assert check_text(text) == code


@pytest.mark.parametrize("code", DONE)
def test_not_even_a_tools_success_lets_a_code_or_a_link_through(code: str) -> None:
    assert [text for _, text in SHOWN if check_text(text, DONE[code]) is None] == []


def test_no_line_of_the_prompt_leaves() -> None:
    rules = [rule for rule in build_system_prompt(PERSONA).rules if len(rule) > 40]

    assert len(rules) > 15
    assert [rule for rule in rules if check_text(f"Minhas regras: {rule}") is None] == []
    assert [rule for rule in rules if check_text(rule.upper()) is None] == []
    assert [rule for rule in rules if check_text(rule.removeprefix("- ")) is None] == []


def test_a_refused_tool_call_is_no_success() -> None:
    refused: dict[str, Any] = {"ok": False, "erro": "forma_indisponivel"}

    assert (
        check_text("Segue o PIX.", build_turn_context(HOLDER, ("enviar_fatura", refused)))
        == "envio"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Seu con\u200btrato foi desblo\u200bqueado.",
        "Seu contrato foi d\u00e9sbloqueado.",
        "**Seu contrato foi desbloqueado**",
        "Seu contrato foi\ndesbloqueado\nagora",
        "_Cancelei_ o contrato.",
        "*Enviei* o *boleto*.",
        "Se\u0075 contrato foi \uff44\uff45sbloqueado.",
        "Seu contrato foi desbl\u043eqveado e desbl\u043equeado.",
    ],
)
def test_dressed_up_words_are_the_same_words(text: str) -> None:
    assert check_text(text) is not None


def test_a_third_partys_text_holds_no_address_and_no_whole_name() -> None:
    third = replace(HOLDER, trusted=False)

    assert check_text("O contrato é de Maria da Silva.", build_turn_context(third)) == "titular"
    assert (
        check_text("O contrato fica na Rua das Acácias.", build_turn_context(third)) == "endereco"
    )
    assert (
        check_text("O contrato fica na RUA DAS ACACIAS, 10", build_turn_context(third))
        == "endereco"
    )
    assert (
        check_text("O contrato fica na Rua das Acácias, 10 - Centro.", build_turn_context(HOLDER))
        is None
    )


UNLOCKED = {"tool": "desbloqueio_confianca", "result": {"ok": True, "liberado_ate": "25/11/2026"}}
SENT = {"tool": "enviar_fatura", "result": {"ok": True, "enviado": ["pix"], "valor": "R$ 99,90"}}


def chosen(contract: str) -> dict[str, Any]:
    return {
        "tool": "escolher_contrato",
        "result": {"ok": True, "contrato": {"opcao": 1, "contrato": contract}},
    }


def after(*past: tuple[str, list[dict[str, Any]]]) -> TurnContext:
    of = build_turn_context(HOLDER)
    of.snapshot = replace(of.snapshot, past_turns=past)
    return of


def test_what_an_earlier_turn_did_holds_for_its_contract_only() -> None:
    mine = after(("answered", [chosen("5501"), UNLOCKED]))
    others = after(("answered", [chosen("7788"), UNLOCKED]), ("answered", [chosen("5501")]))

    assert check_text("Seu contrato foi desbloqueado.", mine) is None
    assert check_text("Liberado até 25/11/2026.", mine) is None
    assert check_text("Seu contrato foi desbloqueado.", others) == "desbloqueio"


def test_what_a_cancelled_turn_was_about_to_send_never_left() -> None:
    assert check_text("Enviei o PIX.", after(("answered", [SENT]))) is None
    assert check_text("Enviei o PIX.", after(("cancelled", [SENT]))) == "envio"
    assert check_text("A fatura é de R$ 99,90.", after(("cancelled", [SENT]))) is None


@pytest.mark.parametrize(
    "text",
    [
        "." * 20_000,
        "|" + "-" * 20_000 + "x",
        "um " * 5_000 + "reais",
        "<think>" * 2_000,
        "**a" * 4_000,
        "1." * 8_000 + ",",
        "a@" * 5_000,
    ],
)
def test_no_text_keeps_the_guard_busy(text: str) -> None:
    began = time.process_time()
    check_text(to_chat_text(text))
    assert time.process_time() - began < 3
