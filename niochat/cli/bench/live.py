"""`bench live`: from an event's commit to every screen of its tenant, and all screens come again.

Customers write at a constant rate to many providers whose assistants are off, so that every message
is one event. All providers' screens are in one process and hang on one replica of `live`, behind
HAProxy. Then all sockets are cut, and all come again at once while customers write on.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from niochat.adapters.postgres.queries import queries
from niochat.cli.bench.audience import Audience, Coming, seats
from niochat.cli.bench.crowd import Crowd
from niochat.cli.bench.figures import quantile
from niochat.cli.bench.heard import (
    Audit,
    Logged,
    Watched,
    audit,
    back_after_s,
    latencies_ms,
    refetching,
)
from niochat.cli.bench.meter import CARRIER, Reading, Use
from niochat.cli.bench.neighbours import later
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import Tenant, settle_in
from niochat.sandbox.crowd.job import Stream
from niochat.stack.postgres import DATABASE_NAME

_SQL = queries("bench")

WANTED = Wanted(screens=True, commit_times=True)
P99_MS, BACK_S = 150.0, 5.0
_PEOPLE = 25
"""Of a tenant; all have written before anything is measured."""
_APART = 1000
_WARM_RATE = 4.0
_REST_S = 2.0
"""After work, before memory is read or the log is closed."""
_AWAY_S = 2.0
_WITHIN_S = 60.0
_BUSY_AFTER_S = 6.0
"""Customers write on for so long after the screens begin to come again."""


@dataclass(frozen=True, slots=True)
class House:
    """So many providers with so many sockets each, and events a second of all together."""

    tenants: int = 40
    sockets: int = 50
    rate: float = 50.0

    @property
    def screens(self) -> int:
        """In all."""
        return self.tenants * self.sockets


@dataclass(slots=True)
class _Found:
    """What was measured."""

    opened: Coming
    again: Coming
    empty_mb: float
    open_mb: float
    until: float
    """The calm time's end; latencies are those of commits before it."""
    log: dict[str, list[Logged]]
    screens: list[Watched]
    use: Use = field(default_factory=Use)
    """Of the calm time, for a frame."""
    back: Use = field(default_factory=Use)
    """Of coming again, for a socket."""


async def measure(stage: Stage, plan: Plan, told: Told, house: House) -> Report:
    """The whole bench on a stage made for `WANTED`."""
    slugs = [f"live-{number:03d}" for number in range(house.tenants)]
    tenants = await settle_in(stage, slugs, assistant=False)
    async with Track(stage, plan, told) as track:
        told("warming up")
        warm = [_stream(number, each, _WARM_RATE) for number, each in enumerate(tenants.values())]
        seconds = _PEOPLE / _WARM_RATE + 1
        await track.play(Side(), warm, seconds, database=DATABASE_NAME)
    streams = [
        _stream(number, each, house.rate / house.tenants)
        for number, each in enumerate(tenants.values())
    ]
    audience, crowd = Audience(stage), Crowd(stage.crowd_url)
    try:
        stand = _Stand(stage, audience, crowd, told)
        found = await stand.run(tenants, later(streams, house.tenants / house.rate), plan, house)
    finally:
        await audience.close()
        await crowd.close()
    return _report(stage, house, plan, found)


