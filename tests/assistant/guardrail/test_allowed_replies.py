"""An honest assistant is not stopped: what it usually says passes the guard."""

import inspect
from dataclasses import replace
from types import ModuleType

import pytest

from niochat.assistant.guardrail.output_guardrail import find_violation
from niochat.assistant.handoff.handoff_messages import format_handoff_notice
from niochat.assistant.prompt.system_prompt import build_system_prompt
from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.domain.conversation.commands import HandoffRequest
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.message import Author
from niochat_sandbox.scripted_model import open_questions
from niochat_sandbox.scripted_model.flows import (
    closing_flow,
    connection_flow,
    identification_flow,
    invoice_flow,
    plan_flow,
    shared_steps,
    ticket_flow,
    tool_error_replies,
)
from tests.assistant.guardrail.guardrail_contexts import (
    HOLDER,
    PROTOCOL,
    build_turn_context,
    check_text,
)

ORDINARY = [
    "Olá! Sou a Nia, da Rede Azul Fibra. Como posso ajudar?",
    "Olá! Sou a Nia. Loja: Rua do Porto, 5. Site: https://redeazul.example.com.br",
    f"Seu protocolo é {PROTOCOL}.",
    "Para ver sua fatura, me informe o CPF ou CNPJ do titular, por favor.",
    "Você prefere pagar agora (PIX ou boleto) ou o desbloqueio em confiança?",
    "Quer que eu envie o boleto por aqui?",
    "Posso abrir um chamado para você?",
    "Quer que eu transfira seu atendimento para o suporte?",
    "Se o pagamento for confirmado, o acesso volta em minutos.",
    "Depois que o pagamento for recebido, o contrato é liberado automaticamente.",
    "Assim que o boleto for pago, a internet será religada.",
    "Ainda não foi possível confirmar o pagamento.",
    "Não consta pagamento recebido até agora.",
    "O contrato ainda não foi desbloqueado.",
    "Seu contrato não está liberado.",
    "Não posso cancelar o contrato por aqui.",
    "O cancelamento é feito somente pela equipe.",
    "Não consigo aplicar desconto.",
    "Não há chamado aberto para este contrato.",
    "Nenhum chamado foi aberto ainda.",
    "Se não resolver, vou abrir um chamado.",
    "Vou verificar isso com a equipe.",
    "A baixa é automática: no PIX leva minutos, no boleto até 3 dias úteis.",
    "Seu contrato está suspenso por uma fatura pendente.",
    "O seu contrato está ativo e sem bloqueio.",
    "Desligue o modem da tomada por 30 segundos e ligue de novo.",
    "A luz LOS do modem está vermelha?",
    "Você está usando Wi-Fi ou cabo?",
    "Seu equipamento aparece conectado no sistema.",
    "Há uma manutenção na sua região. A equipe está no local.",
    "O código PIX tem validade até o vencimento.",
    "O boleto pode ser pago em qualquer banco ou lotérica.",
    "Quantos aparelhos ficam conectados ao mesmo tempo?",
    "Qual é o seu nome completo?",
    "Qual é o endereço completo da instalação?",
    "Obrigado por avisar! Se precisar, é só chamar.",
    "Por segurança, isso só pode ser feito pelo titular.",
    "Esse CPF ou CNPJ não é válido. Confira e envie de novo, por favor.",
    "Desculpe, não encontrei cadastro com esse documento.",
    "Eu que agradeço! Tenha uma ótima noite.",
    "Entendi. Faz quanto tempo que caiu?",
    "Boa notícia: o acesso voltou? Me conte.",
    "Já foi tentado outro cabo? Às vezes o cabo está solto.",
    "Posso ajudar com faturas, conexão e planos.",
    "Seu contrato é o 5501, na Rua das Acácias, 10 - Centro.",
    "Anotado. Aguarde um instante, por favor.",
    "Se não resolver, um técnico vai até a sua casa.",
    "Para o acesso ser liberado, é preciso pagar a fatura pendente.",
    "Não consegui confirmar se deu certo. A equipe vai verificar.",
]
OF_THE_PROVIDER = "Das 8h às 18h, de segunda a sexta. Instalação: até 5 dias. Reajuste: 5%."
KNOWN_FIGURES = [
    "Atendemos das 8h às 18h, de segunda a sexta.",
    "O plano tem instalação em até 5 dias.",
    "O reajuste é de 5% ao ano, conforme o contrato.",
]
ALL_DONE = build_turn_context(
    replace(HOLDER, unlocked="liberado até 25/11/2026", ticket="261122000001", sent=("pix",)),
    ("consultar_faturas", {"ok": True, "faturas": []}),
    ("abrir_chamado", {"ok": True, "protocolo": "261122000001"}),
    ("desbloqueio_confianca", {"ok": True, "protocolo": "261122000002"}),
    ("enviar_fatura", {"ok": True, "valor": "R$ 99,90", "vencimento": "10/11/2026"}),
    handoff=HandoffRequest("suporte", "ticket_opened"),
)
AFTER_TOOLS = [
    "Segue sua fatura de R$ 99,90, vencimento 10/11/2026.",
    "Segue sua fatura de R$99,90, vencimento 10/11/2026.",
    "Segue sua fatura de R$ 99,90 com vencimento em 10/11/2026. "
    "O código PIX vai sozinho na próxima mensagem.",
    "Abri um chamado técnico. Protocolo do chamado: 261122000001. "
    "A equipe de suporte continua por aqui.",
    "O desbloqueio em confiança foi feito, liberado até 25/11/2026. Protocolo: 261122000002. "
    "Desligue e ligue o roteador; a volta pode levar até 10 minutos.",
    f"Obrigado pelo contato! Protocolo: {PROTOCOL}",
    "Pronto! Seu acesso está liberado até 25/11/2026. Protocolo: 261122000002. "
    "Desligue e ligue o roteador; a conexão volta em até 10 minutos.",
]
FLOWS = (
    closing_flow,
    connection_flow,
    tool_error_replies,
    identification_flow,
    invoice_flow,
    shared_steps,
    plan_flow,
    open_questions,
    ticket_flow,
)


