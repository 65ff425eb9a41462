"""Several wishes of one customer: noted, served one after the other."""

from niochat.assistant.case import Case, Result, done, refused
from niochat.assistant.evidence import quote_in
from niochat.assistant.facts import Waiting, Wish
from niochat.assistant.masking import masked_text
from niochat.assistant.tools.tool import Arguments, Quote, Tool
from niochat.domain.plain import truncate_text

MOST = 5
"""Wishes that wait at a time."""
_LONGEST = 120


class Note(Arguments):
    """What the customer also wants, and where it was said."""

    desejo: Wish
    palavras: Quote


async def note_wish(case: Case, wanted: Note) -> Result:
    """Keep what the customer also wants, in the order of the customer's."""
    if quote_in(case.visit.said, wanted.palavras) is None:
        return refused("palavras_nao_encontradas", "Copie as palavras do cliente como estão.")
    facts = case.facts
    if wanted.desejo == facts.wish:
        return refused(
            "pedido_atual", "Esse é o pedido que está sendo atendido. O mesmo em outro contrato: "
            "atenda este e depois escolha o outro contrato.",
        )  # fmt: skip
    if wanted.desejo not in (facts.wish, *(each.wish for each in facts.waiting)):
        if len(facts.waiting) >= MOST:
            return refused("muitos_pedidos", "Atenda primeiro os que já estão anotados.")
        words = truncate_text(masked_text(wanted.palavras), _LONGEST)
        case.learn(waiting=(*facts.waiting, Waiting(wanted.desejo, words)))
    return done(
        depois=[each.wish for each in case.facts.waiting],
        orientacao="Atenda antes o pedido atual; depois estes, um de cada vez.",
    )


NOTE_WISH = Tool(
    "anotar_pedido",
    "Anota outro pedido do cliente, que fica para depois do atual.",
    Note,
    note_wish,
)
