"""`bench growth`: `ingest` and `path`, in short, while the database grows.

Each size is measured beside the limit of `ingest` (an application that only reads the body), which
does not grow, so that a machine that slows down meanwhile is no growth. What is told for a size is
product over limit, over the same of the empty database.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from niochat.cli.bench.bulk import fill
from niochat.cli.bench.ingest import ingest_stream, limit_stream
from niochat.cli.bench.path import PEOPLE, path_stream
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track, ratio
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import settle_in
from niochat.sandbox.crowd.job import Stream
from niochat.stack.postgres import DATABASE_NAME

WANTED = Wanted(limit=True)
SIZES = (10_000, 1_000_000, 5_000_000)
GOAL = 0.9
_ASSISTED, _HELD = "assisted", "held"
_WARM_S = 3.0
_MEASURED = ("ingest", "path")
_DATABASES = dict.fromkeys(_MEASURED, DATABASE_NAME)


async def measure(stage: Stage, plan: Plan, told: Told, sizes: Sequence[int] = SIZES) -> Report:
    """The whole bench; sizes are messages stored, ascending."""
    streams, tenant_id, channel_id = await _streams(stage)
    found: list[dict[str, Any]] = []
    stored = 0
    async with Track(stage, plan, told) as track:
        await track.warm_up(streams, _DATABASES, _WARM_S)
        for size in (0, *sizes):
            told(f"storing {size:,} messages")
            await asyncio.to_thread(fill, stage.stores, tenant_id, channel_id, stored, size)
            stored = max(stored, size)
            await track.warm_up({"path": streams["path"]}, _DATABASES, _WARM_S)
            sides = await track.take_turns(f"{size:,} messages", streams, _DATABASES)
            found.append({"messages": size, **_figures(sides)})
    return _report(stage, found, sides)


async def _streams(stage: Stage) -> tuple[dict[str, Stream], object, object]:
    assisted = (await settle_in(stage, [_ASSISTED], assistant=True))[_ASSISTED]
    held = (await settle_in(stage, [_HELD], assistant=False))[_HELD]
    ingest = ingest_stream("ingest", held)
    streams = {
        "ingest": ingest,
        "limit": limit_stream(stage, ingest),
        "path": path_stream("path", assisted, PEOPLE),
    }
    return streams, assisted.tenant_id, assisted.channel_id


def _figures(sides: dict[str, Side]) -> dict[str, Any]:
    return {
        name: {
            "rate": sides[name].rate,
            "p50_ms": sides[name].p50_ms,
            "p99_ms": sides[name].p99_ms,
            "cpu_ms_per_unit": sides[name].use.cpu_ms_per_unit(),
            "limit_rate": sides["limit"].rate,
            "ratio_to_limit": ratio(sides[name], sides["limit"]),
            "foreign_cores": sides[name].use.foreign_cores,
            **sides[name].statements(),
        }
        for name in _MEASURED
    }


def _report(stage: Stage, found: list[dict[str, Any]], sides: dict[str, Side]) -> Report:
    empty, *grown = found
    for size in found:
        for name in _MEASURED:
            of_empty = empty[name]["ratio_to_limit"]
            found_now = size[name]["ratio_to_limit"]
            size[name]["ratio_to_empty"] = round(found_now / of_empty, 3) if of_empty else 0.0
    path = sides["path"]
    goals = {
        f"{name} with {size['messages']:,} messages at least {GOAL} of the empty database "
        f"({size[name]['ratio_to_empty']})": size[name]["ratio_to_empty"] >= GOAL
        for size in grown
        for name in _MEASURED
    }
    return Report(
        name="growth",
        unit="turn",
        rate=path.rate,
        p50_ms=path.p50_ms,
        p99_ms=path.p99_ms,
        ratio_to_limit=found[-1]["path"]["ratio_to_empty"],
        cpu_ms_per_unit=path.use.cpu_ms_per_unit(),
        pss_mb=path.use.total_pss_mb(),
        groups=path.use.groups(),
        limit={"rate": empty["path"]["rate"], "ingest_rate": empty["ingest"]["rate"]},
        machine=machine(stage.stores),
        more={"sizes": found},
        goals=goals,
    )
