"""Builds the desk: ``npm ci`` and ``npm run build``, only when the sources have changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from niochat.http.desk.desk_builds import DeskBuilds
from niochat.launcher.desk_build.node_runtime import (
    DeskBuildError,
    NodeRuntime,
    find_node,
    last_line,
)
from niochat.launcher.subprocesses import ProgressCallback

INSTALL_TIMEOUT_S = 600.0
BUILD_TIMEOUT_S = 300.0
DIGEST_LENGTH = 16
_SKIPPED_FOLDERS = {"node_modules", "dist", "coverage"}
_EMPTY_ERROR = re.compile(r"npm (?:error|ERR!)(?: (?:code|errno|syscall) \S+)?")
_TESTS = (".test.ts", ".test.tsx")
_INSTALL = ("ci", "--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline")
_PING = ("ping", "--fetch-retries=0", "--fetch-timeout=10000")
PING_TIMEOUT_S = 30.0
_NPM_SETTINGS = {"npm_config_update_notifier": "false", "CI": "1"}
_UNREACHABLE = re.compile(
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|E\w*TIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTCACHED"
    r"|network|timeout"
)


class DeskBuilder:
    """Builds the desk of one checkout."""

    def __init__(
        self, checkout: Path, builds: DeskBuilds | None = None, node: NodeRuntime | None = None
    ) -> None:
        self.sources = checkout / "frontend"
        self._checkout = checkout
        self._builds = builds or DeskBuilds()
        self._node = node

    @property
    def has_sources(self) -> bool:
        """Whether there is something to build; a wheel has only the files of a build."""
        return (self.sources / "package-lock.json").is_file()

    def build(self, progress: ProgressCallback) -> bool:
        """Build the desk if its sources have changed; returns whether it was built.

        The served files change only when everything has succeeded. Raises ``DeskBuildError``.
        """
        if not self.has_sources or self._is_current():
            return False
        with self._exclusive(progress) as lock:
            if self._is_current():  # by another launcher, meanwhile
                return False
            # What is read may change during the build, so the digest is that of its beginning.
            digest = self.source_digest()
            node = self._install(progress, lock)
            progress("Building the desk.")
            self._run(node, ("run", "build"), BUILD_TIMEOUT_S, lock)
            try:
                self._builds.publish(self.sources / "dist", digest)
            except OSError as error:
                raise DeskBuildError(f"the built desk cannot be copied: {error}") from error
            return True

    def prepare(self, progress: ProgressCallback) -> NodeRuntime:
        """Install the packages for the development server. Raises ``DeskBuildError``."""
        if not self.has_sources:
            raise DeskBuildError(f"there is no {self.sources}: --dev needs a checkout")
        with self._exclusive(progress) as lock:
            return self._install(progress, lock)

    def source_digest(self) -> str:
        """Digest of everything that a build reads, without tests and installed packages."""
        digest = hashlib.sha256()
        for file in sorted(self._source_files()):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(self.sources)}\0{len(content)}\0".encode())
            digest.update(content)
        return digest.hexdigest()[:DIGEST_LENGTH]

    def _install(self, progress: ProgressCallback, lock: int) -> NodeRuntime:
        """Install the locked packages unless they are there; returns the Node.js to run them."""
        node = self._node or find_node(self._checkout, progress)
        wanted = hashlib.sha256((self.sources / "package-lock.json").read_bytes()).hexdigest()
        stamp = self.sources / "node_modules" / ".niochat-lock"
        if not stamp.is_file() or stamp.read_text(encoding="ascii") != wanted:
            progress("Installing the packages of the desk with npm (once, about a minute).")
            stamp.unlink(missing_ok=True)
            # npm would wait for an unreachable registry for minutes. Its cache may be enough.
            offline = () if self._registry_answers(node) else ("--offline",)
            self._run(node, (*_INSTALL, *offline), INSTALL_TIMEOUT_S, lock)
            stamp.parent.mkdir(exist_ok=True)
            stamp.write_text(wanted, encoding="ascii")
        return node

    def _is_current(self) -> bool:
        return self._builds.current_digest() == self.source_digest()

    def _source_files(self) -> Iterator[Path]:
        for directory, folders, names in os.walk(self.sources):
            folders[:] = [
                name
                for name in folders
                if name not in _SKIPPED_FOLDERS and not name.startswith(".")
            ]
            for name in names:
                if not name.endswith(_TESTS) and not name.startswith("."):
                    yield Path(directory, name)

    @contextmanager
    def _exclusive(self, progress: ProgressCallback) -> Iterator[int]:
        """Let one launcher at a time use ``frontend``. npm inherits the lock, so that a launcher
        that was killed in the middle does not let the next one work beside its npm.
        """
        self._builds.folder.mkdir(exist_ok=True)
        descriptor = os.open(self._builds.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("Another start builds the desk: waiting for it.")
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _registry_answers(self, node: NodeRuntime) -> bool:
        """Whether npm reaches its registry, with the registry and the proxy that it is set to."""
        try:
            done = subprocess.run(
                [*node.npm, *_PING],
                cwd=self.sources,
                env=node.environment({**os.environ, **_NPM_SETTINGS}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PING_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        # A mirror that does not know this request answers with an error, but it answers.
        return done.returncode == 0 or not _UNREACHABLE.search(done.stderr)

    def _run(self, node: NodeRuntime, words: tuple[str, ...], timeout_s: float, lock: int) -> None:
        """Run npm in a session of its own, so that it ends with everything it has started."""
        command = " ".join(["npm", *(word for word in words if not word.startswith("-"))])
        child = subprocess.Popen(
            [*node.npm, *words],
            cwd=self.sources,
            env=node.environment({**os.environ, **_NPM_SETTINGS}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=(lock,),
        )
        try:
            output, _ = child.communicate(timeout=timeout_s)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                raise DeskBuildError(f"{command} took longer than {timeout_s:.0f} s") from None
            raise
        if child.returncode != 0:
            log = self._builds.folder / ".build.log"
            log.write_text(output, encoding="utf-8")
            raise DeskBuildError(f"{_explain_failure(command, output)} (log: {log})")


def _explain_failure(command: str, output: str) -> str:
    lines = [line for line in output.splitlines() if "error" in line.lower()]
    telling = [line for line in lines if not _EMPTY_ERROR.fullmatch(line.strip())]
    reason = last_line("\n".join(telling[:1]) or output).removeprefix("npm error ")
    if command == "npm ci" and _UNREACHABLE.search(output):
        return (
            f"{command} cannot reach the npm registry ({reason}): connect this machine, or set "
            "npm's registry or proxy, and start again"
        )
    return f"{command} failed: {reason}"
