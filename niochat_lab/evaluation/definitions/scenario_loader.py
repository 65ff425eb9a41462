"""Load files of scenarios; a file is accepted as a whole or rejected with all its problems."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from niochat.domain.errors import InvalidInputError
from niochat.tenants.provider_file.yaml_source import (
    FileProblem,
    YamlDocument,
    YamlPath,
    invalid_file_error,
    load_yaml_document,
)
from niochat_lab.evaluation.definitions.scenario_schema import Scenario, ScenarioKind, ScenariosFile

SCENARIO_FOLDER = Path(__file__).parent / "scenarios"
_ERROR_SENTENCES = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "string_type": "must be text; put a number or a yes in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be keys with values",
    "model_type": "must be keys with values",
}


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Load the scenarios of one file. Raises ``InvalidInputError`` with the file and the line of
    each problem.
    """
    document = load_yaml_document(path)
    try:
        return ScenariosFile.model_validate(document.data).scenarios
    except ValidationError as error:
        problems = [format_problem(document, each) for each in error.errors(include_url=False)]
    raise invalid_file_error(path, problems)


def load_all_scenarios(folder: Path = SCENARIO_FOLDER) -> list[Scenario]:
    """Load the scenarios of all files, by kind and then in the order of the files.

    Raises ``InvalidInputError``, also for a name that is used twice.
    """
    found: list[Scenario] = []
    for path in sorted(folder.glob("*.yaml")):
        scenarios = load_scenarios(path)
        problems = list(_find_repeated_names(load_yaml_document(path), scenarios, found))
        if problems:
            raise invalid_file_error(path, problems)
        found += scenarios
    order = list(ScenarioKind)
    return sorted(found, key=lambda scenario: order.index(scenario.kind))


def select_scenarios(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[Scenario]:
    """Select scenarios by name or kind, or all. Raises ``InvalidInputError`` for an
    unknown name.
    """
    known = {scenario.name for scenario in scenarios} | set(ScenarioKind)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InvalidInputError(
            f"unknown scenario or kind {', '.join(unknown)}: niochat evaluate --list"
        )
    return [s for s in scenarios if not names or s.name in names or s.kind in names]


def _find_repeated_names(
    document: YamlDocument, scenarios: Sequence[Scenario], before: Sequence[Scenario]
) -> Iterator[FileProblem]:
    names = {scenario.name for scenario in before}
    for index, scenario in enumerate(scenarios):
        if scenario.name in names:
            place = ("scenarios", index, "name")
            yield document.problem_at(place, f"{scenario.name} is the name of another scenario")
        names.add(scenario.name)


def format_problem(document: YamlDocument, error: Any) -> FileProblem:
    """Convert one of pydantic's errors to a problem with its line."""
    place: YamlPath = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    message = _ERROR_SENTENCES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return document.problem_at(place, message)
