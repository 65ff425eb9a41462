"""An evaluation in the test's own process, on its database and the session's sandbox."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from niochat.adapters.postgres.database import Database
from niochat_lab.evaluation.definitions.scenario_schema import Scenario
from niochat_lab.evaluation.evaluation_results import ScenarioResult
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel
from niochat_lab.evaluation.in_process.in_process_environment import open_environment
from niochat_lab.evaluation.in_process.in_process_runner import InProcessRunner
from niochat_lab.evaluation.responders.model_answer import ModelAnswer, RequestedToolCall
from niochat_lab.evaluation.responders.model_recordings import (
    RecordingResponder,
    ReplayingResponder,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest
from niochat_lab.evaluation.responders.responder_endpoint import ResponderEndpoint
from niochat_sandbox.scripted_model.chat_request import parse_chat_request
from niochat_sandbox.scripted_model.model_actions import TextReply
from niochat_sandbox.scripted_model.scripted_models import choose_action
from tests.actors.sandbox_provider import VAULT
from tests.builders import Admin

WITHIN_S = None


class ScriptedModelResponder:
    """The sandbox's rules, as a player."""

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        action = choose_action(parse_chat_request(dict(asked.body), "sandbox-simulador"))
        if isinstance(action, TextReply):
            return ModelAnswer(action.text, (), "regras")
        return ModelAnswer(
            "", (RequestedToolCall(action.name, json.loads(action.arguments)),), "regras"
        )


@dataclass
class EvaluationHarness:
    """``origin`` is the sandbox's."""

    database: Database
    origin: str
    admin: Admin

    async def play(
        self, evaluated: InProcessRunner, scenarios: Sequence[Scenario], at_once: int = 8
    ) -> dict[str, ScenarioResult]:
        endpoint = None if evaluated.responder is None else ResponderEndpoint(evaluated.responder)
        async with open_environment(self.database, VAULT, endpoint, WITHIN_S, self.origin) as world:
            found = await evaluated.run_in(world, endpoint, scenarios, at_once, lambda result: None)
        return {result.name: result for result in found}

    async def record(
        self, folder: Path, scenarios: Sequence[Scenario]
    ) -> dict[str, ScenarioResult]:
        recorder = RecordingResponder(ScriptedModelResponder(), folder, "regras")
        return await self.play(
            InProcessRunner(EvaluatedModel(), recorder, listeners=[recorder]), scenarios
        )

    async def replay(
        self, folder: Path, scenarios: Sequence[Scenario]
    ) -> dict[str, ScenarioResult]:
        """Where nobody has ever been met."""
        await self.admin.execute("TRUNCATE tenants CASCADE")
        replayer = ReplayingResponder(folder)
        replaying = InProcessRunner(
            EvaluatedModel(), replayer, listeners=[replayer], names=replayer.names
        )
        return await self.play(replaying, [each for each in scenarios if replaying.accepts(each)])


def problems(results: dict[str, ScenarioResult]) -> dict[str, tuple[str, ...]]:
    return {name: result.problems for name, result in results.items() if result.problems}
