"""What the model does next: one tool call, or the turn's final text."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson


class ToolName(StrEnum):
    """The assistant's tools. A request offers those that the provider's ERP can serve."""

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
    """One tool call; `arguments` is JSON text, or deliberately not when a test orders so."""

    name: str
    arguments: str


ModelAction = TextReply | ScriptedToolCall


def build_tool_call(name: str, **arguments: Any) -> ScriptedToolCall:
    """A well-formed call; arguments that are None are left out."""
    given = {key: value for key, value in arguments.items() if value is not None}
    return ScriptedToolCall(name, orjson.dumps(given).decode())
