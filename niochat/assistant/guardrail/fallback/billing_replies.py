"""What the server itself says of payments, amounts and places; see :mod:`find_fallback_reply`."""

from collections.abc import Iterator

from niochat.assistant.turn_context import ToolResult

_AUTOMATIC = "A baixa é automática: em minutos no PIX e em até 3 dias úteis no boleto."


def format_payment(result: ToolResult) -> str:
    """Of the invoices that were asked about, else of the open ones."""
    looked = [_format_invoice_status(each) for each in result.get("consultadas", ())]
    still = any(
        each.get("situacao") in ("em aberto", "vencida")
        for each in result.get("consultadas") or result.get("faturas", ())
    )
    if not looked:
        looked = [_format_invoice_status(each) for each in result.get("faturas", ())]
    if not looked:
        return "Não há faturas em aberto neste contrato."
    return "\n".join([*looked, *([_AUTOMATIC] if still else [])])


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
    """The parts that are known, and what is not."""
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
    """Yes, no, or that sales can tell. Which place was meant the model says: it is not repeated."""
    match result.get("cobertura"):
        case "sim":
            return "Temos cobertura nesse local. Quer conhecer os planos?"
        case "nao":
            return "Hoje não temos cobertura nesse local."
        case _:
            return "Não consegui confirmar a cobertura nesse local. Quer falar com vendas?"
