"""The Ray actor of a pool member, the only process with a model client or ERP connections.

It is detached and named like a host, and the supervisor keeps enough of them. One Ray call carries
several turns or ERP requests, and returns several answers (:mod:`niochat.runtime.batched_rpc`).
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
from niochat.runtime.periodic_loop import run_periodically
from niochat.runtime.process import gc_tuning
from niochat.runtime.process.cpu_pressure import CpuPressure
from niochat.runtime.process.loop_lag import LoopLag

if TYPE_CHECKING:
    from niochat.assistant.turn import TurnRunner
    from niochat.attachments.attachment_reader import AttachmentReader
    from niochat.erp.erp_service import ErpService
    from niochat.ports.erp import TenantErpClient
    from niochat.ratings.opinion_reader import OpinionReader


class PoolActor:
    """A member that runs both assistant turns and ERP calls. It starts at its first call."""

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
        self._opinion_reader: OpinionReader | None = None
        self._erp: ErpService | None = None
        self._starting = asyncio.Lock()

    async def exchange(self, message: bytes) -> bytes:
        """Handle one batch of calls and return the results that are ready, both pickled.

        See :class:`niochat.runtime.batched_rpc.BatchedRpcServer`.
        """
        await self._started()
        replies = await self._rpc_server.handle_batch(*pickle.loads(message))
        return pickle.dumps(replies, pickle.HIGHEST_PROTOCOL)

    async def ping(self) -> dict[str, object]:
        """:class:`niochat.cluster.heartbeat.Heartbeat` as plain values; its ``depth`` is the number
        of calls in progress.
        """
        await self._started()
        load = HostLoad(self._loop_lag.milliseconds, self._rpc_server.running_count)
        return Heartbeat(self._incarnation, self._node, self._build_id, load).to_wire()

    async def leave(self) -> None:
        """Refuse new calls, because another member replaces this one."""
        self._rpc_server.draining = True

    async def _serve(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if method == "run":
            return await self._run_turn(*arguments)
        if method == "read_file" and self._file_reader is not None:
            return await self._file_reader.read_file(*arguments)
        if method == "read_opinion" and self._opinion_reader is not None:
            return await self._opinion_reader.read_opinion(*arguments)
        if self._erp is None or method not in ("read", "write", "verify_write"):
            raise ValueError(f"pool {self.pool} does not serve {method}")
        return await getattr(self._erp, method)(*arguments)

    async def _run_turn(self, request: TurnRequest) -> TurnReport:
        if self._assistant is None:
            raise ValueError(f"pool {self.pool} does not run turns")
        report = await self._assistant.run(request)
        return replace(report, pressure=self._cpu_pressure.sample())

    async def _started(self) -> None:
        if self._components is None:
            async with self._starting:
                if self._components is None:
                    self._components = await self._start()

    async def _start(self) -> Components:
        # Imported here because the supervisor imports this module, too, and the model client alone
        # costs 40 MB and half a second.
        from niochat.composition.assistant_factory import (
            build_assistant,
            build_comment_classifier,
            build_file_reader,
            build_opinion_reader,
            open_models,
        )
        from niochat.composition.erp_factory import InProcessErpClient, build_erp_service

        components = await open_components(self._settings)
        if self.pool is not PoolName.ASSISTANT:
            self._erp = build_erp_service(
                components, *make_permit_calls(ActorClient(components.database))
            )
        if self.pool is not PoolName.ERP:
            erp_client: TenantErpClient = (
                InProcessErpClient(self._erp)
                if self._erp
                else ErpPoolClient(PoolBalancer(PoolName.ERP))
            )
            models = open_models(components)
            self._assistant = build_assistant(components, erp_client, models)
            self._file_reader = build_file_reader(components, models)
            self._opinion_reader = build_opinion_reader(components, models)
            components.background.start(build_comment_classifier(components, models).run())
        components.background.start(self._loop_lag.run())
        components.background.start(self._run_caller_cleanup())
        gc_tuning.tune_gc()
        return components

    async def _run_caller_cleanup(self) -> None:
        async def drop_silent_callers() -> None:
            self._rpc_server.drop_silent_callers()

        await run_periodically("caller_cleanup_failed", MAX_PARK_S, drop_silent_callers)


class AssistantActor(PoolActor):
    """A member of the assistant pool, in installations with a separate ERP pool."""

    pool = PoolName.ASSISTANT


class ErpActor(PoolActor):
    """A member of the ERP pool."""

    pool = PoolName.ERP


_ACTOR_CLASSES: dict[PoolName, type[PoolActor]] = {
    each.pool: each for each in (PoolActor, AssistantActor, ErpActor)
}


def create_pool_actor(name: str, node: str | None = None, build_id: str | None = None) -> Any:
    """Return the member's handle, and create the member if it does not exist.

    See :func:`niochat.cluster.detached_actors.get_or_create_actor` for the arguments. Blocks.
    """
    actor_class = _ACTOR_CLASSES[PoolName(name.rpartition("-")[0])]
    return get_or_create_actor(actor_class, name, NodeRole.POOLS, node, build_id)
