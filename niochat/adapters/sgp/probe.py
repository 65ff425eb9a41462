"""Which routes an installation has and its token may use, found out without changing anything.

Installations differ in version and permissions (SGP reference 3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from niochat.adapters.sgp.body import parsed
from niochat.adapters.sgp.calls import Call, read_call
from niochat.adapters.sgp.fields import object_of
from niochat.adapters.sgp.judge import failure, refuses_access
from niochat.adapters.sgp.wire import Reply
from niochat.domain.erp import (
    CheckAccessStatus,
    CheckCoverage,
    ErpCapability,
    ErpError,
    FindSubscriber,
    ListInvoices,
    ListMaintenances,
    ListServicePlans,
    ListTickets,
    ReadPixCode,
    ServiceAddress,
)

_NOBODY = "00000000000"
_NO_CONTRACT = "0"
_NO_CEP = "00000000"


@dataclass(frozen=True, slots=True)
class Probe:
    """One route to try. ``method`` is only given where its own could act."""

    call: Call
    capability: ErpCapability | None
    method: str = ""


class Found(StrEnum):
    """What a probe found at a route."""

    THERE = "there"
    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    MOVED = "moved"


PROBES: Sequence[Probe] = (
    Probe(read_call(FindSubscriber(_NOBODY)), None),
    Probe(read_call(ListInvoices(_NO_CONTRACT)), ErpCapability.INVOICES),
    Probe(
        Call(
            "/api/ura/titulos/",
            {"contrato": _NO_CONTRACT, "cpfcnpj": _NOBODY, "status": "pagos", "limit": "1"},
        ),
        ErpCapability.PAID,
    ),
    Probe(read_call(ReadPixCode(_NO_CONTRACT, "0")), ErpCapability.PIX),
    Probe(read_call(CheckAccessStatus(_NO_CONTRACT)), ErpCapability.LINE),
    # With a limit: an installation that takes contract 0 for no filter would list everybody.
    Probe(
        Call("/api/ura/clientes/", {"contrato": _NO_CONTRACT, "cpfcnpj": _NOBODY, "limit": "1"}),
        ErpCapability.OPTICS,
    ),
    Probe(read_call(ListMaintenances()), ErpCapability.MAINTENANCE),
    Probe(read_call(ListTickets(_NO_CONTRACT)), ErpCapability.TICKETS),
    Probe(read_call(ListServicePlans()), ErpCapability.PLANS),
    Probe(read_call(CheckCoverage(ServiceAddress(cep=_NO_CEP))), ErpCapability.COVERAGE),
    # OPTIONS, because anything else could act.
    Probe(Call("/api/ura/liberacaopromessa/"), ErpCapability.UNLOCK, "OPTIONS"),
    Probe(Call("/api/ura/chamado/"), ErpCapability.OPEN_TICKET, "OPTIONS"),
    Probe(Call("/api/precadastro/F"), ErpCapability.LEADS, "OPTIONS"),
)


def found(probe: Probe, reply: Reply) -> Found:
    """What a reply says of its route. A failing route (500) is there."""
    if reply.status in (401, 403):
        return Found.FORBIDDEN
    if 300 <= reply.status < 400 and not probe.method:
        return Found.MOVED
    # OPTIONS may be the one method that a route does not take; a read's own may not.
    if reply.status == 404 or (reply.status == 405 and not probe.method):
        return Found.ABSENT
    refused = 200 <= reply.status < 300 and not probe.method and _refuses_token(reply)
    return Found.FORBIDDEN if refused else Found.THERE


def _refuses_token(reply: Reply) -> bool:
    try:
        return refuses_access(object_of(parsed(reply)))
    except ErpError:
        return False  # unreadable is not refused


def capabilities(findings: Sequence[tuple[Probe, Found]]) -> frozenset[ErpCapability]:
    """What can be asked. Raises ``ErpError`` where no read works at all, with the likely cause."""
    reads = {result for probe, result in findings if not probe.method}
    if Found.THERE not in reads:
        raise _nothing_there(reads)
    there = (probe.capability for probe, result in findings if result is Found.THERE)
    return frozenset(capability for capability in there if capability is not None)


def _nothing_there(reads: set[Found]) -> ErpError:
    if Found.FORBIDDEN in reads:
        return failure("erp_unauthorized", "probe", "refuses the token on every route")
    if Found.MOVED in reads:
        return failure("erp_address", "probe", "redirects: the base address is wrong")
    return failure("erp_missing", "probe", "finds no route: this is no SGP")
