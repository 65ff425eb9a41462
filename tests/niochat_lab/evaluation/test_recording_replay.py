"""What a model answered once is played again without it, on another day and another protocol."""

import re
from pathlib import Path

import pytest
import yaml

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios, select_scenarios
from niochat_lab.evaluation.definitions.scenario_schema import Scenario
from niochat_lab.evaluation.responders.model_recordings import ReplayingResponder
from tests.builders import Admin
from tests.niochat_lab.evaluation.evaluation_harness import EvaluationHarness, problems
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio


def scenarios(*names: str) -> list[Scenario]:
    return select_scenarios(load_all_scenarios(), names)


@pytest.fixture
def evaluated(database: Database, world: SandboxFixture, admin: Admin) -> EvaluationHarness:
    return EvaluationHarness(database, world.origin, admin)


async def test_what_was_recorded_is_played_again(
    evaluated: EvaluationHarness, tmp_path: Path
) -> None:
    meant = scenarios("fatura-pix", "suspenso-desbloqueia", "planos-interesse", "dois-contratos")
    recorded = await evaluated.record(tmp_path, meant)
    assert not problems(recorded)

    meant = meant[::-1]  # so that their protocols are others
    played = await evaluated.replay(tmp_path, meant)

    assert not problems(played)
    assert {name: result.calls for name, result in played.items()} == {
        name: result.calls for name, result in recorded.items()
    }


async def test_a_recording_holds_nothing_of_its_day(
    evaluated: EvaluationHarness, tmp_path: Path
) -> None:
    await evaluated.record(tmp_path, scenarios("suspenso-desbloqueia", "fatura-vencida-boleto"))

    for file in tmp_path.glob("*.yaml"):
        text = file.read_text("utf-8").partition("answers:")[2]
        assert not re.search(r"\d{2}/\d{2}/\d{4}|\d{11,}", text), text
        assert "{{cpf}}" in text


async def test_another_outcome_of_a_tool_is_told(
    evaluated: EvaluationHarness, tmp_path: Path
) -> None:
    meant = scenarios("sem-fatura")
    await evaluated.record(tmp_path, meant)
    file = tmp_path / "sem-fatura.yaml"
    told = yaml.safe_load(file.read_text("utf-8"))
    after = next(each for each in told["answers"] if "escolher_contrato=ok" in each["after"])
    after["after"] = ["escolher_contrato=nao_confirmado"]
    file.write_text(yaml.safe_dump(told), "utf-8")

    played = await evaluated.replay(tmp_path, meant)

    first = problems(played)["sem-fatura"][0]
    assert "was given after ['escolher_contrato=nao_confirmado']" in first
    assert "not ['escolher_contrato=ok']" in first


@pytest.mark.parametrize("longer", [True, False])
async def test_more_or_fewer_requests_are_told(
    evaluated: EvaluationHarness, tmp_path: Path, longer: bool
) -> None:
    meant = scenarios("saudacao")
    await evaluated.record(tmp_path, meant)
    file = tmp_path / "saudacao.yaml"
    told = yaml.safe_load(file.read_text("utf-8"))
    told["answers"] = [*told["answers"], *told["answers"]] if longer else []
    file.write_text(yaml.safe_dump(told), "utf-8")

    played = await evaluated.replay(tmp_path, meant)

    first = problems(played)["saudacao"][0]
    assert ("1 answers of the recording were not requested" in first) == longer
    assert ("has 0 answers, and another is asked for" in first) != longer


async def test_a_value_that_is_not_there_is_told(
    evaluated: EvaluationHarness, tmp_path: Path
) -> None:
    meant = scenarios("saudacao")
    await evaluated.record(tmp_path, meant)
    file = tmp_path / "saudacao.yaml"
    told = yaml.safe_load(file.read_text("utf-8"))
    told["answers"][0]["text"] = "Olá! {{consultar_faturas.faturas.0.valor}}"
    file.write_text(yaml.safe_dump(told), "utf-8")

    played = await evaluated.replay(tmp_path, meant)

    assert "needs consultar_faturas.faturas.0.valor" in problems(played)["saudacao"][0]


async def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="has no recording"):
        ReplayingResponder(tmp_path)
