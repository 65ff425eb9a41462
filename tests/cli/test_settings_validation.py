"""Each wrong setting is one sentence that names it, within seconds, before anything is started."""

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from niochat.launcher import process_control

pytestmark = pytest.mark.timeout(120)

WITHIN_S = 20.0
"""Python and our own imports are most of it, on a machine that does other things as well."""
KEY = base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class InvalidSetting:
    """What is wrong with a start, and what has to be said of it."""

    says: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], object] = lambda home: None
    """Takes the home."""
    before: tuple[str, ...] = ()
    """The start of the command."""


def secrets(text: str) -> Callable[[Path], object]:
    def prepare(home: Path) -> None:
        home.mkdir(mode=0o700)
        (home / "secrets.json").write_text(text)

    return prepare


WRONG = {
    "a port out of range": InvalidSetting("99999 is no port: give --port", ("--port", "99999")),
    "port zero": InvalidSetting("0 is no port: give --port", ("--port", "0")),
    "a home that is a file": InvalidSetting(
        "The home .* is a file, or below one: set NIOCHAT_HOME",
        prepare=lambda home: home.write_text(""),
    ),
    "a home below a file": InvalidSetting(
        "The home .* is a file, or below one: set NIOCHAT_HOME",
        prepare=lambda home: home.parent.joinpath("file").write_text(""),
        environment={"NIOCHAT_HOME": "{parent}/file/home"},
    ),
    "a home that cannot be made": InvalidSetting(
        "The home /proc/niochat/home cannot be used .*set NIOCHAT_HOME",
        environment={"NIOCHAT_HOME": "/proc/niochat/home"},
    ),
    "a full disk": InvalidSetting(
        "The home .* has no room for 64 MB: free some",
        before=("prlimit", "--fsize=1000000"),
    ),
    "secrets that are no JSON": InvalidSetting(".*secrets.json is damaged", prepare=secrets("{")),
    "a kept vault key of the wrong length": InvalidSetting(
        "The vault_key in .*secrets.json is not the base64 of 32 bytes",
        prepare=secrets('{"vault_key": "c2hvcnQ="}'),
    ),
    "a vault key that is no base64": InvalidSetting(
        "NIOCHAT_VAULT_KEYS must be .*k1 is not the base64 of 32 bytes",
        environment={"NIOCHAT_VAULT_KEYS": "k1:not base64!"},
    ),
    "a vault key of the wrong length": InvalidSetting(
        "NIOCHAT_VAULT_KEYS must be .*k2 is not the base64 of 32 bytes",
        environment={"NIOCHAT_VAULT_KEYS": f"k1:{KEY},k2:{KEY[:-4]}"},
    ),
    "hosts that are no number": InvalidSetting(
        "NIOCHAT_HOSTS cannot be used: .*integer", environment={"NIOCHAT_HOSTS": "many"}
    ),
    "a database of another kind": InvalidSetting(
        "DATABASE_URL cannot be used: must be an address that begins with postgresql://",
        environment={"DATABASE_URL": "mysql://u:pa55word@127.0.0.1/n"},
    ),
    "a database server that is not there": InvalidSetting(
        "DATABASE_URL cannot be used: .*refused.*Start that server, or correct",
        environment={"DATABASE_URL": "postgresql://u:pa55word@127.0.0.1:1/n"},
    ),
    "a database host without a name": InvalidSetting(
        "DATABASE_URL cannot be used: .*name.invalid",
        environment={"DATABASE_URL": "postgresql://u:pa55word@name.invalid/n"},
    ),
    "a Redis that is not there": InvalidSetting(
        "REDIS_URL cannot be used: .*Start that server, or correct",
        environment={"REDIS_URL": "redis://:pa55word@127.0.0.1:1/0"},
    ),
    "a Redis address of another kind": InvalidSetting(
        "REDIS_URL cannot be used: must be an address that begins with redis://",
        environment={"REDIS_URL": "http://:pa55word@127.0.0.1:1/0"},
    ),
    "a mail server of another kind": InvalidSetting(
        "NIOCHAT_SMTP_URL must be as smtp://",
        environment={"NIOCHAT_SMTP_URL": "http://u:pa55word@mail.example.com"},
    ),
    "files in a store that is none": InvalidSetting(
        "NIOCHAT_FILES_URL must be file:///directory or s3://",
        environment={"NIOCHAT_FILES_URL": "ftp://files"},
    ),
    "files in a folder that cannot be made": InvalidSetting(
        "NIOCHAT_FILES_URL cannot be used .*/proc/niochat",
        environment={"NIOCHAT_FILES_URL": "file:///proc/niochat/files"},
    ),
}


