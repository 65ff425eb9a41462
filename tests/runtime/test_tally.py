"""A tally hands out what was counted since the last time, and nothing twice."""

from niochat.runtime.tally import Tally


def test_what_was_taken_is_not_taken_again() -> None:
    tally = Tally()
    tally.add("steps", "done")
    tally.add("steps", "done")
    tally.add("steps", "lost")
    tally.add_seconds("waited", 0.0)
    tally.add_seconds("slept", 1.5)

    assert tally.take() == {("steps", "done"): 2, ("steps", "lost"): 1, ("slept", ""): 1.5}
    tally.add("steps", "done")
    assert tally.take() == {("steps", "done"): 1}
    assert tally.take() == {}
