"""The internal notes by which colleagues see what an agent did in the ERP."""

from collections.abc import Mapping
from typing import Any

from niochat.assistant.text.formatting import format_date
from niochat.ports.erp import TicketCategory, Unlock
from niochat.subscribers.agent_writes import AgentWriteResult, WriteOutcome

_CATEGORY_TEXTS = {
    TicketCategory.NO_CONNECTION: "sem conexão",
    TicketCategory.SLOW: "lentidão",
    TicketCategory.NO_LIGHT: "sem luz na fibra",
    TicketCategory.EQUIPMENT: "equipamento",
    TicketCategory.OTHER: "outro assunto",
}


def format_write_note(
    result: AgentWriteResult, written: Mapping[str, Any], agent: str
) -> str | None:
    """Format the note of an outcome; ``None`` if nothing happened now. ``written`` is the
    journalled request.
    """
    subject = _format_subject(written)
    match result.outcome:
        case WriteOutcome.DONE:
            until = f" Liberado até {format_date(result.until)}." if result.until else ""
            protocol = f" Protocolo: {result.protocol}." if result.protocol else ""
            return f"{agent}: {subject}. Feito no ERP.{until}{protocol}"
        case WriteOutcome.REFUSED:
            return f"{agent}: {subject}. O ERP recusou: {result.reason}"
        case WriteOutcome.UNCERTAIN:
            return (
                f"{agent}: {subject}. O ERP ainda não confirmou; o sistema está conferindo. "
                "Não repita."
            )
        case _:
            return None


def _format_subject(written: Mapping[str, Any]) -> str:
    contract = written["contract"]
    if written["kind"] == Unlock.__name__:
        return f"desbloqueio em confiança do contrato {contract}"
    category = _CATEGORY_TEXTS[TicketCategory(written["category"])]
    return f"chamado técnico ({category}) do contrato {contract}"
