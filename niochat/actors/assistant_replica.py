"""The assistant's pool: an autoscaled Serve deployment. Only it carries a model client."""

import asyncio
from dataclasses import replace

from ray import serve

from niochat import telemetry
from niochat.actors.cluster_nodes import Part, actor_options
from niochat.actors.pools import ASSISTANT_DEPLOYMENT, SCALING, ErpPool
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.assistant.turn import Assistant
from niochat.config import Settings
from niochat.runtime import garbage
from niochat.runtime.pressure import Pressure
from niochat.wiring.assistant import open_assistant


class AssistantReplica:
    """One process of the pool."""

    def __init__(self) -> None:
        settings = Settings.read()
        telemetry.set_up_logs(settings.log, json=True)
        self._settings = settings
        self._assistant: Assistant | None = None
        self._starting = asyncio.Lock()
        self._pressure = Pressure()

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run one turn."""
        if self._assistant is None:
            async with self._starting:
                if self._assistant is None:
                    self._assistant = await open_assistant(self._settings, ErpPool())
                    garbage.settle_in()
        report = await self._assistant.run(request)
        return replace(report, pressure=self._pressure.now())

    async def ping(self) -> bool:
        """Whether a replica answers."""
        return True


assistant = serve.deployment(
    name=ASSISTANT_DEPLOYMENT,
    max_ongoing_requests=200,  # turns wait for the model, not for us
    health_check_period_s=10,
    graceful_shutdown_timeout_s=20,
    ray_actor_options=actor_options(Part.POOLS, 0.1),
    autoscaling_config=SCALING,
)(AssistantReplica).bind()
