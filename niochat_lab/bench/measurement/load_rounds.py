"""Rounds of load: product and baseline alternate, so that a noisy machine affects both alike."""

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
    """The measurement of one side, round by round."""

    use: ProcessUsage = field(default_factory=ProcessUsage)
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    database_cost: DatabaseCost = field(default_factory=DatabaseCost)

    @property
    def rate(self) -> float:
        """The median rate of the rounds."""
        return round(median(self.rates), 2)

    @property
    def p95_ms(self) -> float:
        """The p95 of all rounds together."""
        return round(quantile(self.latencies_ms, 0.95), 2)

    @property
    def p50_ms(self) -> float:
        """The p50 of all rounds together."""
        return round(quantile(self.latencies_ms, 0.5), 2)

    @property
    def p99_ms(self) -> float:
        """The p99 of all rounds together."""
        return round(quantile(self.latencies_ms, 0.99), 2)

    def as_dict(self) -> dict[str, object]:
        """The measurement as JSON."""
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
        """Statements and commits per unit."""
        return self.database_cost.per_unit(self.use.units)


def median_ratio(product: SideMeasurement, limit: SideMeasurement) -> float:
    """The median ratio of the rounds; both sides of a round ran on the machine in the
    same state.
    """
    pairs = zip(product.rates, limit.rates, strict=True)
    return round(median([ours / theirs if theirs else 0.0 for ours, theirs in pairs]), 3)


ProgressCallback = Callable[[str], None]
"""Receives a description of the current step."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """Duration and number of the rounds. ``flames``: the folder for flame graphs of a separate
    round.
    """

    seconds: float = 5.0
    rounds: int = 3
    flames: Path | None = None


class LoadRoundRunner:
    """Runs rounds in an environment and measures them."""

    def __init__(
        self, environment: BenchEnvironment, options: BenchOptions, on_progress: ProgressCallback
    ) -> None:
        self._environment = environment
        self._generator = LoadGeneratorClient(environment.load_generator_url)
        self.options = options
        self.report_progress = on_progress

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._generator.close()

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
        """Run one round.

        With a ``database`` and ``drain`` it ends when no row of the database is pending. All work
        until then counts, including that of PostgreSQL.
        """
        environment = self._environment
        counters = (
            await asyncio.to_thread(environment.postgres.read_counters, database)
            if database
            else None
        )
        before = environment.meter.take_snapshot()
        result = await self._generator.run_job(streams, seconds, settle_s)
        if database and drain:
            await self._wait_until_drained(side, database)
        units = sum(_count_units(result.outcomes[each.name], each) for each in streams)
        side.use.add_interval(before, environment.meter.take_snapshot(), units)
        if counters is not None:
            await asyncio.sleep(_COUNTER_DELAY_S)
            side.database_cost.add_interval(
                counters, await asyncio.to_thread(environment.postgres.read_counters, database)
            )
        _record_result(side, result, streams, seconds)
        return result

    async def alternate_streams(
        self, what: str, streams: Mapping[str, LoadStream], databases: Mapping[str, str]
    ) -> dict[str, SideMeasurement]:
        """Run every stream in each round, one after another."""
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
        """Run unmeasured rounds, for connections, caches and the customers' first messages."""
        for name, stream in streams.items():
            self.report_progress(f"warming up: {name}")
            await self.run_round(
                SideMeasurement(), [stream], seconds, database=databases.get(name, "")
            )

    async def record_flame_graphs(
        self, name: str, streams: Mapping[str, LoadStream], databases: Mapping[str, str]
    ) -> None:
        """Run a round of each stream under py-spy, if the options ask for it; it is
        not measured.
        """
        if self.options.flames is None:
            return
        flames = FlameGraphRecorder(self._environment.stack.home.folder, self.options.flames, name)
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
            self._environment.postgres.fetch, _SQL["count_pending_rows"], database=database
        )
        return int(rows[0][0])


def _count_units(stream_result: LoadStreamResult, stream: LoadStream) -> int:
    return (
        stream_result.accepted
        if stream.measured is MessageStage.ACCEPTED
        else stream_result.answered
    )


def _record_result(
    side: SideMeasurement, result: LoadResult, streams: Sequence[LoadStream], seconds: float
) -> None:
    outcomes = [result.outcomes[stream.name] for stream in streams]
    side.rates.append(sum(stream_result.within for stream_result in outcomes) / seconds)
    for stream_result in outcomes:
        side.latencies_ms.extend(stream_result.latencies_ms)
        for name in _COUNTED_FIELDS:
            side.counts[name] = side.counts.get(name, 0) + int(getattr(stream_result, name))
    reply_counts = {"twice": result.twice, "late": result.late}
    for name, count in (
        reply_counts | {f"strange {p}": n for p, n in result.strange.items()}
    ).items():
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
