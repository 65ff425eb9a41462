"""Slices of load: product and limit take turns, so that a noisy machine hurts both alike."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from niochat.cli.bench.crowd import Crowd, Played
from niochat.cli.bench.figures import median, quantile
from niochat.cli.bench.meter import Meter, Use
from niochat.cli.bench.stores import Counters, Stores, per_unit
from niochat.sandbox.crowd.job import Moment, Outcome, Stream
from niochat.stack.postgres import DATABASE

_DRAINED_WITHIN_S = 120.0
_COUNTED_AFTER_S = 1.2
"""PostgreSQL's sessions report their commits at most once a second."""
_PENDING = "SELECT count(*) FROM inbox WHERE processed_at IS NULL"
_UNSENT = "SELECT count(*) FROM outbox WHERE status IN ('queued', 'sending')"


@dataclass(slots=True)
class Side:
    """What was measured of one side, slice by slice."""

    use: Use = field(default_factory=Use)
    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    drain_s: list[float] = field(default_factory=list)
    backlog: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    units: int = 0
    before: Counters | None = None
    after: Counters | None = None

    @property
    def rate(self) -> float:
        """Median of the slices."""
        return round(median(self.rates), 2)

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
            "p99_ms": self.p99_ms,
            "rates": [round(rate, 1) for rate in self.rates],
            "counts": self.counts,
        }


def ratio(product: Side, limit: Side) -> float:
    """Median over the rounds: both of a round saw the same machine."""
    pairs = zip(product.rates, limit.rates, strict=True)
    return round(median([ours / theirs if theirs else 0.0 for ours, theirs in pairs]), 3)


class Track:
    """Plays slices against the stack and measures them."""

    def __init__(self, crowd: Crowd, meter: Meter, stores: Stores) -> None:
        self._crowd = crowd
        self._meter = meter
        self._stores = stores

    async def play(
        self,
        side: Side,
        streams: Sequence[Stream],
        seconds: float,
        *,
        database: str = "",
        settle_s: float = 10.0,
    ) -> Played:
        """One slice. With a `database` it ends when nothing waits there any more, and all the
        work until then counts.
        """
        before = self._meter.read()
        played = await self._crowd.play(streams, seconds, settle_s)
        if database:
            await self._drained(side, database)
        units = sum(_units(played.outcomes[each.name], each) for each in streams)
        side.use.add(before, self._meter.read(), units)
        side.units += units
        for stream in streams:
            _note(side, played.outcomes[stream.name], seconds)
        side.counts["twice"] = side.counts.get("twice", 0) + played.twice
        side.counts["late"] = side.counts.get("late", 0) + played.late
        if played.strange:
            side.counts.update({f"strange {path}": n for path, n in played.strange.items()})
        return played

    async def count(self, side: Side, *, begins: bool, database: str = DATABASE) -> None:
        """Read PostgreSQL's counters at the begin or end of what is to be counted."""
        await asyncio.sleep(_COUNTED_AFTER_S)
        counters = await asyncio.to_thread(self._stores.counters, database)
        if begins:
            side.before = counters
        else:
            side.after = counters

    async def _drained(self, side: Side, database: str) -> None:
        began = time.monotonic()
        left = await self._left(database)
        side.backlog.append(left)
        while left and time.monotonic() - began < _DRAINED_WITHIN_S:
            await asyncio.sleep(0.1)
            left = await self._left(database)
        side.drain_s.append(round(time.monotonic() - began, 2))

    async def _left(self, database: str) -> int:
        def look() -> int:
            pending = self._stores.fetch(_PENDING, database=database)[0][0]
            return int(pending + self._stores.fetch(_UNSENT, database=database)[0][0])

        return await asyncio.to_thread(look)


def per_unit_of(side: Side) -> dict[str, object]:
    """Statements and commits for a unit, once both ends were counted."""
    if side.before is None or side.after is None:
        return {}
    return per_unit(side.before, side.after, side.units)


def _units(outcome: Outcome, stream: Stream) -> int:
    return outcome.accepted if stream.measured is Moment.ACCEPTED else outcome.answered


def _note(side: Side, outcome: Outcome, seconds: float) -> None:
    side.rates.append(outcome.within / seconds)
    side.latencies_ms.extend(outcome.latencies_ms)
    for name in ("posted", "accepted", "answered", "refused", "failed", "skipped", "unanswered",
                 "out_of_order"):  # fmt: skip
        side.counts[name] = side.counts.get(name, 0) + int(getattr(outcome, name))


Told = Callable[[str, float], None]
"""What runs now, and the seconds that are over since the last call."""
