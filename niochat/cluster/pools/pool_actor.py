"""The Ray actor around a pool's member: only it carries a model client, or the ERP's connections.

Detached and named like a host, and kept by the supervisor. One call of it carries several turns or
questions, and brings several answers back (:mod:`niochat.runtime.batched_rpc`).
"""

import asyncio
import pickle
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray

from niochat import structured_logging
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cluster.actor_client import ActorClient
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.cluster_nodes import NodeRole
from niochat.cluster.detached_actors import get_or_create_actor
from niochat.cluster.heartbeat import Heartbeat
from niochat.cluster.pools.erp_permit_client import make_permit_calls
from niochat.cluster.pools.pool_balancer import PoolBalancer
from niochat.cluster.pools.pool_clients import ErpPoolClient, PoolName
from niochat.composition.components import Components, open_components
from niochat.config import Settings
from niochat.runtime.batched_rpc import MAX_PARK_S, BatchedRpcServer
from niochat.runtime.fleet.autoscaling import HostLoad
from niochat.runtime.process import gc_tuning
from niochat.runtime.process.cpu_pressure import CpuPressure
from niochat.runtime.process.loop_lag import LoopLag

if TYPE_CHECKING:
    from niochat.assistant.turn import TurnRunner
    from niochat.attachments.attachment_reader import AttachmentReader
    from niochat.erp.erp_service import ErpService
    from niochat.ports.erp import TenantErpClient


class PoolActor:
    """A member that carries both the assistant and the ERP; it begins with its first call."""

    pool = PoolName.COMBINED

    def __init__(self, name: str) -> None:
        self._settings = Settings.read()
        structured_logging.configure_logging(self._settings.log_level, json=True)
        self._build_id = resolve_build_id(self._settings.build_id)
        self._incarnation = f"{name}.{secrets.token_hex(4)}"
        self._node = ray.get_runtime_context().get_node_id()
        self._rpc_server = BatchedRpcServer(self._serve)
        self._cpu_pressure = CpuPressure()
        self._loop_lag = LoopLag()
        self._components: Components | None = None
        self._assistant: TurnRunner | None = None
        self._file_reader: AttachmentReader | None = None
        self._erp: ErpService | None = None
        self._starting = asyncio.Lock()

    async def exchange(self, message: bytes) -> bytes:
        """One message of a caller, and what is done for it by then; see :class:`Exchange`."""
        await self._started()
        done = await self._rpc_server.handle_batch(*pickle.loads(message))
        return pickle.dumps(done, pickle.HIGHEST_PROTOCOL)

    async def ping(self) -> dict[str, object]:
        """:class:`Heartbeat` as plain values; its depth are the calls in progress."""
        await self._started()
        load = HostLoad(self._loop_lag.milliseconds, self._rpc_server.running_count)
        return Heartbeat(self._incarnation, self._node, self._build_id, load).to_wire()

    async def leave(self) -> None:
        """Take no more calls: another member replaces this one."""
        self._rpc_server.draining = True

    async def _serve(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if method == "run":
            return await self._run_turn(*arguments)
        if method == "read_file" and self._file_reader is not None:
            return await self._file_reader.read_file(*arguments)
        if self._erp is None or method not in ("read", "write"):
            raise ValueError(f"{method} is not what {self.pool} carries")
        return await getattr(self._erp, method)(*arguments)

    async def _run_turn(self, request: TurnRequest) -> TurnReport:
        if self._assistant is None:
            raise ValueError(f"turns are not what {self.pool} carries")
        report = await self._assistant.run(request)
        return replace(report, pressure=self._cpu_pressure.sample())

    async def _started(self) -> None:
        if self._components is None:
            async with self._starting:
                if self._components is None:
                    self._components = await self._start()

    async def _start(self) -> Components:
        # Imported here, for the supervisor knows this module, too: the model's client alone is
        # 40 MB and half a second.
        from niochat.composition.assistant_factory import (
            build_assistant,
            build_file_reader,
            open_models,
        )
        from niochat.composition.erp_factory import InProcessErpClient, build_erp_service

        parts = await open_components(self._settings)
        if self.pool is not PoolName.ASSISTANT:
            self._erp = build_erp_service(parts, *make_permit_calls(ActorClient(parts.database)))
        if self.pool is not PoolName.ERP:
            desk: TenantErpClient = (
                InProcessErpClient(self._erp)
                if self._erp
                else ErpPoolClient(PoolBalancer(PoolName.ERP))
            )
            models = open_models(parts)
            self._assistant = build_assistant(parts, desk, models)
            self._file_reader = build_file_reader(parts, models)
        parts.background.start(self._loop_lag.run())
        parts.background.start(self._run_caller_cleanup())
        gc_tuning.tune_gc()
        return parts

    async def _run_caller_cleanup(self) -> None:
        while True:
            await asyncio.sleep(MAX_PARK_S)
            self._rpc_server.drop_silent_callers()


class AssistantActor(PoolActor):
    """A member of the assistant's pool, where the ERP has one of its own."""

    pool = PoolName.ASSISTANT


class ErpActor(PoolActor):
    """A member of the ERP's pool."""

    pool = PoolName.ERP


_ACTOR_CLASSES: dict[PoolName, type[PoolActor]] = {
    each.pool: each for each in (PoolActor, AssistantActor, ErpActor)
}


def create_pool_actor(name: str, node: str | None = None, build_id: str | None = None) -> Any:
    """The member's handle; made if it is missing, on ``node`` if that is there. Blocking."""
    kind = _ACTOR_CLASSES[PoolName(name.rpartition("-")[0])]
    return get_or_create_actor(kind, name, NodeRole.POOLS, node, build_id)
