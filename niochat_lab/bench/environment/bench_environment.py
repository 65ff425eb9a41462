"""A throw-away stack of the bench: the product, the crowd, and maybe the plain process."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import yaml

from niochat.adapters.postgres.schema_migration import migrate
from niochat.config import Settings
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.ray_serve.ray_cluster import ONE_MACHINE_CONFIG
from niochat.launcher.stack_errors import StackError
from niochat.launcher.stack_launcher import LOOPBACK_NETWORKS, StackLauncher, StackOptions
from niochat.launcher.subprocesses import http_get, spawn, wait_until
from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres
from niochat_lab.bench.measurement.process_usage import UsageMeter
from niochat_lab.lab_queries import lab_queries

_SQL = lab_queries("bench")

PLAIN_DATABASE = "plain"
LIMIT_PREFIX = "/limit"
_INSTALLATION_VARIABLES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "NIOCHAT_VAULT_KEYS",
    "NIOCHAT_FILES_URL",
    "NIOCHAT_SMTP_URL",
    "NIOCHAT_GATEWAY_URL",
    "NIOCHAT_GATEWAY_ADMIN_TOKEN",
)
"""Where an installation's data are: a bench has servers and folders of its own."""
_READY_TIMEOUT_S = 120.0
_CHILD_TIMEOUT_S = 30.0
_REPAIR_INTERVAL_S = 1.0
_LIMIT_APPLICATION = {
    "name": "limit",
    "route_prefix": LIMIT_PREFIX,
    "import_path": "niochat_lab.bench.baselines.body_reader_app:limit",
}
StartProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchRequirements:
    """What a bench needs besides the product."""

    limit: bool = False
    """The Serve application that answers at once."""
    plain_process: bool = False
    """The plain process with a database of its own."""
    ingest_only: bool = False
    """Of the plain process."""
    websocket_clients: bool = False
    """The process of many sockets; not beside the plain one, whose port it has."""
    commit_times: bool = False
    """PostgreSQL keeps when each transaction was committed."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """For the product's processes."""


@dataclass(frozen=True, slots=True)
class BenchEnvironment:
    """What runs. Addresses without a slash at their end."""

    stack: StackLauncher
    meter: UsageMeter
    postgres: BenchPostgres
    load_generator_url: str
    plain_url: str
    websocket_clients_url: str = ""

    @property
    def url(self) -> str:
        """The product's."""
        return self.stack.url

    @property
    def limit_url(self) -> str:
        """The Serve application that answers at once."""
        return f"{self.stack.url}{LIMIT_PREFIX}/uazapi"

    def settings(self) -> Settings:
        """The product's."""
        return Settings.read()

    def plain_settings(self) -> Settings:
        """The plain process's: another database, another address."""
        return Settings.model_validate(build_plain_environment(dict(os.environ), self.plain_url))


