"""Ray as a cluster of this one machine, and the Serve applications on it."""

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
SERVE_CONFIG = CHECKOUT_FOLDER / "serve_config.yaml"
ONE_MACHINE_CONFIG = CHECKOUT_FOLDER / "deploy" / "one_machine.yaml"

# Ray replaces 127.0.0.1 by the address of the network card, which a laptop loses with its
# network. It leaves the other loopback addresses alone; only Linux has them without set-up.
_NODE = "127.0.0.2" if sys.platform == "linux" else "127.0.0.1"
WAIT_FLAG = "--wait"  # of serve_deployment.py, which imports Ray
_OBJECT_STORE_BYTES = 100_000_000
_START_S = 90.0
_DEPLOY_S = 180.0
_ROUTES_S = 30.0
# Ray's servers wait for one another on SIGTERM; nothing of theirs outlives this stack.
_STOP_S = 2.0
# Without the first no actor is found or made; with the second every worker of the node ends.
_SERVERS = ("gcs_server", "raylet")


class RayCluster:
    """The head node (the only one), started through Ray's own command line."""

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
        # Ray opens its own folder to everybody (0777), so it gets one inside ours (0700).
        self._folder = home.temporary_folder()
        self._token_path = home.folder / "ray_token"
        self._token = credentials.ray_token
        self._config = home.folder / "serve_config.yaml"
        self._child: subprocess.Popen[bytes] | None = None
        self._deployment: subprocess.Popen[bytes] | None = None
        self._servers: list[psutil.Process] = []

    @property
    def is_running(self) -> bool:
        """Whether Ray's two servers live. Ray restarts its workers, and nobody restarts these."""
        return bool(self._servers) and all(process_control.is_alive(each) for each in self._servers)

    @property
    def address(self) -> str:
        """For `ray.init(address=...)`, with `environment` set before."""
        return f"{_NODE}:{self._ports.gcs}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program has to have in its environment before it imports ray."""
        flags = ray_environment(self._ports, self._folder, self._token_path)
        return flags | {"RAY_ADDRESS": self.address}

    @property
    def dashboard_url(self) -> str | None:
        """Where Ray's dashboard is, if it was asked for."""
        return f"http://127.0.0.1:{self._ports.dashboard}" if self._dashboard else None

    def launch(self, env: Mapping[str, str], config: Path = ONE_MACHINE_CONFIG) -> None:
        """Begin to start Ray with `env` in every worker, and to load the applications of a Serve
        config; `join` and `deploy` wait for them. Nothing of an older Ray may be left.
        """
        self._forget_old_sessions()
        write_private(self._token_path, self._token)
        flags = {name: value for name, value in self.environment.items() if name != "RAY_ADDRESS"}
        # `ray start --head` is misled by the address of another cluster.
        flags |= {"RAY_ADDRESS": "", "PYTHONPATH": _python_path()}
        self._child = spawn(self._home, "ray", self._command(), {**env, **flags})
        self._begin_deployment(config)

    def wait_until_up(self) -> str:
        """Wait until Ray is up and return its address."""
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
        found = process_control.find_stack_processes(self._home.folder)
        self._servers = [process for process in found if _name_of(process) in _SERVERS]
        return self.address

    def deploy(self, progress: ProgressCallback) -> None:
        """Deploy the applications that `launch` was given until all of them answer."""
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
        found = process_control.find_stack_processes(self._home.folder)
        process_control.end_processes(
            process_control.filter_by_kind(found, "ray", "haproxy"), _STOP_S
        )

    def _begin_deployment(self, config: Path) -> None:
        """Its program imports the applications while Ray starts, and waits to be told."""
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
            with contextlib.suppress(BrokenPipeError), child.stdin as told:
                told.write(b"now\n")
            code = child.wait(_DEPLOY_S + _START_S)
        except subprocess.TimeoutExpired:
            raise StackError(f"Deploying takes too long.\n{tail_log(log)}") from None
        if code != 0:
            raise StackError(f"The applications did not start.\n{tail_log(log, 40)}")

    def _wait_for_routes(self, prefixes: set[str]) -> None:
        """Serve calls an application running before HAProxy has read where it listens."""

        def known() -> bool:
            routes = http_get(self._ports.http, "/-/routes")
            return routes is not None and prefixes <= json.loads(routes).keys()

        wait_until(known, None, self._home.log_file("serve"), _ROUTES_S)

    def _command(self) -> list[str]:
        flags = {
            "node-ip-address": _NODE,
            "port": self._ports.gcs,
            # 0 is a port that the kernel chooses.
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
        given = [f"--{name}={value}" for name, value in flags.items()]
        return [str(ray_command()), "start", *switches, *given]

    def _end_client_server(self) -> None:
        """End the server for remote drivers: a Python process and a port that nobody here uses.

        `ray start` has no switch for it; it only accepts another port.
        """
        found = process_control.find_stack_processes(self._home.folder)
        servers = [process for process in found if "ray.util.client.server" in _command_of(process)]
        process_control.end_processes(servers, _STOP_S)

    def _forget_old_sessions(self) -> None:
        """Keep the logs of the last run and drop those before: Ray never does."""
        sessions = sorted((self._folder / "r").glob("session_2*"))
        for folder in sessions[:-1]:
            shutil.rmtree(folder, ignore_errors=True)
        for state in self._folder.iterdir():
            if state.name != "r" and state.is_dir():
                shutil.rmtree(state, ignore_errors=True)


def ray_command() -> Path:
    """Ray's command line, of the environment that this program runs in."""
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
