"""A model plays the customer; the ledger, the rules and the rubric judge the conversation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import InvalidInputError
from niochat_lab.evaluation.definitions.persona_schema import (
    Persona,
    load_all_personas,
    select_personas,
)
from niochat_lab.evaluation.evaluation_options import (
    PersonaOptions,
    ResponderOptions,
    ResponderType,
)
from niochat_lab.evaluation.evaluation_results import ScenarioResult
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel
from niochat_lab.evaluation.in_process.in_process_runner import InProcessRunner
from niochat_lab.evaluation.persona_runner import (
    RUBRIC_FILE,
    PersonaRunner,
    parse_criteria,
    parse_customer_messages,
)
from niochat_lab.evaluation.responders.model_answer import ModelAnswer
from niochat_lab.evaluation.responders.model_recordings import RecordingResponder
from niochat_lab.evaluation.responders.model_request import ModelRequest, message_text
from tests.builders import Admin
from tests.niochat_lab.evaluation.evaluation_harness import (
    EvaluationHarness,
    ScriptedModelResponder,
)
from tests.niochat_sandbox.conftest import SandboxFixture

RUSHED = select_personas(load_all_personas(), ["apressado"])[0]
RUBRIC_NAMES = parse_criteria(RUBRIC_FILE.read_text("utf-8"))


@dataclass
class Says:
    """A customer with a plan, who never listens; and a judge with an opinion."""

    lines: Sequence[str]
    opinion: str = ""
    heard: list[str] = field(default_factory=list)

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        if asked.conversation.endswith(".judge"):
            return ModelAnswer(self.opinion)
        self.heard.append(message_text(asked.messages[-1]))
        at = asked.number - 1
        if at >= len(self.lines):
            return ModelAnswer('{"mensagens": [], "fim": true}')
        cpf = message_text(asked.messages[0]).partition("o CPF é ")[2][:14]
        told = self.lines[at].replace("CPF", cpf)
        return ModelAnswer(json.dumps({"mensagens": [told], "fim": False}))


def judged(**unmet: str) -> str:
    opinions = [
        {"criterio": name, "atendido": name not in unmet, "motivo": unmet.get(name, "sim")}
        for name in RUBRIC_NAMES
    ]
    return json.dumps({"criterios": opinions})


@pytest.fixture
def evaluated(database: Database, world: SandboxFixture, admin: Admin) -> EvaluationHarness:
    return EvaluationHarness(database, world.origin, admin)


async def played(evaluated: EvaluationHarness, persona: Persona, says: Says) -> ScenarioResult:
    scenario = persona.to_scenario()
    acting = PersonaRunner({scenario.name: persona}, says, says if says.opinion else None)
    found = await evaluated.play(
        InProcessRunner(EvaluatedModel(), ScriptedModelResponder(), run_scenario=acting), [scenario]
    )
    return found[scenario.name]


@pytest.mark.asyncio
async def test_a_customer_gets_what_it_came_for(evaluated: EvaluationHarness) -> None:
    says = Says(["CPF", "sim", "pix"], judged())

    result = await played(evaluated, RUSHED, says)

    assert not result.problems
    assert result.transcript[0] == {"who": "customer", "text": "pix da fatura"}
    assert result.calls > 0
    assert any("000201" in heard for heard in says.heard)


@pytest.mark.asyncio
async def test_the_rules_tell_what_did_not_come(evaluated: EvaluationHarness) -> None:
    result = await played(evaluated, RUSHED, Says(["obrigado"]))

    assert any("does not use enviar_fatura=ok" in problem for problem in result.problems)


@pytest.mark.asyncio
async def test_the_rubric_fails_a_conversation(evaluated: EvaluationHarness) -> None:
    says = Says(["CPF", "sim", "pix"], judged(tom="seco demais"))

    result = await played(evaluated, RUSHED, says)

    assert result.problems == ("rubric: tom: seco demais",)


@pytest.mark.asyncio
@pytest.mark.parametrize("opinion", ["muito bom!", '{"criterios": []}', '{"criterios": [1]}'])
async def test_an_opinion_that_is_none_is_told(evaluated: EvaluationHarness, opinion: str) -> None:
    result = await played(evaluated, RUSHED, Says(["CPF", "sim", "pix"], opinion))

    assert result.problems == ("the judge failed: no answer covered every criterion",)


@pytest.mark.asyncio
async def test_both_sides_are_recorded_and_played_again(
    evaluated: EvaluationHarness, tmp_path: Path
) -> None:
    scenario = RUSHED.to_scenario()
    customer = RecordingResponder(Says(["CPF", "sim", "pix"], judged()), tmp_path, "cliente")
    model = RecordingResponder(ScriptedModelResponder(), tmp_path, "regras")
    acting = PersonaRunner({scenario.name: RUSHED}, customer, customer)
    first = await evaluated.play(
        InProcessRunner(EvaluatedModel(), model, listeners=[model, customer], run_scenario=acting),
        [scenario],
    )
    assert not first[scenario.name].problems
    assert {file.name for file in tmp_path.iterdir()} == {
        f"{scenario.name}.yaml",
        f"{scenario.name}.customer.yaml",
        f"{scenario.name}.judge.yaml",
    }

    await evaluated.admin.execute("TRUNCATE tenants CASCADE")
    by = ResponderOptions(replay=tmp_path)
    again = by.build_runner("", "", "", (0, 0), stream=False)
    replaying = PersonaOptions().with_personas([RUSHED], by, again)
    second = await evaluated.play(replaying, [scenario])

    assert not second[scenario.name].problems


def test_there_are_personas_of_many_kinds() -> None:
    personas = load_all_personas()

    assert len(personas) >= 12
    assert {kind for each in personas for kind in each.shows} >= {"A2", "A5", "A6", "A11", "A12"}


def test_an_unknown_persona_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="unknown persona nada"):
        select_personas(load_all_personas(), ["nada"])


def test_personas_need_somebody_who_plays_them() -> None:
    by = ResponderOptions(ResponderType.CARELESS)
    found = by.build_runner("", "", "", (0, 0), stream=False)

    with pytest.raises(InvalidInputError, match="--customer-endpoint"):
        PersonaOptions().with_personas([RUSHED], by, found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"mensagens": ["oi", " "], "fim": false}', (["oi"], False)),
        ('```json\n{"mensagens": [], "fim": true}\n```', ([], True)),
        ("oi\n\nquero o pix", (["oi", "quero o pix"], False)),
        ("obrigado\nFIM", (["obrigado"], True)),
    ],
)
def test_a_customer_speaks_json_or_as_people_type(text: str, said: tuple[list[str], bool]) -> None:
    assert parse_customer_messages(text) == said
