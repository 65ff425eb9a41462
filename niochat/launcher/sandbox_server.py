"""The sandbox (simulated gateway, ERP, model and mail server) as a child process of the stack."""

from __future__ import annotations

import sys

from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.subprocesses import http_get, spawn, wait_until

_START_S = 30.0
_STOP_S = 5.0


class SandboxServer:
    """Runs `python -m niochat_sandbox` on a port of the stack."""

    def __init__(
        self, home: HomeFolder, port: int, smtp_port: int | None = None, address: str = "127.0.0.1"
    ) -> None:
        self._home = home
        self._listen_address = address
        self._port = port
        self._smtp_port = smtp_port

    @property
    def url(self) -> str:
        """Base URL of the sandbox."""
        return f"http://{self._listen_address}:{self._port}"

    @property
    def smtp_url(self) -> str:
        """URL of its SMTP server."""
        return f"smtp://{self._listen_address}:{self._smtp_port}"

    def start(self, env: dict[str, str]) -> str:
        """Start the sandbox with `env`; returns its URL once its health check succeeds."""
        command = [sys.executable, "-m", "niochat_sandbox", "--port", str(self._port)]
        command += ["--host", self._listen_address]
        command += ["--smtp-port", str(self._smtp_port)] if self._smtp_port else []
        child = spawn(self._home, "sandbox", command, env)
        wait_until(self._is_healthy, child, self._home.log_file("sandbox"), _START_S)
        return self.url

    def stop(self) -> None:
        """End the sandbox."""
        processes = process_control.filter_by_kind(
            process_control.find_stack_processes(self._home.folder), "sandbox"
        )
        process_control.end_processes(processes, _STOP_S)

    def _is_healthy(self) -> bool:
        return http_get(self._port, "/sandbox/health", self._listen_address) is not None
