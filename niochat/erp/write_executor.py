"""Writes to the ERP: journalled before they are sent, sent once, verified if the answer is lost."""

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
"""Pauses before each look at what became of a write whose answer was lost."""


class ErpWriteExecutor:
    """Does each write at most once, however often it is requested and wherever a process dies."""

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
        """What is known of the write in the end. Who stops waiting does not stop it.

        Raises ``Refused`` when the turn is over or the tenant suspended, ``UnavailableError`` when
        the database is away: nothing has left then, or it is in the journal.
        """
        task = asyncio.get_running_loop().create_task(self._write(tenant_id, order))
        self._running.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[ErpWriteResult]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.warning("erp_write_failed", error=type(task.exception()).__name__)

    async def _write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        entry = await self._journal.begin(
            tenant_id, order.key, order.turn_id, order.attempt, describe_write(order.request)
        )
        if entry.status in ("done", "refused"):
            return _result_from_entry(entry)
        if entry.status == "started":
            result = await self._send(tenant_id, order, entry)
            if result is not None:
                return result
        return await self._await_evidence(tenant_id, order, entry)

    async def _send(
        self, tenant_id: UUID, order: IdempotentErpWrite, entry: WriteJournalEntry
    ) -> ErpWriteResult | None:
        """The result, or ``None`` if only reading the ERP again can tell."""
        ours = False

        async def leave(settings: ErpSettings) -> ErpWriteReceipt:
            nonlocal ours
            ours = await self._journal.mark_sending(
                tenant_id, entry.id, order.turn_id, order.attempt
            )
            if not ours:
                raise turn_over_error()
            return await self._erp.write(settings.account, order.request, settings.timeout_s)

        try:
            written = await self._calls.call_once(tenant_id, leave)
        except OperationRefusedError as late:
            return await self._result_of_other_sender(tenant_id, order, late)
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
            if ours:  # else another one's request may be under way by now
                await self._journal.mark_not_sent(tenant_id, entry.id)
            return await self._result_of_other_sender(tenant_id, order, error)
        finally:
            await self._calls.invalidate_contract(tenant_id, _contract(order.request))
        return await self._settle_done(tenant_id, entry, written)

    async def _result_of_other_sender(
        self, tenant_id: UUID, order: IdempotentErpWrite, why: OperationRefusedError | ErpError
    ) -> ErpWriteResult | None:
        """Ours did not leave; what became of another one's that left in its place, if any."""
        entry = await self._journal.begin(
            tenant_id, order.key, order.turn_id, order.attempt, describe_write(order.request)
        )
        if entry.status != "started":
            return _result_from_entry(entry) if entry.status in ("done", "refused") else None
        if isinstance(why, OperationRefusedError):
            raise why
        return ErpWriteResult(ErpWriteStatus.NOT_SENT, reason=why.code)

    async def _await_evidence(
        self, tenant_id: UUID, order: IdempotentErpWrite, entry: WriteJournalEntry
    ) -> ErpWriteResult:
        """Ask the ERP what became of it. Not found proves nothing: it may still be on its way."""
        for pause in self._evidence_pauses_s:
            await asyncio.sleep(pause)
            try:
                found = await find_write_evidence(self._calls, tenant_id, entry.request)
            except (ErpError, ErpRefusedError) as error:
                _log.info("erp_evidence_unread", write=str(entry.id), code=error.code)
                continue
            if found is not None:
                return await self._settle_done(tenant_id, entry, found)
        _log.error("erp_write_unknown", tenant=str(tenant_id), write=str(entry.id))
        return ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_write_unknown")

    async def _settle_done(
        self, tenant_id: UUID, entry: WriteJournalEntry, written: ErpWriteReceipt
    ) -> ErpWriteResult:
        await self._journal.settle(tenant_id, entry.id, "done", format_write_result(written))
        return ErpWriteResult(ErpWriteStatus.DONE, written.protocol, written.until)


def _contract(request: ErpWrite) -> str:
    return "" if isinstance(request, RegisterLead) else request.contract


def _result_from_entry(entry: WriteJournalEntry) -> ErpWriteResult:
    result: Mapping[str, str | None] = entry.result or {}
    until = result.get("until")
    return ErpWriteResult(
        ErpWriteStatus(entry.status),
        result.get("protocol") or "",
        date.fromisoformat(until) if until else None,
        result.get("reason") or "",
        earlier=True,
    )
