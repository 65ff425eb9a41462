"""Decides what the response to a write proves: done, certainly not done, or not known.

A write cannot be repeated (SGP reference 3.2), so whatever proves neither is ``erp_malformed``
with ``maybe_sent``: the caller reads the ERP again before anything else.
"""

from collections.abc import Mapping

from niochat.adapters.erps.sgp.errors import (
    error_from_status,
    is_access_denied,
    read_message,
    read_protocol,
    refusal_error,
    sgp_error,
)
from niochat.adapters.erps.sgp.responses.body_decoder import decode_body
from niochat.adapters.erps.sgp.responses.value_parsers import (
    first_present,
    first_present_text,
    to_date,
    to_flag,
    to_integer,
    to_object,
)
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import ErpError, ErpWrite, ErpWriteReceipt, RegisterLead, Unlock

_REFUSAL_STATUSES = frozenset({400, 402, 409, 422})
"""A pre-registration refuses in words under these; 402 is a CPF that is a client already."""

Row = Mapping[str, object]


def parse_write_response(request: ErpWrite, reply: SgpHttpResponse) -> ErpWriteReceipt:
    """What was done. Raises ``ErpRefusedError`` when certainly nothing, ``ErpError`` otherwise."""
    if reply.status in _REFUSAL_STATUSES:
        _raise_refusal(reply)
    if (error := error_from_status(reply.route, reply.status)) is not None:
        raise error
    return parse_write_value(request, reply.route, decode_body(reply))


def parse_write_value(request: ErpWrite, route: str, value: object) -> ErpWriteReceipt:
    """The outcome of an answer that is already plain lists and objects."""
    answer, number = to_object(value), _read_record_number(request, to_object(value))
    done = _is_unlocked(answer) if isinstance(request, Unlock) else _is_accepted(answer, number)
    if done is True:
        return ErpWriteReceipt(number, until=to_date(answer.get("data_promessa")))
    if is_access_denied(answer) and not number:
        raise sgp_error("erp_unauthorized", route, "refuses the token")
    if done is None:
        raise sgp_error("erp_malformed", route, "does not say whether it was done")
    raise refusal_error(answer)


def _raise_refusal(reply: SgpHttpResponse) -> None:
    try:
        answer = to_object(decode_body(reply))
    except ErpError:
        return  # no words: the status alone is judged
    if is_access_denied(answer):
        raise sgp_error("erp_unauthorized", reply.route, "refuses the token")
    if read_message(answer):
        raise refusal_error(answer)


def _is_unlocked(answer: Row) -> bool | None:
    """``liberado`` decides; a status that contradicts it proves nothing."""
    freed, status = to_flag(answer.get("liberado")), _status(answer)
    if freed:
        return True if status != 0 else None
    if freed is False:
        return False
    return False if status == 0 and read_message(answer) and not read_protocol(answer) else None


def _is_accepted(answer: Row, number: str) -> bool | None:
    """A number or a success sign proves it, words with status 0 its refusal, both nothing."""
    if _status(answer) == 0:
        return False if read_message(answer) and not number else None
    return True if _status(answer) == 1 or number else None


def _status(answer: Row) -> int | None:
    """The status, or what stands in for it."""
    told = to_integer(answer.get("status"))
    if told is None and (flag := to_flag(first_present(answer, "success", "sucesso"))) is not None:
        return int(flag)
    if told is None and first_present_text(answer, "error", "erro"):
        return 0
    return told


def _read_record_number(request: ErpWrite, answer: Row) -> str:
    """What the ERP calls the thing it made; of a lead it is the new record's id."""
    ids = ("precadastro_id", "cliente_id", "clienteId", "id")
    lead = (
        first_present_text(answer, *ids, max_length=60) if isinstance(request, RegisterLead) else ""
    )
    return read_protocol(answer) or lead
