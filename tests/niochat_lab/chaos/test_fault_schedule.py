"""The seed says which faults come, and they fit into the time of a seed."""

import pytest

from niochat.domain.errors import NotFoundError
from niochat_lab.chaos.fault_schedule import (
    FAULTS_PER_SEED,
    MAX_TOTAL_S,
    SHORT_MAX_TOTAL_S,
    schedule_faults,
)
from niochat_lab.chaos.faults.fault_catalogue import FAULTS, estimate_total_s, parse_faults

SEEDS = range(300)


def names(seed: int, *, short: bool = False, rootless: bool = False) -> list[str]:
    return [s.fault.name for s in schedule_faults(seed, (), short=short, rootless=rootless)]


def test_the_same_seed_draws_the_same_faults() -> None:
    assert all(
        schedule_faults(seed, (), short=False, rootless=False)
        == schedule_faults(seed, (), short=False, rootless=False)
        for seed in SEEDS
    )


@pytest.mark.parametrize("short", [True, False])
def test_three_different_faults_fit_into_the_time_of_a_seed(short: bool) -> None:
    for seed in SEEDS:
        faults = [strike.fault for strike in schedule_faults(seed, (), short=short, rootless=False)]
        assert len(set(faults)) == FAULTS_PER_SEED
        assert estimate_total_s(faults, short=short) <= (
            SHORT_MAX_TOTAL_S if short else MAX_TOTAL_S
        )


def test_every_fault_comes_with_some_seed() -> None:
    drawn = {fault.name for fault in FAULTS.values() if fault.is_random}
    assert {name for seed in SEEDS for name in names(seed)} == drawn


def test_without_root_no_disk_is_filled() -> None:
    assert "disk-full" not in {name for seed in SEEDS for name in names(seed, rootless=True)}


def test_faults_that_were_asked_for_come_in_their_order() -> None:
    chosen = parse_faults("redis-emptied, host-kill")

    assert [s.fault for s in schedule_faults(1, chosen, short=True, rootless=True)] == list(chosen)


def test_a_fault_that_does_not_exist_is_named() -> None:
    with pytest.raises(NotFoundError, match="flood, fire"):
        parse_faults("host-kill,flood,fire")
