"""Why customers write: what they said to the assistant that they want, and what it did for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class ContactReason(StrEnum):
    """What a customer wanted. ``OTHER``: the customer said so, but it is none of these."""

    INVOICE = "invoice"
    NO_INTERNET = "no_internet"
    SLOW_INTERNET = "slow_internet"
    UNLOCK = "unlock"
    SERVICE_ORDER = "service_order"
    PLANS = "plans"
    CHANGE_REQUEST = "change_request"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the assistant called. ``intent``: the customer's wish, if it was an argument."""

    tool: str
    intent: str | None = None


_OF_INTENTS: Mapping[str, ContactReason] = {
    "fatura": ContactReason.INVOICE,
    "sem_internet": ContactReason.NO_INTERNET,
    "lentidao": ContactReason.SLOW_INTERNET,
    "desbloqueio": ContactReason.UNLOCK,
    "chamado": ContactReason.SERVICE_ORDER,
    "planos": ContactReason.PLANS,
    "outro": ContactReason.OTHER,
}
_OF_TOOLS: Mapping[str, ContactReason] = {
    "enviar_fatura": ContactReason.INVOICE,
    "explicar_fatura": ContactReason.INVOICE,
    "consultar_pagamento": ContactReason.INVOICE,
    "desbloqueio_confianca": ContactReason.UNLOCK,
    "listar_planos": ContactReason.PLANS,
    "registrar_interesse": ContactReason.PLANS,
    "registrar_solicitacao": ContactReason.CHANGE_REQUEST,
}
_OF_CONNECTIONS = frozenset({ContactReason.NO_INTERNET, ContactReason.SLOW_INTERNET})
_WITHOUT_WORDS: Mapping[ContactReason, tuple[frozenset[str], frozenset[ContactReason]]] = {
    ContactReason.NO_INTERNET: (
        frozenset({"verificar_conexao", "verificar_manutencao"}),
        _OF_CONNECTIONS,
    ),
    ContactReason.SERVICE_ORDER: (
        frozenset({"consultar_chamados", "abrir_chamado"}),
        _OF_CONNECTIONS | {ContactReason.SERVICE_ORDER},
    ),
    ContactReason.INVOICE: (
        frozenset({"consultar_faturas"}),
        frozenset({ContactReason.INVOICE, ContactReason.UNLOCK}),
    ),
    ContactReason.PLANS: (
        frozenset({"verificar_cobertura"}),
        frozenset({ContactReason.PLANS, ContactReason.CHANGE_REQUEST}),
    ),
}
"""Tools that serve several wishes: the reason that they stand for unless one of these is known."""
TOOLS_WITH_REASON = frozenset(_OF_TOOLS).union(*(tools for tools, _ in _WITHOUT_WORDS.values()))
TOOLS_WITHOUT_REASON = frozenset(
    {
        *("identificar_cliente", "escolher_contrato", "anotar_pedido"),
        *("transferir_atendimento", "encerrar_atendimento"),
    }
)
"""Tools that say nothing about the reason, unless an argument does."""


def add_contact_reasons(known: Iterable[str], uses: Iterable[ToolUse]) -> tuple[ContactReason, ...]:
    """Returns the reasons so far and those of further tools, sorted.

    A connection is checked for whoever has no internet and for whoever has slow internet, and both
    may get a service order; invoices are looked up before an unlock, and the coverage before a
    move: the customer's words or the other tools decide, if there are any. ``OTHER`` is left out as
    soon as there is another reason.
    """
    reasons = {ContactReason(each) for each in known}
    called = set()
    for use in uses:
        called.add(use.tool)
        for found in (_OF_INTENTS.get(use.intent or ""), _OF_TOOLS.get(use.tool)):
            if found is not None:
                reasons.add(found)
    for reason, (tools, better) in _WITHOUT_WORDS.items():
        if called & tools and not reasons & better:
            reasons.add(reason)
    if len(reasons) > 1:
        reasons.discard(ContactReason.OTHER)
    return tuple(sorted(reasons))
