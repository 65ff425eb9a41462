"""Files of scenarios are read whole, or refused with every problem and its line."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from niochat.assistant.toolbox import TOOLS
from niochat.domain.errors import InvalidInputError
from niochat.tenants.provider_file.provider_loader import load_providers
from niochat_lab.evaluation.definitions.scenario_loader import (
    load_all_scenarios,
    load_scenarios,
    select_scenarios,
)
from niochat_lab.evaluation.definitions.scenario_schema import TOOL_NAMES, ScenarioKind
from niochat_lab.evaluation.evaluate_command import build_evaluated_model
from niochat_lab.evaluation.evaluation_tenants import TIMEZONE, EvaluatedModel, build_provider_entry
from niochat_sandbox.scripted_model.model_actions import ToolName

GOOD = """\
scenarios:
  - name: saudacao
    title: Bom dia
    kind: flow
    subscriber: active
    steps:
      - say: bom dia
        expect: {count: 1}
"""


def written(folder: Path, text: str, name: str = "some.yaml") -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("kind: flow", "kind: flaw", "line 4: scenarios[0].kind"),
        ("kind: flow", "knid: flow", "line 4: scenarios[0].knid: unknown key"),
        ("    kind: flow\n", "", "line 2: scenarios[0].kind: is missing"),
        ("title: Bom dia", "title: no", "line 3: scenarios[0].title: must be text"),
        ("{count: 1}", "{count: one}", "line 8: scenarios[0].steps[0].expect.count"),
        ("{count: 1}", "{hears: '('}", "is not a valid regular expression"),
        ("{count: 1}", "{tools: abrir}", "must be a tool's name"),
        ("{count: 1}", "{tools: abrir_chamado!}", "must be a tool's name"),
        ("say: bom dia", "wait: 2", "line 7: scenarios[0].steps[0].wait: unknown key"),
        ("        expect", "        clear_faults: true\n        expect", "exactly one of"),
        ("subscriber: active", "from: other", "set either subscriber or phone"),
        ("kind: flow", "kind: flow\n    model: sandbox-obediente", "requires only: simulated"),
        ("say: bom dia", "fault: {target: model, kind: drop}", "require only: simulated"),
        ("say: bom dia", "fault: {target: gateway, kind: drop}", "steps[0].fault.target"),
        ("name: saudacao", f"name: {'s' * 60}", "line 2: scenarios[0].name"),
        ("kind: flow", "ledger: {service_order_by_invoice: 1}\n    kind: flow", "line 4"),
        ("steps:", "steps: [", "line"),
    ],
)
def test_a_problem_is_told_with_file_line_and_key(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    file = written(tmp_path, GOOD.replace(old, new, 1))

    with pytest.raises(InvalidInputError) as refused:
        load_scenarios(file)

    assert str(file) in str(refused.value)
    assert told in str(refused.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("flow", "flaw").replace("count: 1", "count: -1")

    with pytest.raises(InvalidInputError) as refused:
        load_scenarios(written(tmp_path, text))

    assert "line 4" in str(refused.value)
    assert "line 8" in str(refused.value)


def test_a_name_stands_for_one_scenario_in_all_files(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "a.yaml")
    written(tmp_path, GOOD, "b.yaml")

    with pytest.raises(InvalidInputError, match=r"b\.yaml(.|\n)*line 2: .*another scenario"):
        load_all_scenarios(tmp_path)


def test_the_shipped_scenarios_are_many_of_each_kind() -> None:
    kinds = Counter(scenario.kind for scenario in load_all_scenarios())

    assert sum(kinds.values()) >= 48
    assert all(kinds[kind] >= 10 for kind in ScenarioKind)


def test_questions_need_a_model_of_language() -> None:
    questions = select_scenarios(load_all_scenarios(), ["question"])

    assert len(questions) >= 40
    assert not any(each.for_model(simulated=True) for each in questions)
    assert all(each.for_model(simulated=False) for each in questions)


def test_a_scenario_may_name_tomorrow() -> None:
    (closed,) = select_scenarios(load_all_scenarios(), ["pergunta-feriado-amanha"])
    policy = build_provider_entry(closed, "http://127.0.0.1:9", EvaluatedModel())["policy"]

    tomorrow = datetime.now(ZoneInfo(TIMEZONE)).date() + timedelta(days=1)
    assert policy["closed_days"] == [tomorrow.isoformat()]


def test_names_and_kinds_choose_and_an_unknown_one_is_refused() -> None:
    scenarios = load_all_scenarios()

    assert select_scenarios(scenarios, []) == scenarios
    assert [each.name for each in select_scenarios(scenarios, ["fatura-pix"])] == ["fatura-pix"]
    assert {each.kind for each in select_scenarios(scenarios, ["fault", "edge"])} == {
        ScenarioKind.FAULT,
        ScenarioKind.EDGE,
    }
    with pytest.raises(InvalidInputError, match="fatura-nada"):
        select_scenarios(scenarios, ["fatura-pix", "fatura-nada"])


def test_the_simulated_model_knows_no_tool_that_the_assistant_has_not() -> None:
    assert {tool.value for tool in ToolName} <= {tool.name for tool in TOOLS} == TOOL_NAMES


@pytest.mark.parametrize(
    "choice",
    [
        EvaluatedModel(),
        EvaluatedModel("https://model.example/v1", "grande", "env:SOME_KEY", 0.5, 1.5),
    ],
)
def test_every_scenario_has_a_provider_that_can_be_applied(
    tmp_path: Path, choice: EvaluatedModel
) -> None:
    scenarios = load_all_scenarios()
    entries = [build_provider_entry(each, "http://127.0.0.1:9", choice) for each in scenarios]
    file = written(tmp_path, yaml.safe_dump({"providers": entries}))

    providers = load_providers(file, {"SOME_KEY": "word"})

    assert [provider.slug for provider in providers] == [each.slug for each in scenarios]
    tokens = {provider.erp.token.get_secret_value() for provider in providers if provider.erp}
    assert len(tokens) == sum(not each.without_erp for each in scenarios)


def test_only_the_sandbox_plays_its_own_models() -> None:
    fooled = next(each for each in load_all_scenarios() if each.only == "simulated")

    assert build_provider_entry(fooled, "http://127.0.0.1:9", EvaluatedModel())["assistant"][
        "model"
    ] in (
        "sandbox-simulador",
        "sandbox-obediente",
        "sandbox-teimoso",
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("https://a.example/v1", "", "env:KEY"),
        ("", "grande", ""),
        ("https://a.example/v1", "m", ""),
    ],
)
def test_half_of_a_model_is_refused(arguments: tuple[str, str, str]) -> None:
    with pytest.raises(InvalidInputError, match="belong together"):
        build_evaluated_model(*arguments, (0, 0), stream=False)


def test_a_key_on_the_command_line_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="env:NAME"):
        build_evaluated_model("https://a.example/v1", "grande", "word", (0, 0), stream=False)
