"""The number of hosts follows lasting load, within its limits, and does not swing."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.scaling import UP_AFTER_S, Limits, Load, Scale, rescale

LIMITS = Limits(least=2, most=8, lag_ms=100, depth=1_000, idle_s=300)
BUSY, QUIET, FAIR = Load(250, 0), Load(1, 0), Load(70, 300)


def after(scale: Scale, load: Load, *at: float, limits: Limits = LIMITS) -> Scale:
    """The scale after the same load on every host at each of these times."""
    for now in at:
        scale = rescale(scale, [load] * scale.hosts, limits, now)
    return scale


def test_lasting_load_adds_hosts() -> None:
    assert after(Scale(2), BUSY, 0, UP_AFTER_S).hosts == 3
    assert after(Scale(2), Load(0, 5_000), 0, UP_AFTER_S).hosts == 3


def test_a_burst_adds_none() -> None:
    scale = after(Scale(2), BUSY, 0, UP_AFTER_S / 2)
    scale = after(scale, FAIR, UP_AFTER_S * 0.7)

    assert after(scale, BUSY, UP_AFTER_S).hosts == 2


def test_many_hosts_grow_by_a_share() -> None:
    assert after(Scale(6), BUSY, 0, UP_AFTER_S).hosts == 8


def test_one_slow_host_is_its_nodes_trouble() -> None:
    loads = [Load(390, 0), QUIET, QUIET, QUIET]
    scale = Scale(4)
    for now in (0.0, UP_AFTER_S, UP_AFTER_S * 2):
        scale = rescale(scale, loads, LIMITS, now)

    assert scale.hosts == 4


def test_lasting_quiet_takes_one_host_at_a_time() -> None:
    scale = after(Scale(4), QUIET, 0, 300)
    assert scale.hosts == 3
    assert after(scale, QUIET, 301).hosts == 3
    assert after(scale, QUIET, 301, 602).hosts == 2
    assert after(Scale(2), QUIET, 0, 300, 600, 900).hosts == 2


def test_what_two_hosts_bear_three_do_not_give_back_to_come_again() -> None:
    """Between the limits nothing changes, however long it lasts."""
    assert after(Scale(3), FAIR, *range(0, 3600, 60)).hosts == 3


def test_while_a_host_starts_nothing_is_decided() -> None:
    scale = Scale(3, busy_since=0.0)

    assert rescale(scale, [BUSY, BUSY], LIMITS, UP_AFTER_S) == Scale(3)


def test_lowered_limits_hold_at_once() -> None:
    assert rescale(Scale(6), [FAIR] * 6, Limits(1, 2), 0).hosts == 2


@given(
    st.lists(st.builds(Load, st.floats(0, 10_000), st.integers(0, 10**6)), max_size=12),
    st.integers(0, 20),
    st.lists(st.floats(0, 10_000), max_size=12),
)
def test_no_load_leads_out_of_the_limits(loads: list[Load], start: int, times: list[float]) -> None:
    scale = Scale(start)
    for now in sorted(times):
        scale = rescale(scale, loads, LIMITS, now)
        assert LIMITS.least <= scale.hosts <= LIMITS.most
