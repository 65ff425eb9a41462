"""What is said of a write that was not simply done."""

from niochat.assistant.handoff.handoff_messages import format_handoff_notice, format_handoff_summary
from niochat.assistant.turn_context import Department, ToolResult, TurnContext, tool_refusal
from niochat.ports.erp import ErpWriteResult, ErpWriteStatus


def report_unfinished_write(
    context: TurnContext, result: ErpWriteResult, action: str, sector: Department
) -> ToolResult:
    """Refused: the ERP's reason. Not sent or unknown: people take over, and it is said so."""
    if result.status is ErpWriteStatus.REFUSED:
        return tool_refusal(
            "recusado",
            "Diga que o sistema não permitiu e o motivo; ofereça a alternativa.",
            motivo=result.reason,
        )
    if result.status is ErpWriteStatus.NOT_SENT:
        code, said = result.reason, f"Não consegui fazer {action} agora: o sistema não respondeu."
        head = f"O sistema estava fora; não foi feito: {action}."
    else:
        code = "erp_write_unknown"
        said = f"Pedi {action} ao sistema, mas não recebi a confirmação."
        head = f"CONFERIR NO SISTEMA antes de repetir: pedido sem confirmação: {action}."
    context.hand_off(sector, code, format_handoff_summary(context, head))
    assert context.handoff is not None
    context.final_text = format_handoff_notice(context, context.handoff.team, said)
    return tool_refusal("incerto", "A equipe foi chamada; não diga que foi feito.")
