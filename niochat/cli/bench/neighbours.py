"""Twenty quiet providers, and what one loud one does to them: the stage of `fair` and `outage`."""

from collections.abc import Sequence
from dataclasses import replace

from niochat.cli.bench.crowd import Played
from niochat.cli.bench.figures import quantile
from niochat.cli.bench.stage import Stage, Wanted
from niochat.cli.bench.tenants import Tenant, settle_in
from niochat.sandbox.crowd.job import Moment, Stream

WANTED = Wanted()
QUIET = 20
EVERY_S = 4.0
"""A quiet provider's customers write once in so many seconds, all of them together."""
WITHIN = 1.2
LOUD = "loud"
_FIRST_LOUD = 1_000_000
_APART = 1000


async def moved_in(stage: Stage) -> dict[str, Tenant]:
    """All of them, the loud one too, with their assistants."""
    slugs = [*(f"quiet-{number:02d}" for number in range(QUIET)), LOUD]
    return await settle_in(stage, slugs, assistant=True)


def quiet_streams(tenants: dict[str, Tenant]) -> list[Stream]:
    """One for each quiet provider, at its constant rate."""
    quiet = [tenant for slug, tenant in sorted(tenants.items()) if slug != LOUD]
    return [
        Stream(
            tenant.slug, tenant.webhook_url, tenant.token, people=200, first=number * _APART,
            connections=2, rate=1 / EVERY_S, measured=Moment.ANSWERED, freed=Moment.ANSWERED,
        )
        for number, tenant in enumerate(quiet)
    ]  # fmt: skip


def loud_stream(tenants: dict[str, Tenant], people: int) -> Stream:
    """The loud provider in a closed loop, to be changed."""
    tenant = tenants[LOUD]
    return Stream(
        LOUD, tenant.webhook_url, tenant.token, people=people, first=_FIRST_LOUD, connections=64,
        places=64, measured=Moment.ANSWERED, freed=Moment.ANSWERED,
    )  # fmt: skip


def later(streams: Sequence[Stream], seconds: float) -> list[Stream]:
    """The same, so spread that their messages do not all start together."""
    return [
        replace(stream, delay=seconds * number / len(streams))
        for number, stream in enumerate(streams)
    ]


def quiet_latencies(played: Played) -> list[float]:
    """Of all quiet providers together, in milliseconds."""
    return [
        each
        for name, outcome in played.outcomes.items()
        if name != LOUD
        for each in outcome.latencies_ms
    ]


def p95(values: Sequence[float]) -> float:
    """In milliseconds."""
    return round(quantile(values, 0.95), 2)
