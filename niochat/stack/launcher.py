"""One whole NioChat on one machine: up, down, and what it is made of."""

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

from niochat.stack import processes
from niochat.stack.children import OWNER_URL, Progress, reap
from niochat.stack.credentials import Credentials
from niochat.stack.errors import HomeInUse, StackError
from niochat.stack.home import Home, HomeLock, read_json, write_json
from niochat.stack.ports import Claim, Ports
from niochat.stack.postgres import OWNER, SERVING, EmbeddedPostgres, silent
from niochat.stack.ray_cluster import ONE_MACHINE, RayCluster
from niochat.stack.redis_server import EmbeddedRedis
from niochat.stack.sandbox_server import SandboxServer

Migrate = Callable[[str, str], Awaitable[None]]
"""Takes the log-in of the tables' owner, and that of the processes that serve."""
Check = Callable[[Mapping[str, str]], None]
"""Raises for a setting of this environment that cannot work."""

# Ray's servers wait for one another on SIGTERM and would take any time they are given; the
# state worth waiting for is PostgreSQL's.
_GRACE_S = 2.0
_POSTGRES_GRACE_S = 30.0
SANDBOX_ADMIN_TOKEN = "sandbox-admin"
"""No secret: whoever reaches the sandbox may do anything in it."""
LOOPBACK = "127.0.0.0/8,::1/128"
_LAUNCHER_S = 60.0
# A raylet that is going down may still start a worker; one look is not enough.
_ROUNDS = 5


@dataclass(frozen=True)
class Options:
    """What a stack runs. An own `database_url` or `redis_url` replaces the embedded server;
    `owner_url` is the log-in that owns the tables of the former, if it is another.
    """

    http_port: int | None = None
    sandbox: bool = True
    dashboard: bool = False
    serve_config: Path = ONE_MACHINE
    database_url: str | None = None
    owner_url: str | None = None
    redis_url: str | None = None
    migrate: Migrate | None = None
    check: Check | None = None

    @classmethod
    def from_environment(cls, **chosen: Any) -> Self:
        """`chosen`, and addresses of servers from the environment where they are set."""
        found = {
            "database_url": os.environ.get("DATABASE_URL") or None,
            "owner_url": os.environ.get(OWNER_URL) or None,
            "redis_url": os.environ.get("REDIS_URL") or None,
        }
        return cls(**(found | chosen))


