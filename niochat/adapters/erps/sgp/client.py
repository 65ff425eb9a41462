"""The client of SGP installations over HTTP."""

import asyncio
from typing import cast

from niochat.adapters.erps.sgp.request_builder import build_read_request, build_write_request
from niochat.adapters.erps.sgp.responses.response_parser import parse_pdf, parse_read_response
from niochat.adapters.erps.sgp.responses.write_outcome_parser import parse_write_response
from niochat.adapters.erps.sgp.route_probe import (
    ROUTE_PROBES,
    RouteProbe,
    RouteStatus,
    capabilities_from_statuses,
    route_status,
)
from niochat.adapters.erps.sgp.transport import SgpHttpRequest, SgpTransport
from niochat.adapters.erps.sgp.urls import require_own_link
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.erp import (
    ErpAccount,
    ErpCapability,
    ErpConnector,
    ErpError,
    ErpRead,
    ErpWrite,
    ErpWriteReceipt,
    FetchInvoicePdf,
    ResultT,
)

_MAX_BYTES = 2_000_000
_MAX_PDF_BYTES = 10_000_000


class SgpClient(ErpConnector):
    """Calls the SGP installations of all tenants over one pool of connections.

    Safe to use from many tasks of one event loop; call :meth:`close` once at the end. Every call is
    sent at most once, and ``timeout_s`` limits the whole call. The error codes are explained in
    :mod:`niochat.adapters.erps.sgp.errors`. Error messages contain no token, CPF or response.
    """

    def __init__(self, connections: int = 100, guard: SsrfGuard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._transport = SgpTransport(connections, guard)

    async def close(self) -> None:
        """Close all connections; calls in progress fail as lost."""
        await self._transport.close()

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Read once. Raises ``ErpError``, ``ErpRefusedError`` if the ERP refuses with a reason, and
        ``TypeError`` for a request that the port does not know.
        """
        if isinstance(request, FetchInvoicePdf):
            return cast(ResultT, await self._fetch_pdf(account, request, timeout_s))
        http_request = build_read_request(request).to_http_request(account)
        response = await self._transport.send(http_request, timeout_s, _MAX_BYTES)
        return cast(ResultT, parse_read_response(request, response, account.ticket_kinds))

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Write once. Raises ``ErpRefusedError`` if it was certainly not done, else ``ErpError``.

        Only an ``ErpError`` without ``maybe_sent`` may be retried without reading the ERP first.
        """
        http_request = build_write_request(account, request).to_http_request(account)
        response = await self._transport.send(http_request, timeout_s, _MAX_BYTES)
        return parse_write_response(request, response)

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """Return the capabilities of the installation. Probes all routes concurrently and changes
        nothing.

        Raises ``ErpError`` if a route does not answer or no read works, because the token is
        refused (``erp_unauthorized``) or the base address is wrong.
        """
        probes = [self._probe_route(account, probe, timeout_s) for probe in ROUTE_PROBES]
        results = await asyncio.gather(*probes, return_exceptions=True)
        findings: list[tuple[RouteProbe, RouteStatus]] = []
        for probe, result in zip(ROUTE_PROBES, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            findings.append((probe, result))
        return capabilities_from_statuses(findings)

    async def _probe_route(
        self, account: ErpAccount, probe: RouteProbe, timeout_s: float
    ) -> RouteStatus:
        http_request = probe.call.to_http_request(account, probe.method)
        try:
            response = await self._transport.send(http_request, timeout_s, _MAX_BYTES)
        except ErpError as error:
            if error.code in ("erp_too_big", "erp_malformed"):
                return RouteStatus.THERE
            raise
        return route_status(probe, response)

    async def _fetch_pdf(
        self, account: ErpAccount, request: FetchInvoicePdf, timeout_s: float
    ) -> bytes:
        # The link authorizes itself, so token and app are not sent.
        url = require_own_link(account.base_url, request.url)
        http_request = SgpHttpRequest("invoice link", "GET", url)
        return parse_pdf(await self._transport.send(http_request, timeout_s, _MAX_PDF_BYTES))
