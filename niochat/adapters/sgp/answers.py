"""From a parsed answer to the value that the port promises for a read."""

from collections.abc import Mapping

from niochat.adapters.sgp.billing import invoices, paid_invoices, pix_code, plans
from niochat.adapters.sgp.body import parsed
from niochat.adapters.sgp.coverage import coverage
from niochat.adapters.sgp.fields import Unusable, object_of
from niochat.adapters.sgp.judge import failure, judge_status, refuses_access
from niochat.adapters.sgp.service import line, maintenances, optics
from niochat.adapters.sgp.subscribers import subscriber_by_contract, subscriber_by_document
from niochat.adapters.sgp.tickets import tickets
from niochat.adapters.sgp.wire import Reply
from niochat.domain.erp import (
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


def answered(request: object, reply: Reply, kinds: Mapping[str, str]) -> object:
    """The value of a read; ``kinds`` are the provider's codes of tickets by category.

    Raises ``ErpError``, and ``ErpRefusedError`` with the ERP's reason."""
    if (error := judge_status(reply.route, reply.status)) is not None:
        raise error
    return value_of(request, reply.route, parsed(reply), kinds)


def value_of(request: object, route: str, value: object, kinds: Mapping[str, str]) -> object:
    """The value of a read whose answer is already plain lists and objects."""
    if refuses_access(object_of(value)):
        raise failure("erp_unauthorized", route, "refuses the token")
    try:
        return _read(request, value, kinds)
    except Unusable as odd:
        # Without the cause: only the field's name is ours to tell.
        raise failure("erp_malformed", route, f"cannot be understood: {odd}") from None


def _read(request: object, value: object, kinds: Mapping[str, str]) -> object:
    match request:
        case FindSubscriber(document):
            return subscriber_by_document(value, document)
        case ReadContract(contract):
            return subscriber_by_contract(value, contract)
        case ListInvoices():
            return invoices(value)
        case ListPaidInvoices(contract):
            return paid_invoices(value, contract)
        case ReadPixCode():
            return pix_code(value)
        case CheckAccessStatus(contract):
            return line(value, contract)
        case ReadOpticalSignal(contract):
            return optics(value, contract)
        case ListTickets():
            return tickets(value, kinds)
        case _:
            return _of_provider(request, value)


def _of_provider(request: object, value: object) -> object:
    """What concerns no contract."""
    match request:
        case ListMaintenances():
            return maintenances(value)
        case ListServicePlans():
            return plans(value)
        case CheckCoverage():
            return coverage(value)
        case _:
            raise TypeError(f"no answer is known to a {type(request).__name__}")


def pdf_of(reply: Reply) -> bytes:
    """The PDF, without white space in front. Raises ``ErpError`` ``erp_not_pdf`` for others."""
    # No token was sent, so a link that asks for one says nothing of the account's.
    locked = reply.status in (401, 403)
    if not locked and (error := judge_status(reply.route, reply.status)) is not None:
        raise error
    body = reply.body.lstrip()
    if locked or not body.startswith(_MAGIC):
        raise failure("erp_not_pdf", reply.route, "leads to something that is no PDF")
    return body
