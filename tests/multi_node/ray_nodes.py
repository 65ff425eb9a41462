"""Ray nodes, each a machine of its own: network, processes and folders are not the others'."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from niochat.launcher.home_folder import HomeFolder, write_private
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.ray_serve.ray_cluster import SERVE_CONFIG, ray_command
from niochat.launcher.ray_serve.ray_flags import ray_environment
from niochat.launcher.subprocesses import spawn, tail_log, wait_until
from tests.multi_node.cluster_services import HTTP
from tests.multi_node.network_namespaces import Network, NetworkNamespaces, address, run_inside

GCS = 6379
START_S = 90.0
DEPLOY_S = 200.0
APPLICATIONS = ("webhooks", "api", "live", "desk", "supervisor")
LABEL = "niochat-carries"
# Every machine has its own, so every machine has the same.
_PORTS = StackPorts(
    http=HTTP,
    postgres=0,
    redis=0,
    sandbox=0,
    smtp=0,
    supabase=0,
    gcs=GCS,
    ray_client=10001,
    ray_metrics=20010,
    dashboard=8265,
    dashboard_metrics=20011,
    haproxy_stats=8404,
    haproxy_metrics=9101,
    fallback_http=8500,
    fallback_grpc=9500,
    replica_http=30000,
    replica_grpc=31000,
    desk_dev=0,
)

# Ray finds a silent node after 15 to 65 s; a test has no such time. The cut-off side gives up
# after so many seconds without the GCS.
_SWIFT = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "3",
    "RAY_gcs_rpc_server_reconnect_timeout_s": "60",
}
# The first process of a machine: starts Ray, then buries whatever lost its parent.
_INIT = '"$@"; echo $? > "$RC"; while true; do sleep 3600 & wait $!; done'


@dataclass(slots=True)
class Node:
    """One machine and the tree of its processes."""

    number: int
    namespace: str
    process: "subprocess.Popen[bytes]"

    def processes(self, title: str) -> list[psutil.Process]:
        """Its processes whose command line shows ``title``."""
        tree = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in tree if title in _title(each)]


@dataclass
class RayNodes:
    """The cluster. Node 10 is the head; it carries nothing of ours but a HAProxy."""

    home: HomeFolder
    machines: NetworkNamespaces
    environment: Mapping[str, str]
    token: str
    running: dict[int, Node] = field(default_factory=dict)
    _changes: dict[str, dict[str, str]] = field(default_factory=dict)

    HEAD = 10

    @property
    def workers(self) -> list[int]:
        """Numbers of the nodes that carry hosts, doors and pools."""
        return [number for number in self.running if number != self.HEAD]

    def launch(self, number: int) -> None:
        """Begin to start a machine and Ray on it; ``wait`` waits for it."""
        namespace = self.machines.add(number)
        folder = self._folder(number)
        flags = self._flags(number) | {"RC": str(folder / "started"), "RAY_ADDRESS": ""}
        (folder / "started").unlink(missing_ok=True)
        command = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"]
        command += ["bash", "-c", _INIT, "init", *self._start_command(number)]
        with run_inside(namespace):
            process = spawn(self.home, f"n{number}", command, {**self.environment, **flags})
        self.running[number] = Node(number, namespace, process)

    def wait(self, number: int) -> Node:
        """Return once Ray runs there."""
        node, started = self.running[number], self._folder(number) / "started"
        log = self.home.log_file(f"n{number}")
        wait_until(
            lambda: started.exists() and bool(started.read_text()), node.process, log, START_S
        )
        assert started.read_text().strip() == "0", tail_log(log, 30)
        return node

    def join(self, number: int) -> Node:
        """A machine joins the cluster, or comes back into it."""
        self.launch(number)
        return self.wait(number)

    def kill(self, number: int) -> None:
        """Pull every plug at once: the others see silence, not closed connections."""
        node = self.running.pop(number)
        for network in Network:
            self.machines.cut(number, network)
        node.process.kill()
        node.process.wait(10)
        self.machines.remove(number)

    def restart_gcs(self, pause_s: float) -> None:
        """SIGKILL the cluster's own server on the head; after the pause it is started again."""
        (server,) = self.running[self.HEAD].processes("/gcs_server")
        command, environment = server.cmdline(), server.environ()
        kill(server)
        time.sleep(pause_s)
        prefix = ["nsenter", f"--target={self._first(self.HEAD)}", "--pid", "--mount"]
        with run_inside(self.running[self.HEAD].namespace):
            spawn(self.home, "gcs", [*prefix, *command], environment)

    def cut(self, number: int, network: Network) -> None:
        """No packet passes any more; nobody is told."""
        self.machines.cut(number, network)

    def heal(self, number: int, network: Network) -> None:
        """Packets pass again."""
        self.machines.heal(number, network)

    def deploy(self, changes: Mapping[str, str] | None = None, *only: str) -> None:
        """`serve deploy` of the product's configuration, and wait until it runs.

        ``changes`` go as variables into the ``runtime_env`` of ``only`` these applications, or
        of all; what was changed before stays.
        """
        for name in only or APPLICATIONS:
            self._changes[name] = {**self._changes.get(name, {}), **(changes or {})}
        file = self.home.folder / "serve_config.yaml"
        write_private(file, yaml.safe_dump(_configuration(self._changes)))
        module = "niochat.launcher.ray_serve.serve_deployment"
        gcs = f"{address(Network.CLUSTER, self.HEAD)}:{GCS}"
        command = [sys.executable, "-m", module, str(file), gcs, str(DEPLOY_S)]
        flags = self._flags(self.HEAD) | {"RAY_ADDRESS": gcs}
        prefix = ["nsenter", f"--target={self._first(self.HEAD)}", "--pid", "--mount"]
        with run_inside(self.running[self.HEAD].namespace):
            child = spawn(self.home, "serve", [*prefix, *command], {**self.environment, **flags})
        assert child.wait(DEPLOY_S + 30) == 0, tail_log(self.home.log_file("serve"), 40)

    def ray_id(self, number: int) -> str:
        """What Ray calls the node, from the command line of its raylet."""
        (raylet,) = self.running[number].processes("/raylet/raylet")
        found = re.search(r"--node_id=(\w+)", " ".join(raylet.cmdline()))
        assert found
        return found[1]

    def stop(self) -> None:
        """End every machine."""
        for number in list(self.running):
            self.kill(number)

    def _first(self, number: int) -> int:
        """Process id, as we see it, of the machine's first process."""
        (child,) = psutil.Process(self.running[number].process.pid).children()
        return child.pid

    def _folder(self, number: int) -> Path:
        folder = self.home.temporary_folder() / f"n{number}"
        folder.mkdir(exist_ok=True, mode=0o700)
        return folder

    def _flags(self, number: int) -> dict[str, str]:
        token = self.home.folder / "ray_token"
        write_private(token, self.token)
        more = {"PYTHONPATH": str(SERVE_CONFIG.parent)}
        if number == self.HEAD:
            storage = self._folder(number) / "gcs"
            more |= {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(storage)}
        return ray_environment(_PORTS, self._folder(number), token) | _SWIFT | more

    def _start_command(self, number: int) -> list[str]:
        head = address(Network.CLUSTER, self.HEAD)
        given = {
            "node-ip-address": address(Network.CLUSTER, number),
            "metrics-export-port": _PORTS.ray_metrics,
            "include-log-monitor": "false",
            "object-store-memory": 80_000_000,
            "temp-dir": self._folder(number) / "r",
            "num-cpus": 0 if number == self.HEAD else 2,
        }
        joins = {"address": f"{head}:{GCS}", "labels": f"{LABEL}=any"}
        given |= {"port": GCS} if number == self.HEAD else joins
        switches = ["--head", "--no-monitor", "--include-dashboard=false"]
        return [
            str(ray_command()),
            "start",
            *(switches if number == self.HEAD else []),
            "--disable-usage-stats",
            *(f"--{name}={value}" for name, value in given.items()),
        ]


def _configuration(changes: Mapping[str, dict[str, str]]) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SERVE_CONFIG.read_text())
    for application in document["applications"]:
        if variables := changes.get(application["name"]):
            application["runtime_env"] = {"env_vars": variables}
    return document


def kill(process: psutil.Process) -> None:
    """SIGKILL, and see it die."""
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "it lives on"
        time.sleep(0.05)


def inner_pid(pid: int) -> int:
    """The process id that a process of a machine has in that machine."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("NSpid:")).split()[-1])


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
