"""Several wishes of one customer: noted, served one after the other."""

from typing import Annotated

from pydantic import Field

from niochat.assistant.case import Case, Result, done, refused
from niochat.assistant.evidence import quote_in
from niochat.assistant.facts import Waiting, Wish
from niochat.assistant.masking import masked_text
from niochat.assistant.tools.tool import Arguments, Quote, Tool
from niochat.domain.plain import cut

MOST = 5
"""Wishes that wait at a time."""
_LONGEST = 120


class Noted(Arguments):
    """One further wish."""

    desejo: Wish
    palavras: Quote


class Note(Arguments):
    """What the customer also wants."""

    pedidos: Annotated[tuple[Noted, ...], Field(min_length=1, max_length=MOST)]


async def note_wishes(case: Case, wanted: Note) -> Result:
    """Keep what the customer also wants; what nobody wrote is left out."""
    said = [each for each in wanted.pedidos if quote_in(case.visit.said, each.palavras)]
    if not said:
        return refused("palavras_nao_encontradas", "Copie as palavras do cliente como estão.")
    facts = case.facts
    known = {facts.wish, *(each.wish for each in facts.waiting)}
    new = {each.desejo: each for each in said if each.desejo not in known}
    waiting = [
        Waiting(wish, cut(masked_text(each.palavras), _LONGEST)) for wish, each in new.items()
    ]
    first = facts.wish
    if first is None and waiting:
        first = waiting.pop(0).wish
    case.learn(wish=first, waiting=(*facts.waiting, *waiting)[:MOST])
    return done(
        desejo=case.facts.wish,
        depois=[each.wish for each in case.facts.waiting],
        orientacao="Atenda um de cada vez, nesta ordem.",
    )


NOTE_WISHES = Tool(
    "anotar_pedidos",
    "Anota pedidos do cliente que ficam para depois do atual, para não esquecer nenhum.",
    Note,
    note_wishes,
)
