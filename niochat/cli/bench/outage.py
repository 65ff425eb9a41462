"""`bench outage`: a cut fibre. Thousands of one provider's customers write at once.

Five minutes of them are offered as fast as the door takes them; each is answered in the end, once,
in order, and the audit is made at the phones, by what the messages are called.
"""

from dataclasses import dataclass, replace
from typing import Any

from niochat.cli.bench.crowd import Played
from niochat.cli.bench.figures import quantile
from niochat.cli.bench.neighbours import (
    EVERY_S,
    LOUD,
    WANTED,
    WITHIN,
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
from niochat.sandbox.crowd.job import Moment
from niochat.stack.postgres import DATABASE_NAME

__all__ = ["WANTED", "measure"]
_WITHIN_S = 1800.0
_SETTLE_S = 120.0
_SECONDS_BEFORE = 4.0
"""Times the plan's seconds: how long the others are watched before it begins."""


@dataclass(frozen=True, slots=True)
class Flood:
    """So many conversations; `again` is the share that writes a second message."""

    conversations: int = 10_000
    again: float = 0.5

    @property
    def messages(self) -> int:
        """In all."""
        return int(self.conversations * (1 + self.again))


async def measure(stage: Stage, plan: Plan, told: Told, flood: Flood) -> Report:
    """The whole bench. What is refused is posted again, as a gateway may do."""
    tenants = await moved_in(stage)
    quiet = later(quiet_streams(tenants), EVERY_S)
    loud = replace(
        loud_stream(tenants, flood.conversations), freed=Moment.ACCEPTED,
        messages=flood.messages, repeat=True,
    )  # fmt: skip
    before, during = Side(), Side()
    async with Track(stage, plan, told) as track:
        told("warming up")
        busy = [replace(stream, rate=2.0, delay=0.0) for stream in quiet]
        await track.play(Side(), busy, plan.seconds, database=DATABASE_NAME)
        told("the others, before")
        seconds = plan.seconds * _SECONDS_BEFORE
        calm = await track.play(before, quiet, seconds, database=DATABASE_NAME)
        told(f"{flood.messages} messages of {flood.conversations} conversations")
        played = await track.play(
            during, [loud, *quiet], _WITHIN_S, database=DATABASE_NAME, settle_s=_SETTLE_S
        )
    return _report(stage, flood, calm, played, during)


def _report(stage: Stage, flood: Flood, calm: Played, played: Played, during: Side) -> Report:
    loud = played.outcomes[LOUD]
    rate = round(loud.answered / loud.last_s, 2) if loud.last_s else 0.0
    quiet_before, quiet_during = p95(quiet_latencies(calm)), p95(quiet_latencies(played))
    share = round(quiet_during / quiet_before, 3) if quiet_before else 0.0
    audit: dict[str, Any] = {
        "sent": loud.posted,
        "lost": loud.unanswered,
        "twice": played.twice,
        "out_of_order": loud.out_of_order,
    }
    clean = not (audit["lost"] or audit["twice"] or audit["out_of_order"])
    return Report(
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
        machine=machine(stage.stores),
        more={
            **audit,
            "conversations": flood.conversations,
            "accepted_within_s": loud.accepted_s,
            "last_answered_s": loud.last_s,
            "refused": loud.refused,
            "quiet_p95_ms": quiet_during,
            "during": during.summary(),
        },
        goals={
            "zero lost, zero twice, order kept": clean,
            f"p95 of the others at most {WITHIN} times ({share})": share <= WITHIN,
        },
    )
