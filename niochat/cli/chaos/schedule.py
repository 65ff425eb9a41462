"""Which faults a seed means: the same seed, the same faults in the same order and distances."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from niochat.cli.chaos.fault import Fault
from niochat.cli.chaos.faults.catalogue import FAULTS, total_s

FAULTS_OF_A_SEED = 3
FITS_S, SHORT_FITS_S = 160.0, 90.0
"""What the faults of one seed may take together, so that all of it stays within its minutes."""
_DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault of the schedule, so many seconds after all is well again from the one before."""

    fault: Fault
    after_s: float


def scheduled(seed: int, chosen: Sequence[Fault], *, short: bool, rootless: bool) -> list[Strike]:
    """``chosen`` as they are, or three different ones that fit into the time of a seed.

    ``rootless`` leaves out those that need a disk of their own.
    """
    chance = random.Random(seed)
    faults = list(chosen) or _drawn(chance, short=short, rootless=rootless)
    return [Strike(fault, round(chance.uniform(2.0, 5.0), 1)) for fault in faults]


def _drawn(chance: random.Random, *, short: bool, rootless: bool) -> list[Fault]:
    possible = [
        fault
        for fault in FAULTS.values()
        if fault.drawn and not (rootless and fault.needs_small_disk)
    ]
    fits = SHORT_FITS_S if short else FITS_S
    for _ in range(_DRAWS):
        faults = chance.sample(possible, FAULTS_OF_A_SEED)
        if total_s(faults, short=short) <= fits:
            return faults
    raise AssertionError("no three faults fit into the time of a seed")
