"""A small checkout whose npm is a script that writes down how it was called."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.desk_build.node_runtime import NodeRuntime

NPM = """#!/bin/sh
echo "$*" >> "$PWD/../calls"
case "$1" in
ping)
    [ -f "$PWD/../ping_fails" ] && { cat "$PWD/../ping_fails" >&2; exit 1; } ;;
ci)
    [ -f "$PWD/../ci_fails" ] && { cat "$PWD/../ci_fails"; exit 1; }
    rm -rf node_modules && mkdir node_modules ;;
run)
    rm -rf dist && mkdir -p dist/assets
    echo partial > dist/assets/index-a1b2c3d4.js
    [ -f "$PWD/../build_fails" ] && { cat "$PWD/../build_fails"; exit 1; }
    [ -p "$PWD/../gate" ] && cat "$PWD/../gate"
    cp index.html dist/index.html ;;
esac
"""


@dataclass
class CheckoutFixture:
    """A checkout with sources of a desk, its builds, and what its builders reported."""

    folder: Path
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sources = self.folder / "frontend"
        (self.sources / "src").mkdir(parents=True)
        self.write("package-lock.json", "{}")
        self.write("index.html", "<html>1</html>")
        self.write("src/main.ts", "export {};")
        npm = self.folder / "npm"
        npm.write_text(NPM)
        npm.chmod(0o755)
        self.builds = DeskBuilds(self.folder / "dist")
        self.node = NodeRuntime(self.folder, (str(npm),))

    def write(self, name: str, text: str) -> None:
        (self.sources / name).write_text(text)

    @property
    def calls(self) -> list[str]:
        """First word of each call of npm that changes something."""
        return [line.split()[0] for line in self.call_lines if not line.startswith("ping")]

    @property
    def call_lines(self) -> list[str]:
        """Each call of npm."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def builder(self) -> DeskBuilder:
        return DeskBuilder(self.folder, self.builds, self.node)

    def build(self) -> bool:
        return self.builder().build(self.steps.append)

    def page(self) -> str | None:
        folder = self.builds.current_folder()
        return None if folder is None else (folder / "index.html").read_text().strip()

    def close_gate(self) -> Callable[[], None]:
        """Let the next build wait; the returned function lets it go on, and later ones pass."""
        gate = self.folder / "gate"
        os.mkfifo(gate)

        def open_gate() -> None:
            writing = os.open(gate, os.O_WRONLY)
            gate.unlink()
            os.close(writing)

        return open_gate


@pytest.fixture
def checkout(tmp_path: Path) -> CheckoutFixture:
    return CheckoutFixture(tmp_path)
