"""The tool result of an ERP write that did not simply succeed."""

from niochat.assistant.handoff.handoff_messages import format_handoff_notice, format_handoff_summary
from niochat.assistant.turn_context import Department, ToolResult, TurnContext, tool_refusal
from niochat.ports.erp import ErpWriteResult, ErpWriteStatus


def report_unfinished_write(
    context: TurnContext, result: ErpWriteResult, action: str, department: Department
) -> ToolResult:
    """Report the ERP's reason for a refusal; hand off a write that was not sent or is uncertain."""
    if result.status is ErpWriteStatus.REFUSED:
        return tool_refusal(
            "recusado",
            "Diga que o sistema não permitiu e o motivo; ofereça a alternativa.",
            motivo=result.reason,
        )
    if result.status is ErpWriteStatus.NOT_SENT:
        code, notice = result.reason, f"Não consegui fazer {action} agora: o sistema não respondeu."
        head = f"O sistema estava fora; não foi feito: {action}."
    else:
        code = "erp_write_unknown"
        notice = f"Pedi {action} ao sistema, mas não recebi a confirmação."
        head = f"CONFERIR NO SISTEMA antes de repetir: pedido sem confirmação: {action}."
    context.hand_off(department, code, format_handoff_summary(context, head))
    assert context.handoff is not None
    context.final_text = format_handoff_notice(context, context.handoff.team, notice)
    return tool_refusal("incerto", "A equipe foi chamada; não diga que foi feito.")
