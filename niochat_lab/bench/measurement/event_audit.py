"""Compare the frames that clients received with the event log: completeness, order and latency.

The functions are pure. Times are seconds of the machine's clock, which PostgreSQL and the clients
share.
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
    """The recording of one client: (position, time) of each frame in order, (time, caught up) of
    welcomes.
    """

    tenant: str
    received: Sequence[tuple[str, float]]
    welcomed: Sequence[tuple[float, bool]]


@dataclass(slots=True)
class EventDeliveryAudit:
    """The audit of all clients. ``foreign``: frames of an event that is not in the tenant's log."""

    frames: int = 0
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    foreign: int = 0

    @property
    def clean(self) -> bool:
        """Whether every client received every event once and in order."""
        return not (self.lost or self.twice or self.out_of_order or self.foreign)


def audit_event_delivery(
    log: EventLogByTenant, clients: Sequence[ClientRecording]
) -> EventDeliveryAudit:
    """Compare each client with its tenant's events."""
    audit = EventDeliveryAudit()
    for client in clients:
        index_by_position = {
            each.position: at for at, each in enumerate(log.get(client.tenant, ()))
        }
        indexes = [
            index_by_position[position]
            for position, _ in client.received
            if position in index_by_position
        ]
        received = set(indexes)
        audit.frames += len(client.received)
        audit.foreign += len(client.received) - len(indexes)
        audit.twice += len(indexes) - len(received)
        audit.lost += len(index_by_position) - len(received)
        audit.out_of_order += sum(later < before for before, later in pairwise(indexes))
    return audit


def delivery_latencies_ms(
    log: EventLogByTenant, clients: Sequence[ClientRecording], until: float
) -> list[float]:
    """Milliseconds from each commit before ``until`` to each client that received the event."""
    committed = {
        each.position: each.committed
        for events in log.values()
        for each in events
        if each.committed < until
    }
    return [
        (at - committed[position]) * 1000
        for client in clients
        for position, at in client.received
        if position in committed
    ]


def recovery_times_s(
    log: EventLogByTenant, clients: Sequence[ClientRecording], began: float
) -> list[float]:
    """Seconds until each reconnected client was welcomed and had all events committed before
    ``began``, sorted.
    """
    times = []
    for client in clients:
        missed = {e.position for e in log.get(client.tenant, ()) if e.committed <= began}
        welcomed = [at for at, _ in client.welcomed if at >= began]
        if welcomed:
            received_at = [at for position, at in client.received if position in missed]
            times.append(max([welcomed[0], *received_at]) - began)
    return sorted(times)


def count_refetching_clients(clients: Sequence[ClientRecording], began: float) -> int:
    """The number of clients that reconnected and were not caught up."""
    return sum(not caught for each in clients for at, caught in each.welcomed if at >= began)
