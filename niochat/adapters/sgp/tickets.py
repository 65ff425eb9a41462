"""Reading of ``ocorrencia/list`` (SGP reference 3.2)."""

import re
from collections.abc import Mapping
from datetime import datetime

from niochat.adapters.sgp.fields import (
    Unusable,
    first_text,
    moment_of,
    object_of,
    plain,
    rows_of,
    text_of,
    whole_of,
)
from niochat.adapters.sgp.judge import names_nobody, names_nothing, refusal, said_of
from niochat.adapters.sgp.kinds import categories_of
from niochat.domain.erp import Ticket

_LONGEST_CONTENT = 4000
_CLOSED_WORDS = re.compile(r"encerrad|fechad|finalizad|concluid|cancelad|resolvid")
_CLOSED = 1
_KIND_NAMES = ("tipo_id", "ocorrenciatipo_id", "ocorrenciatipo", "tipo")
"""``tipo`` is the code on some installations and its name on others."""

Row = Mapping[str, object]


def tickets(value: object, kinds: Mapping[str, str]) -> tuple[Ticket, ...]:
    """The contract's service orders, newest first, those without a date last.

    ``kinds`` are the provider's codes by category.

    Raises ``Unusable`` if any cannot be read: a missing one would be opened a second time.
    """
    answer = object_of(value)
    rows = rows_of(answer.get("ocorrencias"))
    if rows is None and isinstance(value, list) and "ocorrencias" not in answer:
        rows = value
    if rows is None:
        return _none_of(answer)
    read = [_ticket(object_of(row), kinds) for row in rows]
    return tuple(sorted(read, key=lambda each: each.opened_at or datetime.min, reverse=True))


def _none_of(answer: Row) -> tuple[Ticket, ...]:
    if names_nothing(answer) and not names_nobody(answer):
        return ()
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of tickets")


def _ticket(row: Row, kinds: Mapping[str, str]) -> Ticket:
    number = first_text(row, "numero", "protocolo", "id", longest=60)
    if not number:
        raise Unusable("a ticket has no number")
    return Ticket(
        number=number,
        open=_is_open(row),
        categories=categories_of(first_text(row, *_KIND_NAMES, longest=60), kinds),
        # The end is kept: our reference stands there.
        content=text_of(row.get("conteudo"), longest=10**6)[-_LONGEST_CONTENT:],
        opened_at=moment_of(row.get("data_cadastro")),
    )


def _is_open(row: Row) -> bool:
    """By the words, then by the code (0 open, 1 closed); what says neither counts as open."""
    shown = plain(text_of(row.get("status")))
    if shown and whole_of(shown) is None:
        return not _CLOSED_WORDS.search(shown)
    code = whole_of(row.get("status_id"))
    return (code if code is not None else whole_of(shown)) != _CLOSED
