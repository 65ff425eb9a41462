"""A YAML file that knows on which line each of its values stands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from niochat.domain.errors import InvalidInputError

YamlPath = tuple[str | int, ...]
"""Keys and indexes from the top, as ``("providers", 0, "slug")``."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing that is wrong, and where; ``place`` is empty for the file as a whole."""

    line: int
    place: YamlPath
    message: str

    def __str__(self) -> str:
        where = f"{_format_path(self.place)}: " if self.place else ""
        return f"line {self.line}: {where}{self.message}"


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The values of one file, and its nodes."""

    path: Path
    data: object
    node: yaml.Node

    def line_number(self, place: YamlPath) -> int:
        """Line of the key or item at ``place``; of what encloses it when it is not there."""
        node, line = self.node, self.node.start_mark.line
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            named, node = found
            line = named.start_mark.line
        return int(line) + 1

    def problem_at(self, place: YamlPath, message: str) -> FileProblem:
        """A problem at ``place``."""
        return FileProblem(self.line_number(place), place, message)


def load_yaml_document(path: Path) -> YamlDocument:
    """The one document of the file. Raises ``InvalidInputError`` with file and line."""
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
    # Outside of the handlers: the parser's error shows a piece of the file.
    raise invalid_file_error(path, [FileProblem(line, (), message)])


def invalid_file_error(path: Path, problems: Sequence[FileProblem]) -> InvalidInputError:
    """One error of all problems, in the order of the file."""
    ordered = sorted(problems, key=lambda problem: problem.line)
    listed = "\n".join(f"  {problem}" for problem in dict.fromkeys(map(str, ordered)))
    return InvalidInputError(
        f"{path} cannot be used, nothing was changed:\n{listed}", code="bad_file"
    )


class _LineLoader(yaml.SafeLoader):
    """Tells the line of a value that looks like a date or a number and is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, KeyError, AttributeError):
            message = "a value that looks like a date or a number and is none: put text in quotes"
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


def _duplicate_keys(node: yaml.Node, place: YamlPath, seen: set[int]) -> Iterator[FileProblem]:
    """YAML would take the last of two equal keys without a word."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _duplicate_keys(item, (*place, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            here = (*place, str(key.value))
            if str(key.value) in first:
                yield FileProblem(line, here, f"stands there twice (also line {first[key.value]})")
            first.setdefault(str(key.value), line)
            yield from _duplicate_keys(value, here, seen)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that names a step (a key, an item) and the node it leads to."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        # The last one counts: what ``<<`` merged in stands before what the mapping itself says.
        pairs: list[Any] = [pair for pair in node.value if str(pair[0].value) == str(step)]
        return pairs[-1] if pairs else None
    return None


def _format_path(place: YamlPath) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in place]
    return "".join(steps).removeprefix(".")
