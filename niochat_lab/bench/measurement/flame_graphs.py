"""Flame graphs of the busy processes of a round, recorded by py-spy."""

import asyncio
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from niochat.domain.errors import InvalidInputError
from niochat.launcher import process_control
from niochat_lab.bench.measurement.process_usage import process_group

PROCESS_GROUPS = ("webhooks", "hosts", "pool", "plain")
_RATE = 200
_TITLE = re.compile(r'(<text id="title"[^>]*>)[^<]*(</text>)')


def find_py_spy() -> str:
    """Return the path of py-spy. Raises ``InvalidInputError`` if it is not installed."""
    in_venv = Path(sys.executable).with_name("py-spy")
    found = str(in_venv) if in_venv.exists() else shutil.which("py-spy")
    if not found:
        raise InvalidInputError("py-spy is not installed: scripts/setup requirements-dev.lock")
    return found


class FlameGraphRecorder:
    """Records one SVG per process group into a folder while a round runs."""

    def __init__(self, home: Path, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._home = home
        self._folder = folder
        self._name = name
        self._program = find_py_spy()

    async def record(self, seconds: float, groups: Sequence[str] = PROCESS_GROUPS) -> list[Path]:
        """Record the first process of each group for ``seconds``; return the files."""
        watched: dict[str, int] = {}
        for process in process_control.find_stack_processes(self._home):
            group = process_group(process)
            if group in groups:
                watched.setdefault(group, process.pid)
        await asyncio.gather(*(self._record_process(g, pid, seconds) for g, pid in watched.items()))
        return [file for group in watched if (file := self._file(group)).exists()]

    def _file(self, group: str) -> Path:
        return self._folder / f"{self._name}-{group}.svg"

    async def _record_process(self, group: str, pid: int, seconds: float) -> None:
        # --gil records only threads that compute: waiting costs no CPU.
        child = await asyncio.create_subprocess_exec(
            self._program,
            "record",
            "--gil",
            "--rate",
            str(_RATE),
            "--duration",
            str(max(int(seconds), 1)),
            "--output",
            str(self._file(group)),
            "--pid",
            str(pid),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(child.wait(), seconds + 30)
        finally:
            with suppress(ProcessLookupError):
                child.kill()
        if self._file(group).exists():
            retitle(self._file(group), f"{self._name}: {group}")


def retitle(file: Path, title: str) -> None:
    """Set the title of an SVG, in which py-spy writes its command line with folders of this
    machine.
    """
    content = file.read_text("utf-8")
    file.write_text(_TITLE.sub(rf"\g<1>{title}\g<2>", content, count=1), "utf-8")
