"""The temporary stack of a benchmark: the product, the load generator and optional baselines."""

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
"""The variables that locate an installation's data; a benchmark has servers and folders
of its own.
"""
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
    """The parts that a benchmark needs besides the product."""

    limit: bool = False
    """The Serve application that responds at once."""
    plain_process: bool = False
    """The plain process with a database of its own."""
    ingest_only: bool = False
    """Whether the plain process only ingests webhooks."""
    websocket_clients: bool = False
    """The process of many live clients; not together with the plain process, whose port it uses."""
    commit_times: bool = False
    """Whether PostgreSQL records the commit time of each transaction."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Additional variables for the product's processes."""


@dataclass(frozen=True, slots=True)
class BenchEnvironment:
    """The running parts. URLs have no trailing slash."""

    stack: StackLauncher
    meter: UsageMeter
    postgres: BenchPostgres
    load_generator_url: str
    plain_url: str
    websocket_clients_url: str = ""

    @property
    def url(self) -> str:
        """The product's URL."""
        return self.stack.url

    @property
    def limit_url(self) -> str:
        """The URL of the Serve application that responds at once."""
        return f"{self.stack.url}{LIMIT_PREFIX}/uazapi"

    def settings(self) -> Settings:
        """The product's settings."""
        return Settings.read()

    def plain_settings(self) -> Settings:
        """The plain process's settings: another database and another URL."""
        return Settings.model_validate(build_plain_environment(dict(os.environ), self.plain_url))


def build_plain_environment(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """The product's environment, changed for the plain process."""
    folder, _, _ = environment["DATABASE_URL"].rpartition("/")
    changed = {"DATABASE_URL": f"{folder}/{PLAIN_DATABASE}", "NIOCHAT_BASE_URL": url}
    return {**environment, **changed}


@contextmanager
def start_bench_environment(
    requirements: BenchRequirements, on_progress: StartProgress
) -> Iterator[BenchEnvironment]:
    """Start all parts, and stop them in any case; the folder is removed.

    Raises ``StackError``. SIGTERM and SIGHUP end the block like Ctrl-C.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="niochat-bench-"))
    saved = dict(os.environ)
    for name in _INSTALLATION_VARIABLES:
        os.environ.pop(name, None)
    os.environ.setdefault(
        "NIOCHAT_PRIVATE_NETWORKS", LOOPBACK_NETWORKS
    )  # the load generator runs on this machine
    os.environ.update(requirements.environment)
    stack = StackLauncher(folder, _options(folder, requirements))
    stopping = threading.Event()
    try:
        os.environ.update(_start_stack(stack, on_progress))
        bench_environment = _start_services(stack, requirements, on_progress)
        threading.Thread(
            target=_repair_stack, args=(stack, stopping, on_progress), daemon=True
        ).start()
        yield bench_environment
    finally:
        stopping.set()
        on_progress("Stopping.")
        stack.close()
        os.environ.clear()
        os.environ.update(saved)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(stack.home.temporary_folder(), ignore_errors=True)


def _start_stack(stack: StackLauncher, on_progress: StartProgress) -> Mapping[str, str]:
    """Start the stack; try a second time, because Serve gives up on a proxy that starts slowly."""
    try:
        return stack.up(on_progress)
    except StackError:
        on_progress("The stack did not start; trying once more.")
        return stack.up(on_progress)


def _options(folder: Path, requirements: BenchRequirements) -> StackOptions:
    config = ONE_MACHINE_CONFIG
    if requirements.limit:
        document = yaml.safe_load(ONE_MACHINE_CONFIG.read_text())
        document["applications"].append(_LIMIT_APPLICATION)
        config = folder / "bench_serve_config.yaml"
        config.write_text(yaml.safe_dump(document, sort_keys=False))
    return StackOptions(sandbox=False, serve_config=config, migrate=_migrate, http_port=None)


def _start_services(
    stack: StackLauncher, requirements: BenchRequirements, on_progress: StartProgress
) -> BenchEnvironment:
    postgres = BenchPostgres(stack.postgres.admin_dsn)
    if requirements.commit_times:
        postgres.fetch(_SQL["enable_commit_timestamps"])
        stack.postgres.stop()
        stack.postgres.start()
    on_progress("Starting the load generator.")
    load_generator_url = _start(
        stack.home,
        "crowd",
        stack.ports.sandbox,
        "niochat_sandbox.load_generator",
        "/sandbox/health",
        dict(os.environ),
    )
    plain_url = ""
    if requirements.plain_process:
        on_progress("Starting the plain process.")
        plain_url = _start_plain(stack, postgres, requirements)
    websocket_clients_url = ""
    if requirements.websocket_clients:
        on_progress("Starting the WebSocket clients.")
        websocket_clients_url = _start(
            stack.home,
            "screens",
            stack.ports.dashboard,
            "niochat_sandbox.websocket_clients",
            "/sandbox/health",
            {},
        )
    _wait_until_ready(stack.url)
    meter = UsageMeter(stack.home.folder)
    return BenchEnvironment(
        stack, meter, postgres, load_generator_url, plain_url, websocket_clients_url
    )


def _start_plain(
    stack: StackLauncher, postgres: BenchPostgres, requirements: BenchRequirements
) -> str:
    port = stack.ports.dashboard  # reserved for a dashboard, which a benchmark does not have
    environment = build_plain_environment(os.environ, f"http://127.0.0.1:{port}")
    postgres.create_database(PLAIN_DATABASE)
    migrate(f"{stack.postgres.owner_dsn.rpartition('/')[0]}/{PLAIN_DATABASE}")
    extra_arguments = ["--door-only"] if requirements.ingest_only else []
    return _start(
        stack.home,
        "plain",
        port,
        "niochat_lab.bench.baselines.plain_process",
        "/health",
        environment,
        *extra_arguments,
    )


def _start(
    home: HomeFolder,
    name: str,
    port: int,
    module: str,
    health: str,
    environment: Mapping[str, str],
    *extra_arguments: str,
) -> str:
    command = [sys.executable, "-m", module, "--port", str(port), *extra_arguments]
    child = spawn(home, name, command, environment)
    wait_until(
        lambda: http_get(port, health) is not None, child, home.log_file(name), _CHILD_TIMEOUT_S
    )
    return f"http://127.0.0.1:{port}"


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/api/health/ready", timeout=5) as response:
                if response.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass  # retried until the deadline, which raises the error
        time.sleep(0.2)
    raise StackError(f"the benchmark's stack was not ready within {_READY_TIMEOUT_S:g} s")


def _repair_stack(
    stack: StackLauncher, stopping: threading.Event, on_progress: StartProgress
) -> None:
    while not stopping.wait(_REPAIR_INTERVAL_S):
        stack.restart_dead(on_progress)


async def _migrate(owner: str, serving: str) -> None:
    migrate(owner, serving_url=serving)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
