"""An evaluation in this process: nothing has to run, and turns may take as long as a person."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from niochat import telemetry
from niochat.cli.evaluation.inprocess.world import World, database_of_its_own, opened
from niochat.cli.evaluation.models.endpoint import Endpoint, Player
from niochat.cli.evaluation.playing import Plays, Within, play_all
from niochat.cli.evaluation.results import Result
from niochat.cli.evaluation.scenario import Scenario
from niochat.cli.evaluation.stage import Stage
from niochat.cli.evaluation.tenants import ModelChoice

HAND_WITHIN_S = 3600.0
"""For the model of one turn, where a person or a program answers as it."""


class Listener(Protocol):
    """Hears of each conversation, and may find more problems in it at its end."""

    def began(self, stage: Stage) -> None: ...

    def ended(self, result: Result) -> Result: ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """Who answers as the model of every scenario. ``choice``: without a player, the sandbox's."""

    choice: ModelChoice
    player: Player | None = None
    patient: bool = False
    """A person answers: nothing may be cut off."""
    listeners: Sequence[Listener] = ()
    plays: Plays | None = None
    """How, if not step by step."""
    names: frozenset[str] | None = None
    """The only scenarios that can be played: those with a recording."""

    def takes(self, scenario: Scenario) -> bool:
        """Whether the scenario is for this model."""
        if self.names is not None:
            return scenario.name in self.names
        simulated = self.player is None and self.choice.simulated
        return scenario.for_model(simulated=simulated)

    async def play(
        self, scenarios: Sequence[Scenario], at_once: int, told: Callable[[Result], None]
    ) -> list[Result]:
        """Results in the order of the scenarios, on a database and a sandbox of their own."""
        telemetry.configure_logging("error", json=False)
        _end_in_order()
        async with database_of_its_own() as (database, vault):
            endpoint = None if self.player is None else Endpoint(self.player)
            within_s = HAND_WITHIN_S if self.patient else None
            async with opened(database, vault, endpoint, within_s) as world:
                return await self.play_in(world, endpoint, scenarios, at_once, told)

    async def play_in(
        self,
        world: World,
        endpoint: Endpoint | None,
        scenarios: Sequence[Scenario],
        at_once: int,
        told: Callable[[Result], None],
    ) -> list[Result]:
        """The same, where all that it needs is there."""
        choice = self.choice
        if endpoint is not None:
            choice = replace(choice, endpoint=world.model_url, model=choice.shown, keys=True)
            for scenario in scenarios:
                endpoint.expect(scenario.key, scenario.name)
        stage_of = await world.prepare(scenarios, choice, self._began)
        within = Within(6 * 3600.0, 24 * 3600.0) if self.patient else Within()

        finished: dict[str, Result] = {}

        def ended(result: Result) -> None:
            finished[result.name] = self._finished(result)
            told(finished[result.name])

        await play_all(stage_of, world.sandbox_url, scenarios, at_once, ended, within, self.plays)
        return [finished[scenario.name] for scenario in scenarios]

    def _began(self, stage: Stage) -> None:
        for each in self.listeners:
            each.began(stage)

    def _finished(self, result: Result) -> Result:
        for each in self.listeners:
            result = each.ended(result)
        return result


def _end_in_order() -> None:
    """A polite end stops the database, too."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
