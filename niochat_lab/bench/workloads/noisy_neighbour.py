"""Twenty quiet tenants and one loud one: the workload of ``bench fair`` and ``bench outage``."""

from collections.abc import Sequence
from dataclasses import replace

from niochat_lab.bench.environment.bench_environment import BenchEnvironment, BenchRequirements
from niochat_lab.bench.environment.bench_tenants import BenchTenant, create_bench_tenants
from niochat_lab.bench.environment.load_generator_client import LoadResult
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_sandbox.load_generator.load_job import LoadStream, MessageStage

REQUIREMENTS = BenchRequirements()
QUIET_TENANT_COUNT = 20
QUIET_INTERVAL_S = 4.0
"""Seconds between two messages of a quiet tenant, from all its customers together."""
MAX_SLOWDOWN = 1.2
LOUD_SLUG = "loud"
_FIRST_LOUD_PERSON = 1_000_000
_PERSON_NUMBER_STEP = 1000


async def create_quiet_and_loud_tenants(environment: BenchEnvironment) -> dict[str, BenchTenant]:
    """Create all tenants, the loud one included, with their assistants."""
    slugs = [*(f"quiet-{number:02d}" for number in range(QUIET_TENANT_COUNT)), LOUD_SLUG]
    return await create_bench_tenants(environment, slugs, assistant=True)


def build_quiet_streams(tenants: dict[str, BenchTenant]) -> list[LoadStream]:
    """One stream for each quiet tenant, at its constant rate."""
    quiet = [tenant for slug, tenant in sorted(tenants.items()) if slug != LOUD_SLUG]
    return [
        LoadStream(
            tenant.slug,
            tenant.webhook_url,
            tenant.token,
            people=200,
            first=number * _PERSON_NUMBER_STEP,
            connections=2,
            rate=1 / QUIET_INTERVAL_S,
            measured=MessageStage.ANSWERED,
            freed=MessageStage.ANSWERED,
        )
        for number, tenant in enumerate(quiet)
    ]


def build_loud_stream(tenants: dict[str, BenchTenant], people: int) -> LoadStream:
    """The loud tenant's stream as a closed loop, a template for callers."""
    tenant = tenants[LOUD_SLUG]
    return LoadStream(
        LOUD_SLUG,
        tenant.webhook_url,
        tenant.token,
        people=people,
        first=_FIRST_LOUD_PERSON,
        connections=64,
        places=64,
        measured=MessageStage.ANSWERED,
        freed=MessageStage.ANSWERED,
    )


def stagger_streams(streams: Sequence[LoadStream], seconds: float) -> list[LoadStream]:
    """Delay the streams so that their messages do not all start together."""
    return [
        replace(stream, delay=seconds * number / len(streams))
        for number, stream in enumerate(streams)
    ]


def collect_quiet_latencies(result: LoadResult) -> list[float]:
    """The latencies of all quiet tenants together, in milliseconds."""
    return [
        each
        for name, stream_result in result.outcomes.items()
        if name != LOUD_SLUG
        for each in stream_result.latencies_ms
    ]


def p95(values: Sequence[float]) -> float:
    """The p95 in milliseconds."""
    return round(quantile(values, 0.95), 2)
