"""The number of hosts follows lasting load, within its limits, and does not swing."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.fleet.autoscaling import (
    SCALE_UP_AFTER_S,
    HostLoad,
    ScalingLimits,
    ScalingState,
    next_scaling_state,
)

LIMITS = ScalingLimits(min_size=2, max_size=8, lag_ms=100, depth=1_000, idle_s=300)
BUSY, QUIET, FAIR = HostLoad(250, 0), HostLoad(1, 0), HostLoad(70, 300)


def after(
    scale: ScalingState, load: HostLoad, *at: float, limits: ScalingLimits = LIMITS
) -> ScalingState:
    """The scale after the same load on every host at each of these times."""
    for now in at:
        scale = next_scaling_state(scale, [load] * scale.size, limits, now)
    return scale


def test_lasting_load_adds_hosts() -> None:
    assert after(ScalingState(2), BUSY, 0, SCALE_UP_AFTER_S).size == 3
    assert after(ScalingState(2), HostLoad(0, 5_000), 0, SCALE_UP_AFTER_S).size == 3


def test_a_burst_adds_none() -> None:
    scale = after(ScalingState(2), BUSY, 0, SCALE_UP_AFTER_S / 2)
    scale = after(scale, FAIR, SCALE_UP_AFTER_S * 0.7)

    assert after(scale, BUSY, SCALE_UP_AFTER_S).size == 2


def test_many_hosts_grow_by_a_share() -> None:
    assert after(ScalingState(6), BUSY, 0, SCALE_UP_AFTER_S).size == 8


def test_one_slow_host_is_its_nodes_trouble() -> None:
    loads = [HostLoad(390, 0), QUIET, QUIET, QUIET]
    scale = ScalingState(4)
    for now in (0.0, SCALE_UP_AFTER_S, SCALE_UP_AFTER_S * 2):
        scale = next_scaling_state(scale, loads, LIMITS, now)

    assert scale.size == 4


def test_lasting_quiet_takes_one_host_at_a_time() -> None:
    scale = after(ScalingState(4), QUIET, 0, 300)
    assert scale.size == 3
    assert after(scale, QUIET, 301).size == 3
    assert after(scale, QUIET, 301, 602).size == 2
    assert after(ScalingState(2), QUIET, 0, 300, 600, 900).size == 2


def test_a_load_between_the_limits_changes_nothing() -> None:
    """Between the limits nothing changes, however long it lasts."""
    assert after(ScalingState(3), FAIR, *range(0, 3600, 60)).size == 3


def test_while_a_host_starts_nothing_is_decided() -> None:
    scale = ScalingState(3, busy_since=0.0)

    assert next_scaling_state(scale, [BUSY, BUSY], LIMITS, SCALE_UP_AFTER_S) == ScalingState(3)


def test_lowered_limits_hold_at_once() -> None:
    assert next_scaling_state(ScalingState(6), [FAIR] * 6, ScalingLimits(1, 2), 0).size == 2


@given(
    st.lists(st.builds(HostLoad, st.floats(0, 10_000), st.integers(0, 10**6)), max_size=12),
    st.integers(0, 20),
    st.lists(st.floats(0, 10_000), max_size=12),
)
def test_no_load_leads_out_of_the_limits(
    loads: list[HostLoad], start: int, times: list[float]
) -> None:
    scale = ScalingState(start)
    for now in sorted(times):
        scale = next_scaling_state(scale, loads, LIMITS, now)
        assert LIMITS.min_size <= scale.size <= LIMITS.max_size
