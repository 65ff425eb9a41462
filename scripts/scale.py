#!/usr/bin/env python3
"""Capacity model of NioChat: formulas over measured coefficients, and a queueing simulation.

    scripts/scale.py                                   # the case of docs/scale.md
    scripts/scale.py --path path.json --ingest ingest.json   # `niochat bench … --json`

Needs only the standard library. Times are milliseconds of CPU time unless stated otherwise.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

MAX_UTILISATION = 0.6
"""Target utilisation of a core; the rest is reserve for bursts and for a lost node."""
NODE_CORES = {"doors": 8, "hosts": 16, "pools": 16}
INGRESS_GROUPS = ("haproxy", "webhooks", "api")
POOL_GROUPS = ("assistant", "erp")


@dataclass(frozen=True)
class Case:
    """The load to plan for: rates per second, shares, and durations in seconds."""

    tenants: int = 1_000
    subscribers: int = 10_000_000
    messages: float = 5_000.0
    per_turn: float = 1.5
    """Customer messages that one turn answers: people write in bursts."""
    turns_per_visit: float = 4.0
    model_s: float = 2.0
    tool_share: float = 0.6
    """Share of turns that call the ERP."""
    visit_s: float = 600.0
    passivate_s: float = 300.0
    burst: float = 0.4
    """Additional messages, as a share, while many providers have an outage at once."""


@dataclass(frozen=True)
class Coefficients:
    """Costs of one message or turn; the table in docs/scale.md has the source of each value."""

    per_message: dict[str, float]
    per_turn: dict[str, float]
    statements: float = 54.0
    commits: float = 20.0
    wal_kb: float = 24.0
    row_kb: float = 6.0
    """Storage of a turn with its messages, including indexes."""
    actor_kb: float = 8.0
    primary_cores: int = 64
    primary_wal_mb: float = 300.0
    primary_commits: float = 40_000.0
    """Commits per second of a primary; a group commit counts once. Each waits for a WAL sync."""
    process_connections: int = 12


DEFAULT = Coefficients(
    per_message={"haproxy": 0.08, "webhooks": 0.6, "postgres": 0.36},
    per_turn={"hosts": 1.5, "assistant": 1.4, "erp": 1.0, "redis": 0.1, "postgres": 1.0},
)


@dataclass(frozen=True)
class Stage:
    """A group of processes: cores, ms of CPU per unit, and average units per second."""

    name: str
    cores: int
    service_ms: float
    rate: float

    @property
    def load(self) -> float:
        """Average utilisation of the cores."""
        return self.rate * self.service_ms / 1000 / self.cores


def apply_measurements(
    coefficients: Coefficients, path: Path | None, ingest: Path | None
) -> Coefficients:
    """Replace coefficients by measurements of the benchmarks."""
    known = {*INGRESS_GROUPS, *POOL_GROUPS, "hosts", "redis", "postgres"}
    if ingest:
        groups = _groups(ingest, known)
        coefficients = replace(coefficients, per_message=coefficients.per_message | groups)
    if path:
        measured = json.loads(path.read_text())
        groups = _groups(path, known - set(INGRESS_GROUPS))
        per_message = coefficients.per_message["postgres"] if "postgres" in groups else 0.0
        groups = groups | {"postgres": max(groups.get("postgres", per_message) - per_message, 0.1)}
        coefficients = replace(
            coefficients,
            per_turn=coefficients.per_turn | groups,
            statements=measured.get("statements_per_unit") or coefficients.statements,
            commits=measured.get("commits_per_unit") or coefficients.commits,
        )
    return coefficients


def _groups(file: Path, known: set[str]) -> dict[str, float]:
    groups = json.loads(file.read_text()).get("groups", {})
    # On one machine a combined pool runs both. The benchmark uses no tools: all is the assistant.
    named = {"assistant" if name == "pool" else name: each for name, each in groups.items()}
    return {name: each["cpu_ms_per_unit"] for name, each in named.items() if name in known}


def build_stages(case: Case, costs: Coefficients) -> list[Stage]:
    """Each group with the cores it needs, in the order in which a message passes them."""
    turns = case.messages / case.per_turn
    postgres = costs.per_message["postgres"] * case.messages + costs.per_turn["postgres"] * turns
    needs = [
        *(
            (name, ms, case.messages)
            for name, ms in costs.per_message.items()
            if name in INGRESS_GROUPS
        ),
        ("hosts", costs.per_turn["hosts"], turns),
        ("assistant", costs.per_turn["assistant"], turns),
        ("erp", costs.per_turn["erp"] / case.tool_share, turns * case.tool_share),
        ("redis", costs.per_turn["redis"], turns),
        ("postgres", postgres / turns, turns),
    ]
    return [
        Stage(name, ceil(ms * rate / 1000 / MAX_UTILISATION), ms, rate) for name, ms, rate in needs
    ]


def primaries(case: Case, costs: Coefficients, cores: int) -> dict[str, float]:
    """Number of PostgreSQL primaries that each limit requires."""
    turns = case.messages / case.per_turn
    return {
        "CPU": cores / costs.primary_cores,
        "write-ahead log": turns * costs.wal_kb / 1024 / (costs.primary_wal_mb * MAX_UTILISATION),
        "commits": turns * costs.commits / GROUPED / (costs.primary_commits * MAX_UTILISATION),
    }


GROUPED = 8.0
"""Turns that share one commit under load: a host commits many threads at once."""


def simulate(stages: list[Stage], case: Case, seconds: float, seed: int) -> list[dict[str, float]]:
    """Simulate random arrivals, with a burst in the middle third; return figures per stage.

    Each stage is a FIFO queue before its cores with exponential service times. After the stage
    ``assistant`` the response time of the model passes. Waiting times are in ms.
    """
    rng = random.Random(seed)
    arrivals = list(_arrivals(case, seconds, rng))
    results = []
    for stage in stages:
        share = stage.rate / case.messages
        units = [at for at in arrivals if rng.random() < share]
        waits, ends = _serve(stage, units, rng)
        results.append(_figures(stage, units, waits, seconds))
        delay = case.model_s if stage.name == "assistant" else 0.0
        if share == 1:
            arrivals = sorted(ends)
        elif delay:
            arrivals = [at + delay for at in arrivals]
    return results


def _arrivals(case: Case, seconds: float, rng: random.Random) -> Iterator[float]:
    now = 0.0
    while now < seconds:
        middle = seconds / 3 <= now < seconds * 2 / 3
        now += rng.expovariate(case.messages * (1 + case.burst * middle))
        yield now


def _serve(
    stage: Stage, arrivals: list[float], rng: random.Random
) -> tuple[list[float], list[float]]:
    free = [0.0] * stage.cores
    waits, ends = [], []
    for at in arrivals:
        start = max(at, heapq.heappop(free))
        end = start + rng.expovariate(1000 / stage.service_ms)
        heapq.heappush(free, end)
        waits.append(start - at)
        ends.append(end)
    return waits, ends


def _figures(
    stage: Stage, arrivals: list[float], waits: list[float], seconds: float
) -> dict[str, float]:
    ordered = sorted(waits) or [0.0]
    return {
        "load": len(arrivals) * stage.service_ms / 1000 / stage.cores / seconds,
        "mean_ms": sum(ordered) / len(ordered) * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        "longest_ms": ordered[-1] * 1000,
    }


def report(case: Case, costs: Coefficients, seconds: float, seed: int) -> dict[str, object]:
    """All results as one object."""
    planned = build_stages(case, costs)
    cores = {stage.name: stage.cores for stage in planned}
    groups = {
        "doors": sum(cores.get(name, 0) for name in INGRESS_GROUPS),
        "hosts": cores["hosts"],
        "pools": sum(cores[name] for name in POOL_GROUPS),
    }
    turns = case.messages / case.per_turn
    limits = primaries(case, costs, cores["postgres"])
    cells = ceil(max(limits.values()))
    # Little's law: conversations that start per second, times the seconds that each is in memory.
    conversations = turns / case.turns_per_visit * (case.visit_s + case.passivate_s)
    processes = sum(groups.values()) + 2 * cells
    return {
        "turns_per_s": turns,
        "stages": {
            stage.name: {"cores": stage.cores, "service_ms": stage.service_ms, **figures}
            for stage, figures in zip(planned, simulate(planned, case, seconds, seed), strict=True)
        },
        "nodes": {name: ceil(need / NODE_CORES[name]) + 1 for name, need in groups.items()},
        "primaries": limits,
        "cells": cells,
        "tenants_per_cell": ceil(case.tenants / cells),
        "active_conversations": conversations,
        "actors_mb": conversations * costs.actor_kb / 1024,
        "stored_gb_per_day": turns * AVERAGE_OF_PEAK * 86_400 * costs.row_kb / 1024**2,
        "connections": processes * costs.process_connections,
        "statements_per_s": turns * costs.statements,
    }


AVERAGE_OF_PEAK = 0.1
"""Mean rate of a day as a share of the peak rate."""


def format_report(results: dict[str, object]) -> str:
    """Format the results as a readable table."""
    lines = [f"{'stage':<12}{'cores':>7}{'ms':>8}{'load':>7}{'mean':>9}{'p99':>9}{'longest':>10}"]
    for name, each in results["stages"].items():  # type: ignore[attr-defined]
        lines.append(
            f"{name:<12}{each['cores']:>7}{each['service_ms']:>8.2f}{each['load']:>7.2f}"
            f"{each['mean_ms']:>9.2f}{each['p99_ms']:>9.2f}{each['longest_ms']:>10.2f}"
        )
    for name, value in results.items():
        if name != "stages":
            lines.append(f"{name.replace('_', ' '):<22} {_plain(value)}")
    return "\n".join(lines)


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def main() -> None:
    """Parse the command line and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--path", type=Path, help="JSON of `niochat bench path`")
    parser.add_argument("--ingest", type=Path, help="JSON of `niochat bench ingest`")
    parser.add_argument(
        "--messages", type=float, default=Case.messages, help="messages per second at the peak"
    )
    parser.add_argument(
        "--burst", type=float, default=Case.burst, help="additional messages in a burst, as a share"
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="simulated time")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    case = Case(messages=options.messages, burst=options.burst)
    costs = apply_measurements(DEFAULT, options.path, options.ingest)
    results = report(case, costs, options.seconds, options.seed)
    print(json.dumps(results, indent=2) if options.json else format_report(results))


if __name__ == "__main__":
    main()
