"""The pools that there are, and what each of them is asked."""

import asyncio
import random
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cluster.pools.pool_balancer import PoolBalancer
from niochat.domain.conversation.file_reading import FileReading, FileReadingRequest
from niochat.erp.rpc_reply import ErpRpcReply
from niochat.ports.erp import ErpError, ErpRead, ErpWriteResult, IdempotentErpWrite, ResultT
from niochat.runtime.batched_rpc import RpcCallError, RpcConnectionLost

_log = structlog.get_logger(__name__)


class PoolName(StrEnum):
    """What the members of a pool carry; their names begin with it."""

    COMBINED = "pool"
    """The assistant and the ERP in one process: one machine."""
    ASSISTANT = "assistant"
    ERP = "erp"


def pool_names_for(layout: str) -> tuple[PoolName, ...]:
    """Those of an installation, the one that runs turns first; ``layout`` is ``NIOCHAT_POOLS``."""
    return (PoolName.COMBINED,) if layout == "together" else (PoolName.ASSISTANT, PoolName.ERP)


MAX_TURNS_PER_MEMBER = 100
"""Turns that one member runs at once: above the calls that let a pool grow, so that it grows while
turns wait, and below what it takes, so that they wait in the fair line and not there.
"""
MAX_ATTEMPTS = 4
"""Calls that lost their member; a new one takes some seconds to come."""


class AssistantPoolClient:
    """The assistant's pool as the hosts see it."""

    def __init__(self, balancer: PoolBalancer) -> None:
        self._balancer = balancer

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run a turn on some member; raises when the member is gone."""
        report: TurnReport = await self._balancer.call("run", request)
        return report

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """What a customer's file says, by some member; raises when the member is gone."""
        reading: FileReading = await self._balancer.call("read_file", request)
        return reading

    def capacity(self) -> int:
        """Turns that the members can run at once, as of the last look at them."""
        self._balancer.refresh_when_old()
        return self._balancer.size * MAX_TURNS_PER_MEMBER


class ErpPoolClient:
    """The ERP's pool as the assistant sees it. A member that is gone costs time only: reads
    change nothing, and a write that is asked for again finds its journal.
    """

    def __init__(self, balancer: PoolBalancer) -> None:
        self._balancer = balancer

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Raises ``ErpError`` or ``ErpRefusedError``."""
        answer: ResultT = await self._call_with_retry("read", tenant_id, request)
        return answer

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Raises ``Refused`` when the turn is over or the tenant suspended."""
        result: ErpWriteResult = await self._call_with_retry("write", tenant_id, order)
        return result

    async def _call_with_retry(self, method: str, tenant_id: UUID, request: object) -> Any:
        for number in range(1, MAX_ATTEMPTS + 1):
            try:
                reply: ErpRpcReply = await self._balancer.call(method, tenant_id, request)
            except (RpcConnectionLost, RpcCallError) as error:
                why = repr(error)[:200]
                _log.warning("erp_member_lost", call=method, number=number, error=why)
                await asyncio.sleep(number * random.uniform(0.5, 1.0))
                continue
            return reply.unwrap()
        raise ErpError("no member of the ERP's pool answers", code="erp_pool_gone")
