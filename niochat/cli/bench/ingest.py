"""`bench ingest`: webhooks answered 200 after their commit.

The provider's assistant is off, so every conversation is with people: the hosts step each message
(event, message, state) beside the webhooks as they always do, and no turn begins.
"""

from dataclasses import replace

from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track, ratio
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import Tenant, settle_in
from niochat.sandbox.crowd.job import Stream
from niochat.stack.postgres import DATABASE_NAME

WANTED = Wanted(limit=True, plain=True, door_only=True)
CONNECTIONS = 64
PEOPLE = 2000
HALF_MS = 50.0
RATIO = 0.4
_KEPT_UP_S = 2.0
"""Seconds after a slice within which the hosts have processed all of it."""
_WARM_S = 5.0
_SLUG = "bench"
_DATABASES = {"product": DATABASE_NAME}
"""Whose backlog is part of the work. The plain door has nobody who would process it."""


async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
    """The whole bench on a stage made for `WANTED`."""
    streams = await _streams(stage)
    async with Track(stage, plan, told) as track:
        await track.warm_up(streams, _DATABASES, _WARM_S)
        sides = await track.take_turns("saturation", streams, _DATABASES)
        rate = max(sides["product"].rate / 2, 1.0)
        slower = {"product": replace(streams["product"], rate=rate),
                  "limit": replace(streams["limit"], rate=rate)}  # fmt: skip
        halves = await track.take_turns("half of saturation", slower, _DATABASES)
        await track.draw_flames("ingest", {"product": streams["product"]}, _DATABASES)
    return _report(stage, sides, halves)


async def _streams(stage: Stage) -> dict[str, Stream]:
    """One for each side, by its name; the product's first."""
    product = ingest_stream("product", (await settle_in(stage, [_SLUG], assistant=False))[_SLUG])
    at_plain = await settle_in(stage, [_SLUG], assistant=False, plain=True)
    return {
        "product": product,
        "limit": limit_stream(stage, product),
        "plain": ingest_stream("plain", at_plain[_SLUG]),
    }


def ingest_stream(name: str, tenant: Tenant) -> Stream:
    """People who write as fast as their webhooks are answered."""
    return Stream(
        name, tenant.webhook_url, tenant.token, people=PEOPLE, connections=CONNECTIONS,
        places=CONNECTIONS,
    )  # fmt: skip


def limit_stream(stage: Stage, product: Stream) -> Stream:
    """The same bodies, to the application that only reads them."""
    path = product.url.partition("/uazapi")[2]
    return replace(product, name="limit", url=stage.limit_url + path)


def _report(stage: Stage, sides: dict[str, Side], halves: dict[str, Side]) -> Report:
    product, limit, half = sides["product"], sides["limit"], halves["product"]
    share = ratio(product, limit)
    counted = product.statements()
    return Report(
        name="ingest",
        unit="webhook",
        rate=product.rate,
        p50_ms=half.p50_ms,
        p99_ms=half.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=product.use.cpu_ms_per_unit(),
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=counted["statements_per_unit"],
        commits_per_unit=counted["commits_per_unit"],
        groups=product.use.groups(),
        limit=limit.summary() | {"half": halves["limit"].summary()},
        machine=machine(stage.stores),
        more={
            "saturated": product.summary(),
            "half": half.summary() | {"offered": round(product.rate / 2, 1)},
            "plain_door": sides["plain"].summary(),
            "hosts_kept_up": all(seconds < _KEPT_UP_S for seconds in product.drain_s),
            "dearest_statements": counted["dearest_statements"],
        },
        goals={
            f"at least {RATIO} of the limit ({share})": share >= RATIO,
            f"p99 under {HALF_MS:g} ms at half of saturation ({half.p99_ms})": half.p99_ms
            < HALF_MS,
        },
    )
