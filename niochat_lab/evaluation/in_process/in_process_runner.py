"""An evaluation in this process: nothing has to run, and turns may take as long as a person."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from niochat import structured_logging
from niochat_lab.evaluation.definitions.scenario_schema import Scenario
from niochat_lab.evaluation.evaluation_results import ScenarioResult
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel
from niochat_lab.evaluation.in_process.in_process_environment import (
    InProcessEnvironment,
    open_environment,
    temporary_database,
)
from niochat_lab.evaluation.responders.responder_endpoint import ModelResponder, ResponderEndpoint
from niochat_lab.evaluation.scenario_runner import EvaluationTimeouts, RunScenario, run_scenarios
from niochat_lab.evaluation.scenario_session import ScenarioSession

HAND_TIMEOUT_S = 3600.0
"""For the model of one turn, where a person or a program answers as it."""


class ConversationListener(Protocol):
    """Hears of each conversation, and may find more problems in it at its end."""

    def on_started(self, stage: ScenarioSession) -> None: ...

    def on_finished(self, result: ScenarioResult) -> ScenarioResult: ...


@dataclass(frozen=True, slots=True)
class InProcessRunner:
    """Who answers as the model of every scenario. ``choice``: without a player, the sandbox's."""

    evaluated_model: EvaluatedModel
    responder: ModelResponder | None = None
    is_unhurried: bool = False
    """A person answers: nothing may be cut off."""
    listeners: Sequence[ConversationListener] = ()
    run_scenario: RunScenario | None = None
    """How, if not step by step."""
    names: frozenset[str] | None = None
    """The only scenarios that can be played: those with a recording."""

    def accepts(self, scenario: Scenario) -> bool:
        """Whether the scenario is for this model."""
        if self.names is not None:
            return scenario.name in self.names
        simulated = self.responder is None and self.evaluated_model.is_simulated
        return scenario.for_model(simulated=simulated)

    async def run(
        self, scenarios: Sequence[Scenario], at_once: int, told: Callable[[ScenarioResult], None]
    ) -> list[ScenarioResult]:
        """Results in the order of the scenarios, on a database and a sandbox of their own."""
        structured_logging.configure_logging("error", json=False)
        _cancel_on_sigterm()
        async with temporary_database() as (database, vault):
            endpoint = None if self.responder is None else ResponderEndpoint(self.responder)
            within_s = HAND_TIMEOUT_S if self.is_unhurried else None
            async with open_environment(database, vault, endpoint, within_s) as world:
                return await self.run_in(world, endpoint, scenarios, at_once, told)

    async def run_in(
        self,
        world: InProcessEnvironment,
        endpoint: ResponderEndpoint | None,
        scenarios: Sequence[Scenario],
        at_once: int,
        told: Callable[[ScenarioResult], None],
    ) -> list[ScenarioResult]:
        """The same, where all that it needs is there."""
        choice = self.evaluated_model
        if endpoint is not None:
            choice = replace(choice, endpoint=world.model_url, model=choice.display_name, keys=True)
            for scenario in scenarios:
                endpoint.register_key(scenario.key, scenario.name)
        stage_of = await world.prepare_sessions(scenarios, choice, self._notify_started)
        within = (
            EvaluationTimeouts(6 * 3600.0, 24 * 3600.0)
            if self.is_unhurried
            else EvaluationTimeouts()
        )

        finished: dict[str, ScenarioResult] = {}

        def ended(result: ScenarioResult) -> None:
            finished[result.name] = self._notify_finished(result)
            told(finished[result.name])

        await run_scenarios(
            stage_of, world.sandbox_url, scenarios, at_once, ended, within, self.run_scenario
        )
        return [finished[scenario.name] for scenario in scenarios]

    def _notify_started(self, stage: ScenarioSession) -> None:
        for each in self.listeners:
            each.on_started(stage)

    def _notify_finished(self, result: ScenarioResult) -> ScenarioResult:
        for each in self.listeners:
            result = each.on_finished(result)
        return result


def _cancel_on_sigterm() -> None:
    """A polite end stops the database, too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
