"""`bench outage`: a cut fibre. Thousands of one provider's customers write at once.

Five minutes of them are offered as fast as the door takes them; each is answered in the end, once,
in order, and the audit is made at the phones, by what the messages are called.
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
"""Times the plan's seconds: how long the others are watched before it begins."""


@dataclass(frozen=True, slots=True)
class OutageLoad:
    """So many conversations; `again` is the share that writes a second message."""

    conversations: int = 10_000
    again: float = 0.5

    @property
    def message_count(self) -> int:
        """In all."""
        return int(self.conversations * (1 + self.again))


async def run_outage_bench(
    stage: BenchEnvironment, plan: BenchOptions, told: ProgressCallback, flood: OutageLoad
) -> BenchReport:
    """The whole bench. What is refused is posted again, as a gateway may do."""
    tenants = await create_quiet_and_loud_tenants(stage)
    quiet = stagger_streams(build_quiet_streams(tenants), QUIET_INTERVAL_S)
    loud = replace(
        build_loud_stream(tenants, flood.conversations),
        freed=MessageStage.ACCEPTED,
        messages=flood.message_count,
        repeat=True,
    )
    before, during = SideMeasurement(), SideMeasurement()
    async with LoadRoundRunner(stage, plan, told) as track:
        told("warming up")
        busy = [replace(stream, rate=2.0, delay=0.0) for stream in quiet]
        await track.run_round(SideMeasurement(), busy, plan.seconds, database=DATABASE_NAME)
        told("the others, before")
        seconds = plan.seconds * _BASELINE_S
        calm = await track.run_round(before, quiet, seconds, database=DATABASE_NAME)
        told(f"{flood.message_count} messages of {flood.conversations} conversations")
        played = await track.run_round(
            during, [loud, *quiet], _TIMEOUT_S, database=DATABASE_NAME, settle_s=_SETTLE_S
        )
    return _report(stage, flood, calm, played, during)


def _report(
    stage: BenchEnvironment,
    flood: OutageLoad,
    calm: LoadResult,
    played: LoadResult,
    during: SideMeasurement,
) -> BenchReport:
    loud = played.outcomes[LOUD_SLUG]
    rate = round(loud.answered / loud.last_s, 2) if loud.last_s else 0.0
    quiet_before, quiet_during = (
        p95(collect_quiet_latencies(calm)),
        p95(collect_quiet_latencies(played)),
    )
    share = round(quiet_during / quiet_before, 3) if quiet_before else 0.0
    audit: dict[str, Any] = {
        "sent": loud.posted,
        "lost": loud.unanswered,
        "twice": played.twice,
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
        machine=describe_machine(stage.postgres),
        more={
            **audit,
            "conversations": flood.conversations,
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
