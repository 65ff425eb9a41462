"""Settles writes with an unknown outcome. It runs after other calls to the same ERP."""

import time
from collections.abc import Callable
from uuid import UUID

import structlog

from niochat.domain.errors import NiochatError
from niochat.erp.limited_client import LimitedErpClient
from niochat.erp.write_evidence import find_write_evidence
from niochat.erp.write_journal import ErpWriteJournal, WriteJournalEntry, format_write_result
from niochat.ports.erp import ErpRefusedError
from niochat.runtime.background_tasks import BackgroundTaskSet

_log = structlog.get_logger(__name__)

RECONCILE_INTERVAL_S = 120.0
"""The shortest time between two reconciliations of one tenant."""


class WriteReconciler:
    """Settles writes in the background once their outcome is known. It never writes to an ERP."""

    def __init__(
        self,
        calls: LimitedErpClient,
        journal: ErpWriteJournal,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._calls = calls
        self._journal = journal
        self._clock = clock
        self._last_checked: dict[UUID, float] = {}
        self._background = BackgroundTaskSet("erp-reconciliation")

    def reconcile_if_due(self, tenant_id: UUID) -> None:
        """Start a reconciliation if one is due. Call this after each call to the tenant's ERP."""
        now = self._clock()
        if (
            now - self._last_checked.get(tenant_id, now - RECONCILE_INTERVAL_S)
            < RECONCILE_INTERVAL_S
        ):
            return
        self._last_checked[tenant_id] = now
        self._background.start(self._reconcile(tenant_id))

    def close(self) -> None:
        """Cancel the work in progress."""
        self._background.cancel_all()

    async def _reconcile(self, tenant_id: UUID) -> None:
        try:
            for entry in await self._journal.list_unsettled(tenant_id):
                await self._settle(tenant_id, entry)
        except NiochatError as error:
            _log.info("erp_reconciliation_put_off", tenant=str(tenant_id), code=error.code)

    async def _settle(self, tenant_id: UUID, entry: WriteJournalEntry) -> None:
        try:
            receipt = await find_write_evidence(self._calls, tenant_id, entry.request)
        except ErpRefusedError:
            return  # the refusal concerns this contract only; continue with the next write
        if receipt is not None:
            await self._journal.settle(tenant_id, entry.id, "done", format_write_result(receipt))
            _log.info("erp_write_found", tenant=str(tenant_id), write=str(entry.id))
