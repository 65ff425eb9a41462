"""Which routes an installation has and its token may use, found out without changing anything.

Installations differ in version and permissions (SGP reference 3.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from niochat.adapters.erps.sgp.errors import is_access_denied, sgp_error
from niochat.adapters.erps.sgp.request_builder import SgpRequest, build_read_request
from niochat.adapters.erps.sgp.responses.body_decoder import decode_body
from niochat.adapters.erps.sgp.responses.value_parsers import to_object
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import (
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
class RouteProbe:
    """One route to try. ``method`` is only given where its own could act."""

    call: SgpRequest
    capability: ErpCapability | None
    method: str = ""


class RouteStatus(StrEnum):
    """What a probe found at a route."""

    THERE = "there"
    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    MOVED = "moved"


ROUTE_PROBES: Sequence[RouteProbe] = (
    RouteProbe(build_read_request(FindSubscriber(_NOBODY)), None),
    RouteProbe(build_read_request(ListInvoices(_NO_CONTRACT)), ErpCapability.INVOICES),
    RouteProbe(
        SgpRequest(
            "/api/ura/titulos/",
            {"contrato": _NO_CONTRACT, "cpfcnpj": _NOBODY, "status": "pagos", "limit": "1"},
        ),
        ErpCapability.PAID,
    ),
    RouteProbe(build_read_request(ReadPixCode(_NO_CONTRACT, "0")), ErpCapability.PIX),
    RouteProbe(build_read_request(CheckAccessStatus(_NO_CONTRACT)), ErpCapability.LINE),
    # With a limit: an installation that takes contract 0 for no filter would list everybody.
    RouteProbe(
        SgpRequest(
            "/api/ura/clientes/", {"contrato": _NO_CONTRACT, "cpfcnpj": _NOBODY, "limit": "1"}
        ),
        ErpCapability.OPTICS,
    ),
    RouteProbe(build_read_request(ListMaintenances()), ErpCapability.MAINTENANCE),
    RouteProbe(build_read_request(ListTickets(_NO_CONTRACT)), ErpCapability.TICKETS),
    RouteProbe(build_read_request(ListServicePlans()), ErpCapability.PLANS),
    RouteProbe(
        build_read_request(CheckCoverage(ServiceAddress(cep=_NO_CEP))), ErpCapability.COVERAGE
    ),
    # OPTIONS, because anything else could act.
    RouteProbe(SgpRequest("/api/ura/liberacaopromessa/"), ErpCapability.UNLOCK, "OPTIONS"),
    RouteProbe(SgpRequest("/api/ura/chamado/"), ErpCapability.OPEN_TICKET, "OPTIONS"),
    RouteProbe(SgpRequest("/api/precadastro/F"), ErpCapability.LEADS, "OPTIONS"),
)


def route_status(probe: RouteProbe, reply: SgpHttpResponse) -> RouteStatus:
    """What a reply says of its route. A failing route (500) is there."""
    if reply.status in (401, 403):
        return RouteStatus.FORBIDDEN
    if 300 <= reply.status < 400 and not probe.method:
        return RouteStatus.MOVED
    # OPTIONS may be the one method that a route does not take; a read's own may not.
    if reply.status == 404 or (reply.status == 405 and not probe.method):
        return RouteStatus.ABSENT
    refused = 200 <= reply.status < 300 and not probe.method and _refuses_token(reply)
    return RouteStatus.FORBIDDEN if refused else RouteStatus.THERE


def _refuses_token(reply: SgpHttpResponse) -> bool:
    try:
        return is_access_denied(to_object(decode_body(reply)))
    except ErpError:
        return False  # unreadable is not refused


def capabilities_from_statuses(
    findings: Sequence[tuple[RouteProbe, RouteStatus]],
) -> frozenset[ErpCapability]:
    """What can be asked. Raises ``ErpError`` where no read works at all, with the likely cause."""
    reads = {result for probe, result in findings if not probe.method}
    if RouteStatus.THERE not in reads:
        raise _no_route_error(reads)
    there = (probe.capability for probe, result in findings if result is RouteStatus.THERE)
    return frozenset(capability for capability in there if capability is not None)


def _no_route_error(reads: set[RouteStatus]) -> ErpError:
    if RouteStatus.FORBIDDEN in reads:
        return sgp_error("erp_unauthorized", "probe", "refuses the token on every route")
    if RouteStatus.MOVED in reads:
        return sgp_error("erp_address", "probe", "redirects: the base address is wrong")
    return sgp_error("erp_missing", "probe", "finds no route: this is no SGP")
