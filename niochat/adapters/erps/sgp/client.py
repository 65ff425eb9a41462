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
    """Reaches the SGP installations of all tenants over one pool of connections.

    Safe to use from many tasks of one event loop; :meth:`close` once at the end. Every call is
    sent at most once; ``timeout_s`` bounds all of it. What each error code means is in
    :mod:`niochat.adapters.erps.sgp.errors`. Messages of errors hold no token, CPF or answer.
    """

    def __init__(self, connections: int = 100, guard: SsrfGuard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._wire = SgpTransport(connections, guard)

    async def close(self) -> None:
        """Close connections; calls under way end as lost."""
        await self._wire.close()

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Ask once. Raises ``ErpError``; ``ErpRefusedError`` where the ERP says why it does not
        tell.

        ``TypeError`` for a request that the port does not know.
        """
        if isinstance(request, FetchInvoicePdf):
            return cast(ResultT, await self._fetch_pdf(account, request, timeout_s))
        question = build_read_request(request).to_http_request(account)
        reply = await self._wire.send(question, timeout_s, _MAX_BYTES)
        return cast(ResultT, parse_read_response(request, reply, account.ticket_kinds))

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Do once. Raises ``ErpRefusedError`` when certainly not done, ``ErpError`` otherwise.

        Only an ``ErpError`` without ``maybe_sent`` may be retried without reading the ERP first.
        """
        question = build_write_request(account, request).to_http_request(account)
        reply = await self._wire.send(question, timeout_s, _MAX_BYTES)
        return parse_write_response(request, reply)

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """What the installation allows. Changes nothing; tries all routes at once.

        Raises ``ErpError`` when one does not answer, and when no read works: the token is
        refused (``erp_unauthorized``), or the base address is wrong.
        """
        tried = [self._probe_route(account, probe, timeout_s) for probe in ROUTE_PROBES]
        results = await asyncio.gather(*tried, return_exceptions=True)
        findings: list[tuple[RouteProbe, RouteStatus]] = []
        for probe, result in zip(ROUTE_PROBES, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            findings.append((probe, result))
        return capabilities_from_statuses(findings)

    async def _probe_route(
        self, account: ErpAccount, probe: RouteProbe, timeout_s: float
    ) -> RouteStatus:
        question = probe.call.to_http_request(account, probe.method)
        try:
            reply = await self._wire.send(question, timeout_s, _MAX_BYTES)
        except ErpError as error:
            if error.code in ("erp_too_big", "erp_malformed"):
                return RouteStatus.THERE
            raise
        return route_status(probe, reply)

    async def _fetch_pdf(
        self, account: ErpAccount, request: FetchInvoicePdf, timeout_s: float
    ) -> bytes:
        # A link carries its own permission: token and app stay here.
        url = require_own_link(account.base_url, request.url)
        question = SgpHttpRequest("invoice link", "GET", url)
        return parse_pdf(await self._wire.send(question, timeout_s, _MAX_PDF_BYTES))
