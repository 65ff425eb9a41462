"""`bench ingest`: webhooks answered 200 after their commit.

The provider's assistant is off, so every conversation is with people: the hosts step each message
(event, message, state) beside the webhooks as they always do, and no turn begins.
"""

from dataclasses import replace

from niochat.cli.bench.crowd import Crowd
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Side, Told, Track, per_unit_of, ratio
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import prepare
from niochat.sandbox.crowd.job import Stream
from niochat.stack.postgres import DATABASE
from niochat.wiring.parts import open_parts

WANTED = Wanted(limit=True, plain=True, door_only=True)
CONNECTIONS = 64
PEOPLE = 2000
HALF_MS = 50.0
_WARM_S = 2.0
_SLUG = "bench"


async def measure(stage: Stage, seconds: float, rounds: int, told: Told) -> Report:
    """The whole bench on a stage made for `WANTED`; slices of `seconds`."""
    streams = await _streams(stage)
    crowd = Crowd(stage.crowd_url)
    try:
        return await _measured(stage, Track(crowd, stage.meter, stage.stores), streams, seconds,
                               rounds, told)  # fmt: skip
    finally:
        await crowd.close()


async def _measured(
    stage: Stage, track: Track, streams: dict[str, Stream], seconds: float, rounds: int, told: Told
) -> Report:
    for name, stream in streams.items():
        told(f"warming up: {name}", _WARM_S)
        await track.play(Side(), [stream], _WARM_S, database=_database(name))
    sides = {name: Side() for name in streams}
    for number in range(rounds):
        for name, stream in streams.items():
            told(f"round {number + 1} of {rounds}: {name}", seconds)
            if name == "product" and not number:
                await track.count(sides[name], begins=True)
            await track.play(sides[name], [stream], seconds, database=_database(name))
    half = Side()
    await track.count(sides["product"], begins=False)
    told("half of saturation", seconds)
    slower = replace(streams["product"], rate=max(sides["product"].rate / 2, 1.0))
    await track.play(half, [slower], seconds, database=DATABASE)
    return _report(stage, sides, half)


def _database(name: str) -> str:
    """Whose backlog is part of the work. The plain door has nobody who would process it."""
    return DATABASE if name == "product" else ""


async def _streams(stage: Stage) -> dict[str, Stream]:
    """One for each side, by its name; the product's first."""
    found: dict[str, Stream] = {}
    for name, settings in (("product", stage.settings()), ("plain", stage.plain_settings())):
        parts = await open_parts(settings)
        try:
            tenants = await prepare(parts, stage.crowd_url, [_SLUG], assistant=False)
        finally:
            await parts.close()
        tenant = tenants[_SLUG]
        found[name] = Stream(
            name, tenant.webhook_url, tenant.token, people=PEOPLE, connections=CONNECTIONS,
            places=CONNECTIONS,
        )  # fmt: skip
    path = found["product"].url.partition("/uazapi")[2]
    limit = replace(found["product"], name="limit", url=stage.limit_url + path)
    return {"product": found["product"], "limit": limit, "plain": found["plain"]}


def _report(stage: Stage, sides: dict[str, Side], half: Side) -> Report:
    product, limit = sides["product"], sides["limit"]
    share = ratio(product, limit)
    counted = per_unit_of(product)
    return Report(
        name="ingest",
        unit="webhook",
        rate=product.rate,
        p50_ms=product.p50_ms,
        p99_ms=product.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=product.use.cpu_ms_per_unit(),
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=counted["statements_per_unit"],
        commits_per_unit=counted["commits_per_unit"],
        groups=product.use.groups(),
        limit={**limit.summary(), "groups": limit.use.groups()},
        machine=machine(stage.stores),
        more={
            "half": half.summary() | {"offered": product.rate / 2},
            "plain": sides["plain"].summary() | {"groups": sides["plain"].use.groups()},
            "product": product.summary(),
            "backlog_at_end": product.backlog,
            "drain_s": product.drain_s,
            "hosts_kept_up": all(seconds < 2.0 for seconds in product.drain_s),
            "dearest_statements": counted["dearest_statements"],
        },
        goals={
            f"at least 0.5 of the limit ({share})": share >= 0.5,
            f"p99 under {HALF_MS:g} ms at half of saturation ({half.p99_ms})":
                half.p99_ms < HALF_MS,
        },
    )  # fmt: skip
