"""What the documents say is so: names, commands, variables, constants and links exist."""

import ast
import importlib
import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from pydantic_core import PydanticUndefined

import niochat
from niochat.adapters.postgres.queries import queries
from niochat.cli import add_plugin_commands, app
from niochat.config import Settings
from tests.lanes import LANES

ROOT = Path(niochat.__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CONFIGURATIONS = [ROOT / "cluster.yaml", ROOT / "serve_config.yaml", ROOT / "examples/demo.yaml"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
COMMAND_LINE = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
PROVIDER_FILE = (ROOT / "docs/provider-file.md").read_text(encoding="utf-8")
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CLUSTER: dict[str, Any] = yaml.safe_load((ROOT / "cluster.yaml").read_text(encoding="utf-8"))
SERVE: dict[str, Any] = yaml.safe_load((ROOT / "serve_config.yaml").read_text(encoding="utf-8"))

OURS = re.compile(
    r"`((?:niochat|niochat_lab|niochat_sandbox|devtools|deploy|tests|scripts|docs|examples|\.ci)/[^`\s]*)`"
)
QUERY = re.compile(r"`(\w+)\.sql:(\w+)`")
CONSTANT = re.compile(r"^\| `(\S+\.py):([A-Z_]+)` \| (\S+) \|", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([\w-]+))?\)")
SNAKE = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")
FOREIGN = {
    "pg_basebackup",
    "env_vars",
    "runtime_env",
    "session_latest",
    "http_404",
    "log_format",
}
"""Words of others that our code never says."""

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def rows(document: str) -> Iterator[list[str]]:
    """Cells of every table row, without backticks."""
    for line in document.splitlines():
        if line.startswith("| "):
            yield [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]


@cache
def everything_we_say() -> str:
    """Code, queries, tests and configuration, as one text."""
    files = [
        path
        for folder in ("niochat", "niochat_lab", "niochat_sandbox", "tests")
        for path in (ROOT / folder).rglob("*.*")
    ]
    ours = {".py", ".sql", ".yaml", ".toml"}
    return "\n".join(
        text_of(path)
        for path in [*files, *CONFIGURATIONS, ROOT / "pyproject.toml"]
        if path.suffix in ours and path != Path(__file__)
    )


@cache
def commands() -> dict[str, Any]:
    """By name. Typer brings a click of its own, so its classes are not click's."""
    add_plugin_commands(None)
    group: Any = typer.main.get_command(app)
    return dict(group.commands)


def options(command: Any) -> set[str]:
    """Without those that commands give one another."""
    shown = [each for each in command.params if not getattr(each, "hidden", False)]
    return {option for each in shown for option in each.opts if option[:2] == "--"}


# -- names ---------------------------------------------------------------------------------


@every_document
def test_every_path_and_every_name_in_it_exists(document: Path) -> None:
    for mentioned in OURS.findall(text_of(document)):
        path, _, name = mentioned.partition(":")
        assert (ROOT / path).exists(), mentioned
        assert not name or name in _top_level(ROOT / path), mentioned


@cache
def _top_level(module: Path) -> dict[str, ast.expr | None]:
    """Functions, classes and variables of a module; the latter with their value."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.parse(text_of(module)).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found[node.name] = None
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                found[name] = value
    return found


@every_document
def test_every_query_exists(document: Path) -> None:
    for file, name in QUERY.findall(text_of(document)):
        assert name in queries(file), f"{file}.sql:{name}"


def test_every_constant_has_the_value_that_is_told() -> None:
    told = CONSTANT.findall(ARCHITECTURE)

    assert len(told) > 10
    for path, name, value in told:
        found = _top_level(ROOT / path)[name]
        assert found is not None
        assert ast.literal_eval(found) == float(value), name


@every_document
def test_every_word_of_ours_is_said_by_the_code(document: Path) -> None:
    words = {word for word in SNAKE.findall(text_of(document)) if word not in FOREIGN}

    assert not {word for word in words if not re.search(rf"\b{word}\b", everything_we_say())}


def test_the_layers_are_those_of_the_import_linter() -> None:
    layers = re.search(r"## Layers.*?```\n(.*?)```", ARCHITECTURE, re.DOTALL)
    contract = re.search(r"\nlayers = \[(.*?)\]", text_of(ROOT / "pyproject.toml"), re.DOTALL)
    assert layers
    assert contract
    shown = [re.split(r" {3,}", line)[0].split() for line in layers[1].splitlines()]
    held = [re.findall(r"\w+", line) for line in contract[1].strip().splitlines()]

    assert shown == held


def test_supabase_is_a_locked_dependency() -> None:
    project = text_of(ROOT / "pyproject.toml")

    assert "mirror = [" not in project
    assert re.search(r'^    "supabase>=', project, re.MULTILINE)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        assert "\nsupabase==" in text_of(ROOT / lock)


# -- tables of the manual ------------------------------------------------------------------


def test_every_variable_is_in_the_table_with_its_default() -> None:
    table = {row[0]: row[1] for row in rows(CONFIGURATION) if len(row) == 3}
    for field in Settings.model_fields.values():
        name = str(field.validation_alias)
        assert name in table, name
        if field.default is PydanticUndefined:
            continue
        match field.default:
            case None:
                assert table[name] == "none"
            case tuple() as networks:
                assert table[name] == ",".join(str(network) for network in networks)
            case float() as number:
                assert float(table[name]) == number
            case other:
                assert table[name] == str(other)


def test_every_variable_of_the_code_is_told_and_no_other() -> None:
    code = "".join(text_of(path) for path in (ROOT / "niochat").rglob("*.py"))
    used = set(re.findall(r"\bNIOCHAT_[A-Z_]+\b", code + text_of(ROOT / "examples/demo.yaml")))
    told = set(re.findall(r"\bNIOCHAT_[A-Z_]+\b", CONFIGURATION))

    assert used == told
    for document in DOCUMENTS:
        assert set(re.findall(r"\bNIOCHAT_[A-Z_]+\b", text_of(document))) <= used


def test_every_command_is_in_the_table_with_its_options() -> None:
    told = [row for row in rows(COMMAND_LINE) if row[0][:8] == "niochat "]
    table = {row[0].split()[1]: " ".join(row) for row in told}

    assert table.keys() == commands().keys()
    for name, command in commands().items():
        if name == "up":
            continue
        for option in options(command) - {"--json", "--tenant", "--help"}:
            assert option in table[name], f"{name} {option}"


def test_every_option_of_the_start_is_in_the_table() -> None:
    told = {row[0].split()[0] for row in rows(COMMAND_LINE) if row[0][:2] == "--"}
    up = commands()["up"]
    known = options(up) | {o for each in up.params for o in each.secondary_opts}

    assert told <= known
    for option in options(up):
        assert {option, option.replace("--", "--no-")} & told, option


def test_the_lanes_are_those_of_the_test_command() -> None:
    told = {(row[0], row[2]) for row in rows(CONTRIBUTING) if len(row) == 3 and row[2].isdigit()}
    known = re.findall(r'^    Lane\("(\w+)", (\d+), ', text_of(ROOT / "scripts/test"), re.M)

    assert told == set(known)
    assert [name for name, _ in known] == list(LANES)


def test_the_example_of_a_provider_file_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from niochat.tenants.provider_file.provider_loader import load_providers

    example = re.search(r"```yaml\n(.*?)```", PROVIDER_FILE, re.DOTALL)
    assert example
    file = tmp_path / "providers.yaml"
    file.write_text(example[1], encoding="utf-8")
    named = dict.fromkeys(re.findall(r"env:([A-Z_]+)", example[1]), "a-secret")

    (provider,) = load_providers(file, named)

    assert provider.slug == "rede-norte"


# -- the glossary --------------------------------------------------------------------------


def test_the_glossary_has_each_term_once_in_alphabetical_order_and_with_its_module() -> None:
    entries = [row for row in rows(GLOSSARY) if len(row) == 4][1:]
    terms = [row[0].casefold() for row in entries]

    assert len(terms) > 150
    assert terms == sorted(set(terms))
    for term, meaning, portuguese, module in entries:
        assert meaning.endswith("."), term
        assert portuguese, term
        assert (ROOT / module).exists(), module


def test_no_word_of_the_glossary_is_one_that_we_do_not_use() -> None:
    unused = {
        word.strip()
        for row in rows(GLOSSARY.partition("## Terms")[0])
        for word in re.sub(r"[^,]*\(.*?\)", "", row[0]).split(",")
    }
    terms = {row[0] for row in rows(GLOSSARY) if len(row) == 4}

    assert not unused & terms


# -- links, paths and configuration --------------------------------------------------------


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, anchor in LINK.findall(text_of(document)):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), target
        if anchor:
            assert anchor in _anchors(path), f"{target}#{anchor}"


def _anchors(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_decision_is_in_the_index() -> None:
    records = {path.name for path in (ROOT / "docs/adr").glob("0*.md")}

    assert records == set(
        re.findall(r"\((0\d+-[\w-]+\.md)\)", text_of(ROOT / "docs/adr/README.md"))
    )
    for name in records:
        record = text_of(ROOT / "docs/adr" / name)
        for part in ("Status", "Context", "Decision", "Consequences", "Enforced by"):
            assert f"**{part}" in record, f"{name}: {part}"


@pytest.mark.parametrize("file", [*DOCUMENTS, *CONFIGURATIONS], ids=lambda path: path.name)
def test_no_document_names_a_place_of_one_machine(file: Path) -> None:
    text = text_of(file)

    assert not re.findall(r"(?<![\w.~])/(?:home|root|work|Users|mnt|opt|srv|tmp)/\S+", text)


def test_the_applications_of_the_serve_config_exist_without_starting_ray() -> None:
    ray = importlib.import_module("ray")
    before = ray.is_initialized()
    for application in SERVE["applications"]:
        module, _, name = application["import_path"].partition(":")
        assert hasattr(importlib.import_module(module), name), application["import_path"]

    assert ray.is_initialized() == before


def test_pools_have_no_route() -> None:
    routed = {each["name"] for each in SERVE["applications"] if each["route_prefix"]}

    assert routed == {"webhooks", "api", "live", "desk"}


def test_the_cluster_fits_the_schema_of_ray() -> None:
    spec = importlib.util.find_spec("ray")
    assert spec is not None
    assert spec.submodule_search_locations
    schema = Path(spec.submodule_search_locations[0]) / "autoscaler" / "ray-schema.json"

    jsonschema.validate(CLUSTER, json.loads(text_of(schema)))


def test_the_cluster_starts_every_node_with_what_it_needs() -> None:
    starts = [
        command
        for kind in ("head", "worker")
        for command in CLUSTER[f"{kind}_start_ray_commands"]
        if "ray start" in command
    ]

    assert len(starts) == 2
    for command in starts:
        exports, _, start = command.partition("ray start")
        for needed in (
            "RAY_SERVE_ENABLE_HA_PROXY=1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED=1",
            "RAY_AUTH_MODE=token",
            "RAY_AUTH_TOKEN_PATH=",
            "niochat.env",
            "ulimit -n",
        ):
            assert needed in exports, needed
        assert "--labels=" in start
    assert "--num-cpus=0" in starts[0]


def test_the_cluster_has_addresses_of_the_range_for_documentation() -> None:
    provider = CLUSTER["provider"]

    assert CLUSTER["max_workers"] == len(provider["worker_ips"])
    for address in (provider["head_ip"], *provider["worker_ips"]):
        assert ip_address(address) in ip_network("192.0.2.0/24")


def test_the_variables_with_secrets_are_all_named_beside_the_cluster() -> None:
    told = text_of(ROOT / "cluster.yaml")
    needed = [
        str(field.validation_alias)
        for field in Settings.model_fields.values()
        if field.default is PydanticUndefined
    ]

    assert not [name for name in needed if name not in told]
