"""The table and the JSON of an evaluation say what came of each scenario, and of all."""

import json
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from uuid import uuid4

from rich.console import Console

from niochat_lab.evaluation.definitions.scenario_schema import Scenario, ScenarioKind
from niochat_lab.evaluation.evaluation_records import TurnWork
from niochat_lab.evaluation.evaluation_results import (
    EvaluationResult,
    ScenarioResult,
    ScenarioVerdict,
    build_result,
)
from niochat_lab.evaluation.evaluation_table import render_evaluation

SCENARIO = Scenario.model_validate(
    {
        "name": "fatura-pix",
        "title": "PIX",
        "kind": "flow",
        "subscriber": "active",
        "steps": [{"say": "oi"}],
    }
)


def work(tokens_in: int, tokens_out: int, cost: str) -> TurnWork:
    return TurnWork(uuid4(), "answered", "", (), tokens_in, tokens_out, Decimal(cost))


GOOD = build_result(
    SCENARIO,
    [],
    [work(100, 10, "0.01"), work(50, 5, "0.005")],
    1.26,
    [{"who": "customer", "text": "oi"}],
)
BAD = ScenarioResult(
    "planos",
    ScenarioKind.EDGE,
    ScenarioVerdict.FAILED,
    ("step 1: [x] is not y",),
    1,
    7,
    3,
    Decimal("0.5"),
    2.0,
)
CACHED = replace(GOOD, name="barata", calls=4, tokens_cached=75, refused=6)
SKIPPED = ScenarioResult("laco", ScenarioKind.FAULT, ScenarioVerdict.SKIPPED)
EVALUATION = EvaluationResult("grande", "https://model.example/v1", 4.2, (GOOD, BAD, SKIPPED))


def printed() -> str:
    out = StringIO()
    Console(file=out, width=200, color_system=None).print(render_evaluation(EVALUATION))
    return out.getvalue()


def test_a_scenarios_turns_are_summed() -> None:
    assert (GOOD.verdict, GOOD.turns, GOOD.seconds) == (ScenarioVerdict.PASSED, 2, 1.3)
    assert (GOOD.tokens_in, GOOD.tokens_out, GOOD.cost) == (150, 15, Decimal("0.015"))


def test_a_problem_makes_it_fail() -> None:
    assert build_result(SCENARIO, ["no"], [], 1, []).verdict is ScenarioVerdict.FAILED


def test_the_table_tells_each_scenario_its_problems_and_the_totals() -> None:
    text = printed()

    for words in (
        "grande",
        "fatura-pix",
        "passed",
        "150+15",
        "0.0150",
        "planos",
        "failed",
        "step 1: [x] is not y",
        "1 passed, 1 failed, 1 skipped",
        "157+18",
        "0.5150",
        "4.2",
    ):
        assert words in text


def test_what_was_not_played_is_only_counted() -> None:
    assert "laco" not in printed()


def test_the_table_tells_calls_refusals_and_what_can_be_cached() -> None:
    out = StringIO()
    evaluation = EvaluationResult("grande", "", 1.0, (CACHED,))
    Console(file=out, width=200, color_system=None).print(render_evaluation(evaluation))

    row = next(line for line in out.getvalue().splitlines() if "barata" in line)
    assert row.split()[2:8] == ["2", "4", "6", "150+15", "50", "%"]


def test_the_table_fits_a_narrow_terminal_and_the_reasons_stand_below() -> None:
    out = StringIO()
    Console(file=out, width=80, color_system=None).print(render_evaluation(EVALUATION))
    lines = out.getvalue().splitlines()

    assert any(line.startswith("planos: step 1: [x] is not y") for line in lines)
    assert "fatura-pix" in next(line for line in lines if "passed" in line)
    assert lines[-1] == "1 passed, 1 failed, 1 skipped"


def test_the_json_holds_everything() -> None:
    told = json.loads(json.dumps(EVALUATION.as_dict()))

    assert {key: told[key] for key in ("model", "passed", "failed", "skipped")} == {
        "model": "grande",
        "passed": 1,
        "failed": 1,
        "skipped": 1,
    }
    assert (told["tokens_in"], told["tokens_out"], told["cost"]) == (157, 18, 0.515)
    first, second, third = told["scenarios"]
    assert first["transcript"] == [{"who": "customer", "text": "oi"}]
    assert (first["passed"], first["kind"], first["turns"]) == (True, "flow", 2)
    assert second["problems"] == ["step 1: [x] is not y"]
    assert (third["passed"], third["skipped"]) == (False, True)
