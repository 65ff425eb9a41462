"""Promises of ``niochat actors``: an address and a token are enough, and problems are sentences."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from niochat.actors import actor_addresses
from tests.http.operators.conftest import TOKEN, OperatorApiFixture

pytestmark = pytest.mark.asyncio


async def actors(
    operations: OperatorApiFixture, folder: Path, *arguments: str, token: str = TOKEN
) -> tuple[int, str, str]:
    """(exit code, output, errors) on a machine that knows nothing else of the cluster."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("niochat"),
        "actors",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            "PATH": os.environ["PATH"],
            "COLUMNS": "100",
            "NIOCHAT_HOME": str(folder),
            "NIOCHAT_BASE_URL": str(operations.http.base_url),
            "NIOCHAT_OPERATOR_TOKEN": token,
        },
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode or 0, out.decode(), err.decode()


async def test_hosts_and_actors_are_shown_with_whole_keys(
    operations: OperatorApiFixture, tmp_path: Path
) -> None:
    core = await operations.single_host_client()
    tenant = operations.cluster.provider.place.tenant
    core.actors.wake(actor_addresses.tenant_address(tenant))

    table, document = await asyncio.gather(
        actors(operations, tmp_path), actors(operations, tmp_path, "--json")
    )

    assert table[0] == document[0] == 0, table
    assert f"tenant:{tenant}" in table[1]
    told = json.loads(document[1])
    assert [host["name"] for host in told["hosts"]] == ["host-0"]
    assert [actor["key"] for actor in told["items"]] == [str(tenant)]


async def test_an_error_is_printed_as_one_sentence(
    operations: OperatorApiFixture, tmp_path: Path
) -> None:
    await operations.single_host_client()

    stranger, last, both, nobody = await asyncio.gather(
        actors(operations, tmp_path, token="another-token-of-16"),
        actors(operations, tmp_path, "--drain", "host-0"),
        actors(operations, tmp_path, "20990101", "--resume", "--deactivate"),
        actors(operations, tmp_path, "20990101"),
    )

    assert (stranger[0], last[0], both[0], nobody[0]) == (1, 1, 2, 1)
    assert "The operator token is missing or wrong" in stranger[2]
    assert "No other host can take over the shards" in last[2]
    assert "one action at a time" in both[2]
    assert "No conversation has this protocol" in nobody[2]
    assert TOKEN not in stranger[2] + last[2]
