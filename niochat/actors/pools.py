"""The pools as their callers see them; the pools themselves are in ``…_replica``."""

import asyncio
import random
from typing import Any
from uuid import UUID

import structlog
from ray import serve
from ray.exceptions import RayError
from ray.serve.handle import DeploymentHandle

from niochat.actors.cluster_nodes import replicas
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.domain.erp import Answer, ErpError, Read, WriteOrder, WriteResult
from niochat.erp.report import ErpReply

_log = structlog.get_logger(__name__)

ASSISTANT_APPLICATION, ASSISTANT_DEPLOYMENT = "assistant", "Assistant"
ERP_APPLICATION, ERP_DEPLOYMENT = "erp", "Erp"
POOLS = (
    (ASSISTANT_DEPLOYMENT, ASSISTANT_APPLICATION),
    (ERP_DEPLOYMENT, ERP_APPLICATION),
)

SCALING: dict[str, int] = {
    "min_replicas": replicas(),
    "max_replicas": 4 + 4 * replicas(),
    "target_ongoing_requests": 60,
    "upscale_delay_s": 5,
    "downscale_delay_s": 300,
}
"""Of both pools: their calls wait for somebody else, so many of them share a process."""

TURNS_OF_REPLICA = 100
"""Turns that one replica of the assistant runs at once: above its target, so that the pool grows
while turns wait, and below what it takes, so that they wait in the fair line and not there.
"""
REPLICA_TRIES = 4
"""Calls that lost their replica; a new one takes some seconds to come."""


class _Pool:
    """A deployment's handle, looked up at its first use."""

    def __init__(self, application: str, deployment: str) -> None:
        self.where = (deployment, application)
        self._handle: DeploymentHandle[object] | None = None

    async def call(self, method: str, *arguments: object) -> Any:
        """Answer of some replica; cancelling this cancels it there."""
        if self._handle is None:
            handle: DeploymentHandle[object] = serve.get_deployment_handle(*self.where)
            # Serve's gRPC has no keepalive: a call to a replica whose machine vanished would wait
            # for ever. Ray's own calls (`by reference`) fail as soon as Ray knows the node dead;
            # how long a caller that vanished can hold a replica up, `ray_flags.py` bounds.
            self._handle = handle.options(_by_reference=True) if replicas() > 1 else handle
        response = getattr(self._handle, method).remote(*arguments)
        try:
            return await response
        except asyncio.CancelledError:
            response.cancel()
            raise


class AssistantPool:
    """The assistant's pool as the hosts see it."""

    def __init__(self) -> None:
        self._pool = _Pool(ASSISTANT_APPLICATION, ASSISTANT_DEPLOYMENT)
        self.replicas = 1
        """As the supervisor counted them last."""

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run a turn on some replica; raises when the replica is gone."""
        report: TurnReport = await self._pool.call("run", request)
        return report

    def places(self) -> int:
        """Turns that the replicas can run at once."""
        return self.replicas * TURNS_OF_REPLICA


class ErpPool:
    """The ERP's pool as the assistant sees it. A replica that is gone costs time only: reads
    change nothing, and a write that is asked for again finds its journal.
    """

    def __init__(self) -> None:
        self._pool = _Pool(ERP_APPLICATION, ERP_DEPLOYMENT)

    async def read(self, tenant_id: UUID, request: Read[Answer]) -> Answer:
        """Raises ``ErpError`` or ``ErpRefused``."""
        answer: Answer = await self._result("read", tenant_id, request)
        return answer

    async def write(self, tenant_id: UUID, order: WriteOrder) -> WriteResult:
        """Raises ``Refused`` when the turn is over or the tenant suspended."""
        result: WriteResult = await self._result("write", tenant_id, order)
        return result

    async def _result(self, method: str, tenant_id: UUID, request: object) -> Any:
        for number in range(1, REPLICA_TRIES + 1):
            try:
                reply: ErpReply = await self._pool.call(method, tenant_id, request)
            except RayError as error:
                why = repr(error)[:200]
                _log.warning("erp_replica_lost", call=method, number=number, error=why)
                await asyncio.sleep(number * random.uniform(0.5, 1.0))
                continue
            return reply.result()
        raise ErpError("no replica of the ERP's pool answers", code="erp_pool_gone")
