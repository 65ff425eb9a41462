"""`bench fair`: what twenty quiet providers notice of one that offers twice what can be done."""

import asyncio
from dataclasses import dataclass, field, replace

from niochat.cli.bench.figures import median, quantile
from niochat.cli.bench.neighbours import (
    EVERY_S,
    QUIET,
    WANTED,
    later,
    loud_stream,
    moved_in,
    p95,
    quiet_latencies,
    quiet_streams,
)
from niochat.cli.bench.report import Report, machine
from niochat.cli.bench.slices import Plan, Side, Told, Track
from niochat.cli.bench.stage import Stage
from niochat.runtime.pace import RECENT_S
from niochat.sandbox.crowd.job import Stream
from niochat.stack.postgres import DATABASE_NAME

__all__ = ["WANTED", "measure"]
_WARM_S = 4.0
_ALONE_S = RECENT_S + 1.0
"""After it the loud one is alone: in company it would not be let do what the machine can."""
_PEOPLE = 50_000
_TIMES = 2.0
TIMES, P95_MS = 3.0, 250.0
_SETTLE_S = 180.0
"""For the last answers: those that come late are the ones that count."""


@dataclass(slots=True)
class _Rounds:
    alone: list[list[float]] = field(default_factory=list)
    beside: list[list[float]] = field(default_factory=list)

    def ratios(self) -> list[float]:
        return [
            quantile(beside, 0.95) / max(quantile(alone, 0.95), 0.001)
            for alone, beside in zip(self.alone, self.beside, strict=True)
        ]


async def measure(stage: Stage, plan: Plan, told: Told) -> Report:
    """The whole bench; a slice lasts four times `plan.seconds`, because quiet ones write seldom."""
    tenants = await moved_in(stage)
    quiet = later(quiet_streams(tenants), EVERY_S)
    loud = loud_stream(tenants, _PEOPLE)
    alone, beside, rounds = Side(), Side(), _Rounds()
    async with Track(stage, plan, told) as track:
        told("warming up")
        await track.play(Side(), [loud, *_busy(quiet)], _WARM_S, database=DATABASE_NAME)
        told("what the machine can take")
        await asyncio.sleep(_ALONE_S)
        limit = Side()
        await track.play(limit, [loud], plan.seconds * 2, database=DATABASE_NAME)
        noisy = replace(loud, rate=max(limit.rate * _TIMES, 1.0))
        for number in range(plan.rounds):
            told(f"{number + 1} of {plan.rounds}: quiet ones alone")
            seconds = plan.seconds * 4
            played = await track.play(
                alone, quiet, seconds, database=DATABASE_NAME, settle_s=_SETTLE_S
            )
            rounds.alone.append(quiet_latencies(played))
            told(f"{number + 1} of {plan.rounds}: beside a loud one")
            played = await track.play(
                beside, [*quiet, noisy], seconds, database=DATABASE_NAME, settle_s=_SETTLE_S
            )
            rounds.beside.append(quiet_latencies(played))
    return _report(stage, limit, alone, beside, rounds, noisy)


def _busy(quiet: list[Stream]) -> list[Stream]:
    return [replace(stream, rate=2.0, delay=0.0) for stream in quiet]


def _report(
    stage: Stage, limit: Side, alone: Side, beside: Side, rounds: _Rounds, noisy: Stream
) -> Report:
    quiet_alone = [each for found in rounds.alone for each in found]
    quiet_beside = [each for found in rounds.beside for each in found]
    share, beside_ms = round(median(rounds.ratios()), 3), p95(quiet_beside)
    return Report(
        name="fair",
        unit="turn",
        rate=beside.rate,
        p50_ms=round(quantile(quiet_beside, 0.5), 2),
        p99_ms=round(quantile(quiet_beside, 0.99), 2),
        ratio_to_limit=share,
        cpu_ms_per_unit=beside.use.cpu_ms_per_unit(),
        pss_mb=beside.use.total_pss_mb(),
        groups=beside.use.groups(),
        limit={"p50_ms": round(quantile(quiet_alone, 0.5), 2), "p95_ms": p95(quiet_alone),
               "p99_ms": round(quantile(quiet_alone, 0.99), 2), **alone.counts},
        machine=machine(stage.stores),
        more={
            "p95_ms": beside_ms,
            "ratios": [round(each, 3) for each in rounds.ratios()],
            "quiet_providers": QUIET,
            "quiet_every_s": EVERY_S,
            "saturation": limit.rate,
            "offered_by_the_loud_one": round(noisy.rate, 1),
            "beside": beside.summary(),
            "refused": beside.counts.get("refused", 0),
        },
        goals={
            f"p95 of the quiet ones at most {TIMES:g} times that alone ({share})": share <= TIMES,
            f"and under {P95_MS:g} ms ({beside_ms})": beside_ms < P95_MS,
        },
    )  # fmt: skip
