"""Fallback replies about payments, amounts and coverage.

:func:`~niochat.assistant.guardrail.fallback.fallback_replies.find_fallback_reply` selects them.
"""

from collections.abc import Iterator

from niochat.assistant.turn_context import ToolResult

_AUTOMATIC = "A baixa é automática: em minutos no PIX e em até 3 dias úteis no boleto."


def format_payment(result: ToolResult) -> str:
    """Format the status of the queried invoices, or else of the open ones."""
    queried = [_format_invoice_status(each) for each in result.get("consultadas", ())]
    any_open = any(
        each.get("situacao") in ("em aberto", "vencida")
        for each in result.get("consultadas") or result.get("faturas", ())
    )
    if not queried:
        queried = [_format_invoice_status(each) for each in result.get("faturas", ())]
    if not queried:
        return "Não há faturas em aberto neste contrato."
    return "\n".join([*queried, *([_AUTOMATIC] if any_open else [])])


def _format_invoice_status(row: ToolResult) -> str:
    which = f"A fatura de {row['valor']}, vencimento {row['vencimento']},"
    match row["situacao"]:
        case "paga":
            when = f" em {row['pago_em']}" if row.get("pago_em") else ""
            return f"{which} consta como paga{when}."
        case "em aberto" | "vencida":
            return f"{which} ainda consta em aberto."
        case _:
            return f"{which} não está mais em aberto no sistema."


def format_invoice_breakdown(result: ToolResult) -> str:
    """Format the known parts of an invoice, and the amount that the ERP does not explain."""
    parts = "; ".join(_list_parts(result))
    compared = str(result.get("diferenca", ""))
    lines = [f"Fatura de {result['valor']}, vencimento {result['vencimento']}: {parts}."]
    if compared and compared != "nenhuma para a anterior":
        lines.append(f"São {compared}.")
    if result.get("sem_explicacao"):
        lines.append(
            f"O motivo de {result['sem_explicacao']} o sistema não informa. Quer falar com a "
            "equipe financeira?"
        )
    return "\n".join(lines)


def _list_parts(result: ToolResult) -> Iterator[str]:
    yield f"valor original {result.get('valor_original', 'não informado')}"
    for name in ("multa", "juros", "desconto"):
        if result.get(name):
            yield f"{name} {result[name]}"


def format_coverage(result: ToolResult) -> str:
    """Format the coverage: yes, no, or a hint to sales.

    The place is not repeated, because only the model's arguments name it.
    """
    match result.get("cobertura"):
        case "sim":
            return "Temos cobertura nesse local. Quer conhecer os planos?"
        case "nao":
            return "Hoje não temos cobertura nesse local."
        case _:
            return "Não consegui confirmar a cobertura nesse local. Quer falar com vendas?"
