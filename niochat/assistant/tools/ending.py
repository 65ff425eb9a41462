"""How the assistant lets go: to a team, or with a farewell."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from niochat.assistant.case import Case, Result, done, refused
from niochat.assistant.evidence import quote_in
from niochat.assistant.folding import fold
from niochat.assistant.handover import announcement, summary
from niochat.assistant.tools.tool import Arguments, Quote, Tool, Words
from niochat.assistant.topics import Topic

_WANTS_MORE = re.compile(r"\?|\b(mas|ainda|porem|so que|quero|preciso|como)\b")
"""A farewell does not go on like this."""


class Motive(StrEnum):
    """Why people are called."""

    HUMAN = "pediu_pessoa"
    CANCELLATION = "cancelamento"
    COMPLAINT_BODY = "orgao_ou_justica"
    ANGER = "insatisfeito"
    REQUEST = "pedido_da_equipe"
    """Something that only people do."""
    UNSOLVED = "nao_resolvido"


_TOPICS = {
    Motive.HUMAN: Topic.HUMAN,
    Motive.CANCELLATION: Topic.CANCELLATION,
    Motive.COMPLAINT_BODY: Topic.COMPLAINT_BODY,
    Motive.ANGER: Topic.ANGER,
}


class Transfer(Arguments):
    """``resumo``: what the team should know, in a sentence or two."""

    setor: Annotated[
        Words,
        Field(
            description="atendimento, financeiro, suporte, vendas ou a equipe indicada pelo "
            "provedor: a citada pelo cliente; senão, a do pedido"
        ),
    ]
    motivo: Motive
    resumo: Words
    palavras: Annotated[Quote | None, Field(description="palavras exatas do cliente")] = None


class Close(Arguments):
    """``palavras``: with which the customer ends the visit."""

    palavras: Quote


async def transfer(case: Case, wanted: Transfer) -> Result:
    """To a team of people, with a summary; the customer is told which, and when it answers."""
    case.hand_over(fold(wanted.setor), _reason(case, wanted), summary(case, wanted.resumo))
    assert case.handoff is not None
    case.final = announcement(case, case.handoff.team)
    return done(equipe=case.team_name(case.handoff.team), aberto=case.visit.people.available)


def _reason(case: Case, wanted: Transfer) -> str:
    """A topic counts only if the customer's own words show it. People are called in any case:
    nobody is kept from them because a quote is not exact.
    """
    said = wanted.palavras and quote_in(case.visit.said, wanted.palavras)
    topic = _TOPICS.get(wanted.motivo, Topic.OTHER) if said else Topic.OTHER
    return topic.value


async def close(case: Case, wanted: Close) -> Result:
    """The visit is over, but only where the customer has said so."""
    waiting = case.facts.identified and not case.facts.contract
    quote = quote_in(case.visit.said_since, wanted.palavras)
    after = (quote.message, *quote.later) if quote is not None else ()
    if waiting or quote is None or any(_WANTS_MORE.search(fold(each)) for each in after):
        return refused(
            "nao_pode_encerrar", "O cliente não encerrou: pergunte se pode ajudar em algo mais."
        )
    if case.facts.waiting:
        return refused(
            "ha_pedidos", "Ainda há pedidos anotados: atenda-os, ou pergunte se ele desiste deles.",
            pedidos=[each.wish for each in case.facts.waiting],
        )  # fmt: skip
    case.close = wanted.palavras
    case.instead = f"Obrigado pelo contato! Protocolo: {case.visit.request.protocol}"
    return done(orientacao="Despeça-se em uma frase.")


TRANSFER = Tool(
    "transferir_atendimento",
    "Passa o atendimento para uma equipe de pessoas.",
    Transfer,
    transfer,
)
CLOSE = Tool(
    "encerrar_atendimento",
    "Encerra o atendimento quando o cliente disse que não precisa de mais nada.",
    Close,
    close,
)