def niochat(
    home: Path, command: str, wrong: InvalidSetting, environment: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """The real command, without anything of ours in its environment."""
    ours = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    more = {k: v.format(parent=home.parent) for k, v in environment.items()}
    return subprocess.run(
        [*wrong.before, sys.executable, "-m", "niochat", command, *wrong.arguments],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=90,
        env={**kept, "NIOCHAT_HOME": str(home), **more},
    )


def refused(said: "subprocess.CompletedProcess[str]", sentence: str) -> None:
    assert said.returncode == 1, said
    lines = said.stderr.strip().splitlines()
    assert len(lines) == 1, said.stderr
    assert re.search(f"^niochat: {sentence}", lines[0]), lines[0]
    assert "Traceback" not in said.stdout + said.stderr
    assert "pa55word" not in said.stdout + said.stderr


@pytest.mark.parametrize("name", WRONG)
def test_a_start_that_cannot_work_says_why_and_starts_nothing(tmp_path: Path, name: str) -> None:
    wrong, home = WRONG[name], tmp_path / "home"
    if wrong.before and shutil.which(wrong.before[0]) is None:
        pytest.skip(f"there is no {wrong.before[0]} here")
    wrong.prepare(home)
    began = time.monotonic()

    said = niochat(home, "up", wrong, wrong.environment)

    refused(said, wrong.says)
    assert time.monotonic() - began < WITHIN_S
    assert "Starting" not in said.stdout
    assert process_control.find_stack_processes(home) == []
    assert not (home / "postgres").exists()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_of_another_program_is_named(tmp_path: Path, taken: int) -> None:
    wrong = InvalidSetting(f"Port {taken} is used by another program", ("--port", str(taken)))

    refused(niochat(tmp_path / "home", "up", wrong, {}), wrong.says)


USABLE = {
    "DATABASE_URL": "postgresql://u:pa55word@127.0.0.1:1/n",
    "REDIS_URL": "redis://:pa55word@127.0.0.1:1/0",
    "NIOCHAT_VAULT_KEYS": f"k1:{KEY}",
    "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
}
COMMANDS = (
    ("migrate",),
    ("demo",),
    ("doctor",),
    ("conversations",),
    ("show", "1"),
    ("replay", "1"),
    ("assign", "1"),
    ("give-back", "1"),
    ("superuser", "a@example.com"),
    ("audit", "verify"),
    ("audit", "partition"),
    ("audit", "drop-months", "--before", "2026-01", "--yes"),
    ("keys", "rotate"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_names_the_database_that_it_cannot_use(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    wrong = InvalidSetting("DATABASE_URL cannot be used: ", command[1:])

    refused(niochat(tmp_path / "home", command[0], wrong, USABLE), wrong.says)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("NIOCHAT_VAULT_KEYS", "k1:x", "NIOCHAT_VAULT_KEYS must be"),
        ("DATABASE_URL", "x", "DATABASE_URL cannot be used: must be an address"),
        ("REDIS_URL", "x", "REDIS_URL cannot be used: must be an address"),
        ("DATABASE_OWNER_URL", "x", "DATABASE_OWNER_URL cannot be used: must be an address"),
    ],
)
def test_a_command_names_what_it_cannot_read(
    tmp_path: Path, name: str, value: str, says: str
) -> None:
    said = niochat(
        tmp_path / "home", "conversations", InvalidSetting(says), {**USABLE, name: value}
    )

    refused(said, says)


def test_an_older_schema_is_named_with_the_command_that_mends_it(
    tmp_path: Path, empty_database_url: str
) -> None:
    environment = {**USABLE, "DATABASE_URL": empty_database_url}
    says = "DATABASE_URL cannot be used: .*niochat migrate` if the database is new"

    refused(niochat(tmp_path / "home", "conversations", InvalidSetting(says), environment), says)
    assert str(urlsplit(empty_database_url).password) not in says
