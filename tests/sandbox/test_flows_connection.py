"""No internet, slow internet and service orders."""

from typing import Any

import pytest

from niochat.sandbox.flows.actions import ScriptedToolCall, ToolName, build_tool_call
from niochat.sandbox.flows.connection import CABLE, LOCAL, POWER, RESTART, TEST_BY_CABLE
from niochat.sandbox.flows.questions import ModelQuestion
from niochat.sandbox.flows.tickets import NONE_FOUND

from .flows import BLOCKED, CONFIRMING, CONTRACT, KNOWN, SUSPENDED, act, failed, ok, say

LIGHT = f"> Seu equipamento aparece sem sinal. {ModelQuestion.LOS}"
CHECK, MAINTENANCE, TICKET = (
    ToolName.CHECK_CONNECTION,
    ToolName.CHECK_MAINTENANCE,
    ToolName.OPEN_TICKET,
)
QUIET = ok(MAINTENANCE, manutencao=None)


def opens(action: object, category: str) -> bool:
    return (
        isinstance(action, ScriptedToolCall)
        and action.name == TICKET
        and f'"categoria":"{category}"' in action.arguments
    )


@pytest.mark.parametrize("wish", ["sem internet", "internet lenta"])
def test_a_blocked_contract_is_explained_without_a_check(wish: str) -> None:
    text = say(wish, situation=SUSPENDED)
    assert "fatura pendente" in text
    assert "pagar agora (PIX ou boleto) ou o desbloqueio em confiança?" in text


def test_without_the_unlock_only_payment_is_offered() -> None:
    text = say("sem internet", situation=SUSPENDED, offered=frozenset({ToolName.SEND_INVOICE}))
    assert "confiança" not in text
    assert "prefere PIX ou boleto?" in text


def test_a_contract_just_confirmed_may_be_blocked() -> None:
    chosen = ok(ToolName.CHOOSE_CONTRACT, contrato=BLOCKED, desejo="sem_internet")
    assert "fatura pendente" in say("sim", situation=CONFIRMING, results=(chosen,))


@pytest.mark.parametrize("text", ["sim", "obrigado", "hum"])
def test_the_ways_out_of_a_block_are_offered_until_one_is_chosen(text: str) -> None:
    asked = f"> {say('sem internet', situation=SUSPENDED)}"
    assert ModelQuestion.BLOCKED in say(asked, text, situation=SUSPENDED)
    assert act(asked, "pix", situation=SUSPENDED) == build_tool_call(ToolName.LIST_INVOICES)


def test_maintenance_is_looked_at_before_the_line() -> None:
    assert act("sem internet", situation=KNOWN) == build_tool_call(MAINTENANCE)
    assert act("sem internet", situation=KNOWN, results=(QUIET,)) == build_tool_call(CHECK)
    assert act("caiu", situation=KNOWN, offered=frozenset({CHECK})) == build_tool_call(CHECK)


@pytest.mark.parametrize(
    "text",
    [
        "tô sem net",
        "minha internet não tá funcionando",
        "a net não pega",
        "fica caindo toda hora",
        "não consigo acessar",
        "bloquearam minha internet",
    ],
)
def test_no_internet_has_many_words(text: str) -> None:
    assert act(text, situation=KNOWN) == build_tool_call(MAINTENANCE)


def test_maintenance_is_told_without_a_ticket() -> None:
    known = ok(MAINTENANCE, manutencao={"mensagem": "Fibra rompida.", "previsao": "18:00"})
    text = say("sem internet", situation=KNOWN, results=(known,))
    assert "Fibra rompida. Previsão: 18:00." in text


@pytest.mark.parametrize(
    ("wish", "state", "words"),
    [
        ("sem internet", "online", "rede da casa"),
        ("internet lenta", "online", "Wi-Fi ou cabo?"),
        ("sem internet", "offline", ModelQuestion.LOS),
        ("internet lenta", "offline", ModelQuestion.LOS),
    ],
)
def test_the_lines_state_decides_the_question(wish: str, state: str, words: str) -> None:
    results = (QUIET, ok(CHECK, estado=state, luz=False))
    assert words in say(wish, situation=KNOWN, results=results)


@pytest.mark.parametrize("state", ["desconhecido", None, "outra coisa"])
def test_an_unknown_state_is_never_told_as_offline(state: str | None) -> None:
    results = (ok(CHECK, estado=state, luz=None),)
    action = act("sim", situation=KNOWN, results=results)
    assert isinstance(action, ScriptedToolCall)
    assert action.name == ToolName.TRANSFER
    assert '"setor":"suporte"' in action.arguments


@pytest.mark.parametrize("text", ["sim", "tá vermelha", "tem luz vermelha piscando", "s"])
def test_a_red_light_opens_a_ticket(text: str) -> None:
    assert opens(act("sem internet", LIGHT, text, situation=KNOWN), "los_vermelho")


@pytest.mark.parametrize("text", ["não", "está verde", "não está vermelha", "apagada"])
def test_another_light_asks_for_the_plug(text: str) -> None:
    assert say("sem internet", LIGHT, text, situation=KNOWN) == POWER


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("⟦imagem⟧", "em texto"),
        ("obrigado", "Por nada!"),
        ("não sei onde fica", "tomada"),
        ("qual luz?", ModelQuestion.LOS),
    ],
)
def test_an_unclear_light_opens_nothing(text: str, words: str) -> None:
    assert words in say("sem internet", LIGHT, text, situation=KNOWN)


