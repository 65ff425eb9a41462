"""What screens heard, held against the log."""

import pytest

from niochat_lab.bench.measurement.event_audit import (
    ClientRecording,
    CommittedEvent,
    EventDeliveryAudit,
    EventLogByTenant,
    audit_event_delivery,
    count_refetching_clients,
    delivery_latencies_ms,
    recovery_times_s,
)

LOG: EventLogByTenant = {
    "one": [CommittedEvent("a", 10.0), CommittedEvent("b", 11.0), CommittedEvent("c", 20.0)],
    "two": [CommittedEvent("d", 11.5)],
}


def watched(*positions: str, tenant: str = "one", first: float = 30.0) -> ClientRecording:
    return ClientRecording(
        tenant, [(p, first + n) for n, p in enumerate(positions)], [(5.0, False)]
    )


def test_who_hears_every_event_of_the_tenant_once_and_in_order_is_clean() -> None:
    found = audit_event_delivery(LOG, [watched("a", "b", "c"), watched("d", tenant="two")])

    assert found == EventDeliveryAudit(frames=4)
    assert found.clean


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        (("a", "c"), EventDeliveryAudit(frames=2, lost=1)),
        (("a", "b", "b", "c"), EventDeliveryAudit(frames=4, twice=1)),
        (("b", "a", "c"), EventDeliveryAudit(frames=3, out_of_order=1)),
        (("a", "b", "c", "d"), EventDeliveryAudit(frames=4, foreign=1)),
        ((), EventDeliveryAudit(lost=3)),
    ],
)
def test_lost_duplicate_and_foreign_frames_are_counted(
    heard: tuple[str, ...], found: EventDeliveryAudit
) -> None:
    assert audit_event_delivery(LOG, [watched(*heard)]) == found
    assert not found.clean


def test_latencies_are_from_the_commit_to_each_screen_of_the_calm_time() -> None:
    screens = [watched("a", "b", "c", first=10.5), watched("a", first=10.25)]

    assert delivery_latencies_ms(LOG, screens, until=15.0) == [500.0, 500.0, 250.0]


def test_a_screen_is_back_when_it_was_welcomed_and_has_what_it_missed() -> None:
    slow = ClientRecording(
        "one", [("a", 10.1), ("b", 16.5), ("c", 21.0)], [(5.0, False), (16.0, True)]
    )
    quick = ClientRecording("two", [("d", 11.6)], [(5.0, False), (15.5, False)])
    absent = ClientRecording("two", [], [(5.0, False)])

    assert recovery_times_s(LOG, [slow, quick, absent], began=15.0) == [0.5, 1.5]
    assert count_refetching_clients([slow, quick, absent], began=15.0) == 1
