"""Calls a tenant's ERP within the tenant's limits; a failed read is tried a second time."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid5

import structlog

from niochat.adapters import clock
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.erp.call_limiter import (
    CallPermit,
    CallPermitRelease,
    CallPermitRequest,
    concurrent_calls_for,
)
from niochat.erp.read_cache import ErpReadCache
from niochat.erp.rpc_reply import ErpReadOptions
from niochat.ports.erp import (
    ErpAccount,
    ErpCapability,
    ErpConnector,
    ErpError,
    ErpRead,
    ErpRefusedError,
    ResultT,
    TimedErpRead,
)
from niochat.runtime.fairness.fair_limiter import FairSemaphore, LaneQuota

_log = structlog.get_logger(__name__)

SLOT_TIMEOUT_S = 15.0
"""How long a call waits for a permit before the ERP counts as busy."""
MAX_CONCURRENT_CALLS = 200
"""Concurrent calls of one process, shared fairly between tenants."""
MAX_WAITING_CALLS = 1000
"""Calls that wait for one of these slots; further calls fail with ``erp_crowded``."""
MAX_READ_ATTEMPTS = 2
_UNHEALTHY = {"erp_unreachable", "erp_timeout", "erp_lost", "erp_failed", "erp_busy"}
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ErpSettings:
    """The settings of one tenant's ERP. ``capabilities`` is ``None`` before the first probe."""

    account: ErpAccount
    timeout_s: float
    capabilities: frozenset[ErpCapability] | None = None
    probed_at: datetime | None = None
    calls_at_once: int = 8
    weight: float = 1.0


LoadErpSettings = Callable[[UUID], Awaitable[ErpSettings]]
"""Returns a tenant's ERP settings; raises ``ErpError`` (``erp_none``) if it has no ERP."""
RequestPermit = Callable[[UUID, CallPermitRequest], Awaitable[CallPermit]]
ReleasePermit = Callable[[UUID, CallPermitRelease], Awaitable[None]]


