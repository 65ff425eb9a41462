"""Calls of many tenants share a process's places; one tenant's crowd does not ask and ask."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from niochat.erp.call_limiter import (
    CallPermit,
    CallPermitRelease,
    CallPermitRequest,
    ErpCallLimiter,
)
from niochat.erp.limited_client import ErpSettings, LimitedErpClient
from niochat.ports.erp import ErpAccount, ErpError

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

NOISY, QUIET = UUID(int=1), UUID(int=2)


class Pool:
    """One process of few places; each call ends when the test says so."""

    def __init__(self, places: int, calls_at_once: int) -> None:
        self.gate = asyncio.Event()
        self.began: list[UUID] = []
        self.asked: list[tuple[UUID, int]] = []
        self.permits = {
            tenant: ErpCallLimiter(calls_at_once, 60_000, tokens=1000.0, refilled_at=0.0)
            for tenant in (NOISY, QUIET)
        }
        self.settings = ErpSettings(
            ErpAccount("http://erp.invalid", "app", "token", {}), 5.0, calls_at_once=calls_at_once
        )
        nobody: Any = None
        self.calls = LimitedErpClient(
            nobody, self._settings_of, nobody, self._ask, self._tell, max_concurrent=places
        )

    async def _settings_of(self, tenant: UUID) -> ErpSettings:
        return self.settings

    async def _ask(self, tenant: UUID, lease: CallPermitRequest) -> CallPermit:
        self.asked.append((tenant, lease.waiting))
        return self.permits[tenant].acquire(1.0, lease.waiting)

    async def _tell(self, tenant: UUID, ended: CallPermitRelease) -> None:
        self.permits[tenant].release(ended, 1.0)

    def call(self, tenant: UUID) -> "asyncio.Task[None]":
        async def work(settings: ErpSettings) -> None:
            self.began.append(tenant)
            await self.gate.wait()

        return asyncio.create_task(self.calls.call_once(tenant, work))


async def ticks() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_tenant_with_many_calls_leaves_places_and_asks_no_more_than_it_may_have() -> None:
    pool = Pool(places=10, calls_at_once=4)
    tasks = [pool.call(NOISY) for _ in range(100)]
    await ticks()
    tasks += [pool.call(QUIET) for _ in range(3)]
    await ticks()

    assert pool.began.count(NOISY) == 4
    assert pool.began.count(QUIET) == 3
    assert len(pool.asked) == 7, "who waits in line does not ask the tenant's actor"
    pool.gate.set()
    await asyncio.gather(*tasks)
    assert len(pool.began) == 103


async def test_a_cancelled_call_leaves_its_place_in_line_and_at_the_tenant() -> None:
    pool = Pool(places=5, calls_at_once=1)
    first, second, third = (pool.call(NOISY) for _ in range(3))
    await ticks()
    first.cancel()
    second.cancel()
    await ticks()

    assert len(pool.began) == 2
    pool.gate.set()
    await third
    await asyncio.gather(first, second, return_exceptions=True)
    assert (pool.calls._slots.limiter.taken, pool.permits[NOISY].in_flight) == (0, {})


async def test_a_process_with_too_many_calls_says_that_the_erp_is_crowded() -> None:
    pool = Pool(places=1, calls_at_once=1)
    tasks = [pool.call(NOISY) for _ in range(1001)]
    await ticks()
    with pytest.raises(ErpError) as crowded:
        await pool.call(NOISY)
    pool.gate.set()
    await asyncio.gather(*tasks)

    assert (crowded.value.code, crowded.value.maybe_sent) == ("erp_crowded", False)


def refused(permits: ErpCallLimiter, now: float) -> bool:
    return permits.acquire(now, 7).id is None


async def test_who_is_told_to_wait_is_shown_since_when_until_it_is_over() -> None:
    permits = ErpCallLimiter(1, 60_000, tokens=1000.0, refilled_at=0.0)
    permit = permits.acquire(10.0).id
    assert permits.waited_since(10.0) is None
    assert all(refused(permits, now) for now in (11.0, 12.0, 13.0))

    assert (permits.waited_since(13.5), permits.waiting) == (11.0, 7)
    assert permit is not None
    permits.release(CallPermitRelease(permit, True), 14.0)
    assert permits.waited_since(24.0) is None
    permits.acquire(30.0)
    assert permits.waited_since(30.0) is None
    assert refused(permits, 31.0)
    assert permits.waited_since(31.0) == 31.0


async def test_who_waits_in_line_of_a_process_counts_although_nobody_is_refused() -> None:
    pool = Pool(places=10, calls_at_once=2)
    tasks = [pool.call(NOISY) for _ in range(5)]
    await ticks()
    pool.gate.set()
    await asyncio.gather(*tasks)

    permits = pool.permits[NOISY]
    assert max(waiting for _, waiting in pool.asked) > 1
    assert (permits.waited_since(1.0), permits.waiting) == (1.0, 2)