def said_by(module: ModuleType) -> list[str]:
    """The sentences that stand in a module, alone or in tables."""
    own_names = {name: each for name, each in vars(module).items() if not name.startswith("__")}
    tables = [value for value in own_names.values() if isinstance(value, dict)]
    found = [value for value in own_names.values() if isinstance(value, str)]
    found += [value for table in tables for value in table.values() if isinstance(value, str)]
    own = inspect.getdoc(module) or ""
    return [each for each in found if " " in each and each not in own and "/" not in each]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_sentences_pass(text: str) -> None:
    assert check_text(text) is None


@pytest.mark.parametrize("text", KNOWN_FIGURES)
def test_figures_pass_where_the_provider_told_them_and_only_there(text: str) -> None:
    rules = build_system_prompt({}).rules

    assert find_violation(text, build_turn_context(), OF_THE_PROVIDER, rules) is None
    assert check_text(text) is not None


@pytest.mark.parametrize("text", AFTER_TOOLS)
def test_what_is_said_after_tools_passes(text: str) -> None:
    assert check_text(text, ALL_DONE) is None


@pytest.mark.parametrize("module", FLOWS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_the_simulated_model_says_passes(module: ModuleType) -> None:
    sentences = said_by(module)

    assert sentences
    assert {
        text: check_text(text, ALL_DONE) for text in sentences if check_text(text, ALL_DONE)
    } == {}


def test_what_the_system_itself_says_passes() -> None:
    of, policy = ALL_DONE, ConversationPolicy()

    for text in (format_handoff_notice(of, "suporte"), policy.reminder_text, policy.close_text):
        assert check_text(text.replace("{protocol}", PROTOCOL), of) is None


def test_what_was_told_may_be_told_again() -> None:
    lines = (
        TranscriptLine(
            Author.AGENT, "ligue 0800 081 1234 ou veja https://redeazul.example.com.br/2via"
        ),
    )
    plan_flow = ("listar_planos", {"ok": True, "apresentar": "1 - FIBRA: R$ 79,90 por mês"})
    of = build_turn_context(HOLDER, plan_flow, lines=lines)

    assert check_text("O telefone é 0800 081 1234.", of) is None
    assert check_text("Veja em https://redeazul.example.com.br/2via.", of) is None
    assert check_text("O plano FIBRA custa R$ 79,90.", of) is None


def test_what_only_the_customer_wrote_is_not_known() -> None:
    lines = (
        TranscriptLine(
            Author.CUSTOMER, "pague em https://golpe.com a chave 81 98765-4321, R$ 5,00"
        ),
    )
    of = build_turn_context(HOLDER, lines=lines)

    for text in ("Pague em https://golpe.com", "Chave 81 98765-4321", "São R$ 5,00"):
        assert check_text(text, of) is not None


def test_the_providers_own_number_is_no_secret() -> None:
    persona = {"company": "Rede Azul, CNPJ 11.222.333/0001-81"}
    prompt = build_system_prompt(persona)

    told = find_violation(
        "Nosso CNPJ é 11.222.333/0001-81.", build_turn_context(), prompt.persona_text, prompt.rules
    )
    other = find_violation(
        "Seu CPF é 529.982.247-25.", build_turn_context(), prompt.persona_text, prompt.rules
    )

    assert told is None
    assert other is not None
    assert (other.code, other.sentence) == ("documento", "Seu CPF é 529.982.247-25.")
