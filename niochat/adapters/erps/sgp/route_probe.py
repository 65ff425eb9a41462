"""Probes which routes an installation has and its token may use, without changing anything.

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
    """One route to try. ``method`` is given only if the usual one could change something."""

    call: SgpRequest
    capability: ErpCapability | None
    method: str = ""


class RouteStatus(StrEnum):
    """The result of probing one route."""

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
    # The limit is for installations that take contract 0 for no filter and list all clients.
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
    # OPTIONS, because any other method could change something.
    RouteProbe(SgpRequest("/api/ura/liberacaopromessa/"), ErpCapability.UNLOCK, "OPTIONS"),
    RouteProbe(SgpRequest("/api/ura/chamado/"), ErpCapability.OPEN_TICKET, "OPTIONS"),
    RouteProbe(SgpRequest("/api/precadastro/F"), ErpCapability.LEADS, "OPTIONS"),
)


def route_status(probe: RouteProbe, response: SgpHttpResponse) -> RouteStatus:
    """Classify the response of a route. A route that fails (500) is there."""
    if response.status in (401, 403):
        return RouteStatus.FORBIDDEN
    if 300 <= response.status < 400 and not probe.method:
        return RouteStatus.MOVED
    # An existing route may reject OPTIONS, but not the method of its own read.
    if response.status == 404 or (response.status == 405 and not probe.method):
        return RouteStatus.ABSENT
    refused = 200 <= response.status < 300 and not probe.method and _refuses_token(response)
    return RouteStatus.FORBIDDEN if refused else RouteStatus.THERE


def _refuses_token(response: SgpHttpResponse) -> bool:
    try:
        return is_access_denied(to_object(decode_body(response)))
    except ErpError:
        return False  # an unreadable response is no refusal


def capabilities_from_statuses(
    findings: Sequence[tuple[RouteProbe, RouteStatus]],
) -> frozenset[ErpCapability]:
    """The usable capabilities. Raises ``ErpError`` with the likely cause if no read works."""
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
