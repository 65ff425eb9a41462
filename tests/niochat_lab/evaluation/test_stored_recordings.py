"""Every recording of a real model under tests/recordings is played again, without it."""

from pathlib import Path

import pytest

from niochat.adapters.postgres.database import Database
from niochat_lab.evaluation.definitions.persona_schema import load_all_personas
from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios
from niochat_lab.evaluation.evaluation_options import PersonaOptions, ResponderOptions
from niochat_lab.evaluation.responders.model_recordings import ReplayingResponder
from tests.builders import Admin
from tests.niochat_lab.evaluation.evaluation_harness import EvaluationHarness, problems
from tests.niochat_sandbox.conftest import SandboxFixture

FOLDER = Path(__file__).parents[2] / "recordings"
DATED = FOLDER / "dated"
"""What was true on a Sunday only: kept to be read, see the folder's README."""
MODELS = sorted(file for file in FOLDER.iterdir() if file.is_dir() and file != DATED)

PERSONAS = {persona.to_scenario().name: persona for persona in load_all_personas()}


@pytest.mark.asyncio
@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
async def test_a_models_recordings_still_hold(
    folder: Path, database: Database, sandbox: SandboxFixture, admin: Admin
) -> None:
    evaluated = EvaluationHarness(database, sandbox.origin, admin)
    recorded = {name.partition(".")[0] for name in ReplayingResponder(folder).names}

    results = await evaluated.replay(folder, load_all_scenarios())
    personas = [PERSONAS[name] for name in PERSONAS if name in recorded]
    if personas:
        by = ResponderOptions(replay=folder)
        found = by.build_runner("", "", "", (0, 0), stream=False)
        acting = PersonaOptions().with_personas(personas, by, found)
        results |= await evaluated.play(acting, [each.to_scenario() for each in personas])

    assert not problems(results)
    assert set(results) == recorded


def test_recordings_are_of_conversations_that_there_are() -> None:
    names = {scenario.name for scenario in load_all_scenarios()} | set(PERSONAS)

    for folder in MODELS:
        assert {name.partition(".")[0] for name in ReplayingResponder(folder).names} <= names
