"""A whole stack, started and stopped by the real command, and its command line."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from niochat.launcher import process_control

CHECKOUT = Path(__file__).parents[1]
BACKFILL_S = 3


@dataclass(frozen=True)
class StackProcess:
    """The stack: where it lives and what it told its children."""

    home: Path
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.environment["NIOCHAT_BASE_URL"]

    @property
    def sandbox(self) -> str:
        return self.environment["NIOCHAT_SANDBOX_URL"]


def environment(home: Path) -> dict[str, str]:
    """Ours without another stack's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NIOCHAT_", "RAY_")) and name not in ("DATABASE_URL", "REDIS_URL")
    }
    return {**kept, "NIOCHAT_HOME": str(home), "NIOCHAT_BACKFILL_S": str(BACKFILL_S)}


def running(home: Path) -> StackProcess:
    return StackProcess(home, json.loads((home / "env.json").read_text()))


def stop(home: Path) -> None:
    run(home, "--stop")
    left = [process.name() for process in process_control.find_stack_processes(home)]
    assert not left, f"{left} outlived scripts/run --stop"


def run(
    home: Path, option: str, more: Mapping[str, str] | None = None, words: Sequence[str] = ()
) -> None:
    """``scripts/run`` with an option and further words, and ``more`` in its environment."""
    log = home / "run.log"
    with log.open("ab") as output:
        done = subprocess.run(
            [CHECKOUT / "scripts" / "run", option, *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment(home), **(more or {})},
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, log.read_text(errors="replace")[-3000:]


@dataclass(frozen=True)
class CommandResult:
    """What a command printed, without the line breaks of a narrow terminal."""

    code: int
    out: str
    err: str


class CommandLine:
    """The command line, as an operator has it."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def __call__(
        self, *arguments: str, code: int | None = 0, within_s: float = 90
    ) -> CommandResult:
        """``niochat …``; fails unless it exits with ``code`` (None: any) within so many seconds."""
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("niochat"),
            *arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(self._home), "COLUMNS": "400", "NO_COLOR": "1"},
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), within_s)
        except TimeoutError:
            process.kill()  # else it goes on writing, to the surprise of other tests
            await process.wait()
            raise
        said = CommandResult(process.returncode or 0, out.decode(), err.decode())
        assert code in (None, said.code), f"niochat {arguments}: {said}"
        return said

    async def json(self, *arguments: str) -> Any:
        """What ``niochat … --json`` printed."""
        return json.loads((await self(*arguments, "--json")).out)
