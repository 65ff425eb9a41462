"""A tenant's ERP as its pool serves it: every answer and every error is data."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from niochat.domain.erp import ErpRead, IdempotentErpWrite
from niochat.domain.errors import NiochatError
from niochat.erp.calls import Calls
from niochat.erp.probe import Prober
from niochat.erp.reconcile import Reconciler
from niochat.erp.report import ErpReply, failed
from niochat.erp.writes import Writes


class ErpService:
    """One process of the pool."""

    def __init__(
        self, calls: Calls, writes: Writes, prober: Prober, reconciler: Reconciler
    ) -> None:
        self._calls = calls
        self._writes = writes
        self._prober = prober
        self._reconciler = reconciler

    async def read(self, tenant_id: UUID, request: ErpRead[Any]) -> ErpReply:
        """The answer of a read."""
        try:
            reply = ErpReply(await self._calls.read(tenant_id, request))
        except NiochatError as error:
            reply = failed(error)
        return await self._noticed(tenant_id, reply)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpReply:
        """What is known of a write; its value is a ``ErpWriteResult``."""
        try:
            reply = ErpReply(await self._writes.write(tenant_id, order))
        except NiochatError as error:
            reply = failed(error)
        return await self._noticed(tenant_id, reply)

    async def _noticed(self, tenant_id: UUID, reply: ErpReply) -> ErpReply:
        self._reconciler.notice(tenant_id)
        with suppress(NiochatError):  # looking at the settings failed: the call's answer counts
            await self._prober.notice(tenant_id, reply.failure.code if reply.failure else "")
        return reply
