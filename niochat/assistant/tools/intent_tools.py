"""Tool that notes further intents of a customer, which are served one after the other."""

from niochat.assistant.conversation_facts import CustomerIntent, PendingIntent
from niochat.assistant.text.masking import mask_text
from niochat.assistant.tools.consent.customer_quotes import find_quote
from niochat.assistant.tools.tool_definition import ArgumentQuote, AssistantTool, ToolArguments
from niochat.assistant.turn_context import ToolResult, TurnContext, tool_refusal, tool_success
from niochat.domain.text_validation import truncate_text

MAX_PENDING_INTENTS = 5
"""The maximum number of waiting intents."""
_MAX_WORDS_CHARS = 120


class NoteIntentArguments(ToolArguments):
    """The further intent and the customer's words for it."""

    desejo: CustomerIntent
    palavras: ArgumentQuote


async def note_intent(context: TurnContext, arguments: NoteIntentArguments) -> ToolResult:
    """Add the intent to the waiting ones, in the customer's order."""
    if find_quote(context.snapshot.customer_statements, arguments.palavras) is None:
        return tool_refusal("palavras_nao_encontradas", "Copie as palavras do cliente como estão.")
    facts = context.facts
    if arguments.desejo == facts.wish:
        return tool_refusal(
            "pedido_atual",
            "Esse é o pedido que está sendo atendido. O mesmo em outro contrato: "
            "atenda este e depois escolha o outro contrato.",
        )
    if arguments.desejo not in (facts.wish, *(each.wish for each in facts.waiting)):
        if len(facts.waiting) >= MAX_PENDING_INTENTS:
            return tool_refusal("muitos_pedidos", "Atenda primeiro os que já estão anotados.")
        words = truncate_text(mask_text(arguments.palavras), _MAX_WORDS_CHARS)
        context.update_facts(waiting=(*facts.waiting, PendingIntent(arguments.desejo, words)))
    return tool_success(
        depois=[each.wish for each in context.facts.waiting],
        orientacao="Atenda antes o pedido atual; depois estes, um de cada vez.",
    )


NOTE_INTENT = AssistantTool(
    "anotar_pedido",
    "Anota outro pedido do cliente, que fica para depois do atual.",
    NoteIntentArguments,
    note_intent,
)
