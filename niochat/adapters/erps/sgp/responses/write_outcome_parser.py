"""Decides what the response to a write proves: done, certainly not done, or unknown.

A write must not be repeated (SGP reference 3.2), so a response that proves neither raises
``erp_malformed`` with ``maybe_sent``; the caller then reads the ERP before anything else.
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
"""A pre-registration is refused with these and a message; 402: the CPF is a client already."""

Row = Mapping[str, object]


def parse_write_response(request: ErpWrite, response: SgpHttpResponse) -> ErpWriteReceipt:
    """The receipt. Raises ``ErpRefusedError`` if certainly nothing was done, else ``ErpError``."""
    if response.status in _REFUSAL_STATUSES:
        _raise_refusal(response)
    if (error := error_from_status(response.route, response.status)) is not None:
        raise error
    return parse_write_value(request, response.route, decode_body(response))


def parse_write_value(request: ErpWrite, route: str, value: object) -> ErpWriteReceipt:
    """The receipt of a write whose body is already decoded into plain lists and objects."""
    body, number = to_object(value), _read_record_number(request, to_object(value))
    done = _is_unlocked(body) if isinstance(request, Unlock) else _is_accepted(body, number)
    if done is True:
        return ErpWriteReceipt(number, until=to_date(body.get("data_promessa")))
    if is_access_denied(body) and not number:
        raise sgp_error("erp_unauthorized", route, "refuses the token")
    if done is None:
        raise sgp_error("erp_malformed", route, "does not say whether it was done")
    raise refusal_error(body)


def _raise_refusal(response: SgpHttpResponse) -> None:
    try:
        body = to_object(decode_body(response))
    except ErpError:
        return  # without a message the status alone decides
    if is_access_denied(body):
        raise sgp_error("erp_unauthorized", response.route, "refuses the token")
    if read_message(body):
        raise refusal_error(body)


def _is_unlocked(body: Row) -> bool | None:
    """``liberado`` decides; a status that contradicts it proves nothing."""
    unlocked, status = to_flag(body.get("liberado")), _status(body)
    if unlocked:
        return True if status != 0 else None
    if unlocked is False:
        return False
    return False if status == 0 and read_message(body) and not read_protocol(body) else None


def _is_accepted(body: Row, number: str) -> bool | None:
    """A number or a success status proves it; status 0 with a message and no number refutes it."""
    if _status(body) == 0:
        return False if read_message(body) and not number else None
    return True if _status(body) == 1 or number else None


def _status(body: Row) -> int | None:
    """The status, or the field that replaces it."""
    status = to_integer(body.get("status"))
    if status is None and (flag := to_flag(first_present(body, "success", "sucesso"))) is not None:
        return int(flag)
    if status is None and first_present_text(body, "error", "erro"):
        return 0
    return status


def _read_record_number(request: ErpWrite, body: Row) -> str:
    """The protocol number of the new record; for a lead without one, the id of the record."""
    ids = ("precadastro_id", "cliente_id", "clienteId", "id")
    lead_id = (
        first_present_text(body, *ids, max_length=60) if isinstance(request, RegisterLead) else ""
    )
    return read_protocol(body) or lead_id
