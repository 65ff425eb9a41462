"""Parses ``ocorrencia/list`` (SGP reference 3.2)."""

import re
from collections.abc import Mapping
from datetime import datetime

from niochat.adapters.erps.sgp.errors import (
    is_empty_result,
    is_unknown_subscriber,
    read_message,
    refusal_error,
)
from niochat.adapters.erps.sgp.responses.value_parsers import (
    UnusableFieldError,
    first_present_text,
    fold_text,
    to_datetime,
    to_integer,
    to_object,
    to_rows,
    to_text,
)
from niochat.adapters.erps.sgp.ticket_types import categories_for
from niochat.ports.erp import ErpTicket

_MAX_CONTENT_LENGTH = 4000
_CLOSED_WORDS = re.compile(r"encerrad|fechad|finalizad|concluid|cancelad|resolvid")
_CLOSED = 1
_SCHEDULED = ("data_agendamento", "data_hora_agendamento", "os_data_agendamento")
_TECHNICIAN = ("tecnico", "tecnico_nome", "responsavel")
_HOUR = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9])?")
_KIND_NAMES = ("tipo_id", "ocorrenciatipo_id", "ocorrenciatipo", "tipo")
"""``tipo`` holds the code on some installations and the name of the kind on others."""

Row = Mapping[str, object]


def parse_tickets(value: object, kinds: Mapping[str, str]) -> tuple[ErpTicket, ...]:
    """The contract's service orders, newest first, those without a date last.

    ``kinds`` are the provider's codes by category.

    Raises ``UnusableFieldError`` if any ticket cannot be read: a missing one would be opened a
    second time.
    """
    body = to_object(value)
    rows = to_rows(body.get("ocorrencias"))
    if rows is None and isinstance(value, list) and "ocorrencias" not in body:
        rows = value
    if rows is None:
        return _require_empty_tickets(body)
    tickets = [_parse_ticket(to_object(row), kinds) for row in rows]
    return tuple(sorted(tickets, key=lambda ticket: ticket.opened_at or datetime.min, reverse=True))


def _require_empty_tickets(body: Row) -> tuple[ErpTicket, ...]:
    if is_empty_result(body) and not is_unknown_subscriber(body):
        return ()
    if read_message(body) and to_integer(body.get("status")) != 1:
        raise refusal_error(body)
    raise UnusableFieldError("the answer holds no list of tickets")


def _parse_ticket(row: Row, kinds: Mapping[str, str]) -> ErpTicket:
    number = first_present_text(row, "numero", "protocolo", "id", max_length=60)
    if not number:
        raise UnusableFieldError("a ticket has no number")
    return ErpTicket(
        number=number,
        open=_is_open(row),
        categories=categories_for(first_present_text(row, *_KIND_NAMES, max_length=60), kinds),
        # Keep the end, which contains our reference.
        content=to_text(row.get("conteudo"), max_length=10**6)[-_MAX_CONTENT_LENGTH:],
        opened_at=to_datetime(row.get("data_cadastro")),
        scheduled_for=_parse_scheduled_visit(row),
        technician=_parse_technician(row),
    )


def _parse_scheduled_visit(row: Row) -> datetime | None:
    """When a technician comes: the date of the service order, else of its first field order
    that has one.

    An unscheduled order has an empty text. The hour may be in a field of its own.
    """
    for source in (row, *_field_orders(row)):
        for name in _SCHEDULED:
            if (moment := to_datetime(source.get(name))) is not None:
                return _at_hour(moment, to_text(source.get("hora_agendamento")))
    return None


def _at_hour(moment: datetime, hour: str) -> datetime:
    match = _HOUR.fullmatch(hour)
    if match is None or (moment.hour, moment.minute) != (0, 0):
        return moment
    return moment.replace(hour=int(match[1]), minute=int(match[2]))


def _parse_technician(row: Row) -> str:
    """Read the field orders only: the person in charge of the service order may be office staff."""
    names = (first_present_text(order, *_TECHNICIAN, max_length=80) for order in _field_orders(row))
    return next((name for name in names if name), "")


def _field_orders(row: Row) -> list[Row]:
    return [to_object(each) for each in to_rows(row.get("ordens_servicos")) or ()]


def _is_open(row: Row) -> bool:
    """Decide by the text, then by the code (0 open, 1 closed); with neither it counts as open."""
    status_text = fold_text(to_text(row.get("status")))
    if status_text and to_integer(status_text) is None:
        return not _CLOSED_WORDS.search(status_text)
    code = to_integer(row.get("status_id"))
    return (code if code is not None else to_integer(status_text)) != _CLOSED
