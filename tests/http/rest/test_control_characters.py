"""No door takes a control character: it says which field has one, in words."""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from niochat.cli import check_arguments
from niochat.domain.errors import InvalidInputError
from niochat.domain.text_validation import find_control_character
from niochat.http.rest.rest_application import build_rest_application, create_rest_application
from niochat.live.frames import parse_hello
from tests.tenants.provider_files import build_provider, load_provider_file

ODD = ["\x00", "\x1b[2J", "\x07", "\x7f", "\x9b", "\ud800"]
SAID = create_rest_application().openapi()


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return SAID["components"]["schemas"][name] if name else schema


def texts(schema: Mapping[str, Any], here: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Ways to every text that a body may have."""
    schema = resolved(schema)
    for other in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from texts(other, here)
    if schema.get("type") == "string":
        yield here
    if schema.get("type") == "array":
        yield from texts(schema.get("items", {}), (*here, "0"))
    for name, part in schema.get("properties", {}).items():
        yield from texts(part, (*here, name))


def bodies() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for path, methods in SAID["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            for way in dict.fromkeys(texts(content.get("application/json", {}).get("schema", {}))):
                yield method, path, way


def parameters() -> Iterator[tuple[str, str, str]]:
    for path, methods in SAID["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    yield method, path, parameter["name"]


def body_with(way: tuple[str, ...], text: str) -> object:
    if not way:
        return text
    inner = body_with(way[1:], text)
    return [inner] if way[0] == "0" else {way[0]: inner}


@pytest_asyncio.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    """The API with nothing behind it: what it refuses, it refuses before it looks anywhere."""
    transport = httpx.ASGITransport(build_rest_application(None))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        yield client


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "0190a000-0000-7000-8000-000000000001", path)


def refused(answer: httpx.Response, *way: str) -> None:
    assert answer.status_code == 422, answer.text
    told = answer.json()
    (wrong,) = told["errors"]
    assert wrong["field"] == ".".join(way)
    assert "control characters" in told["title"]


def test_the_description_names_texts_of_many_routes() -> None:
    assert len({(method, path) for method, path, _ in bodies()}) > 25
    assert len(list(parameters())) > 10


@pytest.mark.asyncio
async def test_every_text_of_every_route_is_refused_with_its_fields_name(
    stranger: httpx.AsyncClient,
) -> None:
    for method, path, way in bodies():
        for odd in ODD:
            body = json.dumps(body_with(way, f"oi{odd}")).encode()
            answer = await stranger.request(
                method, filled(path), content=body, headers={"content-type": "application/json"}
            )
            refused(answer, "body", *way)


@pytest.mark.asyncio
async def test_control_characters_in_queries_and_paths_are_rejected(
    stranger: httpx.AsyncClient,
) -> None:
    for method, path, name in parameters():
        answer = await stranger.request(method, filled(path), params={name: "a\x00b"})
        refused(answer, "query", name)
    answer = await stranger.get("/files/content/abc%00def")
    refused(answer, "path", "token")


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["na\x00me", "\ud800"])
async def test_a_fields_own_name_is_told_with_escapes(
    stranger: httpx.AsyncClient, name: str
) -> None:
    answer = await stranger.post(
        "/auth/login",
        content=json.dumps({name: "x"}).encode(),
        headers={"content-type": "application/json"},
    )
    refused(answer, "body", name.encode("unicode_escape").decode())


@pytest.mark.parametrize("fine", ["a\tb\r\nc", "São João 😀", "", "a\u200bb", "\u0085"])
def test_tabs_line_ends_and_other_scripts_are_texts(fine: str) -> None:
    assert find_control_character({"a": [fine, 1, None, True]}) is None


def test_a_hello_over_live_is_refused_with_its_field() -> None:
    with pytest.raises(InvalidInputError, match="ticket must be text without control characters"):
        parse_hello('{"type": "hello", "ticket": "a\\u0000b"}')


def test_the_providers_file_is_refused_with_line_and_key(tmp_path: Path) -> None:
    entry = build_provider()
    entry["name"] = "Rede\x00Norte"
    with pytest.raises(InvalidInputError, match=r"name.*control character"):
        load_provider_file(tmp_path, entry)


def test_the_words_of_a_command_are_refused_by_what_stands_before_them() -> None:
    check_arguments(["say", "bom dia\n"])
    with pytest.raises(InvalidInputError, match="--name must be text without"):
        check_arguments(["superuser", "--name", "a\x1bb"])
    with pytest.raises(InvalidInputError, match="word 2 of the command"):
        check_arguments(["say", "a\x07"])
