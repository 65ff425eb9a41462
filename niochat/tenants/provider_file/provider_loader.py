"""Loads a provider file, or refuses it with a list of all its problems."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from niochat.tenants.provider_file.provider_schema import ProviderConfig, ProvidersFile
from niochat.tenants.provider_file.yaml_source import (
    FileProblem,
    YamlDocument,
    YamlPath,
    invalid_file_error,
    load_yaml_document,
)

_MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "string_type": "must be text; put numbers and yes or no in quotes",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
}

_WRONG_KEY = "[key]"
"""Last element of pydantic's location if the key itself is invalid; the one before is the key."""


def load_providers(path: Path, env: Mapping[str, str]) -> list[ProviderConfig]:
    """Load the providers of a file; ``env:NAME`` is looked up in ``env``.

    Raises ``InvalidInputError`` with the path and, for each problem, the line and the key.
    """
    document = load_yaml_document(path)
    problems = list(_duplicate_slugs(document))
    try:
        file = ProvidersFile.model_validate(document.data, context={"env": env})
    except ValidationError as error:
        problems += [
            _problem_from_error(document, each) for each in error.errors(include_url=False)
        ]
        file = None
    if file is not None:
        problems += _shared_instances(document, file.providers)
    if file is None or problems:
        raise invalid_file_error(path, problems)
    return file.providers


def _problem_from_error(document: YamlDocument, error: Any) -> FileProblem:
    key_path: YamlPath = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    key_path = tuple(step for step in key_path if step != _WRONG_KEY)
    message = _MESSAGES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return document.problem_at(key_path, message)


def _duplicate_slugs(document: YamlDocument) -> Iterator[FileProblem]:
    """Find duplicates in the raw values, so that they are reported with all other problems."""
    data = document.data if isinstance(document.data, dict) else {}
    providers = data.get("providers")
    yield from _duplicates(document, providers, ("providers",))
    for index, provider in enumerate(providers if isinstance(providers, list) else []):
        for kind in ("teams", "channels"):
            inner = provider.get(kind) if isinstance(provider, dict) else None
            yield from _duplicates(document, inner, ("providers", index, kind))


def _duplicates(document: YamlDocument, items: object, key_path: YamlPath) -> Iterator[FileProblem]:
    first_lines: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, list) else []):
        slug = item.get("slug") if isinstance(item, dict) else None
        item_path = (*key_path, index, "slug")
        if not isinstance(slug, str):
            continue
        if slug in first_lines:
            yield document.problem_at(item_path, f"{slug} is already in line {first_lines[slug]}")
        first_lines.setdefault(slug, document.line_number(item_path))


def _shared_instances(
    document: YamlDocument, providers: list[ProviderConfig]
) -> Iterator[FileProblem]:
    """Two channels with the same gateway instance would receive every message twice."""
    first_lines: dict[tuple[str, str], int] = {}
    for p, provider in enumerate(providers):
        for c, channel in enumerate(provider.channels):
            instance = (channel.base_url, channel.token.get_secret_value())
            key_path = ("providers", p, "channels", c, "token")
            if instance in first_lines:
                message = (
                    f"the same base_url and token as the channel of line {first_lines[instance]}"
                )
                yield document.problem_at(key_path, message)
            first_lines.setdefault(instance, document.line_number(("providers", p, "channels", c)))
