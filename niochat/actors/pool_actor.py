"""The Ray actor around a pool's member: only it carries a model client, or the ERP's connections.

Detached and named like a host, and kept by the supervisor. One call of it carries several turns or
questions, and brings several answers back (:mod:`niochat.runtime.exchange`).
"""

import asyncio
import pickle
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ray

from niochat import telemetry
from niochat.actors.cluster_nodes import Part
from niochat.actors.detached import detached
from niochat.actors.gateway import HostGateway
from niochat.actors.pool_members import Pool
from niochat.actors.pools import ErpPool, PoolName
from niochat.actors.release import release_of
from niochat.actors.tenant_calls import tenant_calls
from niochat.actors.vitals import Vitals
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.config import Settings
from niochat.runtime import garbage
from niochat.runtime.exchange import PARK_S, Exchange
from niochat.runtime.lag import LoopLag
from niochat.runtime.pressure import Pressure
from niochat.runtime.scaling import Load
from niochat.wiring.parts import Parts, open_parts

if TYPE_CHECKING:
    from niochat.assistant.turn import Assistant
    from niochat.domain.erp import TenantErpClient
    from niochat.erp.service import ErpService
    from niochat.media.reader import Reader


class PoolActor:
    """A member that carries both the assistant and the ERP; it begins with its first call."""

    carries = PoolName.TOGETHER

    def __init__(self, name: str) -> None:
        self._settings = Settings.read()
        telemetry.set_up_logs(self._settings.log, json=True)
        self._release = release_of(self._settings.release)
        self._incarnation = f"{name}.{secrets.token_hex(4)}"
        self._node = ray.get_runtime_context().get_node_id()
        self._exchange = Exchange(self._serve)
        self._pressure = Pressure()
        self._lag = LoopLag()
        self._parts: Parts | None = None
        self._assistant: Assistant | None = None
        self._reader: Reader | None = None
        self._erp: ErpService | None = None
        self._starting = asyncio.Lock()

    async def exchange(self, message: bytes) -> bytes:
        """One message of a caller, and what is done for it by then; see :class:`Exchange`."""
        await self._started()
        done = await self._exchange.exchange(*pickle.loads(message))
        return pickle.dumps(done, pickle.HIGHEST_PROTOCOL)

    async def ping(self) -> dict[str, object]:
        """:class:`Vitals` as plain values; its depth are the calls in progress."""
        await self._started()
        load = Load(self._lag.milliseconds, self._exchange.running)
        return Vitals(self._incarnation, self._node, self._release, load).as_wire()

    async def leave(self) -> None:
        """Take no more calls: another member replaces this one."""
        self._exchange.closed = True

    async def _serve(self, method: str, arguments: tuple[Any, ...]) -> Any:
        if method == "run":
            return await self._run(*arguments)
        if method == "read_file" and self._reader is not None:
            return await self._reader.read_file(*arguments)
        if self._erp is None or method not in ("read", "write"):
            raise ValueError(f"{method} is not what {self.carries} carries")
        return await getattr(self._erp, method)(*arguments)

    async def _run(self, request: TurnRequest) -> TurnReport:
        if self._assistant is None:
            raise ValueError(f"turns are not what {self.carries} carries")
        report = await self._assistant.run(request)
        return replace(report, pressure=self._pressure.now())

    async def _started(self) -> None:
        if self._parts is None:
            async with self._starting:
                if self._parts is None:
                    self._parts = await self._start()

    async def _start(self) -> Parts:
        # Imported here, for the supervisor knows this module, too: the model's client alone is
        # 40 MB and half a second.
        from niochat.adapters.openai.model import Models
        from niochat.media.reader import Reader
        from niochat.wiring.assistant import build_assistant
        from niochat.wiring.erp import ErpInProcess, build_erp

        parts = await open_parts(self._settings)
        if self.carries is not PoolName.ASSISTANT:
            self._erp = build_erp(parts, *tenant_calls(HostGateway(parts.database)))
        if self.carries is not PoolName.ERP:
            desk: TenantErpClient = (
                ErpInProcess(self._erp) if self._erp else ErpPool(Pool(PoolName.ERP))
            )
            models = Models(parts.guard)
            self._assistant = build_assistant(parts, desk, models)
            self._reader = Reader(models, parts.library.whole, parts.directory.assistant)
        parts.owner.start(self._lag.sample_for_ever())
        parts.owner.start(self._forget_for_ever())
        garbage.settle_in()
        return parts

    async def _forget_for_ever(self) -> None:
        while True:
            await asyncio.sleep(PARK_S)
            self._exchange.forget_silent()


class AssistantActor(PoolActor):
    """A member of the assistant's pool, where the ERP has one of its own."""

    carries = PoolName.ASSISTANT


class ErpActor(PoolActor):
    """A member of the ERP's pool."""

    carries = PoolName.ERP


_CLASSES: dict[PoolName, type[PoolActor]] = {
    each.carries: each for each in (PoolActor, AssistantActor, ErpActor)
}


def create(name: str, node: str | None = None, release: str | None = None) -> Any:
    """The member's handle; made if it is missing, on ``node`` if that is there. Blocking."""
    kind = _CLASSES[PoolName(name.rpartition("-")[0])]
    return detached(kind, name, Part.POOLS, node, release)
