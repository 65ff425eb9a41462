"""How much is under way follows from how late things are, and only where others would notice."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.pace import LATELY_S, LEAST, Company, Pace

LATE, ON_TIME = 1.0, 0.0


def play(pace: Pace, carried: int, rounds: int) -> list[int]:
    """A line that carries so many at once without being late, always fully used."""
    limits = []
    for _ in range(rounds):
        under_way = pace.limit
        for _ in range(under_way):
            pace.ended(LATE if under_way > carried else ON_TIME, under_way)
        limits.append(pace.limit)
    return limits


def test_it_finds_what_the_line_carries_and_stays_there() -> None:
    limits = play(Pace(1000), carried=50, rounds=60)[20:]

    assert max(limits) <= 52, "one more than carried in a round, and then less"
    assert min(limits) >= 50 * 0.7 - 1
    assert sum(limits) / len(limits) > 40


def test_it_never_waits_for_more_than_it_has() -> None:
    assert play(Pace(5), carried=1000, rounds=10)[-1] == 5


def test_lateness_of_one_round_counts_once() -> None:
    pace = Pace(1000)
    before = pace.limit
    for _ in range(before):
        pace.ended(LATE, before)
    assert pace.limit == int(before * 0.7)


def test_what_is_hardly_used_says_nothing_about_more() -> None:
    pace = Pace(1000)
    before = pace.limit
    for _ in range(100):
        pace.ended(ON_TIME, 1)
    assert pace.limit == before


@given(
    st.integers(1, 500),
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 500)) | st.integers(1, 500), max_size=200),
)
def test_the_limit_stays_within_its_bounds(
    most: int, happenings: list[tuple[float, int] | int]
) -> None:
    pace = Pace(most)
    for each in happenings:
        if isinstance(each, int):
            most = each
            pace.resize(most)
        else:
            pace.ended(*each)
        assert min(int(LEAST), most) <= pace.limit <= most


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
