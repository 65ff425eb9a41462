"""No internet, slow internet and service orders."""

from typing import Any

import pytest

from niochat_sandbox.scripted_model.flows.connection_flow import (
    CABLE,
    LOCAL,
    POWER,
    RESTART,
    TEST_BY_CABLE,
)
from niochat_sandbox.scripted_model.flows.ticket_flow import NONE_FOUND
from niochat_sandbox.scripted_model.model_actions import ScriptedToolCall, ToolName, build_tool_call
from niochat_sandbox.scripted_model.open_questions import ModelQuestion
from tests.niochat_sandbox.scripted_model.chat_requests import (
    BLOCKED,
    CONFIRMING,
    CONTRACT,
    KNOWN,
    SUSPENDED,
    build_error_result,
    build_ok_result,
    next_action_for,
    next_text_for,
)

LIGHT = f"> Seu equipamento aparece sem sinal. {ModelQuestion.LOS}"
CHECK, MAINTENANCE, TICKET = (
    ToolName.CHECK_CONNECTION,
    ToolName.CHECK_MAINTENANCE,
    ToolName.OPEN_TICKET,
)
QUIET = build_ok_result(MAINTENANCE, manutencao=None)


def opens(action: object, category: str) -> bool:
    return (
        isinstance(action, ScriptedToolCall)
        and action.name == TICKET
        and f'"categoria":"{category}"' in action.arguments
    )


@pytest.mark.parametrize("wish", ["sem internet", "internet lenta"])
def test_a_blocked_contract_is_explained_without_a_check(wish: str) -> None:
    text = next_text_for(wish, situation=SUSPENDED)
    assert "fatura pendente" in text
    assert "pagar agora (PIX ou boleto) ou o desbloqueio em confiança?" in text


def test_without_the_unlock_only_payment_is_offered() -> None:
    text = next_text_for(
        "sem internet", situation=SUSPENDED, offered=frozenset({ToolName.SEND_INVOICE})
    )
    assert "confiança" not in text
    assert "prefere PIX ou boleto?" in text


def test_a_contract_just_confirmed_may_be_blocked() -> None:
    chosen = build_ok_result(ToolName.CHOOSE_CONTRACT, contrato=BLOCKED, desejo="sem_internet")
    assert "fatura pendente" in next_text_for("sim", situation=CONFIRMING, results=(chosen,))


@pytest.mark.parametrize("text", ["sim", "obrigado", "hum"])
def test_the_ways_out_of_a_block_are_offered_until_one_is_chosen(text: str) -> None:
    asked = f"> {next_text_for('sem internet', situation=SUSPENDED)}"
    assert ModelQuestion.BLOCKED in next_text_for(asked, text, situation=SUSPENDED)
    assert next_action_for(asked, "pix", situation=SUSPENDED) == build_tool_call(
        ToolName.LIST_INVOICES
    )


def test_maintenance_is_looked_at_before_the_line() -> None:
    assert next_action_for("sem internet", situation=KNOWN) == build_tool_call(MAINTENANCE)
    assert next_action_for("sem internet", situation=KNOWN, results=(QUIET,)) == build_tool_call(
        CHECK
    )
    assert next_action_for("caiu", situation=KNOWN, offered=frozenset({CHECK})) == build_tool_call(
        CHECK
    )


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
    assert next_action_for(text, situation=KNOWN) == build_tool_call(MAINTENANCE)


def test_maintenance_is_told_without_a_ticket() -> None:
    known = build_ok_result(
        MAINTENANCE, manutencao={"mensagem": "Fibra rompida.", "previsao": "18:00"}
    )
    text = next_text_for("sem internet", situation=KNOWN, results=(known,))
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
    results = (QUIET, build_ok_result(CHECK, estado=state, luz=False))
    assert words in next_text_for(wish, situation=KNOWN, results=results)


@pytest.mark.parametrize("state", ["desconhecido", None, "outra coisa"])
def test_an_unknown_state_is_never_told_as_offline(state: str | None) -> None:
    results = (build_ok_result(CHECK, estado=state, luz=None),)
    action = next_action_for("sim", situation=KNOWN, results=results)
    assert isinstance(action, ScriptedToolCall)
    assert action.name == ToolName.TRANSFER
    assert '"setor":"suporte"' in action.arguments


@pytest.mark.parametrize("text", ["sim", "tá vermelha", "tem luz vermelha piscando", "s"])
def test_a_red_light_opens_a_ticket(text: str) -> None:
    assert opens(next_action_for("sem internet", LIGHT, text, situation=KNOWN), "los_vermelho")


@pytest.mark.parametrize("text", ["não", "está verde", "não está vermelha", "apagada"])
def test_a_light_that_is_not_red_asks_for_the_power_plug(text: str) -> None:
    assert next_text_for("sem internet", LIGHT, text, situation=KNOWN) == POWER


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
    assert words in next_text_for("sem internet", LIGHT, text, situation=KNOWN)


@pytest.mark.parametrize("asked", [POWER, LOCAL])
@pytest.mark.parametrize(
    "text",
    ["não voltou", "não", "continua sem internet", "nada", "não resolveu", "sim mas não deu"],
)
def test_a_lasting_outage_opens_a_ticket(asked: str, text: str) -> None:
    action = next_action_for("sem internet", f"> {asked}", text, situation=KNOWN)
    assert opens(action, "sem_conexao")