class LimitedErpClient:
    """Calls the ERPs of all tenants. The tenant's actor grants a permit for each call."""

    def __init__(
        self,
        erp: ErpConnector,
        settings_of: LoadErpSettings,
        cache: ErpReadCache,
        request_permit: RequestPermit,
        release_permit: ReleasePermit,
        *,
        max_concurrent: int = MAX_CONCURRENT_CALLS,
    ) -> None:
        self._erp = erp
        self._settings_of = settings_of
        self._cache = cache
        self._request_permit = request_permit
        self._release_permit = release_permit
        self._slots = FairSemaphore(max_concurrent, max_waiting=MAX_WAITING_CALLS)

    async def read(
        self, tenant_id: UUID, request: ErpRead[ResultT], *, fresh: bool = False
    ) -> ResultT:
        """Read from the cache, or from the ERP if ``fresh`` or not cached. Raises ``ErpError``."""
        options = ErpReadOptions(max_age_s=0.0 if fresh else None)
        return (await self.read_timed(tenant_id, request, options)).value

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], options: ErpReadOptions
    ) -> TimedErpRead[ResultT]:
        """The same with the time at which the ERP gave the result. Raises ``ErpError``."""
        if options.max_age_s != 0.0:
            cached = await self._cache.get(tenant_id, request)
            if cached is not None and _is_recent(cached[1], options.max_age_s):
                return TimedErpRead(*cached)
        settings = await self._settings_of(tenant_id)
        answer = await self._read_with_retry(
            tenant_id, settings, request, for_agent=options.for_agent
        )
        read_at = clock.now()
        await self._cache.put(tenant_id, request, answer, read_at)
        return TimedErpRead(answer, read_at)

    async def call_once(
        self,
        tenant_id: UUID,
        call: Callable[[ErpSettings], Awaitable[Result]],
        *,
        for_agent: bool = False,
    ) -> Result:
        """Make one call under a permit of the tenant; the permit is always released. Calls
        ``for_agent`` leave some places to the assistant.

        Raises ``ErpError`` with ``maybe_sent`` false if no permit was granted.
        """
        settings = await self._settings_of(tenant_id)
        async with self._local_slot(tenant_id, settings, for_agent=for_agent) as deadline:
            permit = await self._acquire_permit(tenant_id, deadline, for_agent=for_agent)
            return await self._call_with_permit(tenant_id, settings, call, permit)

    async def _call_with_permit(
        self,
        tenant_id: UUID,
        settings: ErpSettings,
        call: Callable[[ErpSettings], Awaitable[Result]],
        permit: UUID | None,
    ) -> Result:
        healthy: bool | None = None  # cancelled, or the ERP was not called
        try:
            result = await call(settings)
            healthy = True
            return result
        except ErpRefusedError:
            healthy = True
            raise
        except ErpError as error:
            healthy = error.code not in _UNHEALTHY
            raise
        finally:
            if permit is not None:
                await asyncio.shield(
                    self._release_permit(tenant_id, CallPermitRelease(permit, healthy))
                )

    async def invalidate_contract(self, tenant_id: UUID, contract: str) -> None:
        """Remove what is cached about the contract."""
        await self._cache.invalidate_contract(tenant_id, contract)

    async def _read_with_retry(
        self,
        tenant_id: UUID,
        settings: ErpSettings,
        request: ErpRead[ResultT],
        *,
        for_agent: bool,
    ) -> ResultT:
        """Try again only if the first try failed early, because a person is waiting."""
        deadline = time.monotonic() + settings.timeout_s
        for tries_left in reversed(range(MAX_READ_ATTEMPTS)):
            timeout_s = max(deadline - time.monotonic(), 1.0)
            try:
                return await self.call_once(
                    tenant_id, self._read_call(request, timeout_s), for_agent=for_agent
                )
            except ErpError as error:
                in_time = time.monotonic() < deadline - settings.timeout_s / 2
                if not (error.retryable and tries_left and in_time):
                    raise
                _log.info("erp_read_again", tenant=str(tenant_id), code=error.code)
            await asyncio.sleep(random.uniform(0.2, 0.6))
        raise AssertionError("the last try either returns or raises")

    def _read_call(
        self, request: ErpRead[ResultT], timeout_s: float
    ) -> Callable[[ErpSettings], Awaitable[ResultT]]:
        return lambda settings: self._erp.read(settings.account, request, timeout_s)

    @asynccontextmanager
    async def _local_slot(
        self, tenant_id: UUID, settings: ErpSettings, *, for_agent: bool
    ) -> AsyncIterator[float]:
        """Hold a slot of this process until the block ends; yields the deadline for a permit.

        No more calls of a tenant request a permit from its actor than may be concurrent.
        """
        deadline = time.monotonic() + SLOT_TIMEOUT_S
        concurrent = concurrent_calls_for(settings.calls_at_once, for_agent=for_agent)
        quota = LaneQuota(settings.weight, concurrent)
        lane = _lane(tenant_id, for_agent=for_agent)
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(SLOT_TIMEOUT_S):
                    await stack.enter_async_context(self._slots.acquire(lane, quota))
            except (TimeoutError, UnavailableError) as error:
                raise _busy_error() from error
            yield deadline

    async def _acquire_permit(
        self, tenant_id: UUID, deadline: float, *, for_agent: bool
    ) -> UUID | None:
        """A permit; ``None`` if the tenant's actor is unreachable, when a call needs none."""
        while True:
            try:
                lane = _lane(tenant_id, for_agent=for_agent)
                waiting = 1 + self._slots.limiter.waiting_count(lane)
                request = CallPermitRequest(waiting, for_agent)
                permit = await self._request_permit(tenant_id, request)
            except NiochatError as error:
                _log.warning("erp_place_not_asked", tenant=str(tenant_id), code=error.code)
                return None
            if permit.id is not None:
                return permit.id
            if permit.breaker_open:
                raise ErpError(
                    f"the ERP failed several times; it is asked again in {permit.wait_s:.0f} s",
                    code="erp_resting",
                    left=False,
                    retry_after_s=permit.wait_s,
                )
            if time.monotonic() + permit.wait_s > deadline:
                raise _busy_error()
            await asyncio.sleep(permit.wait_s * random.uniform(1.0, 1.3))


def _lane(tenant_id: UUID, *, for_agent: bool) -> UUID:
    """Agents' calls that wait for a permit must not hold the assistant's places."""
    return uuid5(tenant_id, "agents") if for_agent else tenant_id


def _is_recent(read_at: datetime, max_age_s: float | None) -> bool:
    return max_age_s is None or (clock.now() - read_at).total_seconds() <= max_age_s


def _busy_error() -> ErpError:
    return ErpError("the ERP has no place for this call", code="erp_crowded", left=False)
