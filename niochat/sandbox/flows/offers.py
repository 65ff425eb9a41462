"""Steps that every flow shares: a tool if it is offered, people, help, a repeated question."""

from typing import Any

from niochat.sandbox.flows.actions import Action, Say, Tool, call
from niochat.sandbox.flows.questions import Question, repeated
from niochat.sandbox.flows.scene import Scene
from niochat.sandbox.flows.words import Intent, last_line, says_no, thanks

HELP = "Como posso ajudar: com a fatura, com a conexão ou com os planos?"
MORE = "Posso ajudar com mais alguma coisa?"
SAFE = "Vou verificar isso com a equipe."

_TEAMS = {
    Intent.INVOICE: "financeiro",
    Intent.UNLOCK: "financeiro",
    Intent.OFFLINE: "suporte",
    Intent.SLOW: "suporte",
    Intent.TICKET: "suporte",
    Intent.PLANS: "vendas",
}
_MATTERS = {
    Intent.INVOICE: "a fatura",
    Intent.UNLOCK: "o desbloqueio em confiança",
    Intent.OFFLINE: "a falta de internet",
    Intent.SLOW: "a lentidão da internet",
    Intent.TICKET: "o chamado técnico",
    Intent.PLANS: "os planos",
}


def use(scene: Scene, tool: Tool, **arguments: Any) -> Action:
    """Calls the tool; where it is not offered people take over, or are promised."""
    if scene.offers(tool):
        return call(tool, **arguments)
    return hand_over(scene, "A ferramenta necessária não está disponível.")


def hand_over(
    scene: Scene, reason: str, wish: Intent | None = None, motive: str = "nao_resolvido"
) -> Action:
    """The transfer to the team of `wish`, by default what the customer wants."""
    if not scene.offers(Tool.TRANSFER) or scene.succeeded(Tool.TRANSFER):
        return Say(SAFE)
    wish = wish or scene.wish
    team = _TEAMS.get(wish, "atendimento") if wish else "atendimento"
    matter = _MATTERS.get(wish, "o atendimento") if wish else "o atendimento"
    summary = f"Cliente pede ajuda com {matter}. {reason}"
    quote = last_line(scene.said) or None
    return call(Tool.TRANSFER, setor=team, motivo=motive, resumo=summary, palavras=quote)


def ask_again(scene: Scene, question: Question) -> Say:
    """The open question once more; thanks are answered, but close nothing."""
    courtesy = "Por nada! " if thanks(scene.said) else ""
    return Say(courtesy + repeated(question))


def let_go_or_ask_again(scene: Scene, question: Question) -> Say:
    """A no ends an offer; anything else gets the offer once more."""
    if says_no(scene.said):
        return Say(f"Tudo bem. {MORE}")
    return ask_again(scene, question)


def shown(data: dict[str, Any], otherwise: str) -> str:
    """The text that a result wants shown, or ours where it brings none."""
    return str(data.get("apresentar") or otherwise)
