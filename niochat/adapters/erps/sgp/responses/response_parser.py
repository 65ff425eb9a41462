"""Parses the response to a read into the value that the port promises."""

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
    parse_subscribers_by_phone,
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
    ListSubscribersByPhone,
    ListTickets,
    ReadContract,
    ReadOpticalSignal,
    ReadPixCode,
)

_MAGIC = b"%PDF"


def parse_read_response(
    request: object, response: SgpHttpResponse, kinds: Mapping[str, str]
) -> object:
    """Parse the response to a read; ``kinds`` are the provider's ticket codes by category.

    Raises ``ErpError``, and ``ErpRefusedError`` with the ERP's reason."""
    if (error := error_from_status(response.route, response.status)) is not None:
        raise error
    return parse_read_value(request, response.route, decode_body(response), kinds)


def parse_read_value(
    request: object, route: str, value: object, kinds: Mapping[str, str]
) -> object:
    """Parse a read whose body is already decoded into plain lists and objects."""
    if is_access_denied(to_object(value)):
        raise sgp_error("erp_unauthorized", route, "refuses the token")
    try:
        return _parse_value(request, value, kinds)
    except UnusableFieldError as error:
        # Drop the cause: an error message may contain the field's name only.
        raise sgp_error("erp_malformed", route, f"cannot be understood: {error}") from None


def _parse_value(request: object, value: object, kinds: Mapping[str, str]) -> object:
    match request:
        case FindSubscriber(document):
            return parse_subscriber_by_document(value, document)
        case ListSubscribersByPhone(phone):
            return parse_subscribers_by_phone(value, phone)
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
    """Parse a read that concerns no contract."""
    match request:
        case ListMaintenances():
            return parse_maintenances(value)
        case ListServicePlans():
            return parse_plans(value)
        case CheckCoverage():
            return parse_coverage(value)
        case _:
            raise TypeError(f"no answer is known to a {type(request).__name__}")


def parse_pdf(response: SgpHttpResponse) -> bytes:
    """The PDF without leading white space. Raises ``ErpError`` ``erp_not_pdf`` if it is none."""
    # No token was sent, so 401 or 403 says nothing about the account's token.
    locked = response.status in (401, 403)
    if not locked and (error := error_from_status(response.route, response.status)) is not None:
        raise error
    body = response.body.lstrip()
    if locked or not body.startswith(_MAGIC):
        raise sgp_error("erp_not_pdf", response.route, "leads to something that is no PDF")
    return body
