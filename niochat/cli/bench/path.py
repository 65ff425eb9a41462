"""`bench path`: from the webhook to the answer at the gateway, whole turns.

The model answers at once and the burst window is 0, so all the time is the product's. The limit
is the product's own rooms in one plain process (`plain.py`) on the same PostgreSQL and crowd.
"""

from dataclasses import replace

from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track, ratio
from niochat.cli.bench.stage import PLAIN_DATABASE, Stage, Wanted
from niochat.cli.bench.tenants import Tenant, settle_in
from niochat.sandbox.crowd.job import Moment, Stream
from niochat.stack.postgres import DATABASE_NAME

WANTED = Wanted(plain=True)
CONNECTIONS = 64
PLACES = 64
"""Customers who wait for an answer at a time, at saturation."""
PEOPLE = 2000
P50_MS, P99_MS = 40.0, 150.0
RATIO, TIMES = 0.8, 1.8
"""Of the plain process's rate, at least; of its CPU a turn, at most."""
_WARM_S = 8.0
_SLUG = "bench"
_DATABASES = {"product": DATABASE_NAME, "plain": PLAIN_DATABASE}


async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
    """The whole bench on a stage made for `WANTED`."""
    streams = await _streams(stage)
    async with Track(stage, plan, told) as track:
        await track.warm_up(streams, _DATABASES, _WARM_S)
        sides = await track.take_turns("saturation", streams, _DATABASES)
        # Constant arrival, on both sides at half of what the product took.
        rate = max(sides["product"].rate / 2, 1.0)
        slower = {name: replace(stream, rate=rate) for name, stream in streams.items()}
        halves = await track.take_turns("half of saturation", slower, _DATABASES)
        await track.draw_flames("path", streams, _DATABASES)
    return _report(stage, sides, halves)


async def _streams(stage: Stage) -> dict[str, Stream]:
    product = await settle_in(stage, [_SLUG], assistant=True)
    plain = await settle_in(stage, [_SLUG], assistant=True, plain=True)
    return {
        "product": path_stream("product", product[_SLUG], 0),
        "plain": path_stream("plain", plain[_SLUG], PEOPLE),
    }


def path_stream(name: str, tenant: Tenant, first: int) -> Stream:
    """People who write again as soon as they are answered; each waits for its answer."""
    return Stream(
        name, tenant.webhook_url, tenant.token, people=PEOPLE, first=first,
        connections=CONNECTIONS, places=PLACES,
        measured=Moment.ANSWERED, freed=Moment.ANSWERED,
    )  # fmt: skip


def _report(stage: Stage, sides: dict[str, Side], halves: dict[str, Side]) -> Report:
    product, plain, half = sides["product"], sides["plain"], halves["product"]
    share = ratio(product, plain)
    counted = product.statements()
    cpu = product.use.cpu_ms_per_unit()
    times, half_times = _times(product, plain), _times(half, halves["plain"])
    return Report(
        name="path",
        unit="turn",
        rate=product.rate,
        p50_ms=half.p50_ms,
        p99_ms=half.p99_ms,
        ratio_to_limit=share,
        cpu_ms_per_unit=cpu,
        pss_mb=product.use.total_pss_mb(),
        statements_per_unit=counted["statements_per_unit"],
        commits_per_unit=counted["commits_per_unit"],
        groups=product.use.groups(),
        limit={
            **plain.summary(),
            "half": halves["plain"].summary(),
            "cpu_ms_per_unit": plain.use.cpu_ms_per_unit(_NOT_PLAIN),
            **plain.statements(),
        },
        machine=machine(stage.stores),
        more={
            "saturated": product.summary(),
            "half": half.summary() | {"offered": round(product.rate / 2, 1)},
            "cpu_times_plain": {"saturated": times, "half": half_times},
            "dearest_statements": counted["dearest_statements"],
        },
        goals={
            f"at least {RATIO} of the limit ({share})": share >= RATIO,
            f"at most {TIMES} times its CPU a turn at saturation ({times})": times <= TIMES,
            f"the same at half of saturation ({half_times})": half_times <= TIMES,
            f"p50 under {P50_MS:g} ms added ({half.p50_ms})": half.p50_ms < P50_MS,
            f"p99 under {P99_MS:g} ms added ({half.p99_ms})": half.p99_ms < P99_MS,
        },
    )


def _times(product: Side, plain: Side) -> float:
    """The product's CPU a turn, in those of the plain process at the same load."""
    alone = plain.use.cpu_ms_per_unit(_NOT_PLAIN)
    return round(product.use.cpu_ms_per_unit() / alone, 2) if alone else 0.0


_NOT_PLAIN = frozenset(
    {"crowd", "sandbox", "limit", "webhooks", "api", "live", "desk", "pool", "assistant", "erp",
     "supervisor",
     "hosts", "serve_controller", "serve_proxies", "haproxy", "raylet", "gcs", "other_ray"}
)  # fmt: skip
"""What the limit needs is the plain process, PostgreSQL and Redis."""
