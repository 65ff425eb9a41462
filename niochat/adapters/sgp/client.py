"""The way to an SGP installation over HTTP. Implements the port ``domain.erp.Erp``."""

import asyncio
from typing import cast

from niochat.adapters.guard import Guard
from niochat.adapters.sgp.answers import answered, pdf_of
from niochat.adapters.sgp.calls import read_call, write_call
from niochat.adapters.sgp.links import own_link
from niochat.adapters.sgp.probe import PROBES, Found, Probe, capabilities, found
from niochat.adapters.sgp.wire import Question, Wire
from niochat.adapters.sgp.written import outcome
from niochat.domain.erp import (
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

_MOST_BYTES = 2_000_000
_MOST_PDF_BYTES = 10_000_000


class Sgp(ErpConnector):
    """All tenants' way to their SGP, over one pool of connections.

    Safe to use from many tasks of one event loop; :meth:`close` once at the end. Every call is
    sent at most once; ``timeout_s`` bounds all of it. What each error code means is in
    :mod:`niochat.adapters.sgp.judge`. Messages of errors hold no token, CPF or answer.
    """

    def __init__(self, connections: int = 100, guard: Guard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._wire = Wire(connections, guard)

    async def close(self) -> None:
        """Close connections; calls under way end as lost."""
        await self._wire.close()

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Ask once. Raises ``ErpError``; ``ErpRefusedError`` where the ERP says why it does not tell.

        ``TypeError`` for a request that the port does not know.
        """
        if isinstance(request, FetchInvoicePdf):
            return cast(ResultT, await self._pdf(account, request, timeout_s))
        question = read_call(request).addressed(account)
        reply = await self._wire.ask(question, timeout_s, _MOST_BYTES)
        return cast(ResultT, answered(request, reply, account.ticket_kinds))

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Do once. Raises ``ErpRefusedError`` when certainly not done, ``ErpError`` otherwise.

        Only an ``ErpError`` without ``left`` may be tried again unseen.
        """
        question = write_call(account, request).addressed(account)
        reply = await self._wire.ask(question, timeout_s, _MOST_BYTES)
        return outcome(request, reply)

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """What can be asked of it; changes nothing. All routes are tried at once.

        Raises ``ErpError`` when one does not answer, and when no read works: the token is
        refused (``erp_unauthorized``), or the base address is wrong.
        """
        tried = [self._try(account, probe, timeout_s) for probe in PROBES]
        results = await asyncio.gather(*tried, return_exceptions=True)
        findings: list[tuple[Probe, Found]] = []
        for probe, result in zip(PROBES, results, strict=True):
            if isinstance(result, BaseException):
                raise result
            findings.append((probe, result))
        return capabilities(findings)

    async def _try(self, account: ErpAccount, probe: Probe, timeout_s: float) -> Found:
        question = probe.call.addressed(account, probe.method)
        try:
            reply = await self._wire.ask(question, timeout_s, _MOST_BYTES)
        except ErpError as error:
            if error.code in ("erp_too_big", "erp_malformed"):
                return Found.THERE
            raise
        return found(probe, reply)

    async def _pdf(self, account: ErpAccount, request: FetchInvoicePdf, timeout_s: float) -> bytes:
        # A link carries its own permission: token and app stay here.
        url = own_link(account.base_url, request.url)
        question = Question("invoice link", "GET", url)
        return pdf_of(await self._wire.ask(question, timeout_s, _MOST_PDF_BYTES))
