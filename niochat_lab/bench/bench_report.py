"""The report of a benchmark: one JSON object, and a table for people."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from niochat_lab.bench.measurement.postgres_statistics import BenchPostgres

REQUEST_COLUMNS = ("request", "times", "p50_ms", "p95_ms", "rows", "failed")
"""The fields of a measured request, as tables show them."""


@dataclass(slots=True)
class BenchReport:
    """The figures of one benchmark. Rates are units per second, ``…_ms`` milliseconds, ``pss_mb``
    MB; a figure that does not apply is null.

    ``limit``: the baseline, with the keys ``rate``, ``p50_ms`` and ``p99_ms`` if they apply.
    ``more``: further fields of the JSON object.
    """

    name: str
    unit: str
    rate: float | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    ratio_to_limit: float | None = None
    cpu_ms_per_unit: float | None = None
    pss_mb: float | None = None
    statements_per_unit: float | None = None
    commits_per_unit: float | None = None
    groups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    limit: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    goals: Mapping[str, bool] = field(default_factory=dict)
    """Whether each goal was met, by its sentence."""

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON object."""
        found = asdict(self)
        return {**found.pop("more"), **found}


def describe_machine(postgres: BenchPostgres | None = None) -> dict[str, Any]:
    """Describe the machine: cores, memory in MB, versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu,
        "memory_mb": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "ray": version("ray"),
        "postgresql": postgres.version() if postgres is not None else "",
        "load_before": [round(each, 2) for each in os.getloadavg()],
    }


def render_report(report: BenchReport) -> RenderableType:
    """Render the report as tables."""
    figures = Table(title=f"bench {report.name}", show_header=False)
    for name, value in report.as_dict().items():
        if name in ("groups", "goals", "machine", "limit", "name") or value is None:
            continue
        if not isinstance(value, dict | list | tuple):
            figures.add_row(name.replace("_", " "), str(value))
    for name, value in report.limit.items():
        if not isinstance(value, dict | list | tuple):
            figures.add_row(f"limit: {name.replace('_', ' ')}", str(value))
    for goal, met in report.goals.items():
        figures.add_row(goal, "[green]met[/green]" if met else "[red]missed[/red]")
    groups = Table("group", f"CPU ms a {report.unit}", "peak PSS MB", "processes")
    for group, used in report.groups.items():
        cells = (used["cpu_ms_per_unit"], used["pss_mb_peak"], used.get("processes", 0))
        groups.add_row(group, f"{cells[0]:.3f}", f"{cells[1]:.0f}", str(cells[2]))
    requests = Table(*(name.replace("_", " ") for name in REQUEST_COLUMNS))
    for each in report.more.get("requests", ()):
        requests.add_row(*(str(each[key]) for key in REQUEST_COLUMNS))
    tables = [figures, *([groups] if report.groups else []), *([requests] if requests.rows else [])]
    return Group(*tables)
