"""Starts and ends one complete NioChat on one machine: databases, sandbox, Ray and Serve."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from niochat.launcher import process_control
from niochat.launcher.databases.postgres_server import (
    OWNER_ROLE,
    SERVING_ROLE,
    EmbeddedPostgres,
    ignore_progress,
)
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder, HomeLock, read_json, write_json
from niochat.launcher.network_ports import PortReservation, StackPorts
from niochat.launcher.ray_serve.ray_cluster import ONE_MACHINE_CONFIG, RayCluster
from niochat.launcher.sandbox_server import SandboxServer
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.stack_errors import HomeInUseError, StackError
from niochat.launcher.subprocesses import OWNER_URL_VARIABLE, ProgressCallback, reap_children
from niochat.launcher.supabase.supabase_server import (
    POSTGRES_SETTINGS,
    SupabaseServer,
    require_possible,
)

MigrateDatabase = Callable[[str, str], Awaitable[None]]
"""Migrates the database, given the URL of the tables' owner and that of the serving processes."""
CheckEnvironment = Callable[[Mapping[str, str]], None]
"""Raises when a setting of this environment cannot work."""
PrepareFiles = Callable[[ProgressCallback], None]
"""Makes files that the stack serves."""

# Ray's servers wait for one another on SIGTERM and use all the time they get. Only PostgreSQL has
# state that is worth a longer wait.
_GRACE_S = 2.0
_POSTGRES_GRACE_S = 30.0
SANDBOX_ADMIN_TOKEN = "sandbox-admin"
"""No secret: every client that can reach the sandbox has full access to it."""
LOOPBACK_NETWORKS = "127.0.0.0/8,::1/128"
_LAUNCHER_S = 60.0
# A raylet that is shutting down may still start a worker, so one round is not enough.
_MAX_END_ROUNDS = 5


@dataclass(frozen=True)
class StackOptions:
    """Which parts a stack runs, and with which external servers.

    `database_url` and `redis_url` replace the embedded servers. `owner_url` is the URL of the role
    that owns the tables in `database_url`, if it is not the same role.
    """

    http_port: int | None = None
    sandbox: bool = True
    supabase_sandbox: bool = False
    dashboard: bool = False
    serve_config: Path = ONE_MACHINE_CONFIG
    database_url: str | None = None
    owner_url: str | None = None
    redis_url: str | None = None
    migrate: MigrateDatabase | None = None
    check: CheckEnvironment | None = None
    prepare: PrepareFiles | None = None

    @classmethod
    def from_environment(cls, **overrides: Any) -> Self:
        """Options from `overrides`, with server URLs from the environment where they are set."""
        urls = {
            "database_url": os.environ.get("DATABASE_URL") or None,
            "owner_url": os.environ.get(OWNER_URL_VARIABLE) or None,
            "redis_url": os.environ.get("REDIS_URL") or None,
        }
        return cls(**(urls | overrides))


