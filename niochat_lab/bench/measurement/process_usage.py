"""CPU seconds and memory of a stack, by group of processes."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from niochat.launcher import process_control

_RAY_TITLES = (
    ("ray::ServeReplica:webhooks:", "webhooks"),
    ("ray::ServeReplica:api:", "api"),
    ("ray::ServeReplica:live:", "live"),
    ("ray::ServeReplica:desk:", "desk"),
    ("ray::ServeReplica:supervisor:", "supervisor"),
    ("ray::ServeReplica:limit:", "limit"),
    ("ray::ServeReplica:", "other_replicas"),
    ("ray::HostActor", "hosts"),
    ("ray::PoolActor", "pool"),
    ("ray::AssistantActor", "assistant"),
    ("ray::ErpActor", "erp"),
    ("ray::ServeController", "serve_controller"),
    ("ray::ProxyActor", "serve_proxies"),
    ("ray::HAProxyManager", "serve_proxies"),
)
"""Ray replaces a worker's command line by its role (``setproctitle``)."""
_COMMAND_GROUPS = (
    ("niochat_sandbox.load_generator", "crowd"),
    ("niochat_sandbox.websocket_clients", "screens"),
    ("niochat_sandbox", "sandbox"),
    ("niochat_lab.bench.baselines.plain_process", "plain"),
)
_PROCESS_NAMES = {"raylet": "raylet", "gcs_server": "gcs", "haproxy": "haproxy"}
SOCKET_GROUP = "desk"
"""The group of the process that serves the live sockets on one machine."""
NON_PRODUCT_GROUPS = frozenset({"crowd", "screens", "sandbox", "plain", "limit"})
"""Groups that are not part of the product."""


@dataclass(frozen=True, slots=True)
class UsageSnapshot:
    """CPU seconds (user and system, including ended children) since each process started."""

    cpu_s: Mapping[str, float]
    pss_mb: Mapping[str, float]
    processes: Mapping[str, int] = field(default_factory=dict)
    machine_s: float = 0.0
    """The CPU seconds of the whole machine."""
    at: float = 0.0


@dataclass(slots=True)
class ProcessUsage:
    """The usage of intervals of work; intervals add up."""

    units: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)
    pss_mb: dict[str, float] = field(default_factory=dict)
    """The highest reading."""
    processes: dict[str, int] = field(default_factory=dict)
    """The largest number of processes, which shows whether a pool grew."""
    foreign_s: float = 0.0
    wall_s: float = 0.0

    def add_interval(self, before: UsageSnapshot, after: UsageSnapshot, units: int) -> None:
        """Add the interval between two snapshots."""
        self.units += units
        ours = sum(after.cpu_s.values()) - sum(before.cpu_s.values())
        self.foreign_s += max(after.machine_s - before.machine_s - ours, 0.0)
        self.wall_s += after.at - before.at
        for group in before.cpu_s.keys() | after.cpu_s.keys():
            used = after.cpu_s.get(group, 0.0) - before.cpu_s.get(group, 0.0)
            self.cpu_s[group] = self.cpu_s.get(group, 0.0) + max(used, 0.0)
        for group, pss in after.pss_mb.items():
            self.pss_mb[group] = max(self.pss_mb.get(group, 0.0), pss)
        for group, count in after.processes.items():
            self.processes[group] = max(self.processes.get(group, 0), count)

    def groups(self) -> dict[str, dict[str, float]]:
        """CPU milliseconds per unit, peak memory and number of processes by group, as JSON."""
        return {
            group: {
                "cpu_ms_per_unit": round(self._ms(seconds), 4),
                "pss_mb_peak": round(self.pss_mb.get(group, 0.0), 1),
                "processes": self.processes.get(group, 0),
            }
            for group, seconds in sorted(self.cpu_s.items(), key=lambda item: -item[1])
        }

    def cpu_ms_per_unit(self, without: Iterable[str] = NON_PRODUCT_GROUPS) -> float:
        """CPU milliseconds per unit of all groups except ``without``."""
        left_out = set(without)
        return round(sum(self._ms(s) for g, s in self.cpu_s.items() if g not in left_out), 4)

    def total_pss_mb(self, without: Iterable[str] = NON_PRODUCT_GROUPS) -> float:
        """Peak proportional memory of all groups except ``without``."""
        left_out = set(without)
        return round(sum(mb for g, mb in self.pss_mb.items() if g not in left_out), 1)

    @property
    def foreign_cores(self) -> float:
        """Cores that other programs used in the same time: near 0 on a quiet machine."""
        return round(self.foreign_s / self.wall_s, 2) if self.wall_s else 0.0

    def _ms(self, seconds: float) -> float:
        return seconds * 1000 / self.units if self.units else 0.0


class UsageMeter:
    """Reads all processes of one home."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def take_snapshot(self) -> UsageSnapshot:
        """Read the current usage. It takes some tens of milliseconds, so it is called before and
        after the work.
        """
        cpu: dict[str, float] = {}
        pss: dict[str, float] = {}
        count: Counter[str] = Counter()
        for process in process_control.find_stack_processes(self._home):
            group = process_group(process)
            cpu[group] = cpu.get(group, 0.0) + _process_cpu_s(process)
            count[group] += 1
            pss[group] = pss.get(group, 0.0) + process_control.read_pss_kb(process.pid) / 1024
        return UsageSnapshot(cpu, pss, count, _machine_cpu_s(), time.monotonic())


def process_group(process: psutil.Process) -> str:
    """The group of a process of the stack."""
    try:
        name, command = process.name(), " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
    for title, group in _RAY_TITLES:
        if command.startswith(title):
            return group
    for module, group in _COMMAND_GROUPS:
        if module in command:
            return group
    if name in _PROCESS_NAMES:
        return _PROCESS_NAMES[name]
    kind = process_control.classify_process(process)
    return "other_ray" if kind == "ray" else kind


def _machine_cpu_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _process_cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
