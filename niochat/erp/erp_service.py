"""The ERP service of a pool process. It returns results and errors as data."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from niochat.domain.errors import NiochatError
from niochat.erp.capability_probe import CapabilityProber
from niochat.erp.limited_client import LimitedErpClient
from niochat.erp.rpc_reply import ANY_AGE, ErpReadOptions, ErpRpcReply, reply_from_error
from niochat.erp.write_executor import ErpWriteExecutor
from niochat.erp.write_reconciler import WriteReconciler
from niochat.ports.erp import ErpRead, IdempotentErpWrite


class ErpService:
    """Executes reads and writes for all tenants in one process of the pool."""

    def __init__(
        self,
        calls: LimitedErpClient,
        writes: ErpWriteExecutor,
        prober: CapabilityProber,
        reconciler: WriteReconciler,
    ) -> None:
        self._calls = calls
        self._writes = writes
        self._prober = prober
        self._reconciler = reconciler

    async def read(
        self,
        tenant_id: UUID,
        request: ErpRead[Any],
        options: ErpReadOptions = ANY_AGE,
    ) -> ErpRpcReply:
        """Read from the tenant's ERP, or from the cache."""
        try:
            answer = await self._calls.read_timed(tenant_id, request, options)
            reply = ErpRpcReply(answer.value, read_at=answer.read_at)
        except NiochatError as error:
            reply = reply_from_error(error)
        return await self._run_follow_ups(tenant_id, reply)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpRpcReply:
        """Execute a write once. The value of the reply is an ``ErpWriteResult``."""
        try:
            reply = ErpRpcReply(await self._writes.write(tenant_id, order))
        except NiochatError as error:
            reply = reply_from_error(error)
        return await self._run_follow_ups(tenant_id, reply)

    async def verify_write(self, tenant_id: UUID, key: str) -> ErpRpcReply:
        """Look in the ERP for a write whose outcome is unknown. The reply has no value."""
        try:
            await self._writes.verify(tenant_id, key)
            reply = ErpRpcReply()
        except NiochatError as error:
            reply = reply_from_error(error)
        return await self._run_follow_ups(tenant_id, reply)

    async def _run_follow_ups(self, tenant_id: UUID, reply: ErpRpcReply) -> ErpRpcReply:
        self._reconciler.reconcile_if_due(tenant_id)
        with suppress(NiochatError):  # a failure to read the settings must not replace the reply
            await self._prober.probe_if_due(tenant_id, reply.failure.code if reply.failure else "")
        return reply
