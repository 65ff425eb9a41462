"""A tally hands out what was counted since the last time, and nothing twice."""

from niochat.runtime.process.counter_buffer import CounterBuffer


def test_taken_counts_are_not_returned_again() -> None:
    tally = CounterBuffer()
    tally.increment("steps", "done")
    tally.increment("steps", "done")
    tally.increment("steps", "lost")
    tally.add_seconds("waited", 0.0)
    tally.add_seconds("slept", 1.5)

    assert tally.drain() == {("steps", "done"): 2, ("steps", "lost"): 1, ("slept", ""): 1.5}
    tally.increment("steps", "done")
    assert tally.drain() == {("steps", "done"): 1}
    assert tally.drain() == {}
