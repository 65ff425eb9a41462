"""Slices of load: product and limit take turns, so that a noisy machine hurts both alike."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from niochat.adapters.postgres.queries import queries
from niochat.cli.bench.crowd import Crowd, Played
from niochat.cli.bench.figures import median, quantile
from niochat.cli.bench.flames import Flames
from niochat.cli.bench.meter import Use
from niochat.cli.bench.stage import Stage
from niochat.cli.bench.stores import Spent
from niochat.sandbox.crowd.job import Moment, Outcome, Stream

_SQL = queries("bench")

_DRAINED_WITHIN_S = 120.0
_COUNTED_AFTER_S = 1.2
"""PostgreSQL's sessions report their commits at most once a second."""


@dataclass(slots=True)
class Side:
    """What was measured of one side, slice by slice."""

    use: Use = field(default_factory=Use)
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    spent: Spent = field(default_factory=Spent)

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

    def summary(self) -> dict[str, object]:
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
        return self.spent.per_unit(self.use.units)


def ratio(product: Side, limit: Side) -> float:
    """Median over the rounds: both of a round saw the same machine."""
    pairs = zip(product.rates, limit.rates, strict=True)
    return round(median([ours / theirs if theirs else 0.0 for ours, theirs in pairs]), 3)


Told = Callable[[str], None]
"""Told what runs now."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often. `flames`: folder for flame graphs, of a slice apart."""

    seconds: float = 5.0
    rounds: int = 3
    flames: Path | None = None


class Track:
    """Plays slices against a stage and measures them."""

    def __init__(self, stage: Stage, plan: Plan, told: Told) -> None:
        self._stage = stage
        self._crowd = Crowd(stage.crowd_url)
        self.plan = plan
        self.told = told

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._crowd.close()

    async def play(
        self,
        side: Side,
        streams: Sequence[Stream],
        seconds: float,
        *,
        database: str = "",
        settle_s: float = 10.0,
        drain: bool = True,
    ) -> Played:
        """One slice. With a `database` it ends when nothing waits there any more (`drain`), and
        all the work until then counts, PostgreSQL's too.
        """
        stage = self._stage
        counted = await asyncio.to_thread(stage.stores.counters, database) if database else None
        before = stage.meter.read()
        played = await self._crowd.play(streams, seconds, settle_s)
        if database and drain:
            await self._drained(side, database)
        units = sum(_units(played.outcomes[each.name], each) for each in streams)
        side.use.add(before, stage.meter.read(), units)
        if counted is not None:
            await asyncio.sleep(_COUNTED_AFTER_S)
            side.spent.add(counted, await asyncio.to_thread(stage.stores.counters, database))
        _note(side, played, streams, seconds)
        return played

    async def take_turns(
        self, what: str, streams: Mapping[str, Stream], databases: Mapping[str, str]
    ) -> dict[str, Side]:
        """Every stream in each round, one after the other."""
        sides = {name: Side() for name in streams}
        for number in range(self.plan.rounds):
            for name, stream in streams.items():
                self.told(f"{what}, {number + 1} of {self.plan.rounds}: {name}")
                database = databases.get(name, "")
                await self.play(sides[name], [stream], self.plan.seconds, database=database)
        return sides

    async def warm_up(
        self, streams: Mapping[str, Stream], databases: Mapping[str, str], seconds: float
    ) -> None:
        """Connections, caches and the persons' first messages are not measured."""
        for name, stream in streams.items():
            self.told(f"warming up: {name}")
            await self.play(Side(), [stream], seconds, database=databases.get(name, ""))

    async def draw_flames(
        self, name: str, streams: Mapping[str, Stream], databases: Mapping[str, str]
    ) -> None:
        """A slice of each under py-spy, when the plan wants it; nothing of it is measured."""
        if self.plan.flames is None:
            return
        flames = Flames(self._stage.stack.home.folder, self.plan.flames, name)
        for side, stream in streams.items():
            self.told(f"flame graphs: {side}")
            groups = ("plain",) if side == "plain" else ("webhooks", "hosts", "pool")
            seconds = self.plan.seconds
            play = self.play(Side(), [stream], seconds + 1, database=databases.get(side, ""))
            await asyncio.gather(play, flames.record(seconds, groups))

    async def _drained(self, side: Side, database: str) -> None:
        began = time.monotonic()
        left = await self._left(database)
        side.backlog.append(left)
        while left and time.monotonic() - began < _DRAINED_WITHIN_S:
            await asyncio.sleep(0.1)
            left = await self._left(database)
        side.drain_s.append(round(time.monotonic() - began, 2))

    async def _left(self, database: str) -> int:
        rows = await asyncio.to_thread(self._stage.stores.fetch, _SQL["pending"], database=database)
        return int(rows[0][0])


def _units(outcome: Outcome, stream: Stream) -> int:
    return outcome.accepted if stream.measured is Moment.ACCEPTED else outcome.answered


def _note(side: Side, played: Played, streams: Sequence[Stream], seconds: float) -> None:
    outcomes = [played.outcomes[stream.name] for stream in streams]
    side.rates.append(sum(outcome.within for outcome in outcomes) / seconds)
    for outcome in outcomes:
        side.latencies_ms.extend(outcome.latencies_ms)
        for name in _COUNTED:
            side.counts[name] = side.counts.get(name, 0) + int(getattr(outcome, name))
    heard = {"twice": played.twice, "late": played.late}
    for name, count in (heard | {f"strange {p}": n for p, n in played.strange.items()}).items():
        side.counts[name] = side.counts.get(name, 0) + count


_COUNTED = (
    "posted", "accepted", "answered", "refused", "failed", "skipped", "unanswered",
    "out_of_order",
)  # fmt: skip
