"""YAML parsing that keeps the line number of each value, for error messages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from niochat.domain.errors import InvalidInputError

YamlPath = tuple[str | int, ...]
"""Keys and indexes from the root, such as ``("providers", 0, "slug")``."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One problem with its line and path; ``key_path`` is empty for the file as a whole."""

    line: int
    key_path: YamlPath
    message: str

    def __str__(self) -> str:
        location = f"{_format_path(self.key_path)}: " if self.key_path else ""
        return f"line {self.line}: {location}{self.message}"


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The values and the syntax nodes of one file."""

    path: Path
    data: object
    node: yaml.Node

    def line_number(self, key_path: YamlPath) -> int:
        """Line of the key or item at ``key_path``, or of its nearest existing parent."""
        node, line = self.node, self.node.start_mark.line
        for step in key_path:
            child = _child(node, step)
            if child is None:
                break
            key_node, node = child
            line = key_node.start_mark.line
        return int(line) + 1

    def problem_at(self, key_path: YamlPath, message: str) -> FileProblem:
        """Create a problem at ``key_path`` with its line number."""
        return FileProblem(self.line_number(key_path), key_path, message)


def load_yaml_document(path: Path) -> YamlDocument:
    """Load a file with one YAML document. Raises ``InvalidInputError`` with path and line."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error.strerror}.", code="bad_file"
        ) from error
    try:
        return _parse_document(path, text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        message = error.problem or error.context or "not YAML"
    except yaml.YAMLError:
        line, message = 1, "the file must be YAML in UTF-8, without control characters"
    except RecursionError:
        line, message = 1, "values are nested too deeply"
    # Raised outside the handlers: the parser's error contains a part of the file.
    raise invalid_file_error(path, [FileProblem(line, (), message)])


def invalid_file_error(path: Path, problems: Sequence[FileProblem]) -> InvalidInputError:
    """One error that lists all problems by line."""
    ordered = sorted(problems, key=lambda problem: problem.line)
    listed = "\n".join(f"  {problem}" for problem in dict.fromkeys(map(str, ordered)))
    return InvalidInputError(
        f"{path} cannot be used, nothing was changed:\n{listed}", code="bad_file"
    )


class _LineLoader(yaml.SafeLoader):
    """Reports the line of a value that looks like a date or a number but is invalid."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):
            message = "a value looks like a date or a number but is invalid: put text in quotes"
        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)


def _parse_document(path: Path, text: bytes) -> YamlDocument:
    loader = _LineLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise invalid_file_error(path, [FileProblem(1, (), "the file is empty")])
        repeated = list(_duplicate_keys(node, (), set()))
        if repeated:
            raise invalid_file_error(path, repeated)
        return YamlDocument(path, loader.construct_document(node), node)
    finally:
        loader.dispose()


def _duplicate_keys(node: yaml.Node, key_path: YamlPath, seen: set[int]) -> Iterator[FileProblem]:
    """Find duplicate keys, of which YAML would silently use the last one."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicate_keys(item, (*key_path, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            item_path = (*key_path, str(key.value))
            if str(key.value) in first:
                yield FileProblem(
                    line, item_path, f"is a duplicate key (also in line {first[key.value]})"
                )
            first.setdefault(str(key.value), line)
            yield from _duplicate_keys(value, item_path, seen)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node of the key or item, and the node of its value."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        # The last pair is effective: pairs merged by ``<<`` precede the mapping's own pairs.
        pairs: list[Any] = [pair for pair in node.value if str(pair[0].value) == str(step)]
        return pairs[-1] if pairs else None
    return None


def _format_path(key_path: YamlPath) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in key_path]
    return "".join(steps).removeprefix(".")
