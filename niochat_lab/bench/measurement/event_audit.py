"""What screens heard, held against the log: each event of the tenant once, in order, and how soon.

Pure. Times are seconds of the machine's clock, which PostgreSQL and the screens share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class CommittedEvent:
    """One event: its position, and when its transaction was committed."""

    position: str
    committed: float


EventLogByTenant = Mapping[str, Sequence[CommittedEvent]]
"""Events by tenant, in the order of the log."""


@dataclass(frozen=True, slots=True)
class ClientRecording:
    """One screen: (position, time) of each frame, as they came; (time, caught up) of welcomes."""

    tenant: str
    received: Sequence[tuple[str, float]]
    welcomed: Sequence[tuple[float, bool]]


@dataclass(slots=True)
class EventDeliveryAudit:
    """Over all screens. `strange`: frames of an event that is not of the log of its tenant."""

    frames: int = 0
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    foreign: int = 0

    @property
    def clean(self) -> bool:
        """Everybody heard everything once, in order."""
        return not (self.lost or self.twice or self.out_of_order or self.foreign)


def audit_event_delivery(
    log: EventLogByTenant, screens: Sequence[ClientRecording]
) -> EventDeliveryAudit:
    """Every screen against its tenant's events."""
    found = EventDeliveryAudit()
    for screen in screens:
        places = {each.position: at for at, each in enumerate(log.get(screen.tenant, ()))}
        heard = [places[position] for position, _ in screen.received if position in places]
        known = set(heard)
        found.frames += len(screen.received)
        found.foreign += len(screen.received) - len(heard)
        found.twice += len(heard) - len(known)
        found.lost += len(places) - len(known)
        found.out_of_order += sum(later < before for before, later in pairwise(heard))
    return found


def delivery_latencies_ms(
    log: EventLogByTenant, screens: Sequence[ClientRecording], until: float
) -> list[float]:
    """From each commit before `until` to each screen that heard of it."""
    committed = {
        each.position: each.committed
        for events in log.values()
        for each in events
        if each.committed < until
    }
    return [
        (at - committed[position]) * 1000
        for screen in screens
        for position, at in screen.received
        if position in committed
    ]


def recovery_times_s(
    log: EventLogByTenant, screens: Sequence[ClientRecording], began: float
) -> list[float]:
    """For each screen that came again from `began` on, sorted: until it had its welcome and all
    that had been committed before `began`.
    """
    found = []
    for screen in screens:
        missed = {e.position for e in log.get(screen.tenant, ()) if e.committed <= began}
        welcomed = [at for at, _ in screen.welcomed if at >= began]
        if welcomed:
            heard = [at for position, at in screen.received if position in missed]
            found.append(max([welcomed[0], *heard]) - began)
    return sorted(found)


def count_refetching_clients(screens: Sequence[ClientRecording], began: float) -> int:
    """Screens that came again and were not caught up."""
    return sum(not caught for each in screens for at, caught in each.welcomed if at >= began)
