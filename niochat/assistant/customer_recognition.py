"""Recognize a customer who was identified from the same address in an earlier conversation.

The stored identity only says for whom to ask the ERP: name, contracts and phone numbers are read
anew. If they contradict the stored identity, the assistant asks for the tax id as usual.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from typing import Any

import structlog

from niochat.assistant.conversation_background import EarlierConversation, KnownCustomer
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.tool_definition import AssistantTool
from niochat.assistant.turn_context import ToolResult, TurnContext, tool_refusal
from niochat.domain.errors import NiochatError
from niochat.domain.message import Author
from niochat.domain.phone import is_same_number
from niochat.ports.erp import Contract, FindSubscriber, Subscriber

_log = structlog.get_logger(__name__)

RECOGNITION_TIMEOUT_S = 6.0
"""Limit for the ERP before the first answer of a conversation; after it the tax id is asked for."""
MAX_LISTED_CONVERSATIONS = 2
_MIN_STREET_CHARS = 6

_ONE_CONTRACT_GUIDANCE = (
    "Cumprimente pelo primeiro nome e não peça CPF. Consultas e faturas: direto. Antes de "
    "desbloqueio, chamado ou mudança, pergunte se é este contrato, citando o número; depois do "
    "sim, use escolher_contrato."
)
_SEVERAL_CONTRACTS_GUIDANCE = (
    "Cumprimente pelo primeiro nome e não peça CPF. Há mais de um contrato: pergunte qual, citando "
    "os números (o último foi o que está aqui); depois da resposta, use escolher_contrato."
)
_ENDINGS = {
    "assistant": "resolvido com o assistente",
    "inactivity": "o cliente parou de responder",
    "merged": "unida a outra conversa",
}
_HANDED_OFF = {
    "asked_for_human": "pediu uma pessoa",
    "cancellation": "falou em cancelamento",
    "complaint_body": "falou em Procon, Anatel ou Justiça",
    "anger": "estava insatisfeito",
    "ticket_opened": "ficou com o suporte",
    "plan_wanted": "queria contratar um plano",
}


async def recognize_customer(context: TurnContext) -> None:
    """Recognize a known customer and load the earlier conversations, and save both as facts.

    If the ERP is unavailable, the facts stay unchanged. Raises ``OperationRefusedError`` if the
    turn is over.
    """
    known, facts = context.snapshot.known_customer, context.facts
    if known is not None and not facts.is_identified and not facts.unrecognised:
        await _recognize_from_erp(context, known)
    if context.facts.trusted and context.facts.is_identified and context.facts.earlier is None:
        contract_ids = {contract.id for contract in context.facts.contracts}
        context.update_facts(
            earlier=format_earlier_conversations(
                await context.load_earlier_conversations(), contract_ids
            )
        )
    if context.facts != facts:
        await context.save_progress()


async def _recognize_from_erp(context: TurnContext, known: KnownCustomer) -> None:
    document = context.store.unseal_document(context.tenant_id, known)
    if document is None or not context.capabilities:
        return
    try:
        async with asyncio.timeout(RECOGNITION_TIMEOUT_S):
            found = await context.read_erp(FindSubscriber(document))
    except (NiochatError, TimeoutError) as error:
        code = getattr(error, "code", "erp_timeout")
        _log.info("customer_not_recognized", turn=str(context.snapshot.request.turn_id), code=code)
        return
    active = _active_contracts(found, known, context.snapshot.phone)
    if found is None or not active:
        context.update_facts(unrecognised=True)
        return
    context.update_facts(
        name=found.name,
        trusted=True,
        phone=context.snapshot.phone,
        contracts=active,
        contract=active[0].id if len(active) == 1 else "",
        shown_in=str(context.snapshot.request.turn_id),
        recognised=True,
    )


def _active_contracts(
    found: Subscriber | None, known: KnownCustomer, phone: str
) -> tuple[Contract, ...]:
    """The subscriber's active contracts, the contract of the earlier conversation first.

    Empty if that contract has ended or belongs to another subscriber, or if ``phone`` is no longer
    one of the subscriber's numbers.
    """
    if found is None or not is_same_number(phone, found.phones):
        return ()
    active = [c for c in found.contracts if not c.status.ended]
    last = [c for c in active if c.id == known.contract]
    return (*last, *(c for c in active if c.id != known.contract)) if last else ()


def require_confirmation(context: TurnContext, tool: AssistantTool) -> ToolResult | None:
    """Refuse a write until the customer confirmed the recognized contract in this conversation."""
    facts = context.facts
    if not facts.recognised or facts.confirmed or tool.is_repeatable or tool.only_sends:
        return None
    chosen = context.confirmed_contract()
    return tool_refusal(
        "confirme_contrato",
        "O contrato vem de um atendimento anterior: mostre o texto de apresentar e espere a "
        "resposta; depois do sim, registre com escolher_contrato e repita o pedido.",
        opcao=facts.contracts.index(chosen) + 1,
        apresentar=_contract_question(chosen),
    )


def require_contract_question(context: TurnContext, contract: Contract) -> ToolResult | None:
    """Refuse to confirm a recognized contract unless the provider's last messages named it."""
    facts = context.facts
    if not facts.recognised or _mentions_contract(_last_provider_texts(context), contract):
        return None
    return tool_refusal(
        "pergunte_antes",
        "Pergunte ao cliente se é este contrato e espere a resposta.",
        apresentar=_contract_question(contract),
    )