@pytest.mark.parametrize("asked", [POWER, LOCAL])
@pytest.mark.parametrize(
    "text",
    ["não voltou", "não", "continua sem internet", "nada", "não resolveu", "sim mas não deu"],
)
def test_still_out_opens_a_ticket(asked: str, text: str) -> None:
    action = act("sem internet", f"> {asked}", text, situation=KNOWN)
    assert opens(action, "sem_conexao")


@pytest.mark.parametrize("asked", [POWER, LOCAL])
@pytest.mark.parametrize("text", ["voltou", "sim", "voltou, obrigado", "funcionou!"])
def test_back_again_opens_nothing(asked: str, text: str) -> None:
    assert "Que bom!" in say("sem internet", f"> {asked}", text, situation=KNOWN)


@pytest.mark.parametrize("text", ["ok", "obrigado", "vou testar"])
def test_a_promise_to_try_is_not_a_success(text: str) -> None:
    assert "voltou?" in say("sem internet", f"> {POWER}", text, situation=KNOWN)


@pytest.mark.parametrize("asked", [CABLE, TEST_BY_CABLE, RESTART])
@pytest.mark.parametrize("text", ["continua lenta", "no cabo também", "não melhorou"])
def test_still_slow_opens_a_ticket(asked: str, text: str) -> None:
    assert opens(act("internet lenta", f"> {asked}", text, situation=KNOWN), "lentidao")


@pytest.mark.parametrize(
    ("asked", "text", "answer"),
    [
        (CABLE, "wifi", TEST_BY_CABLE),
        (CABLE, "no Wi-Fi", TEST_BY_CABLE),
        (CABLE, "no cabo", RESTART),
    ],
)
def test_slow_internet_is_tried_by_cable(asked: str, text: str, answer: str) -> None:
    assert say("internet lenta", f"> {asked}", text, situation=KNOWN) == answer


def test_better_again_opens_nothing() -> None:
    assert "Que bom!" in say("lenta", f"> {RESTART}", "melhorou", situation=KNOWN)


def test_another_wish_leaves_a_question() -> None:
    lines = ("sem internet", f"> {POWER}", "quero a fatura")
    assert act(*lines, situation=KNOWN) == build_tool_call(ToolName.LIST_INVOICES)


def test_a_tickets_symptoms_hold_no_document() -> None:
    lines = ("sem internet 529.982.247-25", LIGHT, "sim")
    action = act(*lines, situation=KNOWN)
    assert isinstance(action, ScriptedToolCall)
    assert "sem internet" in action.arguments
    assert "529" not in action.arguments


def test_an_opened_ticket_is_told_with_its_protocol() -> None:
    text = say("sim", situation=KNOWN, results=(ok(TICKET, protocolo="20261"),))
    assert "Chamado aberto com o protocolo 20261" in text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (failed(CHECK, "contrato_bloqueado"), "fatura pendente"),
        (failed(CHECK, "em_manutencao", mensagem="Poste caiu", previsao=None), "Poste caiu."),
        (failed(CHECK, "terceiro"), "titular"),
        (failed(MAINTENANCE, "nao_identificado"), "CPF ou CNPJ"),
        (failed(TICKET, "contrato_bloqueado"), "fatura pendente"),
        (failed(TICKET, "em_manutencao", mensagem="Poste caiu", previsao="9h"), "9h"),
        (failed(TICKET, "ja_existe", protocolo="55"), "protocolo 55"),
        (failed(TICKET, "recusado", motivo="Sem vaga"), "Sem vaga"),
        (failed(TICKET, "incerto"), "Não consegui confirmar"),
        (failed(ToolName.LIST_TICKETS, "terceiro"), "titular"),
    ],
)
def test_a_refusal_is_told_truly(error: Any, words: str) -> None:
    text = say("sem internet", situation={"contrato": CONTRACT}, results=(error,))
    assert words in text
    assert "Chamado aberto" not in text


@pytest.mark.parametrize("text", ["meu chamado", "qual o protocolo?", "e a visita técnica?"])
def test_tickets_are_listed(text: str) -> None:
    assert act(text, situation=KNOWN) == build_tool_call(ToolName.LIST_TICKETS)


@pytest.mark.parametrize(
    "text", ["quero abrir um chamado", "novo chamado", "agendar visita técnica"]
)
def test_a_new_ticket_is_opened_when_asked_for(text: str) -> None:
    assert opens(act(text, situation=KNOWN), "outro")


def test_listed_tickets_are_told_one_a_line() -> None:
    tickets = [{"protocolo": "9", "situacao": "encerrado", "data": "01/11/2026"}]
    text = say("chamado", situation=KNOWN, results=(ok(ToolName.LIST_TICKETS, chamados=tickets),))
    assert "- Protocolo 9: encerrado, de 01/11/2026" in text


def test_no_ticket_offers_a_new_one() -> None:
    none = ok(ToolName.LIST_TICKETS, chamados=[])
    assert say("chamado", situation=KNOWN, results=(none,)) == NONE_FOUND
    assert opens(act("chamado", f"> {NONE_FOUND}", "sim", situation=KNOWN), "outro")
    assert "mais alguma coisa?" in say(f"> {NONE_FOUND}", "não", situation=KNOWN)
