"""The pause before the next attempt."""

import pytest

from niochat.domain.backoff import backoff_s


@pytest.mark.parametrize(
    ("attempt", "pause_s"), [(0, 0.5), (1, 1.0), (4, 8.0), (5, 10.0), (100_000, 10.0)]
)
def test_a_pause_doubles_up_to_its_limit(attempt, pause_s):
    assert backoff_s(attempt, base_s=0.5, max_s=10.0) == pause_s


def test_jitter_spreads_also_the_longest_pause():
    assert backoff_s(9, base_s=0.5, max_s=10.0, jitter=1.5) == 15.0
