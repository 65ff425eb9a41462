"""Providers as code: a file of providers is read whole, or refused with all its problems."""

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
    "string_type": "must be text; put a number or a yes in quotes",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must be keys with values",
    "model_type": "must be keys with values",
}

_WRONG_KEY = "[key]"
"""The last step to a key that is itself the problem; the step before it names the key."""


def load_providers(path: Path, env: Mapping[str, str]) -> list[ProviderConfig]:
    """The providers that the file declares; ``env:NAME`` is looked up in ``env``.

    Raises ``InvalidInputError`` with the file and, for each problem, the line and the key.
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
    place: YamlPath = (*error["loc"], *error.get("ctx", {}).get("at", ()))
    place = tuple(step for step in place if step != _WRONG_KEY)
    message = _MESSAGES.get(error["type"]) or error["msg"].removeprefix("Value error, ")
    return document.problem_at(place, message)


def _duplicate_slugs(document: YamlDocument) -> Iterator[FileProblem]:
    """Looked for in the raw values, so that they are told together with everything else."""
    data = document.data if isinstance(document.data, dict) else {}
    providers = data.get("providers")
    yield from _duplicates(document, providers, ("providers",))
    for index, provider in enumerate(providers if isinstance(providers, list) else []):
        for kind in ("teams", "channels"):
            inner = provider.get(kind) if isinstance(provider, dict) else None
            yield from _duplicates(document, inner, ("providers", index, kind))


def _duplicates(document: YamlDocument, items: object, place: YamlPath) -> Iterator[FileProblem]:
    first: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, list) else []):
        slug = item.get("slug") if isinstance(item, dict) else None
        here = (*place, index, "slug")
        if not isinstance(slug, str):
            continue
        if slug in first:
            yield document.problem_at(here, f"{slug} is already in line {first[slug]}")
        first.setdefault(slug, document.line_number(here))


def _shared_instances(
    document: YamlDocument, providers: list[ProviderConfig]
) -> Iterator[FileProblem]:
    """One gateway instance under two channels would bring every message twice."""
    first: dict[tuple[str, str], int] = {}
    for p, provider in enumerate(providers):
        for c, channel in enumerate(provider.channels):
            line = (channel.base_url, channel.token.get_secret_value())
            place = ("providers", p, "channels", c, "token")
            if line in first:
                message = f"the same base_url and token as the channel of line {first[line]}"
                yield document.problem_at(place, message)
            first.setdefault(line, document.line_number(("providers", p, "channels", c)))
