"""Journals each write to the ERP, sends it once, and verifies it if the response is lost."""

import asyncio
from collections.abc import Mapping
from datetime import date
from uuid import UUID

import structlog

from niochat.domain.errors import OperationRefusedError
from niochat.erp.limited_client import ErpSettings, LimitedErpClient
from niochat.erp.write_evidence import describe_write, find_write_evidence
from niochat.erp.write_journal import (
    ErpWriteJournal,
    WriteJournalEntry,
    format_write_result,
    order_refused_error,
    turn_over_error,
)
from niochat.ports.erp import (
    ErpConnector,
    ErpError,
    ErpRefusedError,
    ErpWrite,
    ErpWriteReceipt,
    ErpWriteResult,
    ErpWriteStatus,
    IdempotentErpWrite,
    RegisterLead,
)

_log = structlog.get_logger(__name__)

EVIDENCE_PAUSES_S = (1.0, 3.0, 6.0)
"""The pause before each search for evidence of a write whose response was lost."""


class ErpWriteExecutor:
    """Executes each write at most once, however often it is requested or processes die."""

    def __init__(
        self,
        erp: ErpConnector,
        calls: LimitedErpClient,
        journal: ErpWriteJournal,
        *,
        evidence_pauses_s: tuple[float, ...] = EVIDENCE_PAUSES_S,
    ) -> None:
        self._erp = erp
        self._calls = calls
        self._journal = journal
        self._evidence_pauses_s = evidence_pauses_s
        self._running: set[asyncio.Task[ErpWriteResult]] = set()

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Execute a write and return its result. Cancelling the caller does not stop the write.

        Raises ``OperationRefusedError`` if the turn is over or the tenant suspended, and
        ``UnavailableError`` if the database is unavailable; then either nothing was sent or the
        write is in the journal.
        """
        task = asyncio.get_running_loop().create_task(self._write(tenant_id, order))
        self._running.add(task)
        task.add_done_callback(self._on_done)
        return await asyncio.shield(task)

    def _on_done(self, task: asyncio.Task[ErpWriteResult]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("erp_write_failed", error=type(task.exception()).__name__)

    async def _write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        entry = await self._begin(tenant_id, order)
        if entry.status in ("done", "refused"):
            return _result_from_entry(order, entry)
        if entry.status == "started":
            result = await self._send(tenant_id, order, entry)
            if result is not None:
                return result
        return await self._await_evidence(tenant_id, order, entry)

    async def verify(self, tenant_id: UUID, key: str) -> None:
        """Search the ERP once for a write that was sent without a known outcome, and settle it if
        the ERP shows it. Raises ``ErpError`` and ``ErpRefusedError``.
        """
        entry = await self._journal.find(tenant_id, key)
        if entry is None or entry.status != "sending":
            return
        receipt = await find_write_evidence(self._calls, tenant_id, entry.request)
        if receipt is not None:
            await self._settle_done(tenant_id, entry, receipt)

    async def _begin(self, tenant_id: UUID, order: IdempotentErpWrite) -> WriteJournalEntry:
        request = describe_write(order.request)
        if order.order is not None:
            return await self._journal.begin_agent_order(tenant_id, order.key, order.order, request)
        assert order.turn_id is not None
        return await self._journal.begin(
            tenant_id, order.key, order.turn_id, order.attempt, request
        )

    async def _mark_sending(
        self, tenant_id: UUID, order: IdempotentErpWrite, entry: WriteJournalEntry
    ) -> bool:
        if order.turn_id is None:
            return await self._journal.mark_agent_order_sending(tenant_id, entry.id)
        return await self._journal.mark_sending(tenant_id, entry.id, order.turn_id, order.attempt)

    async def _send(
        self, tenant_id: UUID, order: IdempotentErpWrite, entry: WriteJournalEntry
    ) -> ErpWriteResult | None:
        """Send the write. Returns its result, or ``None`` if only reading the ERP can reveal it."""
        may_send = False

        async def send_if_current(settings: ErpSettings) -> ErpWriteReceipt:
            nonlocal may_send
            may_send = await self._mark_sending(tenant_id, order, entry)
            if not may_send:
                raise turn_over_error() if order.order is None else order_refused_error()
            return await self._erp.write(settings.account, order.request, settings.timeout_s)

        try:
            receipt = await self._calls.call_once(
                tenant_id, send_if_current, for_agent=order.order is not None
            )
        except OperationRefusedError as error:
            return await self._result_of_other_sender(tenant_id, order, error)
        except ErpRefusedError as refusal:
            await self._journal.settle(tenant_id, entry.id, "refused", {"reason": str(refusal)})
            return ErpWriteResult(ErpWriteStatus.REFUSED, reason=str(refusal))
        except ErpError as error:
            _log.warning(
                "erp_write_unanswered",
                tenant=str(tenant_id),
                write=str(entry.id),
                code=error.code,
                left=error.maybe_sent,
            )
            if error.maybe_sent:
                return None
            if may_send:  # else another sender's request may be in progress
                await self._journal.mark_not_sent(tenant_id, entry.id)
            return await self._result_of_other_sender(tenant_id, order, error)
        finally:
            await self._calls.invalidate_contract(tenant_id, _contract(order.request))
        return await self._settle_done(tenant_id, entry, receipt)

    async def _result_of_other_sender(
        self, tenant_id: UUID, order: IdempotentErpWrite, error: OperationRefusedError | ErpError
    ) -> ErpWriteResult | None:
        """The result after our request was not sent: that of another sender of the same write, or
        ``None`` while it is unknown. Without another sender the write was not sent at all.
        """
        entry = await self._begin(tenant_id, order)
        if entry.status != "started":
            settled = entry.status in ("done", "refused")
            return _result_from_entry(order, entry) if settled else None
        if isinstance(error, OperationRefusedError):
            raise error
        return ErpWriteResult(ErpWriteStatus.NOT_SENT, reason=error.code)

    async def _await_evidence(
        self, tenant_id: UUID, order: IdempotentErpWrite, entry: WriteJournalEntry
    ) -> ErpWriteResult:
        """Search the journal for another sender's result, then the ERP for the write. Its absence
        proves nothing, because it may still arrive.
        """
        for pause in self._evidence_pauses_s:
            await asyncio.sleep(pause)
            known = await self._journal.find(tenant_id, order.key)
            if known is not None and known.status in ("done", "refused"):
                return _result_from_entry(order, known)
            try:
                receipt = await find_write_evidence(self._calls, tenant_id, entry.request)
            except (ErpError, ErpRefusedError) as error:
                _log.info("erp_evidence_unread", write=str(entry.id), code=error.code)
                continue
            if receipt is not None:
                return await self._settle_done(tenant_id, entry, receipt)
        _log.error("erp_write_unknown", tenant=str(tenant_id), write=str(entry.id))
        return ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_write_unknown")

    async def _settle_done(
        self, tenant_id: UUID, entry: WriteJournalEntry, receipt: ErpWriteReceipt
    ) -> ErpWriteResult:
        await self._journal.settle(tenant_id, entry.id, "done", format_write_result(receipt))
        return ErpWriteResult(ErpWriteStatus.DONE, receipt.protocol, receipt.until)


def _contract(request: ErpWrite) -> str:
    return "" if isinstance(request, RegisterLead) else request.contract


def _result_from_entry(order: IdempotentErpWrite, entry: WriteJournalEntry) -> ErpWriteResult:
    """The result in the journal. It is an earlier write's unless this very order is journalled."""
    own = order.order is not None and order.order.id == entry.order_id
    result: Mapping[str, str | None] = entry.result or {}
    until = result.get("until")
    return ErpWriteResult(
        ErpWriteStatus(entry.status),
        result.get("protocol") or "",
        date.fromisoformat(until) if until else None,
        result.get("reason") or "",
        earlier=not own,
    )
