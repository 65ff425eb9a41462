"""The house rules that a reader relies on, read from the tree itself."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import niochat
from niochat.adapters.postgres.queries import queries
from niochat.assistant.handoff.escalation import EscalationReason
from niochat.cli.reason_texts import REASON_TEXTS
from niochat.domain.conversation.state import AssistantStopReason

ROOT = Path(niochat.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
SQL = sorted((ROOT / "adapters/postgres/sql").glob("*.sql"))
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "misc"}
LONGEST = 400
RAY_DOORS = {"cluster", "http", "cli", "launcher"}


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), str(module))


def room_of(module: Path) -> str:
    return module.relative_to(ROOT).parts[0]


def test_no_module_has_a_vague_name() -> None:
    parts = {part for module in MODULES for part in module.relative_to(ROOT).with_suffix("").parts}

    assert not {part for part in parts if set(part.split("_")) & VAGUE}


def test_no_file_is_longer_than_a_reader_bears() -> None:
    code = [path for path in ROOT.rglob("*") if path.suffix in (".py", ".sql", ".md", ".html")]
    code.remove(ROOT / "adapters/postgres/schema.sql")  # generated
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in code}

    assert not {path.name: n for path, n in lengths.items() if n > LONGEST}


def test_ray_is_imported_only_in_its_packages() -> None:
    found = {room_of(module) for module in MODULES if "ray" in set(_imported(tree_of(module)))}

    assert found <= RAY_DOORS


def _imported(tree: ast.Module) -> Iterator[str]:
    """Top-level packages, also those imported inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("file", SQL, ids=lambda path: path.stem)
def test_each_query_is_named_once_and_described(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    named = [(n, line) for n, line in enumerate(lines) if line.startswith("-- name:")]
    names = [re.fullmatch(r"-- name: (\w+)", line) for _, line in named]

    assert all(names), "a name is one word"
    assert not {n for n, count in Counter(m[1] for m in names if m).items() if count > 1}
    for number, line in named:
        assert re.match(r"-- [A-Z]\S*", lines[number + 1]), f"{line} is not described"


@pytest.mark.parametrize("file", SQL, ids=lambda path: path.stem)
def test_each_query_is_used(file: Path) -> None:
    users = [module for module in MODULES if f'queries("{file.stem}")' in _text(module)]
    said = {text for module in users for text in _strings(tree_of(module))}

    assert users, "nobody opens it"
    assert set(queries(file.stem)) - said == set()


def _text(module: Path) -> str:
    return module.read_text(encoding="utf-8")


def _strings(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_each_query_that_is_asked_for_exists() -> None:
    for module in MODULES:
        tree = tree_of(module)
        opened = dict(_opened(tree))
        for node in ast.walk(tree):
            match node:
                case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(query))):
                    if name in opened:
                        assert query in queries(opened[name]), f"{module}: {query}"


def _opened(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(variable, file) of the module's query files."""
    for node in tree.body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="queries"), args=[ast.Constant(value=str(file))]),
            ):
                yield name, file


TURNS = (
    "assistant/turn.py",
    "assistant/model_session.py",
    "assistant/toolbox.py",
    "adapters/models/openai/errors.py",
    "actors/turn_scheduler.py",
    "domain/conversation/handlers/turns.py",
)
OPENED_BY_TURNS = (
    "tenants/tenant_config_cache.py",
    "vault/vault.py",
    "adapters/postgres/database.py",
)
SENDS = ("outbox/dispatcher.py", "adapters/gateways/uazapi/send_outcome.py")
REASONED = {
    "hand_off": 1,
    "cancel_turn": 1,
    "DeadLetterCommand": 1,
    "_dead_letter_command": 1,
    "close_conversation": 1,
    "stop_after_hours": 1,
}
"""Functions and the place of their reason."""
ERP = re.compile(r"erp_[a-z_]+")
"""Every such word in the code of the ERP is a code that a turn may end with."""
KNOWN_BY_EVENT = {"SendStatus.FAILED", "SendStatus.UNCERTAIN"}
ERP_CODE = (
    "erp/",
    "assistant/",
    "adapters/erps/",
    "composition/",
    "cluster/pools/pool_clients.py",
    "ports/erp.py",
)
NO_REASON = {"", "cancelled", "bad_secret"}
"""``cancelled`` marks a message, and no turn seals a secret. Codes with a number of the other side
(``model_500``) are no literals: they speak for themselves."""


