"""Slices of load: product and limit take turns, so that a noisy machine hurts both alike."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from niochat_lab.bench.environment.bench_environment import BenchEnvironment
from niochat_lab.bench.environment.load_generator_client import LoadGeneratorClient, LoadResult
from niochat_lab.bench.measurement.flame_graphs import FlameGraphRecorder
from niochat_lab.bench.measurement.postgres_statistics import DatabaseCost
from niochat_lab.bench.measurement.process_usage import ProcessUsage
from niochat_lab.bench.measurement.quantiles import median, quantile
from niochat_lab.lab_queries import lab_queries
from niochat_sandbox.load_generator.load_job import LoadStream, LoadStreamResult, MessageStage

_SQL = lab_queries("bench")

_DRAIN_TIMEOUT_S = 120.0
_COUNTER_DELAY_S = 1.2
"""PostgreSQL's sessions report their commits at most once a second."""


@dataclass(slots=True)
class SideMeasurement:
    """What was measured of one side, slice by slice."""

    use: ProcessUsage = field(default_factory=ProcessUsage)
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    database_cost: DatabaseCost = field(default_factory=DatabaseCost)

    @property
    def rate(self) -> float:
        """Median of the slices."""
        return round(median(self.rates), 2)

    @property
    def p95_ms(self) -> float:
        """Of all slices together."""
        return round(quantile(self.latencies_ms, 0.95), 2)

    @property
    def p50_ms(self) -> float:
        """Of all slices together."""
        return round(quantile(self.latencies_ms, 0.5), 2)

    @property
    def p99_ms(self) -> float:
        """Of all slices together."""
        return round(quantile(self.latencies_ms, 0.99), 2)

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "rate": self.rate,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "p99_ms": self.p99_ms,
            "rates": [round(rate, 1) for rate in self.rates],
            "counts": self.counts,
            "cpu_ms_per_unit": self.use.cpu_ms_per_unit(),
            "foreign_cores": self.use.foreign_cores,
            "groups": self.use.groups(),
            "drain_s": self.drain_s,
            "backlog": self.backlog,
        }

    def statements(self) -> dict[str, Any]:
        """Statements and commits for a unit."""
        return self.database_cost.per_unit(self.use.units)


def median_ratio(product: SideMeasurement, limit: SideMeasurement) -> float:
    """Median over the rounds: both of a round saw the same machine."""
    pairs = zip(product.rates, limit.rates, strict=True)
    return round(median([ours / theirs if theirs else 0.0 for ours, theirs in pairs]), 3)


ProgressCallback = Callable[[str], None]
"""Told what runs now."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """How long and how often. `flames`: folder for flame graphs, of a slice apart."""

    seconds: float = 5.0
    rounds: int = 3
    flames: Path | None = None


class LoadRoundRunner:
    """Plays slices against a stage and measures them."""

    def __init__(self, stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback) -> None:
        self._stage = stage
        self._crowd = LoadGeneratorClient(stage.load_generator_url)
        self.options = plan
        self.report_progress = told

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._crowd.close()

    async def run_round(
        self,
        side: SideMeasurement,
        streams: Sequence[LoadStream],
        seconds: float,
        *,
        database: str = "",
        settle_s: float = 10.0,
        drain: bool = True,
    ) -> LoadResult:
        """One slice. With a `database` it ends when nothing waits there any more (`drain`), and
        all the work until then counts, PostgreSQL's too.
        """
        stage = self._stage
        counted = (
            await asyncio.to_thread(stage.postgres.read_counters, database) if database else None
        )
        before = stage.meter.take_snapshot()
        played = await self._crowd.run_job(streams, seconds, settle_s)
        if database and drain:
            await self._wait_until_drained(side, database)
        units = sum(_count_units(played.outcomes[each.name], each) for each in streams)
        side.use.add_interval(before, stage.meter.take_snapshot(), units)
        if counted is not None:
            await asyncio.sleep(_COUNTER_DELAY_S)
            side.database_cost.add_interval(
                counted, await asyncio.to_thread(stage.postgres.read_counters, database)
            )
        _record_result(side, played, streams, seconds)
        return played

    async def alternate_streams(
        self, what: str, streams: Mapping[str, LoadStream], databases: Mapping[str, str]
    ) -> dict[str, SideMeasurement]:
        """Every stream in each round, one after the other."""
        sides = {name: SideMeasurement() for name in streams}
        for number in range(self.options.rounds):
            for name, stream in streams.items():
                self.report_progress(f"{what}, {number + 1} of {self.options.rounds}: {name}")
                database = databases.get(name, "")
                await self.run_round(sides[name], [stream], self.options.seconds, database=database)
        return sides

    async def warm_up(
        self, streams: Mapping[str, LoadStream], databases: Mapping[str, str], seconds: float
    ) -> None:
        """Connections, caches and the persons' first messages are not measured."""
        for name, stream in streams.items():
            self.report_progress(f"warming up: {name}")
            await self.run_round(
                SideMeasurement(), [stream], seconds, database=databases.get(name, "")
            )

    async def record_flame_graphs(
        self, name: str, streams: Mapping[str, LoadStream], databases: Mapping[str, str]
    ) -> None:
        """A slice of each under py-spy, when the plan wants it; nothing of it is measured."""
        if self.options.flames is None:
            return
        flames = FlameGraphRecorder(self._stage.stack.home.folder, self.options.flames, name)
        for side, stream in streams.items():
            self.report_progress(f"flame graphs: {side}")
            groups = ("plain",) if side == "plain" else ("webhooks", "hosts", "pool")
            seconds = self.options.seconds
            play = self.run_round(
                SideMeasurement(), [stream], seconds + 1, database=databases.get(side, "")
            )
            await asyncio.gather(play, flames.record(seconds, groups))

    async def _wait_until_drained(self, side: SideMeasurement, database: str) -> None:
        began = time.monotonic()
        left = await self._count_pending(database)
        side.backlog.append(left)
        while left and time.monotonic() - began < _DRAIN_TIMEOUT_S:
            await asyncio.sleep(0.1)
            left = await self._count_pending(database)
        side.drain_s.append(round(time.monotonic() - began, 2))

    async def _count_pending(self, database: str) -> int:
        rows = await asyncio.to_thread(
            self._stage.postgres.fetch, _SQL["count_pending_rows"], database=database
        )
        return int(rows[0][0])


def _count_units(outcome: LoadStreamResult, stream: LoadStream) -> int:
    return outcome.accepted if stream.measured is MessageStage.ACCEPTED else outcome.answered


def _record_result(
    side: SideMeasurement, played: LoadResult, streams: Sequence[LoadStream], seconds: float
) -> None:
    outcomes = [played.outcomes[stream.name] for stream in streams]
    side.rates.append(sum(outcome.within for outcome in outcomes) / seconds)
    for outcome in outcomes:
        side.latencies_ms.extend(outcome.latencies_ms)
        for name in _COUNTED_FIELDS:
            side.counts[name] = side.counts.get(name, 0) + int(getattr(outcome, name))
    heard = {"twice": played.twice, "late": played.late}
    for name, count in (heard | {f"strange {p}": n for p, n in played.strange.items()}).items():
        side.counts[name] = side.counts.get(name, 0) + count


_COUNTED_FIELDS = (
    "posted",
    "accepted",
    "answered",
    "refused",
    "failed",
    "skipped",
    "unanswered",
    "out_of_order",
)
