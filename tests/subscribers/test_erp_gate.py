"""Agents of one tenant wait for one another, not the process and not other tenants."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.ports.erp import (
    ErpError,
    ErpRead,
    ErpWriteResult,
    ErpWriteStatus,
    IdempotentErpWrite,
    ListServicePlans,
    ResultT,
    TimedErpRead,
)
from niochat.subscribers.erp_gate import MAX_CONCURRENT_PER_TENANT, GatedErpClient
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
READ_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


class HeldErp:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.calls: list[UUID] = []
        self.go_on = asyncio.Event()

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[Any]:
        await self._hold(tenant_id)
        return TimedErpRead((), READ_AT)

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        await self._hold(tenant_id)
        return ErpWriteResult(ErpWriteStatus.DONE)

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        await self._hold(tenant_id)

    async def _hold(self, tenant_id: UUID) -> None:
        self.calls.append(tenant_id)
        await self.go_on.wait()


def reading(gate: GatedErpClient, tenant: UUID) -> "asyncio.Task[Any]":
    return asyncio.create_task(gate.read_timed(tenant, ListServicePlans()))


async def test_a_tenant_has_a_few_calls_at_once_and_leaves_the_others_alone() -> None:
    erp, loud, quiet = HeldErp(), uuid4(), uuid4()
    gate = GatedErpClient(erp)
    many = [reading(gate, loud) for _ in range(10)]
    one = reading(gate, quiet)

    async def quiet_is_served() -> bool:
        return quiet in erp.calls

    await wait_until(quiet_is_served)
    assert erp.calls.count(loud) == MAX_CONCURRENT_PER_TENANT
    erp.go_on.set()
    await asyncio.gather(one, *many)
    assert erp.calls.count(loud) == 10


async def test_who_waits_too_long_is_told_when_to_try_again() -> None:
    erp, tenant = HeldErp(), uuid4()
    gate = GatedErpClient(erp, wait_timeout_s=0.01)
    held = [reading(gate, tenant) for _ in range(MAX_CONCURRENT_PER_TENANT)]
    with pytest.raises(ErpError) as late:
        await reading(gate, tenant)
    assert (late.value.code, late.value.maybe_sent) == ("erp_crowded", False)
    assert late.value.retry_after_s
    erp.go_on.set()
    await asyncio.gather(*held)
    await reading(gate, tenant)


async def test_an_erp_that_does_not_answer_frees_its_place() -> None:
    erp, tenant = HeldErp(), uuid4()
    gate = GatedErpClient(erp, read_timeout_s=0.01)
    for _ in range(MAX_CONCURRENT_PER_TENANT + 1):
        with pytest.raises(ErpError) as late:
            await gate.read_timed(tenant, ListServicePlans())
        assert late.value.code == "erp_timeout"
    erp.go_on.set()
    assert (await gate.read_timed(tenant, ListServicePlans())).value == ()