def build_plain_environment(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """The product's environment, changed for the plain process."""
    folder, _, _ = environment["DATABASE_URL"].rpartition("/")
    changed = {"DATABASE_URL": f"{folder}/{PLAIN_DATABASE}", "NIOCHAT_BASE_URL": url}
    return {**environment, **changed}


@contextmanager
def start_bench_environment(
    wanted: BenchRequirements, told: StartProgress
) -> Iterator[BenchEnvironment]:
    """Everything up, and down again whatever happens; the folder is removed.

    Raises `StackError`. SIGTERM and SIGHUP end it like Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="niochat-bench-"))
    saved = dict(os.environ)
    for name in _INSTALLATION_VARIABLES:
        os.environ.pop(name, None)
    os.environ.setdefault(
        "NIOCHAT_PRIVATE_NETWORKS", LOOPBACK_NETWORKS
    )  # the crowd is on this machine
    os.environ.update(wanted.environment)
    stack = StackLauncher(folder, _options(folder, wanted))
    over = threading.Event()
    try:
        os.environ.update(_start_stack(stack, told))
        stage = _start_services(stack, wanted, told)
        threading.Thread(target=_repair_stack, args=(stack, over, told), daemon=True).start()
        yield stage
    finally:
        over.set()
        told("Stopping.")
        stack.close()
        os.environ.clear()
        os.environ.update(saved)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(stack.home.temporary_folder(), ignore_errors=True)


def _start_stack(stack: StackLauncher, told: StartProgress) -> Mapping[str, str]:
    """Start it, and once more: Serve gives up on a proxy that a busy machine starts slowly."""
    try:
        return stack.up(told)
    except StackError:
        told("It did not start: once more.")
        return stack.up(told)


def _options(folder: Path, wanted: BenchRequirements) -> StackOptions:
    config = ONE_MACHINE_CONFIG
    if wanted.limit:
        document = yaml.safe_load(ONE_MACHINE_CONFIG.read_text())
        document["applications"].append(_LIMIT_APPLICATION)
        config = folder / "bench_serve_config.yaml"
        config.write_text(yaml.safe_dump(document, sort_keys=False))
    return StackOptions(sandbox=False, serve_config=config, migrate=_migrate, http_port=None)


def _start_services(
    stack: StackLauncher, wanted: BenchRequirements, told: StartProgress
) -> BenchEnvironment:
    stores = BenchPostgres(stack.postgres.admin_dsn)
    if wanted.commit_times:
        stores.fetch(_SQL["enable_commit_timestamps"])
        stack.postgres.stop()
        stack.postgres.start()
    told("Starting the crowd.")
    crowd_url = _start(
        stack.home,
        "crowd",
        stack.ports.sandbox,
        "niochat_sandbox.load_generator",
        "/sandbox/health",
        dict(os.environ),
    )
    plain_url = ""
    if wanted.plain_process:
        told("Starting the plain process.")
        plain_url = _start_plain(stack, stores, wanted)
    screens_url = ""
    if wanted.websocket_clients:
        told("Starting the screens.")
        screens_url = _start(
            stack.home,
            "screens",
            stack.ports.dashboard,
            "niochat_sandbox.websocket_clients",
            "/sandbox/health",
            {},
        )
    _wait_until_ready(stack.url)
    meter = UsageMeter(stack.home.folder)
    return BenchEnvironment(stack, meter, stores, crowd_url, plain_url, screens_url)


def _start_plain(stack: StackLauncher, stores: BenchPostgres, wanted: BenchRequirements) -> str:
    port = stack.ports.dashboard  # kept for a dashboard, which a bench has not
    environment = build_plain_environment(os.environ, f"http://127.0.0.1:{port}")
    stores.create_database(PLAIN_DATABASE)
    migrate(f"{stack.postgres.owner_dsn.rpartition('/')[0]}/{PLAIN_DATABASE}")
    more = ["--door-only"] if wanted.ingest_only else []
    return _start(
        stack.home,
        "plain",
        port,
        "niochat_lab.bench.baselines.plain_process",
        "/health",
        environment,
        *more,
    )


def _start(
    home: HomeFolder,
    name: str,
    port: int,
    module: str,
    health: str,
    environment: Mapping[str, str],
    *more: str,
) -> str:
    command = [sys.executable, "-m", module, "--port", str(port), *more]
    child = spawn(home, name, command, environment)
    wait_until(
        lambda: http_get(port, health) is not None, child, home.log_file(name), _CHILD_TIMEOUT_S
    )
    return f"http://127.0.0.1:{port}"


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/health/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # asked again until the deadline, which then says so
        time.sleep(0.2)
    raise StackError(f"the bench's stack is not ready after {_READY_TIMEOUT_S:g} s")


def _repair_stack(stack: StackLauncher, over: threading.Event, told: StartProgress) -> None:
    while not over.wait(_REPAIR_INTERVAL_S):
        stack.restart_dead(told)


async def _migrate(owner: str, serving: str) -> None:
    migrate(owner, serving_url=serving)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
