"""``niochat demo --history`` as a newcomer types it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from niochat.cli.demo_history.history_command import HISTORY_AGENTS
from tests.builders import RowBuilder
from tests.cli.demo_history.history_fixtures import add_demo_provider
from tests.cli.doctor.test_security_checks import STRONG

pytestmark = pytest.mark.asyncio
LOCAL = {"NIOCHAT_BASE_URL": "http://127.0.0.1:8000", "REDIS_URL": "redis://127.0.0.1:1/0"}
PASSWORD = {"NIOCHAT_DEMO_PASSWORD": "rio-casa-lua-4821"}


class Command:
    """Runs ``niochat demo`` on a test's database."""

    def __init__(self, url: str, home: Path) -> None:
        self._url, self._home = url, home

    async def run(self, *options: str, **changes: str) -> tuple[int, str, str]:
        """Returns (exit code, standard output, standard error)."""
        own = {"DATABASE_URL": self._url, "NIOCHAT_HOME": str(self._home)}
        files = {"NIOCHAT_FILES_URL": self._home.as_uri()}
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("niochat"),
            "demo",
            *options,
            env={**os.environ, **STRONG, **LOCAL, **PASSWORD, **files, **own, **changes},
            stdout=PIPE,
            stderr=PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), " ".join(err.decode().split())


@pytest.fixture
def command(serving_url: str, tmp_path: Path) -> Command:
    """The command with the log-in that the product has."""
    return Command(serving_url, tmp_path)


async def test_it_fills_the_demo_provider_and_says_what_is_there_already(
    command: Command, given: RowBuilder
) -> None:
    tenant = await given.tenant()
    await given.admin.execute("UPDATE tenants SET slug = 'demo' WHERE tenant_id = $1", tenant)
    channel = await given.channel(tenant)

    code, out, err = await command.run("--history", "3", "--per-day", "5", "--json")
    assert code == 0, err
    first: dict[str, Any] = json.loads(out)
    assert first["days_filled"] == 3
    assert first["conversations"] == await given.count("conversations") > 0
    assert first["events"] == await given.count("events")
    assert await given.count("outbox", "channel_id <> $1", channel) == 0
    assert await given.count("users", "login = ANY ($1)", [a.login for a in HISTORY_AGENTS]) == 6

    code, _, err = await command.run("--history", "4", "--per-day", "5")
    assert code == 0, err
    assert "Days filled: 1." in err
    assert "Days filled before: 3. Nothing was added to them." in err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--history", "0"), "--history takes a number from 1 to 365, not 0"),
        (("--history", "366"), "--history takes a number from 1 to 365, not 366"),
        (("--history", "1", "--per-day", "501"), "--per-day takes a number from 1 to 500"),
    ],
)
async def test_numbers_out_of_range_are_refused_with_an_example(
    options: tuple[str, ...], sentence: str, command: Command
) -> None:
    code, _, err = await command.run(*options)

    assert code == 1
    assert sentence in err
    assert "demo --history 30" in err


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"NIOCHAT_DEMO_PASSWORD": ""}, "there is no demo provider here"),
        ({"NIOCHAT_BASE_URL": "https://desk.example.com"}, "other machines reach it"),
    ],
)
async def test_an_installation_of_others_is_refused(
    changes: dict[str, str], sentence: str, command: Command, given: RowBuilder
) -> None:
    place = await add_demo_provider(given)
    await given.admin.execute("UPDATE tenants SET slug = 'demo' WHERE tenant_id = $1", place.tenant)

    code, _, err = await command.run("--history", "2", **changes)

    assert code == 1
    assert sentence in err
    assert "--no-sandbox" in err
    assert await given.count("conversations") == 0


async def test_an_installation_without_the_demo_provider_is_refused(
    command: Command, given: RowBuilder
) -> None:
    await add_demo_provider(given)

    code, _, err = await command.run("--history", "2")

    assert code == 1
    assert "there is no demo provider here" in err
    assert await given.count("conversations") == 0
