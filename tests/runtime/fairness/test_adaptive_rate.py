"""How fast lanes may begin follows from how busy machines are, where others would notice."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.fairness.adaptive_rate import (
    ADJUST_INTERVAL_S,
    INITIAL_RATE,
    MAX_RATE,
    MIN_RATE,
    RECENT_S,
    AdaptiveRateLimiter,
    RecentLaneTracker,
)

BUSY, FREE = 0.9, 0.1


def in_company(clock: float = 0.0) -> AdaptiveRateLimiter:
    pace = AdaptiveRateLimiter(lambda: clock)
    pace.record_arrival("loud")
    pace.record_arrival("quiet")
    return pace


def play(pace: AdaptiveRateLimiter, carried: float, looks: int) -> list[float]:
    """A lane that always begins as much as it may, on a machine that carries so much a second."""
    rates = []
    for _ in range(looks):
        begun = pace.rate * ADJUST_INTERVAL_S
        for _ in range(round(begun)):
            pace.record_start("loud", 1.0)
        pace.adjust(BUSY if begun / ADJUST_INTERVAL_S > carried else FREE, ADJUST_INTERVAL_S)
        rates.append(pace.rate)
    return rates


def test_the_rate_converges_on_the_machines_capacity() -> None:
    rates = play(in_company(), carried=100.0, looks=400)[200:]

    assert max(rates) < 110
    assert min(rates) > 70


def test_a_lane_waits_as_long_as_its_part_lasts_and_a_heavier_one_less() -> None:
    pace = in_company()
    assert pace.record_start("loud", 1.0) == 1 / INITIAL_RATE
    assert pace.record_start("loud", 4.0) == 0.25 / INITIAL_RATE


def test_a_machine_elsewhere_counts_for_one_look() -> None:
    pace = in_company()
    pace.report_pressure(BUSY)
    pace.report_pressure(FREE)
    pace.adjust(FREE, ADJUST_INTERVAL_S)
    slowed = pace.rate
    assert slowed < INITIAL_RATE

    pace.adjust(FREE, ADJUST_INTERVAL_S)
    assert pace.rate == slowed


def test_low_usage_does_not_raise_the_rate() -> None:
    pace = in_company()
    for _ in range(100):
        pace.record_start("loud", 1.0)
        pace.adjust(FREE, 1.0)
    assert pace.rate == INITIAL_RATE


def test_a_lane_that_is_alone_is_never_slowed_down() -> None:
    pace = AdaptiveRateLimiter(lambda: 0.0)
    for _ in range(50):
        pace.record_arrival("loud")
        assert pace.record_start("loud", 1.0) == 0.0
        pace.adjust(1.0, ADJUST_INTERVAL_S)
    assert pace.rate == INITIAL_RATE


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1), st.floats(0.01, 5)), max_size=200))
def test_the_rate_stays_within_its_bounds(looks: list[tuple[int, float, float]]) -> None:
    pace = in_company()
    for begun, pressure, passed_s in looks:
        for _ in range(begun):
            pace.record_start("loud", 1.0)
        pace.adjust(pressure, passed_s)
        assert MIN_RATE <= pace.rate <= MAX_RATE
        assert pace.max_starts(1.0) >= 1


def test_a_single_busy_lane_is_not_throttled() -> None:
    now = 0.0
    company = RecentLaneTracker(lambda: now)
    assert not company.has_several
    for _ in range(3):
        company.record("a")
    assert not company.has_several

    company.record("b")
    assert company.has_several
    for _ in range(5):
        company.record("b")
    assert company.has_several

    now = RECENT_S
    company.record("b")
    assert not company.has_several, "the other one was here long ago"
