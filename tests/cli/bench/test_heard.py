"""What screens heard, held against the log."""

import pytest

from niochat.cli.bench.heard import (
    Audit,
    Log,
    Logged,
    Watched,
    audit,
    back_after_s,
    latencies_ms,
    refetching,
)

LOG: Log = {
    "one": [Logged("a", 10.0), Logged("b", 11.0), Logged("c", 20.0)],
    "two": [Logged("d", 11.5)],
}


def watched(*positions: str, tenant: str = "one", first: float = 30.0) -> Watched:
    return Watched(tenant, [(p, first + n) for n, p in enumerate(positions)], [(5.0, False)])


def test_who_hears_every_event_of_the_tenant_once_and_in_order_is_clean() -> None:
    found = audit(LOG, [watched("a", "b", "c"), watched("d", tenant="two")])

    assert found == Audit(frames=4)
    assert found.clean


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        (("a", "c"), Audit(frames=2, lost=1)),
        (("a", "b", "b", "c"), Audit(frames=4, twice=1)),
        (("b", "a", "c"), Audit(frames=3, out_of_order=1)),
        (("a", "b", "c", "d"), Audit(frames=4, strange=1)),
        ((), Audit(lost=3)),
    ],
)
def test_what_is_wrong_is_counted(heard: tuple[str, ...], found: Audit) -> None:
    assert audit(LOG, [watched(*heard)]) == found
    assert not found.clean


def test_latencies_are_from_the_commit_to_each_screen_of_the_calm_time() -> None:
    screens = [watched("a", "b", "c", first=10.5), watched("a", first=10.25)]

    assert latencies_ms(LOG, screens, until=15.0) == [500.0, 500.0, 250.0]


def test_a_screen_is_back_when_it_was_welcomed_and_has_what_it_missed() -> None:
    slow = Watched("one", [("a", 10.1), ("b", 16.5), ("c", 21.0)], [(5.0, False), (16.0, True)])
    quick = Watched("two", [("d", 11.6)], [(5.0, False), (15.5, False)])
    absent = Watched("two", [], [(5.0, False)])

    assert back_after_s(LOG, [slow, quick, absent], began=15.0) == [0.5, 1.5]
    assert refetching([slow, quick, absent], began=15.0) == 1
