"""The actions of the model: one tool call, or the final text of the turn."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class ToolName(StrEnum):
    """The assistant's tools. A request offers those that the tenant's ERP supports."""

    IDENTIFY = "identificar_cliente"
    CHOOSE_CONTRACT = "escolher_contrato"
    LIST_INVOICES = "consultar_faturas"
    SEND_INVOICE = "enviar_fatura"
    CHECK_PAYMENT = "consultar_pagamento"
    EXPLAIN_INVOICE = "explicar_fatura"
    CHECK_CONNECTION = "verificar_conexao"
    CHECK_MAINTENANCE = "verificar_manutencao"
    UNLOCK = "desbloqueio_confianca"
    OPEN_TICKET = "abrir_chamado"
    LIST_TICKETS = "consultar_chamados"
    LIST_PLANS = "listar_planos"
    REGISTER_INTEREST = "registrar_interesse"
    CHECK_COVERAGE = "verificar_cobertura"
    REQUEST_CHANGE = "registrar_solicitacao"
    TRANSFER = "transferir_atendimento"
    CLOSE = "encerrar_atendimento"


@dataclass(frozen=True, slots=True)
class TextReply:
    """The final text of a turn, in Portuguese."""

    text: str


@dataclass(frozen=True, slots=True)
class ScriptedToolCall:
    """One tool call. ``arguments`` is JSON text, or invalid text if a test requires it."""

    name: str
    arguments: str


ModelAction = TextReply | ScriptedToolCall


def build_tool_call(name: str, **arguments: Any) -> ScriptedToolCall:
    """Build a valid call; arguments that are None are omitted."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return ScriptedToolCall(name, orjson.dumps(given).decode())
