"""Every recording of a real model under tests/recordings is played again, without it."""

from pathlib import Path

import pytest

from niochat.adapters.postgres.database import Database
from niochat.cli.evaluation.models.recording import Replayer
from niochat.cli.evaluation.reading import all_scenarios
from tests.builders import Admin
from tests.cli.evaluated import Evaluated, problems
from tests.sandbox.conftest import World

FOLDER = Path(__file__).parents[1] / "recordings"
MODELS = sorted(file for file in FOLDER.iterdir() if file.is_dir())


@pytest.mark.asyncio
@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
async def test_a_models_recordings_still_hold(
    folder: Path, database: Database, world: World, admin: Admin
) -> None:
    evaluated = Evaluated(database, world.origin, admin)

    results = await evaluated.replay(folder, all_scenarios())

    assert not problems(results)
    assert set(results) == Replayer(folder).names


def test_recordings_are_of_scenarios_that_there_are() -> None:
    names = {scenario.name for scenario in all_scenarios()}

    for folder in MODELS:
        assert Replayer(folder).names <= names
