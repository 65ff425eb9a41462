"""Scenarios are played in this process as on the stack, without what carries its rooms."""

import asyncio

import pytest

from niochat.adapters.postgres.database import Database
from niochat_lab.evaluation.definitions.scenario_loader import load_all_scenarios, select_scenarios
from niochat_lab.evaluation.definitions.scenario_schema import Scenario, StepExpectation
from niochat_lab.evaluation.evaluation_tenants import EvaluatedModel
from niochat_lab.evaluation.in_process.in_process_environment import temporary_database
from niochat_lab.evaluation.in_process.in_process_runner import InProcessRunner
from tests.builders import Admin
from tests.niochat_lab.evaluation.evaluation_harness import (
    EvaluationHarness,
    ScriptedModelResponder,
    problems,
)
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = pytest.mark.asyncio
NAMES = (
    "fatura-pix",
    "suspenso-desbloqueia",
    "segundo-desbloqueio",
    "consertou-no-meio",
    "varias-mensagens",
    "escreve-enquanto-pensa",
    "humano",
    "humano-no-feriado",
    "audio",
    "comprovante",
    "sem-sistema",
    "desbloqueio-resposta-perdida",
    "silencio",
    "planos-interesse",
)
"""With every kind of step."""


@pytest.fixture
def evaluated(database: Database, sandbox: SandboxFixture, admin: Admin) -> EvaluationHarness:
    return EvaluationHarness(database, sandbox.origin, admin)


async def test_what_passes_on_the_stack_passes_here(evaluated: EvaluationHarness) -> None:
    scenarios = select_scenarios(load_all_scenarios(), NAMES)

    results = await evaluated.play(InProcessRunner(EvaluatedModel()), scenarios, at_once=4)

    assert not problems(results)
    assert set(results) == set(NAMES)


async def test_what_a_scenario_did_does_not_stand_in_its_way_again(
    evaluated: EvaluationHarness,
) -> None:
    scenarios = select_scenarios(load_all_scenarios(), ["suspenso-desbloqueia", "humano"])

    for _ in range(2):
        assert not problems(await evaluated.play(InProcessRunner(EvaluatedModel()), scenarios))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"outcome": StepExpectation.model_validate({"used": "abrir_chamado=ok"})},
            "does not use abrir_chamado=ok; used: ",
        ),
        ({"model_calls_at_most": 2}, "calls of the model, more than 2"),
        ({"tokens_at_most": 100}, "tokens read, more than 100"),
        ({"outcome": StepExpectation(team="vendas")}, "team is none, not vendas"),
    ],
)
async def test_what_is_not_as_it_must_be_is_told(
    evaluated: EvaluationHarness, changes: dict[str, object], told: str
) -> None:
    (scenario,) = select_scenarios(load_all_scenarios(), ["fatura-pix"])
    wanting: Scenario = scenario.model_copy(update=changes)

    results = await evaluated.play(
        InProcessRunner(EvaluatedModel(), ScriptedModelResponder()), [wanting]
    )

    assert any(told in problem for problem in results["fatura-pix"].problems)


async def test_a_database_of_its_own_is_there_and_gone() -> None:
    async with temporary_database() as (database, _), database.as_system() as connection:
        assert await connection.fetchval("SELECT count(*) FROM tenants") == 0
        port = await connection.fetchval("SELECT inet_server_port()")

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