def _stream(number: int, tenant: Tenant, rate: float) -> Stream:
    return Stream(
        tenant.slug, tenant.webhook_url, tenant.token, people=_PEOPLE, first=number * _APART,
        connections=2, rate=rate,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stand:
    """One run: open, listen, be cut, come again."""

    stage: Stage
    audience: Audience
    crowd: Crowd
    told: Told

    async def run(
        self, tenants: dict[str, Tenant], streams: Sequence[Stream], plan: Plan, house: House
    ) -> _Found:
        self.told("signing in")
        chosen = await seats(self.stage, tenants, house.sockets)
        empty = await self._read()
        self.told(f"{house.screens} sockets open at once")
        opened = await self.audience.open(chosen, _WITHIN_S)
        await asyncio.sleep(_REST_S)
        before = await self._read()
        mark = (await self._fetch("log_end"))[0][0]

        self.told(f"{house.rate:g} events a second")
        await self.crowd.play(streams, plan.seconds)
        await asyncio.sleep(_REST_S)
        after, until = await self._read(), time.time()

        self.told("all are cut, and come again")
        again, back = await self._cut(streams)
        screens, log = await self.audience.watched(), await self._log(mark)
        found = _Found(
            opened, again, _live_mb(empty), _live_mb(before), until, log, screens, back=back
        )
        found.use.add(before, after, len(latencies_ms(log, screens, until)))
        back.units = house.screens
        return found

    async def _cut(self, streams: Sequence[Stream]) -> tuple[Coming, Use]:
        """Customers write from before the cut until after the return."""
        use, seconds = Use(), 1 + _AWAY_S + _BUSY_AFTER_S
        writing = asyncio.create_task(self.crowd.play(streams, seconds))
        await asyncio.sleep(1)
        await self.audience.cut()
        await asyncio.sleep(_AWAY_S)
        before = await self._read()
        again = await self.audience.come_again(_WITHIN_S)
        use.add(before, await self._read(), 0)
        await writing
        await asyncio.sleep(_REST_S)
        return again, use

    async def _log(self, mark: str) -> dict[str, list[Logged]]:
        log: dict[str, list[Logged]] = {}
        for slug, position, committed in await self._fetch("log_since", mark):
            log.setdefault(slug, []).append(Logged(position, committed))
        return log

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        return await asyncio.to_thread(self.stage.stores.fetch, _SQL[query], *arguments)

    async def _read(self) -> Reading:
        return await asyncio.to_thread(self.stage.meter.read)


def _report(stage: Stage, house: House, plan: Plan, found: _Found) -> Report:
    latencies = latencies_ms(found.log, found.screens, found.until)
    p99 = round(quantile(latencies, 0.99), 1)
    audited = audit(found.log, found.screens)
    back = back_after_s(found.log, found.screens, found.again.began)
    back_s = round(back[-1], 2) if len(back) == house.screens else None
    refetched = refetching(found.screens, found.again.began)
    groups = found.use.groups()
    return Report(
        name="live",
        unit="frame",
        rate=round(len(latencies) / plan.seconds, 1),
        p50_ms=round(quantile(latencies, 0.5), 1),
        p99_ms=p99,
        cpu_ms_per_unit=found.use.cpu_ms_per_unit(),
        pss_mb=found.use.total_pss_mb(),
        groups=groups,
        machine=machine(stage.stores),
        more={
            "max_ms": round(max(latencies, default=0.0), 1),
            "spread_ms": [round(quantile(latencies, n / 100), 1) for n in range(0, 100, 5)],
            **_events(house, found),
            **_audited(audited),
            "live_cpu_ms_per_frame": groups.get(CARRIER, {}).get("cpu_ms_per_unit"),
            "live_kb_per_socket": round((found.open_mb - found.empty_mb) * 1024 / house.screens, 1),
            "screens_cores": _cores(found.use, "screens"),
            "opened": found.opened.shown(),
            "back": {
                **found.again.shown(),
                "caught_up_within_s": back_s,
                "half_within_s": round(quantile(back, 0.5), 2),
                "refetching": refetched,
                "live_cores": _cores(found.back, CARRIER),
                "screens_cores": _cores(found.back, "screens"),
                "groups": found.back.groups(),
            },
            "during": {"foreign_cores": found.use.foreign_cores},
        },
        goals={
            f"event to socket p99 under {P99_MS:g} ms ({p99})": p99 < P99_MS,
            "every screen heard every event once, in order": audited.clean,
            f"{house.screens} sockets back within {BACK_S:g} s ({back_s})": back_s is not None
            and back_s <= BACK_S and not refetched,
        },
    )  # fmt: skip


def _events(house: House, found: _Found) -> dict[str, Any]:
    calm = [each for log in found.log.values() for each in log if each.committed < found.until]
    times = [each.committed for each in calm]
    span = max(times) - min(times) if times else 0.0
    return {
        "tenants": house.tenants,
        "sockets": house.screens,
        "events": sum(len(log) for log in found.log.values()),
        "events_per_s": round(len(calm) / span, 1) if span else 0.0,
    }


def _audited(audited: Audit) -> dict[str, int]:
    return {
        "frames": audited.frames, "lost": audited.lost, "twice": audited.twice,
        "out_of_order": audited.out_of_order, "strange": audited.strange,
    }  # fmt: skip


def _live_mb(reading: Reading) -> float:
    return reading.pss_mb.get(CARRIER, 0.0)


def _cores(use: Use, group: str) -> float:
    """Kept busy by a group of processes, on average."""
    return round(use.cpu_s.get(group, 0.0) / use.wall_s, 2) if use.wall_s else 0.0
