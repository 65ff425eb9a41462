"""Tool for the trust unlock: on request, for a blocked contract, once a month."""

import re

from niochat.assistant.text.formatting import CONTRACT_STATUS_TEXTS, format_date
from niochat.assistant.text.text_normalization import fold
from niochat.assistant.tools.consent.customer_quotes import find_quote, is_agreement, is_refusal
from niochat.assistant.tools.support.connection_tools import refresh_contract
from niochat.assistant.tools.tool_definition import ArgumentQuote, AssistantTool, ToolArguments
from niochat.assistant.tools.write_outcome import report_unfinished_write
from niochat.assistant.turn_context import (
    Department,
    ToolResult,
    TurnContext,
    tool_refusal,
    tool_success,
)
from niochat.domain.tenant.erp_write_keys import unlock_key
from niochat.ports.erp import Contract, ErpCapability, ErpWriteResult, ErpWriteStatus, Unlock

_REQUEST_PATTERN = re.compile(
    r"\b(desbloque\w*|liber(a|ar|e|em|acao|ado|ada)|confianca|promessa|religa\w*|"
    r"religu\w*|destrav\w*|reativ\w*|solt(a|ar|e|em))\b"
)
_OFFER_PATTERN = re.compile(r"\b(desbloque\w*|confianca|libera\w*)\b")


class UnlockArguments(ToolArguments):
    """``palavras``: the customer's words that request the unlock or accept our offer."""

    palavras: ArgumentQuote


async def unlock_contract(context: TurnContext, arguments: UnlockArguments) -> ToolResult:
    """Unlock the confirmed contract if the customer requested it and the contract qualifies."""
    if not _is_requested(context, arguments.palavras):
        return tool_refusal(
            "nao_pedido",
            "O cliente não pediu nem aceitou com essas palavras: ofereça o desbloqueio em "
            "confiança ou o pagamento, e espere a resposta.",
        )
    contract, promises = context.confirmed_contract().id, 0
    key = unlock_key(contract, context.snapshot.now)
    # An unlock of this month that was started but not reported is continued: the ERP may count it
    # as used by now.
    if key not in context.snapshot.unreported_write_keys:
        if context.facts.unlocked:
            return _refuse_used_here(context.facts.unlocked)
        fresh = await refresh_contract(context)
        promises = fresh.promises
        if not fresh.status.blocked or promises:
            return _refuse_needless(fresh)
    words = "Desbloqueio em confiança pedido pelo WhatsApp"
    result = await context.write_erp(key, Unlock(contract, words, promises))
    if (
        result.status is ErpWriteStatus.DONE
        and result.earlier
        and key not in context.snapshot.unreported_write_keys
    ):
        return _refuse_used()  # another conversation of this month used it, whatever the ERP counts
    return _report_outcome(context, result)


def _refuse_used_here(until: str) -> ToolResult:
    return tool_refusal(
        "ja_usado",
        "O desbloqueio já foi feito neste atendimento: informe até quando.",
        liberado=until,
    )


def _refuse_used() -> ToolResult:
    return tool_refusal(
        "ja_usado", "Já houve um desbloqueio neste mês: ofereça a fatura por PIX ou boleto."
    )


def _refuse_needless(contract: Contract) -> ToolResult:
    if contract.status.blocked:
        return _refuse_used()
    return tool_refusal(
        "nao_bloqueado",
        "O contrato não está bloqueado: diga isso e verifique o que o cliente precisa.",
        situacao=CONTRACT_STATUS_TEXTS[contract.status],
    )


def _report_outcome(context: TurnContext, result: ErpWriteResult) -> ToolResult:
    if result.status is not ErpWriteStatus.DONE:
        return report_unfinished_write(context, result, "o desbloqueio", Department.BILLING)
    until = f"liberado até {format_date(result.until)}" if result.until else "liberado"
    context.update_facts(unlocked=until)
    protocol = f" Protocolo: {result.protocol}." if result.protocol else ""
    context.add_fallback_text(
        f"O desbloqueio em confiança foi feito: acesso {until}.{protocol} Desligue e ligue o "
        "roteador; a volta pode levar até 10 minutos."
    )
    return tool_success(
        liberado_ate=format_date(result.until) if result.until else None,
        protocolo=result.protocol or None,
        orientacao=f"{_format_guidance(result)} Peça para desligar e ligar o roteador e esperar "
        f"até 10 "
        "minutos.",
    )


def _format_guidance(result: ErpWriteResult) -> str:
    """Only what the ERP reported; after a lost answer date and protocol may both be missing."""
    known = ["até quando"] if result.until else []
    known += ["o protocolo"] if result.protocol else []
    if known:
        return f"Diga que foi liberado, {' e '.join(known)}."
    return "Diga só que foi liberado: o sistema não informou até quando, nem protocolo."


def _is_requested(context: TurnContext, words: str) -> bool:
    """Whether a customer's message requests the unlock and none withdraws it, or the customer
    accepted our offer.

    An instruction that a customer only quotes has no further effect: the contract is the customer's
    own.
    """
    snapshot = context.snapshot
    quote = find_quote(snapshot.customer_statements, words)
    if quote is not None and _REQUEST_PATTERN.search(fold(quote.message)):
        return not quote.is_withdrawn and not any(map(is_refusal, snapshot.unanswered_statements))
    return _OFFER_PATTERN.search(fold(snapshot.last_provider_text)) is not None and is_agreement(
        snapshot.unanswered_statements, words
    )


UNLOCK = AssistantTool(
    "desbloqueio_confianca",
    "Libera em confiança o contrato bloqueado, só quando o cliente pede; uma vez por mês.",
    UnlockArguments,
    unlock_contract,
    required_capabilities=frozenset({ErpCapability.UNLOCK}),
    requires_contract=True,
    requires_trust=True,
    has_side_effects=True,
    department=Department.BILLING,
)