def recognition_state(context: TurnContext) -> dict[str, Any]:
    """The state note's keys about a recognized customer; empty if there is nothing to report."""
    facts = context.facts
    keys: dict[str, Any] = {}
    if facts.recognised:
        keys["cliente_conhecido"] = {
            "nome": facts.name.split()[0].capitalize(),
            "contrato": facts.contract or facts.contracts[0].id,
            "contrato_confirmado_neste_atendimento": facts.confirmed,
            "varios_contratos": len(facts.contracts) > 1,
            "orientacao": _SEVERAL_CONTRACTS_GUIDANCE
            if len(facts.contracts) > 1
            else _ONE_CONTRACT_GUIDANCE,
        }
    if facts.trusted and facts.earlier:
        keys["atendimentos_anteriores"] = list(facts.earlier)
    return keys


def format_earlier_conversations(
    conversations: Iterable[EarlierConversation], contract_ids: set[str]
) -> tuple[str, ...]:
    """Format the newest earlier conversations about ``contract_ids``, one line each.

    A line has the date, the intent and the outcome. It is built from stored facts, without a model.
    """
    about = [v for v in conversations if not v.facts.contracts or v.facts.contract in contract_ids]
    lines = (_format_conversation(conversation) for conversation in about)
    return tuple([line for line in lines if line][:MAX_LISTED_CONVERSATIONS])


def _format_conversation(conversation: EarlierConversation) -> str:
    facts = conversation.facts
    done = [f"fatura enviada por {' e '.join(facts.sent)}"] if facts.sent else []
    done += [f"chamado {facts.ticket}"] if facts.ticket else []
    done += [f"desbloqueio ({facts.unlocked})"] if facts.unlocked else []
    done += (
        [_HANDED_OFF.get(conversation.handed_off, "passou para a equipe")]
        if conversation.handed_off
        else []
    )
    done += [_ENDINGS[conversation.ended]] if conversation.ended in _ENDINGS else []
    wish = f"pedido: {facts.wish.value.replace('_', ' ')}" if facts.wish is not None else ""
    parts = [part for part in (wish, *done) if part]
    return f"{conversation.began:%d/%m/%Y}: {'; '.join(parts)}" if parts else ""


def _contract_question(contract: Contract) -> str:
    place = f", em {contract.address}" if contract.address else ""
    return f"Só para confirmar: é para o contrato *{contract.id}*{place}?"


def _last_provider_texts(context: TurnContext) -> str:
    """The provider's texts between the customer's last two groups of messages."""
    texts: list[str] = []
    for line in reversed(_lines_before_answer(context)):
        if line.author is Author.CUSTOMER:
            break
        texts.append(line.text)
    return "\n".join(texts)


def _lines_before_answer(context: TurnContext) -> Sequence[Any]:
    lines = context.snapshot.transcript
    return lines[: len(lines) - len(context.snapshot.unanswered_texts)]


def _mentions_contract(text: str, contract: Contract) -> bool:
    if re.search(rf"(?<!\d){re.escape(contract.id)}(?!\d)", text):
        return True
    street = fold(contract.address.split(",")[0]).strip()
    return len(street) >= _MIN_STREET_CHARS and street in fold(text)
