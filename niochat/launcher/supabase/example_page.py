"""The files of the example dashboard, with its packages, in the home of a stack."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from niochat.launcher.desk_build.node_runtime import NodeRuntime, last_line
from niochat.launcher.ray_serve.ray_cluster import CHECKOUT_FOLDER
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import ProgressCallback

EXAMPLE_FOLDER = CHECKOUT_FOLDER / "examples" / "supabase-dashboard"
INSTALL_TIMEOUT_S = 300.0
_LOCK_FILE = "package-lock.json"
_INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
_NPM_SETTINGS = {"npm_config_update_notifier": "false", "CI": "1"}


def install_page(folder: Path, node: NodeRuntime, progress: ProgressCallback) -> None:
    """Copy the page to `folder`, and install its packages there unless they are those of its lock
    file. An interrupted installation is done again. Raises `StackError`.
    """
    if not EXAMPLE_FOLDER.is_dir():
        raise StackError(f"There is no {EXAMPLE_FOLDER}: the Supabase sandbox needs a checkout.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file in sorted(EXAMPLE_FOLDER.iterdir()):
        if file.is_file():
            shutil.copyfile(file, folder / file.name)
    wanted = hashlib.sha256((folder / _LOCK_FILE).read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".niochat-lock"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
        return
    progress("Installing the packages of the example dashboard with npm (once).")
    _run_npm(folder, node)
    stamp.write_text(wanted, encoding="ascii")


def _run_npm(folder: Path, node: NodeRuntime) -> None:
    try:
        done = subprocess.run(
            [*node.npm, *_INSTALL],
            cwd=folder,
            env=node.environment({**os.environ, **_NPM_SETTINGS}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StackError(
            f"npm ci in {folder} took longer than {INSTALL_TIMEOUT_S:.0f} s."
        ) from None
    if done.returncode != 0:
        raise StackError(
            f"npm ci in {folder} failed: {last_line(done.stderr or done.stdout)}. Connect this "
            "machine to the npm registry, or start without --supabase."
        )
