"""A Ray cluster of one machine, and the Serve applications that run on it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import yaml

import niochat
from niochat.launcher import process_control
from niochat.launcher.home_folder import HomeFolder, write_private
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.ray_serve.ray_flags import ray_cores, ray_environment
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import ProgressCallback, http_get, spawn, tail_log, wait_until

CHECKOUT_FOLDER = Path(niochat.__file__).resolve().parents[1]
_WHEEL_FOLDER = Path(sys.prefix) / "share" / "niochat"


def shipped_file(name: str) -> Path:
    """A file or folder of the checkout, or its copy that came with the wheel."""
    own = CHECKOUT_FOLDER / name
    return own if own.exists() else _WHEEL_FOLDER / name


SERVE_CONFIG = CHECKOUT_FOLDER / "serve_config.yaml"
ONE_MACHINE_CONFIG = shipped_file("deploy/one_machine.yaml")

# Ray replaces 127.0.0.1 by the address of the network card, which changes when a laptop changes its
# network. Other loopback addresses are not replaced; only Linux has them without setup.
_NODE = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
WAIT_FLAG = (
    "--wait"  # read by serve_deployment.py, which imports Ray and so cannot be imported here
)
_OBJECT_STORE_BYTES = 100_000_000
_START_S = 90.0
_DEPLOY_S = 180.0
_ROUTES_S = 30.0
# Ray's servers wait for one another on SIGTERM, and have no state that outlives this stack.
_STOP_S = 2.0
# Without the GCS no actor is found or created; when the raylet dies, all workers of the node end.
_SERVERS = ("gcs_server", "raylet")


class RayCluster:
    """The head node, which is the only node, started by Ray's command line program."""

    def __init__(
        self,
        home: HomeFolder,
        ports: StackPorts,
        credentials: StackCredentials,
        dashboard: bool = False,
    ) -> None:
        self._home = home
        self._ports = ports
        self._dashboard = dashboard
        # Ray gives its folder mode 0777, so it is placed inside our private folder (0700).
        self._folder = home.temporary_folder()
        self._token_path = home.folder / "ray_token"
        self._token = credentials.ray_token
        self._config = home.folder / "serve_config.yaml"
        self._child: subprocess.Popen[bytes] | None = None
        self._deployment: subprocess.Popen[bytes] | None = None
        self._servers: list[psutil.Process] = []

    @property
    def is_running(self) -> bool:
        """Whether GCS and raylet are alive. Ray restarts its workers, but not these two."""
        return bool(self._servers) and all(process_control.is_alive(each) for each in self._servers)

    @property
    def address(self) -> str:
        """For `ray.init(address=...)`, with `environment` set before."""
        return f"{_NODE}:{self._ports.gcs}"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that a process needs before it imports ray."""
        flags = ray_environment(self._ports, self._folder, self._token_path)
        return flags | {"RAY_ADDRESS": self.address}

    @property
    def dashboard_url(self) -> str | None:
        """URL of Ray's dashboard, or None if it is not enabled."""
        return f"http://127.0.0.1:{self._ports.dashboard}" if self._dashboard else None

    def launch(self, env: Mapping[str, str], config: Path = ONE_MACHINE_CONFIG) -> None:
        """Start Ray with `env` in every worker, and load the applications of a Serve config.

        Returns at once; `wait_until_up` and `deploy` wait for the results. No process of an
        earlier Ray of this stack may be running.
        """
        self._forget_old_sessions()
        write_private(self._token_path, self._token)
        flags = {name: value for name, value in self.environment.items() if name != "RAY_ADDRESS"}
        # `ray start --head` must not see the address of another cluster.
        flags |= {"RAY_ADDRESS": "", "PYTHONPATH": _python_path()}
        self._child = spawn(self._home, "ray", self._command(), {**env, **flags})
        self._begin_deployment(config)

    def wait_until_up(self) -> str:
        """Wait until Ray is up; returns its address. Raises `StackError` when it does not start."""
        if self._child is None:
            raise StackError("Ray was not launched.")
        log = self._home.log_file("ray")
        try:
            code = self._child.wait(_START_S)
        except subprocess.TimeoutExpired:
            raise StackError(f"Ray did not start in {_START_S:.0f} s.\n{tail_log(log)}") from None
        if code != 0:
            raise StackError(f"Ray did not start.\n{tail_log(log)}")
        self._end_client_server()
        processes = process_control.find_stack_processes(self._home.folder)
        self._servers = [process for process in processes if _name_of(process) in _SERVERS]
        return self.address

    def deploy(self, progress: ProgressCallback) -> None:
        """Deploy the applications passed to `launch`; returns when all of them answer.

        Raises `StackError` when an application does not start in time.
        """
        document = yaml.safe_load(self._config.read_text())
        names = ", ".join(application["name"] for application in document["applications"])
        progress(f"Deploying {names}.")
        self._finish_deployment()
        prefixes = {
            application.get("route_prefix", "/") for application in document["applications"]
        }
        self._wait_for_routes(prefixes - {None})

    def stop(self) -> None:
        """End Ray and HAProxy."""
        processes = process_control.find_stack_processes(self._home.folder)
        process_control.end_processes(
            process_control.filter_by_kind(processes, "ray", "haproxy"), _STOP_S
        )

    def _begin_deployment(self, config: Path) -> None:
        """Start the deployment program, which imports the applications while Ray starts, then
        waits.
        """
        document = yaml.safe_load(config.read_text())
        document["http_options"] = (document.get("http_options") or {}) | {
            "host": "127.0.0.1",
            "port": self._ports.http,
        }
        write_private(self._config, yaml.safe_dump(document, sort_keys=False))
        module = "niochat.launcher.ray_serve.serve_deployment"
        command = [
            sys.executable,
            "-m",
            module,
            str(self._config),
            self.address,
            str(_DEPLOY_S),
            WAIT_FLAG,
        ]
        env = self.environment | {"PYTHONPATH": _python_path()}
        self._deployment = spawn(self._home, "serve", command, env, stdin=subprocess.PIPE)

    def _finish_deployment(self) -> None:
        child, log = self._deployment, self._home.log_file("serve")
        if child is None or child.stdin is None:
            raise StackError("Ray was not launched.")
        try:
            with contextlib.suppress(BrokenPipeError), child.stdin as stream:
                stream.write(b"now\n")
            code = child.wait(_DEPLOY_S + _START_S)
        except subprocess.TimeoutExpired:
            raise StackError(f"The deployment timed out.\n{tail_log(log)}") from None
        if code != 0:
            raise StackError(f"The applications did not start.\n{tail_log(log, 40)}")

    def _wait_for_routes(self, prefixes: set[str]) -> None:
        """Wait until HAProxy knows all routes, which is later than Serve's status RUNNING."""

        def has_routes() -> bool:
            routes = http_get(self._ports.http, "/-/routes")
            return routes is not None and prefixes <= json.loads(routes).keys()

        wait_until(has_routes, None, self._home.log_file("serve"), _ROUTES_S)

    def _command(self) -> list[str]:
        flags = {
            "node-ip-address": _NODE,
            "port": self._ports.gcs,
            # 0 lets the kernel choose a port.
            "node-manager-port": 0,
            "object-manager-port": 0,
            "dashboard-agent-listen-port": 0,
            "dashboard-agent-grpc-port": 0,
            "runtime-env-agent-port": 0,
            "ray-client-server-port": self._ports.ray_client,
            "metrics-export-port": self._ports.ray_metrics,
            "include-dashboard": str(self._dashboard).lower(),
            "dashboard-host": "127.0.0.1",
            "dashboard-port": self._ports.dashboard,
            "include-log-monitor": "false",
            "num-cpus": ray_cores(),
            "object-store-memory": _OBJECT_STORE_BYTES,
            "temp-dir": self._folder / "r",
            "log-style": "record",
            "log-color": "false",
        }
        switches = ["--head", "--disable-usage-stats", "--no-monitor"]
        options = [f"--{name}={value}" for name, value in flags.items()]
        return [str(ray_command()), "start", *switches, *options]

    def _end_client_server(self) -> None:
        """End Ray's server for remote drivers, an unused Python process with an open port.

        `ray start` has no option to leave it out; it only accepts another port.
        """
        processes = process_control.find_stack_processes(self._home.folder)
        servers = [
            process for process in processes if "ray.util.client.server" in _command_of(process)
        ]
        process_control.end_processes(servers, _STOP_S)

    def _forget_old_sessions(self) -> None:
        """Delete the logs of all runs but the last, because Ray never deletes any."""
        sessions = sorted((self._folder / "r").glob("session_2*"))
        for folder in sessions[:-1]:
            shutil.rmtree(folder, ignore_errors=True)
        for state in self._folder.iterdir():
            if state.name != "r" and state.is_dir():
                shutil.rmtree(state, ignore_errors=True)


def ray_command() -> Path:
    """Path of Ray's command line program in the current Python environment."""
    return Path(sys.executable).with_name("ray")


def _python_path() -> str:
    inherited = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(part for part in (str(CHECKOUT_FOLDER), inherited) if part)


def _command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _name_of(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""
