"""How fast lanes may begin follows from how busy machines are, where others would notice."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.pace import FIRST, LATELY_S, LEAST, LOOK_EVERY_S, MOST, Company, Pace

BUSY, FREE = 0.9, 0.1


def in_company(clock: float = 0.0) -> Pace:
    pace = Pace(lambda: clock)
    pace.came("loud")
    pace.came("quiet")
    return pace


def play(pace: Pace, carried: float, looks: int) -> list[float]:
    """A lane that always begins as much as it may, on a machine that carries so much a second."""
    rates = []
    for _ in range(looks):
        begun = pace.rate * LOOK_EVERY_S
        for _ in range(round(begun)):
            pace.wait_s("loud", 1.0)
        pace.look(BUSY if begun / LOOK_EVERY_S > carried else FREE, LOOK_EVERY_S)
        rates.append(pace.rate)
    return rates


def test_it_finds_what_the_machine_carries_and_stays_near_it() -> None:
    rates = play(in_company(), carried=100.0, looks=400)[200:]

    assert max(rates) < 110
    assert min(rates) > 70


def test_a_lane_waits_as_long_as_its_part_lasts_and_a_heavier_one_less() -> None:
    pace = in_company()
    assert pace.wait_s("loud", 1.0) == 1 / FIRST
    assert pace.wait_s("loud", 4.0) == 0.25 / FIRST


def test_a_machine_elsewhere_counts_for_one_look() -> None:
    pace = in_company()
    pace.heard(BUSY)
    pace.heard(FREE)
    pace.look(FREE, LOOK_EVERY_S)
    slowed = pace.rate
    assert slowed < FIRST

    pace.look(FREE, LOOK_EVERY_S)
    assert pace.rate == slowed


def test_what_is_hardly_used_says_nothing_about_more() -> None:
    pace = in_company()
    for _ in range(100):
        pace.wait_s("loud", 1.0)
        pace.look(FREE, 1.0)
    assert pace.rate == FIRST


def test_a_lane_that_is_alone_is_never_slowed_down() -> None:
    pace = Pace(lambda: 0.0)
    for _ in range(50):
        pace.came("loud")
        assert pace.wait_s("loud", 1.0) == 0.0
        pace.look(1.0, LOOK_EVERY_S)
    assert pace.rate == FIRST


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0, 1), st.floats(0.01, 5)), max_size=200))
def test_the_rate_stays_within_its_bounds(looks: list[tuple[int, float, float]]) -> None:
    pace = in_company()
    for begun, pressure, passed_s in looks:
        for _ in range(begun):
            pace.wait_s("loud", 1.0)
        pace.look(pressure, passed_s)
        assert LEAST <= pace.rate <= MOST
        assert pace.at_once(1.0) >= 1


def test_who_is_alone_is_nobodys_company() -> None:
    now = 0.0
    company = Company(lambda: now)
    assert not company.several
    for _ in range(3):
        company.came("a")
    assert not company.several

    company.came("b")
    assert company.several
    for _ in range(5):
        company.came("b")
    assert company.several

    now = LATELY_S
    company.came("b")
    assert not company.several, "the other one was here long ago"
