"""The gates that keep one vocabulary and one tree: names, folders, glossary, published names."""

import ast
import importlib.util
import io
import json
import re
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("niochat", "niochat_lab", "niochat_sandbox")
TESTS = ROOT / "tests"
GLOSSARY = ROOT / "docs/glossary.md"

MAX_MODULES_PER_FOLDER = 12
LARGE_FOLDERS = {
    "niochat/adapters/postgres/migrations/versions": "migrations are read by number, in one list",
}

REPEATED_STEMS = {
    "client": "each adapter has one: it implements the port",
    "errors": "the domain's errors, and per adapter how the other side's become these",
    "transport": "each adapter of an HTTP API has one: requests and responses",
    "registry": "gateways and ERPs are each chosen by their kind",
}
REPEATED_CLASSES: dict[str, str] = {}

BANNED_WORDS = {
    "told": "`text`, `details`, `report_…`, `recorded`",
    "wanted": "`filter`, `expected`, `requested`",
    "asked": "`request`, `question`, `requested`",
    "heard": "`received`",
    "found": "what it is: `row`, `match`, `result`, `matches`",
    "said": "`text`, `reply`, `response`",
    "look": "`poll`, `read`",
    "looks": "`polls`, `reads`",
    "looked": "`polled`, `read`",
    "gaze": "`viewed`",
    "gesture": "`frame`",
    "gestures": "`frames`",
    "journey": "`round_trip`",
    "journeys": "`round_trips`",
    "door": "`endpoint`",
    "doors": "`endpoints`, `ingress`",
    "doorstep": "`connect_limit`",
    "doorway": "`dependencies`",
    "entrance": "`admission`, `activation_limiter`",
    "courier": "`dispatcher`",
    "letter": "`delivery`, `message`",
    "letters": "`deliveries`, `messages`",
    "shelf": "`cache`",
    "roster": "`fleet`, `members`",
    "seat": "`member`, `slot`",
    "seats": "`members`, `slots`",
    "crowd": "`load_generator`",
    "teller": "`reporter`",
    "whose": "`owner`, `user_id`, `tenant_id`",
    "gathering": "`indexer`",
    "doings": "`activity`",
    "house": "what it is: `load`, `fixture`",
    "world": "`state`, `environment`",
    "office": "`pipeline`, `harness`",
    "arena": "`stack`",
    "story": "`timeline`",
    "strike": "`fault`",
    "strikes": "`faults`",
}
"""Each with the words that are used in its place; `docs/glossary.md` has them too."""

STANDARD_PHRASES = re.compile(
    r"(?i)not_?found|none_found|dead_?letters?|quoted_letters|look_?(?:ahead|up)|looked_up|asked_about"
)
"""Words of the field that contain a banned one."""

KEPT_NAMES = {
    "niochat/domain/conversation/state.py": {
        "asked": "a key of stored states",
        "first_heard_at": "a key of stored states",
        "heard_at": "a key of stored states",
    },
    "niochat/assistant/guardrail/claim_evidence.py": {
        "_ASKED": "a pattern: the sentence says that something was asked for",
    },
    "niochat/assistant/prompt/transcript.py": {
        "_SAID_BY_HAND": "a text of the prompt: an agent said it",
    },
    "niochat/attachments/file_type.py": {
        "_OFFICE": "documents of Office programs",
    },
}

BANNED_CONSTANTS = re.compile(r"(?:^|_)(?:MOST|LONGEST)(?:_|$)|_FOR_EVER")
SENTENCE_END = re.compile(r"[.!?](?:\s|$)")


def modules_of(*packages: str) -> list[Path]:
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.parent.relative_to(ROOT).as_posix() not in LARGE_FOLDERS
    ]


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"), str(module))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class Identifier(NamedTuple):
    """A name that a reader meets outside the body of one function."""

    name: str
    line: int


def identifiers_of(module: Path) -> Iterator[Identifier]:
    yield Identifier(module.stem, 1)
    yield from _defined_names(tree_of(module), in_function=False)


def _defined_names(node: ast.AST, *, in_function: bool) -> Iterator[Identifier]:
    for child in ast.iter_child_nodes(node):
        inside = in_function
        match child:
            case ast.ClassDef(name=name, lineno=line):
                yield Identifier(name, line)
                inside = False
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Identifier(child.name, child.lineno)
                yield from _parameters(child.args)
                inside = True
            case ast.Lambda():
                inside = True
            case ast.Name(id=name, ctx=ast.Store(), lineno=line) if not in_function:
                yield Identifier(name, line)
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store(), lineno=line):
                yield Identifier(name, line)
        yield from _defined_names(child, in_function=inside)


def _parameters(arguments: ast.arguments) -> Iterator[Identifier]:
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for each in (*named, arguments.vararg, arguments.kwarg):
        if each is not None:
            yield Identifier(each.arg, each.lineno)


def words_of(identifier: str) -> set[str]:
    plain = STANDARD_PHRASES.sub("_", identifier)
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", plain)}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_has_more_modules_than_a_reader_can_survey(package: str) -> None:
    sizes: dict[str, int] = defaultdict(int)
    for module in (ROOT / package).rglob("*.py"):
        if module.stem != "__init__":
            sizes[name_of(module.parent)] += 1

    assert not {
        folder: size
        for folder, size in sizes.items()
        if size > MAX_MODULES_PER_FOLDER and folder not in LARGE_FOLDERS
    }