@pytest.mark.parametrize("asked", [POWER, LOCAL])
@pytest.mark.parametrize("text", ["voltou", "sim", "voltou, obrigado", "funcionou!"])
def test_a_restored_connection_opens_no_ticket(asked: str, text: str) -> None:
    assert "Que bom!" in next_text_for("sem internet", f"> {asked}", text, situation=KNOWN)


@pytest.mark.parametrize("text", ["ok", "obrigado", "vou testar"])
def test_a_promise_to_try_is_not_a_success(text: str) -> None:
    assert "voltou?" in next_text_for("sem internet", f"> {POWER}", text, situation=KNOWN)


@pytest.mark.parametrize("asked", [CABLE, TEST_BY_CABLE, RESTART])
@pytest.mark.parametrize("text", ["continua lenta", "no cabo também", "não melhorou"])
def test_still_slow_opens_a_ticket(asked: str, text: str) -> None:
    assert opens(next_action_for("internet lenta", f"> {asked}", text, situation=KNOWN), "lentidao")


@pytest.mark.parametrize(
    ("asked", "text", "answer"),
    [
        (CABLE, "wifi", TEST_BY_CABLE),
        (CABLE, "no Wi-Fi", TEST_BY_CABLE),
        (CABLE, "no cabo", RESTART),
    ],
)
def test_slow_internet_is_tried_by_cable(asked: str, text: str, answer: str) -> None:
    assert next_text_for("internet lenta", f"> {asked}", text, situation=KNOWN) == answer


def test_a_recovered_speed_opens_no_ticket() -> None:
    assert "Que bom!" in next_text_for("lenta", f"> {RESTART}", "melhorou", situation=KNOWN)


def test_a_new_intent_leaves_the_open_question() -> None:
    lines = ("sem internet", f"> {POWER}", "quero a fatura")
    assert next_action_for(*lines, situation=KNOWN) == build_tool_call(ToolName.LIST_INVOICES)


def test_a_tickets_symptoms_hold_no_document() -> None:
    lines = ("sem internet 529.982.247-25", LIGHT, "sim")
    action = next_action_for(*lines, situation=KNOWN)
    assert isinstance(action, ScriptedToolCall)
    assert "sem internet" in action.arguments
    assert "529" not in action.arguments


def test_an_opened_ticket_is_told_with_its_protocol() -> None:
    text = next_text_for(
        "sim", situation=KNOWN, results=(build_ok_result(TICKET, protocolo="20261"),)
    )
    assert "Chamado aberto com o protocolo 20261" in text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (build_error_result(CHECK, "contrato_bloqueado"), "fatura pendente"),
        (
            build_error_result(CHECK, "em_manutencao", mensagem="Poste caiu", previsao=None),
            "Poste caiu.",
        ),
        (build_error_result(CHECK, "terceiro"), "titular"),
        (build_error_result(MAINTENANCE, "nao_identificado"), "CPF ou CNPJ"),
        (build_error_result(TICKET, "contrato_bloqueado"), "fatura pendente"),
        (build_error_result(TICKET, "em_manutencao", mensagem="Poste caiu", previsao="9h"), "9h"),
        (build_error_result(TICKET, "ja_existe", protocolo="55"), "protocolo 55"),
        (build_error_result(TICKET, "recusado", motivo="Sem vaga"), "Sem vaga"),
        (build_error_result(TICKET, "incerto"), "Não consegui confirmar"),
        (build_error_result(ToolName.LIST_TICKETS, "terceiro"), "titular"),
    ],
)
def test_a_refusal_is_told_truly(error: Any, words: str) -> None:
    text = next_text_for("sem internet", situation={"contrato": CONTRACT}, results=(error,))
    assert words in text
    assert "Chamado aberto" not in text


@pytest.mark.parametrize("text", ["meu chamado", "qual o protocolo?", "e a visita técnica?"])
def test_tickets_are_listed(text: str) -> None:
    assert next_action_for(text, situation=KNOWN) == build_tool_call(ToolName.LIST_TICKETS)


@pytest.mark.parametrize(
    "text", ["quero abrir um chamado", "novo chamado", "agendar visita técnica"]
)
def test_a_new_ticket_is_opened_when_asked_for(text: str) -> None:
    assert opens(next_action_for(text, situation=KNOWN), "outro")


def test_listed_tickets_are_told_one_a_line() -> None:
    tickets = [{"protocolo": "9", "situacao": "encerrado", "data": "01/11/2026"}]
    text = next_text_for(
        "chamado",
        situation=KNOWN,
        results=(build_ok_result(ToolName.LIST_TICKETS, chamados=tickets),),
    )
    assert "- Protocolo 9: encerrado, de 01/11/2026" in text


def test_no_ticket_offers_a_new_one() -> None:
    none = build_ok_result(ToolName.LIST_TICKETS, chamados=[])
    assert next_text_for("chamado", situation=KNOWN, results=(none,)) == NONE_FOUND
    assert opens(next_action_for("chamado", f"> {NONE_FOUND}", "sim", situation=KNOWN), "outro")
    assert "mais alguma coisa?" in next_text_for(f"> {NONE_FOUND}", "não", situation=KNOWN)
