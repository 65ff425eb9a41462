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
from niochat.domain.erp import ErpTicket

_LONGEST_CONTENT = 4000
_CLOSED_WORDS = re.compile(r"encerrad|fechad|finalizad|concluid|cancelad|resolvid")
_CLOSED = 1
_SCHEDULED = ("data_agendamento", "data_hora_agendamento", "os_data_agendamento")
_TECHNICIAN = ("tecnico", "tecnico_nome", "responsavel")
_HOUR = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_KIND_NAMES = ("tipo_id", "ocorrenciatipo_id", "ocorrenciatipo", "tipo")
"""``tipo`` is the code on some installations and its name on others."""

Row = Mapping[str, object]


def tickets(value: object, kinds: Mapping[str, str]) -> tuple[ErpTicket, ...]:
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


def _none_of(answer: Row) -> tuple[ErpTicket, ...]:
    if names_nothing(answer) and not names_nobody(answer):
        return ()
    if said_of(answer) and whole_of(answer.get("status")) != 1:
        raise refusal(answer)
    raise Unusable("the answer holds no list of tickets")


def _ticket(row: Row, kinds: Mapping[str, str]) -> ErpTicket:
    number = first_text(row, "numero", "protocolo", "id", longest=60)
    if not number:
        raise Unusable("a ticket has no number")
    return ErpTicket(
        number=number,
        open=_is_open(row),
        categories=categories_of(first_text(row, *_KIND_NAMES, longest=60), kinds),
        # The end is kept: our reference stands there.
        content=text_of(row.get("conteudo"), longest=10**6)[-_LONGEST_CONTENT:],
        opened_at=moment_of(row.get("data_cadastro")),
        scheduled_for=_scheduled(row),
        technician=_technician(row),
    )


def _scheduled(row: Row) -> datetime | None:
    """When somebody comes: the order's own word, else the first of its field orders that tells.

    Not scheduled is an empty text. The hour may stand in a field of its own.
    """
    for source in (row, *_field_orders(row)):
        for name in _SCHEDULED:
            if (moment := moment_of(source.get(name))) is not None:
                return _at_hour(moment, text_of(source.get("hora_agendamento")))
    return None


def _at_hour(moment: datetime, hour: str) -> datetime:
    found = _HOUR.fullmatch(hour)
    if found is None or (moment.hour, moment.minute) != (0, 0):
        return moment
    return moment.replace(hour=int(found[1]), minute=int(found[2]))


def _technician(row: Row) -> str:
    """Of the field orders only: who is in charge of the order itself may sit in an office."""
    names = (first_text(order, *_TECHNICIAN, longest=80) for order in _field_orders(row))
    return next((name for name in names if name), "")


def _field_orders(row: Row) -> list[Row]:
    return [object_of(each) for each in rows_of(row.get("ordens_servicos")) or ()]


def _is_open(row: Row) -> bool:
    """By the words, then by the code (0 open, 1 closed); what says neither counts as open."""
    shown = plain(text_of(row.get("status")))
    if shown and whole_of(shown) is None:
        return not _CLOSED_WORDS.search(shown)
    code = whole_of(row.get("status_id"))
    return (code if code is not None else whole_of(shown)) != _CLOSED