class Stack:
    """One home and everything that runs in it. The parts are there after `up`."""

    ports: Ports
    postgres: EmbeddedPostgres
    redis: EmbeddedRedis
    ray: RayCluster
    sandbox: SandboxServer

    def __init__(self, home: Path, options: Options | None = None) -> None:
        self.home = Home.named(home)
        self.options = options or Options()
        self._lock = HomeLock(self.home)
        self._claim = Claim()
        self._served = False

    @property
    def url(self) -> str:
        """Where the product answers."""
        return f"http://127.0.0.1:{self.ports.http}"

    def up(self, progress: Progress = silent) -> Mapping[str, str]:
        """Start everything; returns what was handed to the children, also in `env.json`.

        All or nothing: when a step fails, or the user interrupts it, what was started is ended.
        Raises `HomeInUse` when another launcher holds the home, and `StackError` for a setting
        that cannot work, before anything was started.
        """
        Home.at(self.home.folder)
        self._lock.acquire()
        try:
            self._assemble_if_it_can_work(progress)
            return self._start(progress)
        except BaseException:
            self._close()
            raise

    def mend(self, progress: Progress = silent) -> None:
        """Start again what died: a store, or Ray when one of its two servers is gone.

        Called regularly while the stack is up, by the process that started it. What does not
        come back is tried again the next time: the others go on meanwhile. Ray looks after its
        own workers and after HAProxy. A new Ray finds everything in PostgreSQL.
        """
        reap()
        try:
            self._mend_stores(progress)
            self._mend_ray(progress)
        except (StackError, psycopg.OperationalError, psutil.Error, OSError) as error:
            progress(f"It did not come back: {error}")

    def _mend_stores(self, progress: Progress) -> None:
        if not self.options.database_url and not self.postgres.running:
            progress("PostgreSQL has died: starting it again.")
            self.postgres.kill()  # its orphans hold the data folder
            self.postgres.start()
        if not self.options.redis_url and not self.redis.running:
            progress("Redis does not answer: starting it again.")
            self.redis.stop()
            self.redis.start()

    def _mend_ray(self, progress: Progress) -> None:
        if self._served and self.ray.running:
            return
        progress("Ray has died: starting it again.")
        self._served = False  # until everything is deployed: half of it is not enough
        self._end_kinds("ray", "haproxy")
        self.ray.launch(self._children_environment(), self.options.serve_config)
        self._serve(progress)
        progress("Ray is back.")

    def down(self, progress: Progress = silent) -> None:
        """End everything of this home, also what another launcher or a former run started.

        Where there is no home nothing is made.
        """
        if not self.home.folder.is_dir() and not processes.marked(self.home.folder):
            progress(f"There is no home at {self.home.folder}: nothing to stop.")
            return
        Home.at(self.home.folder)
        if not self._lock.held:
            self._take_over(progress)
        progress("Stopping.")
        self._close()

    def close(self) -> None:
        """End what this launcher holds. Nothing happens when it holds nothing: what runs in the
        home then is another's.
        """
        if self._lock.held:
            self._close()

    def is_running(self) -> bool:
        """Whether a launcher holds this home, this one or another."""
        if self._lock.held:
            return True
        if not self.home.folder.is_dir():
            return False
        try:
            with HomeLock(self.home):
                return False
        except HomeInUse:
            return True

    def environment(self) -> dict[str, str]:
        """What the last start handed to its children; empty before the first."""
        return {name: str(value) for name, value in read_json(self.home.environment_file).items()}

    def pss_mb(self) -> dict[processes.Kind, float]:
        """Proportional memory of everything that runs, in MB, by kind."""
        return processes.pss_mb(processes.marked(self.home.folder))

    def owner_url(self, database_url: str) -> str:
        """The owner's log-in to the database of `database_url`: another one where that is the
        embedded database of this home.
        """
        kept, parts = read_json(self.home.folder / "secrets.json"), urlsplit(database_url)
        serving = (SERVING, kept.get("postgres_serving"))
        if (parts.username, parts.password) != serving or "postgres_owner" not in kept:
            return database_url
        address = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"{OWNER}:{kept['postgres_owner']}@{address}"))

    def _assemble_if_it_can_work(self, progress: Progress) -> None:
        """Every setting is looked at before anything is started."""
        self.home.require()
        self._end_leftovers(progress)
        self._assemble(progress)
        if self.options.check is not None:
            self.options.check(self._children_environment())

    def _assemble(self, progress: Progress) -> None:
        credentials = Credentials.of(self.home)
        self.ports = Ports.of(self.home, self.options.http_port, self._claim)
        self.postgres = EmbeddedPostgres(self.home, self.ports.postgres, credentials, progress)
        self.redis = EmbeddedRedis(self.home, self.ports.redis, credentials)
        self.sandbox = SandboxServer(self.home, self.ports.sandbox, self.ports.smtp)
        self.ray = RayCluster(self.home, self.ports, credentials, self.options.dashboard)

    def _start(self, progress: Progress) -> dict[str, str]:
        env = self._children_environment()
        # Ray needs seconds and nothing of the others until it runs our code.
        progress("Starting Ray.")
        self.ray.launch(env, self.options.serve_config)
        self._start_stores(progress)
        if self.options.sandbox:
            progress("Starting the sandbox.")
            self.sandbox.start(env)
        self._serve(progress)
        told = env | self.ray.environment
        write_json(self.home.environment_file, told)
        progress(f"NioChat answers at {self.url}")
        return told

    def _serve(self, progress: Progress) -> None:
        self.ray.join()
        self.ray.deploy(progress)
        self._served = True

    def _start_stores(self, progress: Progress) -> None:
        if not self.options.database_url:
            progress("Starting PostgreSQL.")
            self.postgres.start()
        if not self.options.redis_url:
            progress("Starting Redis.")
            self.redis.start()
        if self.options.migrate:
            progress("Bringing the database up to date.")
            serving = self.options.database_url or self.postgres.serving_dsn
            owner = self.options.owner_url or self.options.database_url or self.postgres.dsn
            asyncio.run(_awaited(self.options.migrate, owner, serving))

    def _children_environment(self) -> dict[str, str]:
        credentials = Credentials.of(self.home)
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
            env["NIOCHAT_PRIVATE_NETWORKS"] = os.environ.get("NIOCHAT_PRIVATE_NETWORKS") or LOOPBACK
            env["NIOCHAT_SMTP_URL"] = os.environ.get("NIOCHAT_SMTP_URL") or self.sandbox.smtp_url
        return env

    def _end_leftovers(self, progress: Progress) -> None:
        left = processes.marked(self.home.folder)
        if left:
            kinds = ", ".join(sorted({processes.kind(process) for process in left}))
            progress(f"Ending {len(left)} processes of a former run ({kinds}).")
            self._end_all()

    def _close(self) -> None:
        """The home is free again only when nothing is left in it: until then it is ours, for
        whoever asked us to stop twice, or found something that does not end.
        """
        self._end_all()
        self._claim.release()
        self._lock.release()

    def _end_all(self) -> None:
        """Those that write first, then the stores, PostgreSQL last and by a fast shutdown."""
        self._end_kinds("ray", "haproxy", "sandbox")
        self._end_kinds("redis")
        self._end_kinds("postgres")

    def _end_kinds(self, *kinds: processes.Kind) -> None:
        for _ in range(_ROUNDS):
            found = processes.of_kind(processes.marked(self.home.folder), *kinds)
            if not found:
                return
            if kinds == ("postgres",):
                processes.end(_roots(found), _POSTGRES_GRACE_S, signal.SIGINT)
            else:
                processes.end(found, _GRACE_S)
        raise StackError(f"Cannot end: {', '.join(str(process.pid) for process in found)}")

    def _take_over(self, progress: Progress) -> None:
        """Take the lock, ending the launcher that has it."""
        try:
            self._lock.acquire()
            return
        except HomeInUse:
            holder = self._lock.holder()
        if holder is None or holder == os.getpid():
            raise StackError(
                f"{self.home.folder} is held by a process that cannot be told: nothing was ended. "
                f"End what has {self.home.folder / 'lock'} open, then try again."
            )
        progress(f"Ending the launcher (process {holder}).")
        try:
            processes.end([psutil.Process(holder)], _LAUNCHER_S)
        except psutil.NoSuchProcess:
            progress("It has ended by itself.")
        self._lock.acquire()


def _roots(found: list[psutil.Process]) -> list[psutil.Process]:
    """The postmaster alone: SIGINT only cancels the query of a backend."""
    pids = {process.pid for process in found}
    return [process for process in found if process.ppid() not in pids]


async def _awaited(migrate: Migrate, owner: str, serving: str) -> None:
    await migrate(owner, serving)
