"""What is said of a write that was not simply done."""

from niochat.assistant.case import Case, Result, Sector, refused
from niochat.assistant.handover import announcement, summary
from niochat.domain.erp import ErpWriteResult, ErpWriteStatus


def unfinished(case: Case, result: ErpWriteResult, what: str, sector: Sector) -> Result:
    """Refused: the ERP's reason. Not sent or unknown: people take over, and it is said so."""
    if result.status is ErpWriteStatus.REFUSED:
        return refused(
            "recusado",
            "Diga que o sistema não permitiu e o motivo; ofereça a alternativa.",
            motivo=result.reason,
        )
    if result.status is ErpWriteStatus.NOT_SENT:
        code, said = result.reason, f"Não consegui fazer {what} agora: o sistema não respondeu."
        head = f"O sistema estava fora; não foi feito: {what}."
    else:
        code = "erp_write_unknown"
        said = f"Pedi {what} ao sistema, mas não recebi a confirmação."
        head = f"CONFERIR NO SISTEMA antes de repetir: pedido sem confirmação: {what}."
    case.hand_over(sector, code, summary(case, head))
    assert case.handoff is not None
    case.final = announcement(case, case.handoff.team, said)
    return refused("incerto", "A equipe foi chamada; não diga que foi feito.")
