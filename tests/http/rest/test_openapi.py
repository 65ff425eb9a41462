"""The APIs match their description, and no input causes an error of the server."""

import asyncio
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import niochat
from niochat.http.openapi_document import openapi_document
from niochat.http.problems import PROBLEM_MEDIA_TYPE
from niochat.live import frames
from niochat.tenants.tenant_secrets import SecretPurpose
from niochat_sandbox.app import create_app
from tests.builders import ChannelRef
from tests.http.conftest import serve_app
from tests.http.rest.conftest import RestApiFixture

ROOT = Path(niochat.__file__).parents[1]


def test_the_committed_description_is_that_of_the_code() -> None:
    committed = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(openapi_document())), "run scripts/openapi.py"
    assert committed["openapi"].startswith("3.1")


def test_the_committed_frames_are_those_of_the_code() -> None:
    committed = json.loads((ROOT / "docs/live.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(frames.frames_json_schema())), (
        "run scripts/openapi.py"
    )
    kinds = {
        each["properties"]["type"]["const"]
        for each in committed["$defs"].values()
        if "type" in each.get("properties", {})
    }
    assert {"welcome", "event", "hidden", "heartbeat", "goodbye", "hello"} <= kinds


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """(method and path, operation) of the REST API and the operators' API."""
    for path, methods in openapi_document()["paths"].items():
        for method, operation in methods.items():
            if method != "servers":
                yield f"{method} {path}", operation


def test_the_document_covers_both_apis() -> None:
    tags = {tag for _, operation in operations() for tag in operation["tags"]}
    assert {"auth", "users", "conversations", "operators"} <= tags


def test_every_operation_has_a_description() -> None:
    assert [name for name, operation in operations() if not operation.get("description")] == []


def test_operation_ids_are_unique_and_in_snake_case() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids))
    assert [each for each in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", each)] == []


def test_schema_names_are_plain_class_names() -> None:
    """A module path in a name (``niochat__http__…``) means that two classes share the name. A
    page of a list is named after its items (``CursorPage_UserResponse_``).
    """
    schemas = openapi_document()["components"]["schemas"]
    assert [name for name in schemas if not re.fullmatch(r"[A-Za-z]+(_[A-Za-z]+_)?", name)] == []


def test_every_error_is_documented_as_problem_details() -> None:
    problem = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    for name, operation in operations():
        errors = {
            status: response
            for status, response in operation["responses"].items()
            if not status.startswith("2")
        }
        assert errors.keys() == {"4XX", "5XX"}, name
        assert all(each["content"] == problem for each in errors.values()), name


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.timeout(280)
async def test_no_input_brings_an_error_of_the_server(
    rest_api: RestApiFixture, tmp_path: Path
) -> None:
    """Schemathesis makes inputs by the description and beside it, as an administrator."""
    _, headers = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    async with serve_app(create_app("http://sandbox.invalid")) as sandbox:  # type: ignore[arg-type]
        await sandbox.put("/sandbox/instances/tok", json={})
        await connect(rest_api, visit.place, f"{sandbox.base_url}/gateway")
        await fuzz(rest_api, headers, tmp_path)


async def connect(rest_api: RestApiFixture, place: ChannelRef, gateway: str) -> None:
    """The channel is an instance of the simulated gateway."""
    vault = rest_api.house.vault
    sealed = [
        vault.seal("tok", tenant_id=place.tenant, purpose=purpose)
        for purpose in (SecretPurpose.CHANNEL_TOKEN, SecretPurpose.CHANNEL_SECRET)
    ]
    await rest_api.house.admin.execute(
        "UPDATE channels SET base_url = $2, token_sealed = $3, secret_sealed = $4 WHERE id = $1",
        place.channel,
        gateway,
        *sealed,
    )


async def fuzz(rest_api: RestApiFixture, headers: Mapping[str, str], tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    command = [
        str(program),
        "run",
        f"{rest_api.http.base_url}/openapi.json",
        "--url",
        str(rest_api.http.base_url),
        "--header",
        f"authorization: {headers['authorization']}",
        "--checks",
        "not_a_server_error",
        "--max-examples",
        "6",
        "--seed",
        "1",
        "--phases",
        "fuzzing",
        "--exclude-path-regex",
        "logout|/sessions/",
        "--generation-database",
        "none",
    ]
    child = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await child.communicate()
    assert child.returncode == 0, told.decode(errors="replace")[-4000:]
