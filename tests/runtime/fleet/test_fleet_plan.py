"""One change at a time brings the hosts to the number, release and nodes that are wanted."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from niochat.runtime.fleet.fleet_plan import (
    DrainMemberAction,
    FleetMember,
    StartMemberAction,
    next_fleet_action,
)

NODES = ("a", "b", "c")


def seat(number: int, node: str = "a", release: str | None = "new", **more: bool) -> FleetMember:
    return FleetMember(number, node, release, **more)


def test_missing_hosts_go_to_the_emptiest_nodes() -> None:
    assert next_fleet_action([], 2, NODES, "new") == StartMemberAction(0, "a")
    assert next_fleet_action([seat(0, "a", None)], 2, NODES, "new") == StartMemberAction(1, "b")
    assert next_fleet_action([seat(1, "a")], 2, (), "new") == StartMemberAction(0, None)


def test_surplus_goes_from_the_highest_number_and_one_at_a_time() -> None:
    three = [seat(n, node) for n, node in enumerate(NODES)]

    assert next_fleet_action(three, 1, NODES, "new") == DrainMemberAction(2, "surplus")
    assert (
        next_fleet_action([*three[:2], replace(three[2], draining=True)], 1, NODES, "new") is None
    )


def test_surplus_hosts_on_lost_nodes_or_without_heartbeat_are_drained_first() -> None:
    """A node died, and so fewer hosts are wanted: the others stay where they are."""
    for gone in (seat(1, "gone"), seat(1, "gone", None), seat(1, "a", None)):
        seats = [seat(0, "a"), gone, seat(2, "b")]
        assert next_fleet_action(seats, 2, ("a", "b"), "new") == DrainMemberAction(1, "surplus")


def test_older_releases_are_replaced_one_by_one_after_their_substitute_came() -> None:
    old = [seat(0, "a", "old"), seat(1, "b", "old")]

    assert next_fleet_action(old, 2, NODES, "new") == DrainMemberAction(0, "release")
    leaving = [replace(old[0], draining=True), old[1]]
    assert next_fleet_action(leaving, 2, NODES, "new") == StartMemberAction(2, "a")
    assert next_fleet_action([*leaving, seat(2, "a", None)], 2, NODES, "new") is None
    assert next_fleet_action([*leaving, seat(2, "a")], 2, NODES, "new") is None
    assert next_fleet_action([old[1], seat(2, "a")], 2, NODES, "new") == DrainMemberAction(
        1, "release"
    )


def test_a_host_just_hired_is_not_replaced_though_its_node_has_other_code() -> None:
    assert next_fleet_action([seat(0, "a", "older", fresh=True)], 1, NODES, "new") is None


def test_while_a_host_restarts_nobody_is_replaced() -> None:
    assert next_fleet_action([seat(0, "a", "old"), seat(1, "b", None)], 2, NODES, "new") is None


def test_a_node_with_two_more_than_another_gives_one_away() -> None:
    crowded = [seat(0, "a"), seat(1, "a"), seat(2, "b")]

    assert next_fleet_action(crowded, 3, ("a", "b"), "new") is None
    assert next_fleet_action(crowded, 3, NODES, "new") == DrainMemberAction(1, "balance")


numbers = st.lists(st.integers(0, 5), unique=True, max_size=6)


@given(numbers, st.integers(1, 6), st.data())
def test_every_beginning_comes_to_rest(start: list[int], wanted: int, data: st.DataObject) -> None:
    """Each change is carried out at once; after few of them nothing is left to do."""
    seats = [
        seat(
            n,
            data.draw(st.sampled_from((*NODES, "gone"))),
            data.draw(st.sampled_from(("old", "new"))),
        )
        for n in start
    ]
    for _ in range(60):
        match next_fleet_action(seats, wanted, NODES, "new"):
            case StartMemberAction(number, node):
                seats.append(seat(number, node or "a", fresh=True))
            case DrainMemberAction(number, _):
                seats = [replace(s, draining=s.draining or s.number == number) for s in seats]
            case None:
                if not any(s.draining for s in seats):
                    break
                seats = [s for s in seats if not s.draining]
    else:
        raise AssertionError(seats)
    assert len(seats) == wanted
    assert {s.build_id for s in seats} == {"new"}
