"""Run scenarios in this process, without a stack; turns may wait for a person's answers."""

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
"""Seconds for the model of one turn if a person or a program answers as the model."""


class ConversationListener(Protocol):
    """Is notified of each conversation, and may add problems to its result."""

    def on_started(self, session: ScenarioSession) -> None: ...

    def on_finished(self, result: ScenarioResult) -> ScenarioResult: ...


@dataclass(frozen=True, slots=True)
class InProcessRunner:
    """Runs scenarios with one model. Without ``responder`` the scripted model answers."""

    evaluated_model: EvaluatedModel
    responder: ModelResponder | None = None
    is_unhurried: bool = False
    """Whether a person answers, so that no timeout may apply."""
    listeners: Sequence[ConversationListener] = ()
    run_scenario: RunScenario | None = None
    """The function that runs one scenario; None: step by step."""
    names: frozenset[str] | None = None
    """The names of the scenarios that have a recording; None: all scenarios."""

    def accepts(self, scenario: Scenario) -> bool:
        """Whether the scenario applies to this model."""
        if self.names is not None:
            return scenario.name in self.names
        simulated = self.responder is None and self.evaluated_model.is_simulated
        return scenario.for_model(simulated=simulated)

    async def run(
        self,
        scenarios: Sequence[Scenario],
        at_once: int,
        on_result: Callable[[ScenarioResult], None],
    ) -> list[ScenarioResult]:
        """Run scenarios on a temporary database and sandbox; return results in their order."""
        structured_logging.configure_logging("error", json=False)
        _cancel_on_sigterm()
        async with temporary_database() as (database, vault):
            endpoint = None if self.responder is None else ResponderEndpoint(self.responder)
            within_s = HAND_TIMEOUT_S if self.is_unhurried else None
            async with open_environment(database, vault, endpoint, within_s) as environment:
                return await self.run_in(environment, endpoint, scenarios, at_once, on_result)

    async def run_in(
        self,
        environment: InProcessEnvironment,
        endpoint: ResponderEndpoint | None,
        scenarios: Sequence[Scenario],
        at_once: int,
        on_result: Callable[[ScenarioResult], None],
    ) -> list[ScenarioResult]:
        """Like :meth:`run`, in an environment that is already open."""
        evaluated_model = self.evaluated_model
        if endpoint is not None:
            evaluated_model = replace(
                evaluated_model,
                endpoint=environment.model_url,
                model=evaluated_model.display_name,
                keys=True,
            )
            for scenario in scenarios:
                endpoint.register_key(scenario.key, scenario.name)
        open_session = await environment.prepare_sessions(
            scenarios, evaluated_model, self._notify_started
        )
        timeouts = (
            EvaluationTimeouts(6 * 3600.0, 24 * 3600.0)
            if self.is_unhurried
            else EvaluationTimeouts()
        )

        finished: dict[str, ScenarioResult] = {}

        def on_finished(result: ScenarioResult) -> None:
            finished[result.name] = self._notify_finished(result)
            on_result(finished[result.name])

        await run_scenarios(
            open_session,
            environment.sandbox_url,
            scenarios,
            at_once,
            on_finished,
            timeouts,
            self.run_scenario,
        )
        return [finished[scenario.name] for scenario in scenarios]

    def _notify_started(self, session: ScenarioSession) -> None:
        for each in self.listeners:
            each.on_started(session)

    def _notify_finished(self, result: ScenarioResult) -> ScenarioResult:
        for each in self.listeners:
            result = each.on_finished(result)
        return result


def _cancel_on_sigterm() -> None:
    """Cancel the task on SIGTERM, so that the database is stopped too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
