"""Names of the pools, and the clients that call them."""

import asyncio
import random
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cluster.pools.pool_balancer import PoolBalancer
from niochat.domain.conversation.file_reading import FileReading, FileReadingRequest
from niochat.domain.rating.rating_message import RatingOpinion
from niochat.erp.rpc_reply import ErpReadOptions, ErpRpcReply, timed_read_from_reply
from niochat.ports.erp import (
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
    TimedErpRead,
)
from niochat.ratings.opinion_reader import OpinionRequest
from niochat.runtime.batched_rpc import RpcCallError, RpcConnectionLost

_log = structlog.get_logger(__name__)


class PoolName(StrEnum):
    """Kind of pool, and prefix of the names of its members."""

    COMBINED = "pool"
    """Assistant and ERP in one process, for installations on one machine."""
    ASSISTANT = "assistant"
    ERP = "erp"


def pool_names_for(layout: str) -> tuple[PoolName, ...]:
    """Pools of an installation; the first one runs turns. ``layout`` is ``NIOCHAT_POOLS``."""
    return (PoolName.COMBINED,) if layout == "together" else (PoolName.ASSISTANT, PoolName.ERP)


def erp_pool_name_for(layout: str) -> PoolName:
    """Pool that calls the ERPs."""
    return pool_names_for(layout)[-1]


MAX_TURNS_PER_MEMBER = 100
"""Turns that one member runs at once. This is above the number of calls at which a pool is
scaled up, so that it grows while turns wait, and below what a member accepts, so that turns wait
in the fair queue and not in the member.
"""
MAX_ATTEMPTS = 4
"""Attempts of an ERP call whose member was lost; a new member needs some seconds to start."""


class AssistantPoolClient:
    """Client by which hosts call the assistant pool."""

    def __init__(self, balancer: PoolBalancer) -> None:
        self._balancer = balancer

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run a turn on some member.

        Raises ``RpcConnectionLost`` when the member is gone, ``RpcCallError`` when it raised.
        """
        report: TurnReport = await self._balancer.call("run", request)
        return report

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """Read a customer's file on some member; raises as :meth:`run` does."""
        reading: FileReading = await self._balancer.call("read_file", request)
        return reading

    async def read_opinion(self, request: OpinionRequest) -> RatingOpinion:
        """Ask what a message is that may belong to a rating; raises as :meth:`run` does."""
        opinion: RatingOpinion = await self._balancer.call("read_opinion", request)
        return opinion

    def capacity(self) -> int:
        """Turns that all members together can run at once, as of the last list of members."""
        self._balancer.refresh_when_old()
        return self._balancer.size * MAX_TURNS_PER_MEMBER


class ErpPoolClient:
    """Client by which the assistant calls the ERP pool.

    Calls whose member is lost are repeated. That is safe: reads change nothing, and a repeated
    write finds its entry in the write journal.
    """

    def __init__(self, balancer: PoolBalancer) -> None:
        self._balancer = balancer

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Read from the tenant's ERP. Raises ``ErpError`` or ``ErpRefusedError``."""
        answer: ResultT = await self._call_with_retry("read", tenant_id, request)
        return answer

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Write to the tenant's ERP.

        Raises ``ErpError``, or ``OperationRefusedError`` when the turn is over or the tenant is
        suspended.
        """
        result: ErpWriteResult = await self._call_with_retry("write", tenant_id, order)
        return result

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[ResultT]:
        """Read for an agent, with the time at which the ERP gave the result; a cached one is at
        most ``max_age_s`` old. Raises ``ErpError`` or ``ErpRefusedError``.
        """
        options = ErpReadOptions(max_age_s, for_agent=True)
        reply = await self._reply_with_retry("read", tenant_id, request, options)
        return timed_read_from_reply(reply)

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        """Look in the ERP for a write whose outcome is unknown, and settle it if it is found."""
        await self._call_with_retry("verify_write", tenant_id, key)

    async def _call_with_retry(self, method: str, tenant_id: UUID, request: object) -> Any:
        return (await self._reply_with_retry(method, tenant_id, request)).unwrap()

    async def _reply_with_retry(
        self, method: str, tenant_id: UUID, *arguments: object
    ) -> ErpRpcReply:
        for number in range(1, MAX_ATTEMPTS + 1):
            try:
                reply: ErpRpcReply = await self._balancer.call(method, tenant_id, *arguments)
            except (RpcConnectionLost, RpcCallError) as error:
                why = repr(error)[:200]
                _log.warning("erp_member_lost", call=method, number=number, error=why)
                await asyncio.sleep(number * random.uniform(0.5, 1.0))
                continue
            return reply
        raise ErpError("no member of the ERP's pool answers", code="erp_pool_gone")
