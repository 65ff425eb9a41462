"""Steps that all flows share: tool calls, handoffs, help and repeated questions."""

from typing import Any

from niochat_sandbox.scripted_model.keyword_matching import (
    ScriptedIntent,
    find_last_line,
    is_no,
    is_thanks,
)
from niochat_sandbox.scripted_model.model_actions import (
    ModelAction,
    TextReply,
    ToolName,
    build_tool_call,
)
from niochat_sandbox.scripted_model.open_questions import ModelQuestion, rephrase_question
from niochat_sandbox.scripted_model.turn_view import TurnView

HELP = "Como posso ajudar: com a fatura, com a conexão ou com os planos?"
MORE = "Posso ajudar com mais alguma coisa?"
SAFE = "Vou verificar isso com a equipe."

_TEAMS = {
    ScriptedIntent.INVOICE: "financeiro",
    ScriptedIntent.UNLOCK: "financeiro",
    ScriptedIntent.OFFLINE: "suporte",
    ScriptedIntent.SLOW: "suporte",
    ScriptedIntent.TICKET: "suporte",
    ScriptedIntent.PLANS: "vendas",
}
_MATTERS = {
    ScriptedIntent.INVOICE: "a fatura",
    ScriptedIntent.UNLOCK: "o desbloqueio em confiança",
    ScriptedIntent.OFFLINE: "a falta de internet",
    ScriptedIntent.SLOW: "a lentidão da internet",
    ScriptedIntent.TICKET: "o chamado técnico",
    ScriptedIntent.PLANS: "os planos",
}


def call_tool_or_hand_off(view: TurnView, tool: ToolName, **arguments: Any) -> ModelAction:
    """Call the tool; hand off if it is not offered."""
    if view.has_tool(tool):
        return build_tool_call(tool, **arguments)
    return build_handoff(view, "A ferramenta necessária não está disponível.")


def build_handoff(
    view: TurnView, reason: str, wish: ScriptedIntent | None = None, motive: str = "nao_resolvido"
) -> ModelAction:
    """Hand off to the team of ``wish``, by default that of the customer's intent."""
    if not view.has_tool(ToolName.TRANSFER) or view.successful_result(ToolName.TRANSFER):
        return TextReply(SAFE)
    wish = wish or view.intent
    team = _TEAMS.get(wish, "atendimento") if wish else "atendimento"
    subject = _MATTERS.get(wish, "o atendimento") if wish else "o atendimento"
    summary = f"Cliente pede ajuda com {subject}. {reason}"
    quote = find_last_line(view.latest_customer_text) or None
    return build_tool_call(
        ToolName.TRANSFER, setor=team, motivo=motive, resumo=summary, palavras=quote
    )


def repeat_question(view: TurnView, question: ModelQuestion) -> TextReply:
    """Repeat the open question; thanks are answered, but do not close the conversation."""
    courtesy = "Por nada! " if is_thanks(view.latest_customer_text) else ""
    return TextReply(courtesy + rephrase_question(question))


def accept_no_or_repeat(view: TurnView, question: ModelQuestion) -> TextReply:
    """Accept a no to an offer; repeat the offer after any other answer."""
    if is_no(view.latest_customer_text):
        return TextReply(f"Tudo bem. {MORE}")
    return repeat_question(view, question)


def display_text(data: dict[str, Any], default: str) -> str:
    """The display text of a result, or ``default``."""
    return str(data.get("apresentar") or default)
