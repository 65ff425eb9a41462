"""Summarize a conversation in five lines for the team that continues it.

The summary is built from the facts and from tool results of all turns, never from what a model
says.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from niochat.assistant.text.formatting import CONTRACT_STATUS_TEXTS
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.turn_context import TurnContext
from niochat.domain.business_hours import format_date_time_pt
from niochat.domain.message import Author
from niochat.domain.tax_id import replace_tax_ids
from niochat.domain.text_validation import truncate_text

_MAX_QUOTE_CHARS, _MAX_ANSWER_CHARS = 200, 80
_LONG_NUMBER = re.compile(r"\d[\d .\-/]{8,}\d")
_LIGHT = re.compile(r"\blos\b|\bluz\b.*\b(vermelh|piscand|acesa|modem|onu)")
_RESTART = re.compile(r"\b(deslig|reinici|tire da tomada|tomada)\w*")
_STATES = {
    "online": "conectado",
    "offline": "desconectado",
    "desconhecido": "o sistema não informou o estado",
}
_LIGHTS = {"True": ", com luz na fibra", "False": ", sem luz na fibra"}
_FAILURES = {
    "contrato_bloqueado": "contrato bloqueado por fatura pendente",
    "em_manutencao": "em manutenção",
}
_TOOL_TEXTS = {
    "consultar_faturas": "faturas consultadas",
    "consultar_chamados": "chamados consultados",
    "verificar_manutencao": "manutenção verificada",
    "listar_planos": "planos mostrados",
}


@dataclass(frozen=True, slots=True)
class DatedToolResult:
    """A tool result and the start of its turn as text; empty if it was not stored."""

    tool: str
    result: Mapping[str, Any]
    at: str


def summary_lines(context: TurnContext) -> list[str]:
    """The lines: customer and contract, intents, connection, attempts, promises."""
    found = list(_timed_results(context))
    return [
        _format_customer(context),
        f"Pedido: {_format_intents(context)}.",
        f"Conexão: {_format_access(found) or 'não verificada'}.",
        f"Tentado: {'; '.join(_list_attempts(context, found)) or 'nada ainda'}.",
        f"Prometido: {'; '.join(_list_promises(context)) or 'nada'}.",
    ]


def redact_quote(text: str, max_chars: int = _MAX_QUOTE_CHARS) -> str:
    """Replace numbers that may be tax ids or phones; the conversation itself shows them."""
    line = replace_tax_ids(" ".join(text.split()), lambda _: "[número]")
    return truncate_text(_LONG_NUMBER.sub("[número]", line), max_chars)


def _timed_results(context: TurnContext) -> Iterator[DatedToolResult]:
    """Tool results, oldest first; those of this turn come last."""
    for _, calls in context.snapshot.past_turns:
        for call in calls:
            yield DatedToolResult(
                str(call.get("tool", "")), call.get("result") or {}, _format_time(call.get("at"))
            )
    now = f"{context.snapshot.now:%d/%m %H:%M}"
    for tool, result in context.tool_results:
        yield DatedToolResult(tool, result, now)


def _format_time(timestamp: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(timestamp)):%d/%m %H:%M}"
    except ValueError:
        return ""


def _format_customer(context: TurnContext) -> str:
    facts = context.facts
    if not facts.is_identified:
        return "Cliente não identificado."
    third = "" if facts.trusted else " Escreve de um telefone que não está no cadastro."
    known = " Reconhecido pelo número." if facts.recognised else ""
    contract = facts.confirmed_contract
    if contract is None:
        return f"Cliente: {facts.name}, contrato ainda não confirmado.{known}{third}"
    return (
        f"Cliente: {facts.name}, contrato {contract.id} "
        f"({CONTRACT_STATUS_TEXTS[contract.status]}).{known}{third}"
    )


def _format_intents(context: TurnContext) -> str:
    wish = context.facts.wish
    first = wish.value if wish is not None else "não informado"
    return "; ".join([first, *(f"{w.wish.value} («{w.words}»)" for w in context.facts.waiting)])


def _format_access(results: Sequence[DatedToolResult]) -> str:
    """The newest result about the connection, with its time."""
    for each in reversed(results):
        time = f" ({each.at})" if each.at else ""
        if each.tool == "verificar_conexao" and each.result.get("ok"):
            light = _LIGHTS.get(str(each.result.get("luz")), "")
            state = _STATES.get(str(each.result.get("estado")), "estado desconhecido")
            return f"{state}{light}{time}"
        failure = _FAILURES.get(str(each.result.get("erro", "")))
        if failure is not None:
            return f"{failure}{time}"
    return ""


def _list_attempts(context: TurnContext, results: Sequence[DatedToolResult]) -> list[str]:
    facts, used = context.facts, {each.tool for each in results if each.result.get("ok")}
    tried = [f"Luz LOS: cliente respondeu «{answer}»" for answer in _list_answers(context, _LIGHT)]
    tried += [
        f"Reiniciar: cliente respondeu «{answer}»" for answer in _list_answers(context, _RESTART)
    ]
    tried += [words for tool, words in _TOOL_TEXTS.items() if tool in used]
    tried += [f"Fatura enviada: {', '.join(facts.sent)}"] if facts.sent else []
    tried += [f"Desbloqueio em confiança: {facts.unlocked}"] if facts.unlocked else []
    tried += [f"Chamado aberto: {facts.ticket}"] if facts.ticket else []
    return tried


def _list_answers(context: TurnContext, question: re.Pattern[str]) -> list[str]:
    """The customer's answer to our newest text that matches ``question``, or no answer."""
    lines = context.snapshot.transcript
    for index in range(len(lines) - 1, -1, -1):
        is_ours = lines[index].author is not Author.CUSTOMER
        if is_ours and question.search(fold(lines[index].text)):
            answers = [line for line in lines[index + 1 :] if line.author is Author.CUSTOMER]
            return [redact_quote(answers[0].text, _MAX_ANSWER_CHARS)] if answers else []
    return []


def _list_promises(context: TurnContext) -> list[str]:
    facts, staff = context.facts, context.snapshot.staff_availability
    promised = [f"acesso {facts.unlocked}"] if facts.unlocked else []
    promised += [f"suporte continua o chamado {facts.ticket}"] if facts.ticket else []
    if not staff.available:
        when = format_date_time_pt(staff.returns_at) if staff.returns_at else "assim que voltar"
        promised.append(f"a equipe responde {when}")
    return promised