def test_each_module_stem_occurs_once_in_the_product() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules_of("niochat"):
        if not module.stem.startswith("__"):
            places[module.stem].append(name_of(module))
    repeated = {stem: files for stem, files in places.items() if len(files) > 1}

    assert not {stem: files for stem, files in repeated.items() if stem not in REPEATED_STEMS}


def test_each_class_name_occurs_once_in_the_product() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for module in modules_of("niochat"):
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name_of(module))
    repeated = {name: files for name, files in places.items() if len(files) > 1}

    assert not {name: files for name, files in repeated.items() if name not in REPEATED_CLASSES}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_identifier_has_a_banned_word(package: str) -> None:
    violations = [
        f"{name_of(module)}:{line}: {name}: rather {BANNED_WORDS[word]}"
        for module in modules_of(package)
        for name, line in identifiers_of(module)
        for word in sorted(words_of(name) & BANNED_WORDS.keys())
        if name not in KEPT_NAMES.get(name_of(module), {})
    ]

    assert not violations


def test_names_that_are_kept_are_still_there() -> None:
    for file, names in KEPT_NAMES.items():
        assert names.keys() <= {each.name for each in identifiers_of(ROOT / file)}, file


@pytest.mark.parametrize("package", PACKAGES)
def test_limits_are_named_max_and_loops_run(package: str) -> None:
    assert not [
        f"{name_of(module)}:{line}: {name}"
        for module in modules_of(package)
        for name, line in identifiers_of(module)
        if BANNED_CONSTANTS.search(name) or name.endswith("_for_ever")
    ]


@pytest.mark.parametrize("folder", ["niochat/domain/conversation", "niochat/ports"])
def test_each_class_of_the_domain_is_defined(folder: str) -> None:
    terms = {term.lower() for term in glossary()}

    assert not [
        f"{name_of(module)}: {node.name} is neither a glossary term nor has it a docstring"
        for module in sorted((ROOT / folder).rglob("*.py"))
        for node in tree_of(module).body
        if isinstance(node, ast.ClassDef)
        and not ast.get_docstring(node)
        and _as_term(node.name) not in terms
    ]


def _as_term(class_name: str) -> str:
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", class_name)).lower()


@cache
def glossary() -> dict[str, str]:
    """The module of each term, from the table `| Term | Meaning | pt-BR | Where |`."""
    text = GLOSSARY.read_text(encoding="utf-8")
    _, found, table = text.partition("| Term | Meaning | pt-BR | Where |\n")
    assert found, "the table of terms is missing"
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[1:] if line[:1] == "|"]
    assert all(len(row) == 4 and all(row) for row in rows), "each term has four columns"
    terms = {row[0]: row[3].strip("`") for row in rows}
    assert len(terms) == len(rows), "each term has one row"
    return terms


def test_each_glossary_term_names_a_module_that_exists() -> None:
    assert len(glossary()) > 50
    assert not {term: where for term, where in glossary().items() if not (ROOT / where).exists()}


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = [term.lower().replace("`", "") for term in glossary()]

    assert terms == sorted(terms)


@pytest.mark.parametrize("folder", [*PACKAGES, "tests", "scripts"])
def test_the_formatter_is_switched_off_only_with_a_reason(folder: str) -> None:
    assert not [
        f"{name_of(module)}:{token.start[0]}: {token.string}"
        for module in sorted((ROOT / folder).rglob("*.py"))
        for token in tokenize.generate_tokens(io.StringIO(module.read_text("utf-8")).readline)
        if token.type == tokenize.COMMENT
        and re.fullmatch(r"#\s*fmt:\s*(?:skip|off)\s*", token.string)
    ]


def test_the_published_api_names_no_module() -> None:
    text = (ROOT / "docs/openapi.json").read_text(encoding="utf-8")
    schemas = json.loads(text)["components"]["schemas"]

    assert not [name for name in schemas if "__" in name or "niochat" in name.lower()]
    assert not re.findall(r"\bniochat(?:_\w+|\.\w+)+", text)


def _contracts() -> list[dict[str, object]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    assert isinstance(contracts, list)
    return contracts


def test_each_import_contract_names_packages_that_exist() -> None:
    keys = ("source_modules", "forbidden_modules", "protected_modules", "allowed_importers")
    named = {
        str(package)
        for contract in _contracts()
        for key in keys
        for package in contract.get(key, ())  # type: ignore[attr-defined]  # lists of TOML
    }

    assert named
    assert not [package for package in named if not _exists(package)]


def _exists(package: str) -> bool:
    top, *_ = package.split(".")
    if top in PACKAGES:
        path = ROOT / package.replace(".", "/")
        return (path / "__init__.py").exists() or path.with_suffix(".py").exists()
    return importlib.util.find_spec(package) is not None


def test_one_contract_orders_all_packages_of_the_product() -> None:
    layers = [contract for contract in _contracts() if contract["type"] == "layers"]

    assert [contract["containers"] for contract in layers] == [["niochat"]]
    assert layers[0]["exhaustive"] is True


def test_no_test_file_is_named_for_its_place_in_the_order() -> None:
    assert not [name_of(path) for path in TESTS.rglob("test_z*_*.py") if path.stem[5:7] == "z_"]


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_says_in_one_sentence_what_it_is(package: str) -> None:
    assert not [
        name_of(module)
        for module in sorted((ROOT / package).rglob("__init__.py"))
        if not _is_one_sentence(ast.get_docstring(tree_of(module)) or "")
    ]


def _is_one_sentence(docstring: str) -> bool:
    summary = docstring.partition("\n\n")[0].strip()
    one = summary.endswith(".") and len(SENTENCE_END.findall(summary)) == 1
    return one and len(summary.split()) > 3
