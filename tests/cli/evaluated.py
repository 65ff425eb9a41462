"""An evaluation in the test's own process, on its database and the session's sandbox."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from niochat.adapters.postgres.database import Database
from niochat.cli.evaluation.inprocess.playing import InProcess
from niochat.cli.evaluation.inprocess.world import opened
from niochat.cli.evaluation.models.answers import Answer, Wanted
from niochat.cli.evaluation.models.asked import Asked
from niochat.cli.evaluation.models.endpoint import Endpoint
from niochat.cli.evaluation.models.recording import Recorder, Replayer
from niochat.cli.evaluation.results import Result
from niochat.cli.evaluation.scenario import Scenario
from niochat.cli.evaluation.tenants import ModelChoice
from niochat.sandbox.flows.actions import Say
from niochat.sandbox.flows.players import play
from niochat.sandbox.flows.requests import read_request
from tests.actors.provider import VAULT
from tests.builders import Admin

WITHIN_S = None


class Simulated:
    """The sandbox's rules, as a player."""

    async def answer(self, asked: Asked) -> Answer:
        action = play(read_request(dict(asked.body), "sandbox-simulador"))
        if isinstance(action, Say):
            return Answer(action.text, (), "regras")
        return Answer("", (Wanted(action.name, json.loads(action.arguments)),), "regras")


@dataclass
class Evaluated:
    """``origin`` is the sandbox's."""

    database: Database
    origin: str
    admin: Admin

    async def play(
        self, evaluated: InProcess, scenarios: Sequence[Scenario], at_once: int = 8
    ) -> dict[str, Result]:
        endpoint = None if evaluated.player is None else Endpoint(evaluated.player)
        async with opened(self.database, VAULT, endpoint, WITHIN_S, self.origin) as world:
            found = await evaluated.play_in(
                world, endpoint, scenarios, at_once, lambda result: None
            )
        return {result.name: result for result in found}

    async def record(self, folder: Path, scenarios: Sequence[Scenario]) -> dict[str, Result]:
        recorder = Recorder(Simulated(), folder, "regras")
        return await self.play(InProcess(ModelChoice(), recorder, listeners=[recorder]), scenarios)

    async def replay(self, folder: Path, scenarios: Sequence[Scenario]) -> dict[str, Result]:
        """Where nobody has ever been met."""
        await self.admin.execute("TRUNCATE tenants CASCADE")
        replayer = Replayer(folder)
        replaying = InProcess(ModelChoice(), replayer, listeners=[replayer], names=replayer.names)
        return await self.play(replaying, [each for each in scenarios if replaying.takes(each)])


def problems(results: dict[str, Result]) -> dict[str, tuple[str, ...]]:
    return {name: result.problems for name, result in results.items() if result.problems}
