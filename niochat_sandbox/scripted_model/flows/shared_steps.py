"""Steps that every flow shares: a tool if it is offered, people, help, a repeated question."""

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


def call_tool_or_hand_off(scene: TurnView, tool: ToolName, **arguments: Any) -> ModelAction:
    """Calls the tool; where it is not offered people take over, or are promised."""
    if scene.has_tool(tool):
        return build_tool_call(tool, **arguments)
    return build_handoff(scene, "A ferramenta necessária não está disponível.")


def build_handoff(
    scene: TurnView, reason: str, wish: ScriptedIntent | None = None, motive: str = "nao_resolvido"
) -> ModelAction:
    """The transfer to the team of `wish`, by default what the customer wants."""
    if not scene.has_tool(ToolName.TRANSFER) or scene.successful_result(ToolName.TRANSFER):
        return TextReply(SAFE)
    wish = wish or scene.intent
    team = _TEAMS.get(wish, "atendimento") if wish else "atendimento"
    matter = _MATTERS.get(wish, "o atendimento") if wish else "o atendimento"
    summary = f"Cliente pede ajuda com {matter}. {reason}"
    quote = find_last_line(scene.latest_customer_text) or None
    return build_tool_call(
        ToolName.TRANSFER, setor=team, motivo=motive, resumo=summary, palavras=quote
    )


def repeat_question(scene: TurnView, question: ModelQuestion) -> TextReply:
    """The open question once more; thanks are answered, but close nothing."""
    courtesy = "Por nada! " if is_thanks(scene.latest_customer_text) else ""
    return TextReply(courtesy + rephrase_question(question))


def accept_no_or_repeat(scene: TurnView, question: ModelQuestion) -> TextReply:
    """A no ends an offer; anything else gets the offer once more."""
    if is_no(scene.latest_customer_text):
        return TextReply(f"Tudo bem. {MORE}")
    return repeat_question(scene, question)


def display_text(data: dict[str, Any], otherwise: str) -> str:
    """The text that a result wants shown, or ours where it brings none."""
    return str(data.get("apresentar") or otherwise)
