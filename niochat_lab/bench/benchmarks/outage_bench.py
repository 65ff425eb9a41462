"""``bench outage``: a cut fibre, after which thousands of one tenant's customers write at once.

The messages are posted as fast as the webhooks accept them. Each must be answered once and in
order; the audit at the simulated phones identifies messages by their tags.
"""

from dataclasses import dataclass, replace
from typing import Any

from niochat.launcher.databases.postgres_server import DATABASE_NAME
from niochat_lab.bench.bench_report import BenchReport, describe_machine
from niochat_lab.bench.environment.bench_environment import BenchEnvironment
from niochat_lab.bench.environment.load_generator_client import LoadResult
from niochat_lab.bench.measurement.load_rounds import (
    BenchOptions,
    LoadRoundRunner,
    ProgressCallback,
    SideMeasurement,
)
from niochat_lab.bench.measurement.quantiles import quantile
from niochat_lab.bench.workloads.noisy_neighbour import (
    LOUD_SLUG,
    MAX_SLOWDOWN,
    QUIET_INTERVAL_S,
    REQUIREMENTS,
    build_loud_stream,
    build_quiet_streams,
    collect_quiet_latencies,
    create_quiet_and_loud_tenants,
    p95,
    stagger_streams,
)
from niochat_sandbox.load_generator.load_job import MessageStage

__all__ = ["REQUIREMENTS", "run_outage_bench"]
_TIMEOUT_S = 1800.0
_SETTLE_S = 120.0
_BASELINE_S = 4.0
"""The multiple of the options' seconds for which the quiet tenants are measured beforehand."""


@dataclass(frozen=True, slots=True)
class OutageLoad:
    """The number of conversations. ``again``: the share that writes a second message."""

    conversations: int = 10_000
    again: float = 0.5

    @property
    def message_count(self) -> int:
        """The number of messages of all conversations."""
        return int(self.conversations * (1 + self.again))


async def run_outage_bench(
    environment: BenchEnvironment,
    options: BenchOptions,
    on_progress: ProgressCallback,
    load: OutageLoad,
) -> BenchReport:
    """Run the benchmark. Rejected webhooks are posted again, as a gateway may do."""
    tenants = await create_quiet_and_loud_tenants(environment)
    quiet = stagger_streams(build_quiet_streams(tenants), QUIET_INTERVAL_S)
    loud = replace(
        build_loud_stream(tenants, load.conversations),
        freed=MessageStage.ACCEPTED,
        messages=load.message_count,
        repeat=True,
    )
    before, during = SideMeasurement(), SideMeasurement()
    async with LoadRoundRunner(environment, options, on_progress) as runner:
        on_progress("warming up")
        busy = [replace(stream, rate=2.0, delay=0.0) for stream in quiet]
        await runner.run_round(SideMeasurement(), busy, options.seconds, database=DATABASE_NAME)
        on_progress("the others, before")
        seconds = options.seconds * _BASELINE_S
        calm = await runner.run_round(before, quiet, seconds, database=DATABASE_NAME)
        on_progress(f"{load.message_count} messages of {load.conversations} conversations")
        result = await runner.run_round(
            during, [loud, *quiet], _TIMEOUT_S, database=DATABASE_NAME, settle_s=_SETTLE_S
        )
    return _report(environment, load, calm, result, during)


def _report(
    environment: BenchEnvironment,
    load: OutageLoad,
    calm: LoadResult,
    result: LoadResult,
    during: SideMeasurement,
) -> BenchReport:
    loud = result.outcomes[LOUD_SLUG]
    rate = round(loud.answered / loud.last_s, 2) if loud.last_s else 0.0
    quiet_before, quiet_during = (
        p95(collect_quiet_latencies(calm)),
        p95(collect_quiet_latencies(result)),
    )
    share = round(quiet_during / quiet_before, 3) if quiet_before else 0.0
    audit: dict[str, Any] = {
        "sent": loud.posted,
        "lost": loud.unanswered,
        "twice": result.twice,
        "out_of_order": loud.out_of_order,
    }
    clean = not (audit["lost"] or audit["twice"] or audit["out_of_order"])
    return BenchReport(
        name="outage",
        unit="message",
        rate=rate,
        p50_ms=round(quantile(loud.latencies_ms, 0.5), 1),
        p99_ms=round(quantile(loud.latencies_ms, 0.99), 1),
        ratio_to_limit=share,
        cpu_ms_per_unit=during.use.cpu_ms_per_unit(),
        pss_mb=during.use.total_pss_mb(),
        groups=during.use.groups(),
        limit={"quiet_p95_ms_before": quiet_before},
        machine=describe_machine(environment.postgres),
        more={
            **audit,
            "conversations": load.conversations,
            "accepted_within_s": loud.accepted_s,
            "last_answered_s": loud.last_s,
            "refused": loud.refused,
            "quiet_p95_ms": quiet_during,
            "during": during.as_dict(),
        },
        goals={
            "zero lost, zero twice, order kept": clean,
            f"p95 of the others at most {MAX_SLOWDOWN} times ({share})": share <= MAX_SLOWDOWN,
        },
    )
