"""The schedule that a seed draws: the same seed gives the same faults, order and delays."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from niochat_lab.chaos.fault_definition import FaultDefinition
from niochat_lab.chaos.faults.fault_catalogue import FAULTS, estimate_total_s

FAULTS_PER_SEED = 3
MAX_TOTAL_S, SHORT_MAX_TOTAL_S = 160.0, 90.0
"""The maximum total seconds of the faults of one seed, so that a run has a bounded duration."""
_MAX_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A scheduled fault. ``delay_s``: seconds after the recovery from the fault before."""

    fault: FaultDefinition
    delay_s: float


def schedule_faults(
    seed: int, chosen: Sequence[FaultDefinition], *, short: bool, rootless: bool
) -> list[ScheduledFault]:
    """Schedule ``chosen``, or three different faults that fit into the time of a run.

    ``rootless``: leave out faults that need a disk of their own.
    """
    rng = random.Random(seed)
    faults = list(chosen) or _draw_faults(rng, short=short, rootless=rootless)
    return [ScheduledFault(fault, round(rng.uniform(2.0, 5.0), 1)) for fault in faults]


def _draw_faults(rng: random.Random, *, short: bool, rootless: bool) -> list[FaultDefinition]:
    possible = [
        fault
        for fault in FAULTS.values()
        if fault.is_random and not (rootless and fault.needs_small_disk)
    ]
    max_total_s = SHORT_MAX_TOTAL_S if short else MAX_TOTAL_S
    for _ in range(_MAX_DRAWS):
        faults = rng.sample(possible, FAULTS_PER_SEED)
        if estimate_total_s(faults, short=short) <= max_total_s:
            return faults
    raise AssertionError("no three faults fit into the time of a seed")
