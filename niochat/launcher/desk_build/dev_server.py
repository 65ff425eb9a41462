"""The development server of the desk: it serves the sources, and reloads what changes."""

from __future__ import annotations

import os
from pathlib import Path

from niochat.launcher.desk_build.desk_builder import DeskBuilder
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.subprocesses import ProgressCallback, http_get, spawn, wait_until

START_S = 60.0
API_URL_VARIABLE = "NIOCHAT_API_URL"
"""Address to which the development server passes requests for the API, the socket and files."""
PORT_VARIABLE = "NIOCHAT_DEV_PORT"
LOG_NAME = "desk-dev"


class DeskDevServer:
    """Runs `npm run dev` beside a stack, as one of its processes: it ends with the stack."""

    def __init__(self, home: HomeFolder, builder: DeskBuilder, port: int) -> None:
        self._home = home
        self._builder = builder
        self._port = port

    @property
    def url(self) -> str:
        """Address of the desk, reachable from this machine only."""
        return f"http://127.0.0.1:{self._port}"

    def start(self, api_url: str, progress: ProgressCallback) -> str:
        """Start the server; returns its address once it answers.

        Raises `DeskBuildError` when its packages cannot be installed, and `StackError` when it
        does not start.
        """
        node = self._builder.prepare(progress)
        progress("Starting the development server of the desk.")
        own = {API_URL_VARIABLE: api_url, PORT_VARIABLE: str(self._port)}
        environment = node.environment(os.environ) | own
        child = spawn(
            self._home,
            LOG_NAME,
            [*node.npm, "run", "dev"],
            environment,
            folder=Path(self._builder.sources),
        )
        wait_until(self._answers, child, self._home.log_file(LOG_NAME), START_S)
        return self.url

    def _answers(self) -> bool:
        return http_get(self._port, "/") is not None
