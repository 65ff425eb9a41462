"""Which faults a seed means: the same seed, the same faults in the same order and distances."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from niochat_lab.chaos.fault_definition import FaultDefinition
from niochat_lab.chaos.faults.fault_catalogue import FAULTS, estimate_total_s

FAULTS_PER_SEED = 3
MAX_TOTAL_S, SHORT_MAX_TOTAL_S = 160.0, 90.0
"""What the faults of one seed may take together, so that all of it stays within its minutes."""
_MAX_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class ScheduledFault:
    """A fault of the schedule, so many seconds after all is well again from the one before."""

    fault: FaultDefinition
    delay_s: float


def schedule_faults(
    seed: int, chosen: Sequence[FaultDefinition], *, short: bool, rootless: bool
) -> list[ScheduledFault]:
    """``chosen`` as they are, or three different ones that fit into the time of a seed.

    ``rootless`` leaves out those that need a disk of their own.
    """
    chance = random.Random(seed)
    faults = list(chosen) or _draw_faults(chance, short=short, rootless=rootless)
    return [ScheduledFault(fault, round(chance.uniform(2.0, 5.0), 1)) for fault in faults]


def _draw_faults(chance: random.Random, *, short: bool, rootless: bool) -> list[FaultDefinition]:
    possible = [
        fault
        for fault in FAULTS.values()
        if fault.is_random and not (rootless and fault.needs_small_disk)
    ]
    fits = SHORT_MAX_TOTAL_S if short else MAX_TOTAL_S
    for _ in range(_MAX_DRAWS):
        faults = chance.sample(possible, FAULTS_PER_SEED)
        if estimate_total_s(faults, short=short) <= fits:
            return faults
    raise AssertionError("no three faults fit into the time of a seed")
