"""Contact reasons follow from the customer's words and from what the assistant did."""

import pytest

from niochat.assistant.conversation_facts import CustomerIntent
from niochat.assistant.toolbox import TOOLS
from niochat.domain.insights.contact_reasons import (
    TOOLS_WITH_REASON,
    TOOLS_WITHOUT_REASON,
    ContactReason,
    ToolUse,
    add_contact_reasons,
)

CHECK, OPEN_ORDER = ToolUse("verificar_conexao"), ToolUse("abrir_chamado")


def said(intent: str) -> ToolUse:
    return ToolUse("identificar_cliente", intent)


@pytest.mark.parametrize(
    ("known", "uses", "reasons"),
    [
        ([], [said("fatura")], ["invoice"]),
        ([], [ToolUse("consultar_faturas")], ["invoice"]),
        ([], [CHECK], ["no_internet"]),
        ([], [said("lentidao"), CHECK, OPEN_ORDER], ["slow_internet"]),
        ([], [CHECK, said("lentidao")], ["slow_internet"]),
        (["no_internet"], [CHECK, OPEN_ORDER], ["no_internet"]),
        ([], [OPEN_ORDER], ["service_order"]),
        ([], [ToolUse("consultar_faturas"), ToolUse("desbloqueio_confianca")], ["unlock"]),
        ([], [said("fatura"), ToolUse("desbloqueio_confianca")], ["invoice", "unlock"]),
        ([], [ToolUse("verificar_cobertura")], ["plans"]),
        (
            [],
            [ToolUse("verificar_cobertura"), ToolUse("registrar_solicitacao")],
            ["change_request"],
        ),
        ([], [said("outro")], ["other"]),
        ([], [said("outro"), ToolUse("listar_planos")], ["plans"]),
        (["other"], [said("fatura")], ["invoice"]),
        (["invoice"], [said("outro")], ["invoice"]),
        (["invoice"], [ToolUse("desbloqueio_confianca")], ["invoice", "unlock"]),
        ([], [ToolUse("transferir_atendimento")], []),
        ([], [ToolUse("inventada", "inventado")], []),
    ],
)
def test_reasons(known: list[str], uses: list[ToolUse], reasons: list[str]) -> None:
    assert list(add_contact_reasons(known, uses)) == reasons


def test_each_tool_has_a_reason_or_needs_none() -> None:
    assert {tool.name for tool in TOOLS} == TOOLS_WITH_REASON | TOOLS_WITHOUT_REASON
    assert not TOOLS_WITH_REASON & TOOLS_WITHOUT_REASON


def test_each_wish_of_a_customer_is_a_reason() -> None:
    found = {add_contact_reasons([], [said(intent)]) for intent in CustomerIntent}

    assert len(found) == len(CustomerIntent)
    assert {reason for (reason,) in found} == set(ContactReason) - {ContactReason.CHANGE_REQUEST}
