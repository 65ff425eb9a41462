"""What a histogram says is at most one percent off."""

from collections import Counter
from math import floor, log

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from niochat.insights.reports.duration_histograms import BIN_WIDTH, merge_bins, quantiles_of


def bin_of(ms: int) -> int:
    return 0 if ms <= 0 else 1 + floor(log(ms) / log(BIN_WIDTH))


def exact(durations: list[int], quantile: float) -> float:
    ordered, place = sorted(durations), quantile * (len(durations) - 1)
    below, above = ordered[floor(place)], ordered[min(floor(place) + 1, len(ordered) - 1)]
    return below + (above - below) * (place % 1)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 90 * 86_400_000), min_size=1, max_size=300))
def test_quantiles_are_at_most_one_percent_off(durations: list[int]) -> None:
    told = quantiles_of(Counter(bin_of(ms) for ms in durations))

    assert told is not None
    for value, quantile in zip(told, (0.5, 0.9), strict=True):
        assert value == pytest.approx(exact(durations, quantile), rel=0.01)


def test_a_histogram_of_nothing_says_nothing() -> None:
    assert quantiles_of({}) is None
    assert quantiles_of({7: 0}) is None


def test_equal_bins_of_several_results_are_added() -> None:
    rows = [
        {"key": "a", "name": "first_answer", "bin": 3, "conversations": count} for count in (2, 5)
    ]

    assert merge_bins([*rows, {**rows[0], "name": "resolution"}]) == {
        "a": {"first_answer": {3: 7}, "resolution": {3: 2}}
    }
