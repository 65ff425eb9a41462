"""From a parsed answer to the value that the port promises for a read."""

from collections.abc import Mapping

from niochat.adapters.erps.sgp.errors import error_from_status, is_access_denied, sgp_error
from niochat.adapters.erps.sgp.responses.billing_parser import (
    parse_invoices,
    parse_paid_invoices,
    parse_pix_code,
    parse_plans,
)
from niochat.adapters.erps.sgp.responses.body_decoder import decode_body
from niochat.adapters.erps.sgp.responses.connection_parser import (
    parse_access_status,
    parse_maintenances,
    parse_optical_signal,
)
from niochat.adapters.erps.sgp.responses.coverage_parser import parse_coverage
from niochat.adapters.erps.sgp.responses.subscriber_parser import (
    parse_subscriber_by_contract,
    parse_subscriber_by_document,
)
from niochat.adapters.erps.sgp.responses.ticket_parser import parse_tickets
from niochat.adapters.erps.sgp.responses.value_parsers import UnusableFieldError, to_object
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import (
    CheckAccessStatus,
    CheckCoverage,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListPaidInvoices,
    ListServicePlans,
    ListTickets,
    ReadContract,
    ReadOpticalSignal,
    ReadPixCode,
)

_MAGIC = b"%PDF"


def parse_read_response(
    request: object, reply: SgpHttpResponse, kinds: Mapping[str, str]
) -> object:
    """The value of a read; ``kinds`` are the provider's codes of tickets by category.

    Raises ``ErpError``, and ``ErpRefusedError`` with the ERP's reason."""
    if (error := error_from_status(reply.route, reply.status)) is not None:
        raise error
    return parse_read_value(request, reply.route, decode_body(reply), kinds)


def parse_read_value(
    request: object, route: str, value: object, kinds: Mapping[str, str]
) -> object:
    """The value of a read whose answer is already plain lists and objects."""
    if is_access_denied(to_object(value)):
        raise sgp_error("erp_unauthorized", route, "refuses the token")
    try:
        return _parse_value(request, value, kinds)
    except UnusableFieldError as odd:
        # Without the cause: only the field's name is ours to tell.
        raise sgp_error("erp_malformed", route, f"cannot be understood: {odd}") from None


def _parse_value(request: object, value: object, kinds: Mapping[str, str]) -> object:
    match request:
        case FindSubscriber(document):
            return parse_subscriber_by_document(value, document)
        case ReadContract(contract):
            return parse_subscriber_by_contract(value, contract)
        case ListInvoices():
            return parse_invoices(value)
        case ListPaidInvoices(contract):
            return parse_paid_invoices(value, contract)
        case ReadPixCode():
            return parse_pix_code(value)
        case CheckAccessStatus(contract):
            return parse_access_status(value, contract)
        case ReadOpticalSignal(contract):
            return parse_optical_signal(value, contract)
        case ListTickets():
            return parse_tickets(value, kinds)
        case _:
            return _parse_provider_value(request, value)


def _parse_provider_value(request: object, value: object) -> object:
    """What concerns no contract."""
    match request:
        case ListMaintenances():
            return parse_maintenances(value)
        case ListServicePlans():
            return parse_plans(value)
        case CheckCoverage():
            return parse_coverage(value)
        case _:
            raise TypeError(f"no answer is known to a {type(request).__name__}")


def parse_pdf(reply: SgpHttpResponse) -> bytes:
    """The PDF, without white space in front. Raises ``ErpError`` ``erp_not_pdf`` for others."""
    # No token was sent, so a link that asks for one says nothing of the account's.
    locked = reply.status in (401, 403)
    if not locked and (error := error_from_status(reply.route, reply.status)) is not None:
        raise error
    body = reply.body.lstrip()
    if locked or not body.startswith(_MAGIC):
        raise sgp_error("erp_not_pdf", reply.route, "leads to something that is no PDF")
    return body
