"""A line between lanes: shares by weight, nobody starves, and order within a lane is kept."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.runtime.fairness.fair_queue import FairQueue, Lane

pytestmark = pytest.mark.timeout(60)

LANES = [UUID(int=number) for number in range(5)]
weights = st.lists(st.sampled_from([1.0, 2.0, 4.0, 0.5]), min_size=2, max_size=5)


def full(weights: list[float], each: int) -> FairQueue[int]:
    line: FairQueue[int] = FairQueue()
    for lane, weight in zip(LANES, weights, strict=False):
        for item in range(each):
            line.put(lane, item, weight)
    return line


@given(weights, st.integers(1, 150))
def test_lanes_that_always_wait_are_served_by_their_weights(
    weights: list[float], taken: int
) -> None:
    line = full(weights, 200)
    served: dict[Lane, int] = dict.fromkeys(LANES, 0)
    for _ in range(taken):
        found = line.take()
        assert found is not None
        served[found[0]] += 1

    shares = [served[lane] / weight for lane, weight in zip(LANES, weights, strict=False)]
    assert max(shares) - min(shares) <= 2 * max(1 / weight for weight in weights)


@given(weights)
def test_a_late_lane_waits_for_about_one_item_of_each_other_lane(
    weights: list[float],
) -> None:
    line = full(weights, 500)
    for _ in range(100):
        line.take()
    late = UUID(int=99)
    line.put(late, -1)

    before = 0
    while (found := line.take()) is not None and found[0] != late:
        before += 1

    assert before <= sum(2 * max(weight, 1.0) + 1 for weight in weights)


class QueueModel:
    """The same in words: what waits, by lane."""

    def __init__(self) -> None:
        self.items: dict[UUID, list[int]] = {lane: [] for lane in LANES}
        self.paused: set[UUID] = set()


doings = st.lists(
    st.tuples(
        st.sampled_from(["put", "first", "take", "remove", "pause", "resume"]),
        st.sampled_from(LANES),
        st.integers(0, 8),
    ),
    max_size=120,
)


@settings(max_examples=200)
@given(doings)
def test_nothing_is_lost_doubled_or_out_of_order_within_its_lane(
    doings: list[tuple[str, UUID, int]],
) -> None:
    line: FairQueue[int] = FairQueue()
    model = QueueModel()
    for doing, lane, item in doings:
        mine = model.items[lane]
        match doing:
            case "put" | "first":
                line.put(lane, item, 1.0 + lane.int, in_front=doing == "first")
                if item not in mine:
                    mine.insert(0 if doing == "first" else len(mine), item)
            case "remove":
                assert line.remove(lane, item) == (item in mine)
                if item in mine:
                    mine.remove(item)
            case "pause":
                line.pause(lane)
                model.paused.add(lane)
            case "resume":
                line.resume(lane)
                model.paused.discard(lane)
            case _:
                served(line, model)
        assert len(line) == sum(map(len, model.items.values()))
        assert dict(line.lanes()) == {k: len(v) for k, v in model.items.items() if v}
    for lane in LANES:
        line.resume(lane)
    model.paused.clear()
    while len(line):
        served(line, model)


def served(line: FairQueue[int], model: QueueModel) -> None:
    found = line.take()
    may = [lane for lane in LANES if model.items[lane] and lane not in model.paused]
    assert (found is None) == (not may)
    if found is not None:
        lane, item = found
        assert lane in may
        assert model.items[lane].pop(0) == item


def test_a_lane_that_rested_has_no_claim_on_what_it_did_not_use() -> None:
    line = full([1.0], 100)
    for _ in range(50):
        line.take()
    rested = LANES[1]
    for item in range(50):
        line.put(rested, item)

    lanes = [found[0] for _ in range(10) if (found := line.take())]

    assert lanes.count(rested) == 5


def test_lanes_of_tenants_that_left_are_not_kept() -> None:
    line: FairQueue[int] = FairQueue()
    for number in range(10_000):
        line.put(UUID(int=number), 1)
        line.take()

    assert len(line._lanes) < 200