@cache
def produced() -> set[str]:
    """Codes that an event or a turn may carry, and ``niochat show`` then shows."""
    codes = {
        "merged",
        *EscalationReason,
        *AssistantStopReason,
    }  # written by link.sql; hand-offs of the assistant
    for module in MODULES:
        path = module.relative_to(ROOT).as_posix()
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.Call):
                codes |= set(_codes(path, node))
        if path.startswith(ERP_CODE):
            codes |= {text for text in _strings(tree_of(module)) if ERP.fullmatch(text)} - logged()
    codes -= {path.stem for path in SQL}
    return codes - NO_REASON


@cache
def logged() -> set[str]:
    """Names of log events, which look like codes."""
    return {
        str(node.args[0].value)
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("_log.")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    } - {"erp_write_unknown"}


def _codes(path: str, call: ast.Call) -> Iterator[str]:
    name = ast.unparse(call.func).rpartition(".")[2]
    if name in REASONED:
        yield from _choices(call.args[REASONED[name]] if len(call.args) > REASONED[name] else None)
    if path in SENDS:
        if KNOWN_BY_EVENT & {ast.unparse(argument) for argument in call.args}:
            yield from _choices(_keyword(call, "code"))
            yield from _choices(call.args[2] if len(call.args) > 2 else None)
    elif path in TURNS + OPENED_BY_TURNS:
        yield from _choices(_keyword(call, "code"))


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _choices(value: ast.expr | None) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from _choices(body)
            yield from _choices(orelse)
        case ast.BoolOp(values=values):
            for each in values:
                yield from _choices(each)


def test_the_search_for_codes_finds_the_known_ones() -> None:
    known = {
        "model_timeout",
        "model_malformed",
        "turn_lost",
        "takeover",
        "tenant_suspended",
        "command_parked",
        "step_failed",
        "no_assistant",
        "never_arrived",
        "answer_lost",
        "linked",
        "turn_timed_out",
    }

    assert known <= produced()


def test_every_reason_is_explained_to_people() -> None:
    assert produced() <= set(REASON_TEXTS)


def test_no_reason_is_explained_that_nothing_produces() -> None:
    assert set(REASON_TEXTS) <= produced()


VENDOR = re.compile("uazapi|sgp", re.IGNORECASE)
VENDORS_MAY_BE_NAMED = (
    "adapters/gateways/uazapi/",
    "adapters/gateways/registry.py",
    "adapters/erps/sgp/",
    "adapters/erps/registry.py",
    "adapters/postgres/migrations/",
    "adapters/postgres/schema.sql",
    "http/desk/dist/",  # the built front end, if there is one
)


def test_vendors_are_named_only_in_their_adapters_and_in_the_registries() -> None:
    files = [path for path in ROOT.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    others = [
        path
        for path in files
        if not path.relative_to(ROOT).as_posix().startswith(VENDORS_MAY_BE_NAMED)
    ]

    assert others
    assert not [str(path) for path in others if VENDOR.search(str(path.relative_to(ROOT)))]
    assert not [str(path) for path in others if VENDOR.search(path.read_text(encoding="utf-8"))]


ADAPTER_BUILDERS = ("adapters/", "composition/")
IN_MEMORY = {"TtlCache"}
"""Classes of the adapters that open nothing: everybody may construct them."""


def test_only_the_composition_root_constructs_adapters() -> None:
    adapters = set(_adapter_classes()) - IN_MEMORY
    found = [
        f"{module.relative_to(ROOT)}:{call.lineno} {ast.unparse(call.func)}"
        for module in MODULES
        if not module.relative_to(ROOT).as_posix().startswith(ADAPTER_BUILDERS)
        for call in ast.walk(tree_of(module))
        if isinstance(call, ast.Call) and adapters & set(ast.unparse(call.func).split("."))
    ]

    assert {"UazapiClient", "SgpClient", "ModelClient", "FileStore", "SmtpClient"} <= adapters
    assert not found


def _adapter_classes() -> Iterator[str]:
    """Classes that talk to the world: those with a public method that is asynchronous."""
    for module in MODULES:
        if room_of(module) != "adapters":
            continue
        for node in tree_of(module).body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(each, ast.AsyncFunctionDef) and not each.name.startswith("_")
                for each in node.body
            ):
                yield node.name