class StackLauncher:
    """Starts and ends everything in one home folder.

    The attributes `ports`, `postgres`, `redis`, `ray`, `sandbox` and `supabase` are set by `up`.
    """

    ports: StackPorts
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    ray: RayCluster
    sandbox: SandboxServer
    supabase: SupabaseServer

    def __init__(self, home: Path, options: StackOptions | None = None) -> None:
        self.home = HomeFolder.locate(home)
        self.options = options or StackOptions()
        self._lock = HomeLock(self.home)
        self._port_reservation = PortReservation()
        self._deployed = False

    @property
    def url(self) -> str:
        """Base URL of the product."""
        return f"http://127.0.0.1:{self.ports.http}"

    def up(self, progress: ProgressCallback = ignore_progress) -> Mapping[str, str]:
        """Start everything; returns the environment of the children, also stored in `env.json`.

        When a step fails or the user interrupts it, everything that was started is ended.
        Raises `HomeInUseError` when another launcher holds the home, and `StackError` when a
        setting cannot work; in both cases nothing was started.
        """
        HomeFolder.create(self.home.folder)
        self._lock.acquire()
        try:
            self._assemble_checked(progress)
            if self.options.prepare is not None:
                self.options.prepare(progress)
            if self.options.supabase_sandbox:
                self.supabase.prepare(progress)
            return self._start(progress)
        except BaseException:
            self._close()
            raise

    def restart_dead(self, progress: ProgressCallback = ignore_progress) -> None:
        """Restart an embedded database that died, or Ray when one of its two servers died.

        The process that started the stack calls this regularly. A part that does not start is
        tried again at the next call, while the other parts keep running. Ray itself restarts its
        workers and HAProxy. No state is lost with Ray, because PostgreSQL has all of it.
        """
        reap_children()
        try:
            self._restart_dead_databases(progress)
            self._restart_dead_ray(progress)
        except (StackError, psycopg.OperationalError, psutil.Error, OSError) as error:
            progress(f"The restart failed: {error}")

    def _restart_dead_databases(self, progress: ProgressCallback) -> None:
        if not self.options.database_url and not self.postgres.is_running:
            progress("PostgreSQL has died: starting it again.")
            self.postgres.kill()  # orphaned backends hold the data folder
            self.postgres.start()
        if not self.options.redis_url and not self.redis.is_running:
            progress("Redis does not answer: starting it again.")
            self.redis.stop()
            self.redis.start()

    def _restart_dead_ray(self, progress: ProgressCallback) -> None:
        if self._deployed and self.ray.is_running:
            return
        progress("Ray has died: starting it again.")
        self._deployed = False  # until every application is deployed
        self._end_kinds("ray", "haproxy")
        self.ray.launch(self._children_environment(), self.options.serve_config)
        self._deploy(progress)
        progress("Ray is back.")

    def down(self, progress: ProgressCallback = ignore_progress) -> None:
        """End every process of this home, including those of another launcher or an earlier run.

        A home folder that does not exist is not created.
        """
        if not self.home.folder.is_dir() and not process_control.find_stack_processes(
            self.home.folder
        ):
            progress(f"There is no home at {self.home.folder}: nothing to stop.")
            return
        HomeFolder.create(self.home.folder)
        if not self._lock.is_held:
            self._end_other_launcher(progress)
        progress("Stopping.")
        self._close()

    def close(self) -> None:
        """End the stack if this launcher holds the home, else do nothing.

        Without the lock, the processes in the home belong to another launcher.
        """
        if self._lock.is_held:
            self._close()

    def is_running(self) -> bool:
        """Whether this or another launcher holds this home."""
        if self._lock.is_held:
            return True
        if not self.home.folder.is_dir():
            return False
        try:
            with HomeLock(self.home):
                return False
        except HomeInUseError:
            return True

    def environment(self) -> dict[str, str]:
        """Environment of the children of the last start; empty before the first start."""
        return {name: str(value) for name, value in read_json(self.home.environment_file).items()}

    def remember(self, variables: Mapping[str, str]) -> None:
        """Store more variables in `env.json`, for commands; no child of this start gets them."""
        write_json(self.home.environment_file, {**self.environment(), **variables})

    def memory_mb_by_kind(self) -> dict[process_control.ProcessKind, float]:
        """Proportional set size (PSS) of all processes of the stack, in MB, by kind."""
        return process_control.pss_mb_by_kind(
            process_control.find_stack_processes(self.home.folder)
        )

    def owner_url(self, database_url: str) -> str:
        """The URL by which the tables' owner connects to the database of `database_url`.

        It differs from `database_url` only for the embedded database of this home.
        """
        secrets, parts = read_json(self.home.folder / "secrets.json"), urlsplit(database_url)
        serving = (SERVING_ROLE, secrets.get("postgres_serving"))
        if (parts.username, parts.password) != serving or "postgres_owner" not in secrets:
            return database_url
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(
            parts._replace(netloc=f"{OWNER_ROLE}:{secrets['postgres_owner']}@{address}")
        )

    def _assemble_checked(self, progress: ProgressCallback) -> None:
        """Validate all settings before anything is started."""
        if self.options.supabase_sandbox:
            require_possible(self.options.sandbox, self.options.database_url)
        self.home.require_usable()
        self._end_leftovers(progress)
        self._assemble(progress)
        if self.options.check is not None:
            self.options.check(self._children_environment())

    def _assemble(self, progress: ProgressCallback) -> None:
        credentials = StackCredentials.load_or_create(self.home)
        self.ports = StackPorts.allocate(self.home, self.options.http_port, self._port_reservation)
        settings = POSTGRES_SETTINGS if self.options.supabase_sandbox else {}
        self.postgres = EmbeddedPostgres(
            self.home, self.ports.postgres, credentials, progress, settings=settings
        )
        self.redis = EmbeddedRedis(self.home, self.ports.redis, credentials)
        self.sandbox = SandboxServer(self.home, self.ports.sandbox, self.ports.smtp)
        self.supabase = SupabaseServer(self.home, self.ports.supabase)
        self.ray = RayCluster(self.home, self.ports, credentials, self.options.dashboard)

    def _start(self, progress: ProgressCallback) -> dict[str, str]:
        if self.options.supabase_sandbox:  # its keys have to be known to everything that follows
            self._start_databases(progress)
            progress("Starting the Supabase sandbox.")
            self.supabase.start(self.postgres.admin_dsn, self.url)
        env = self._children_environment()
        # Ray needs seconds to start, and needs the other servers only when it runs our code.
        progress("Starting Ray.")
        self.ray.launch(env, self.options.serve_config)
        if not self.options.supabase_sandbox:
            self._start_databases(progress)
        if self.options.sandbox:
            progress("Starting the sandbox.")
            self.sandbox.start(env)
        self._deploy(progress)
        children_env = env | self.ray.environment
        write_json(self.home.environment_file, children_env)
        progress(f"NioChat answers at {self.url}")
        return children_env

    def _deploy(self, progress: ProgressCallback) -> None:
        self.ray.wait_until_up()
        self.ray.deploy(progress)
        self._deployed = True

    def _start_databases(self, progress: ProgressCallback) -> None:
        if not self.options.database_url:
            progress("Starting PostgreSQL.")
            self.postgres.start()
        if not self.options.redis_url:
            progress("Starting Redis.")
            self.redis.start()
        if self.options.migrate:
            progress("Bringing the database up to date.")
            serving = self.options.database_url or self.postgres.serving_dsn
            owner = self.options.owner_url or self.options.database_url or self.postgres.owner_dsn
            asyncio.run(_run_migration(self.options.migrate, owner, serving))

    def _children_environment(self) -> dict[str, str]:
        credentials = StackCredentials.load_or_create(self.home)
        env = {
            "DATABASE_URL": self.options.database_url or self.postgres.serving_dsn,
            "REDIS_URL": self.options.redis_url or self.redis.url,
            "NIOCHAT_HOME": str(self.home.folder),
            "NIOCHAT_BASE_URL": self.url,
            "NIOCHAT_FILES_URL": os.environ.get("NIOCHAT_FILES_URL")
            or (self.home.folder / "files").as_uri(),
            "NIOCHAT_AUDIT_URL": os.environ.get("NIOCHAT_AUDIT_URL")
            or f"file://{self.home.folder}/audit",
            "NIOCHAT_VAULT_KEYS": os.environ.get("NIOCHAT_VAULT_KEYS")
            or f"k1:{credentials.vault_key}",
            "NIOCHAT_OPERATOR_TOKEN": os.environ.get("NIOCHAT_OPERATOR_TOKEN")
            or credentials.operator_token,
        }
        if self.options.sandbox:
            env["NIOCHAT_SANDBOX_URL"] = self.sandbox.url
            env["NIOCHAT_SANDBOX_TOKEN"] = credentials.sandbox_token
            env["NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN"] = credentials.neighbour_token
            env["NIOCHAT_DEMO_PASSWORD"] = credentials.demo_password
            for name, value in (
                ("NIOCHAT_GATEWAY_URL", f"{self.sandbox.url}/gateway"),
                ("NIOCHAT_GATEWAY_ADMIN_TOKEN", SANDBOX_ADMIN_TOKEN),
            ):
                env[name] = os.environ.get(name) or value
            # The simulated gateway, model and ERP are on this machine.
            env["NIOCHAT_PRIVATE_NETWORKS"] = (
                os.environ.get("NIOCHAT_PRIVATE_NETWORKS") or LOOPBACK_NETWORKS
            )
            env["NIOCHAT_SMTP_URL"] = os.environ.get("NIOCHAT_SMTP_URL") or self.sandbox.smtp_url
        if self.options.supabase_sandbox:
            env.update(self.supabase.environment())
        return env

    def _end_leftovers(self, progress: ProgressCallback) -> None:
        leftovers = process_control.find_stack_processes(self.home.folder)
        if leftovers:
            kinds = ", ".join(
                sorted({process_control.classify_process(process) for process in leftovers})
            )
            progress(f"Ending {len(leftovers)} processes of an earlier run ({kinds}).")
            self._end_all()

    def _close(self) -> None:
        """End all processes, then release the port and the home.

        The lock is kept when a process does not end, so that no other launcher starts in this
        home, and this method can be called again.
        """
        self._end_all()
        self._port_reservation.release()
        self._lock.release()

    def _end_all(self) -> None:
        """End the writing processes first, then Redis, and PostgreSQL last by a fast shutdown."""
        self._end_kinds("ray", "haproxy", "sandbox", "desk")
        self._end_kinds("redis")
        self._end_kinds("postgres")

    def _end_kinds(self, *kinds: process_control.ProcessKind) -> None:
        for _ in range(_MAX_END_ROUNDS):
            processes = process_control.filter_by_kind(
                process_control.find_stack_processes(self.home.folder), *kinds
            )
            if not processes:
                return
            if kinds == ("postgres",):
                process_control.end_processes(
                    _root_processes(processes), _POSTGRES_GRACE_S, signal.SIGINT
                )
            else:
                process_control.end_processes(processes, _GRACE_S)
        raise StackError(f"Cannot end: {', '.join(str(process.pid) for process in processes)}")

    def _end_other_launcher(self, progress: ProgressCallback) -> None:
        """Take the lock; if another launcher holds it, end that launcher first."""
        try:
            self._lock.acquire()
            return
        except HomeInUseError:
            holder = self._lock.holder()
        if holder is None or holder == os.getpid():
            raise StackError(
                f"{self.home.folder} is held by an unknown process: nothing was ended. "
                f"End the process that has {self.home.folder / 'lock'} open, then try again."
            )
        progress(f"Ending the launcher (process {holder}).")
        try:
            process_control.end_processes([psutil.Process(holder)], _LAUNCHER_S)
        except psutil.NoSuchProcess:
            progress("The launcher has already ended.")
        self._lock.acquire()


def _root_processes(processes: list[psutil.Process]) -> list[psutil.Process]:
    """The postmaster only: to a backend, SIGINT means to cancel its query."""
    pids = {process.pid for process in processes}
    return [process for process in processes if process.ppid() not in pids]


async def _run_migration(migrate: MigrateDatabase, owner: str, serving: str) -> None:
    await migrate(owner, serving)
