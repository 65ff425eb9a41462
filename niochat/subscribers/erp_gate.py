"""Limits the ERP calls of agents in one process of the API, so that they starve neither the
assistant nor the other requests of the process.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from niochat.domain.errors import UnavailableError
from niochat.ports.erp import (
    AgentErpClient,
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
    TimedErpRead,
)
from niochat.runtime.fairness.fair_limiter import FairSemaphore, LaneQuota

MAX_CONCURRENT, MAX_WAITING = 40, 80
"""Calls of one process, and calls that wait for one of these places. Both are well below the
requests that a process handles at once.
"""
MAX_CONCURRENT_PER_TENANT = 3
"""Calls of one tenant: fewer than the ERP answers at once, so that the assistant has places."""
WAIT_TIMEOUT_S = 5.0
"""How long a call waits for a place."""
RETRY_AFTER_S = 5.0
READ_TIMEOUT_S = 20.0
"""How long a screen waits for the ERP."""


class GatedErpClient:
    """Calls the ERP pool within the limits of agents."""

    def __init__(
        self,
        erp: AgentErpClient,
        *,
        wait_timeout_s: float = WAIT_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self._erp = erp
        self._wait_timeout_s = wait_timeout_s
        self._read_timeout_s = read_timeout_s
        self._places = FairSemaphore(MAX_CONCURRENT, max_waiting=MAX_WAITING)

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[ResultT]:
        """As :class:`AgentErpClient`; raises ``ErpError`` also if the answer takes too long."""
        async with self._place(tenant_id):
            try:
                async with asyncio.timeout(self._read_timeout_s):
                    return await self._erp.read_timed(tenant_id, request, max_age_s)
            except TimeoutError as error:
                raise ErpError("the ERP does not answer in time", code="erp_timeout") from error

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """As :class:`AgentErpClient`."""
        async with self._place(tenant_id):
            return await self._erp.write(tenant_id, order)

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        """As :class:`AgentErpClient`; raises ``ErpError`` also if the answer takes too long."""
        async with self._place(tenant_id):
            try:
                async with asyncio.timeout(self._read_timeout_s):
                    await self._erp.verify_write(tenant_id, key)
            except TimeoutError as error:
                raise ErpError("the ERP does not answer in time", code="erp_timeout") from error

    @asynccontextmanager
    async def _place(self, tenant_id: UUID) -> AsyncIterator[None]:
        quota = LaneQuota(max_concurrent=MAX_CONCURRENT_PER_TENANT)
        place = self._places.acquire(tenant_id, quota)
        try:
            async with asyncio.timeout(self._wait_timeout_s):
                await place.__aenter__()
        except (TimeoutError, UnavailableError) as error:
            raise ErpError(
                "too many calls of agents wait for the ERP",
                code="erp_crowded",
                left=False,
                retry_after_s=RETRY_AFTER_S,
            ) from error
        try:
            yield
        finally:
            await place.__aexit__(None, None, None)
