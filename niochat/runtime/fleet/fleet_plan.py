"""Which host starts or stops next: enough hosts, of this build, spread over the nodes. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FleetMember:
    """A host as the plan sees it: the node where it runs or should start, and its build, which is
    ``None`` while it does not answer.
    """

    number: int
    node: str | None = None
    build_id: str | None = None
    fresh: bool = False
    """Started by this supervisor: it counts as current, whatever build it reports."""
    draining: bool = False


@dataclass(frozen=True, slots=True)
class StartMemberAction:
    """Start the host of this number, on this node if the node is there (``None``: on any)."""

    number: int
    node: str | None


@dataclass(frozen=True, slots=True)
class DrainMemberAction:
    """Drain the host of this number, once the others are enough without it."""

    number: int
    reason: str


FleetAction = StartMemberAction | DrainMemberAction


def next_fleet_action(
    members: Sequence[FleetMember], target_size: int, nodes: Sequence[str], build_id: str
) -> FleetAction | None:
    """The next change, one at a time; ``None`` when none is needed or the last one is in progress.

    A host is drained only after its substitute answers, so ``target_size`` hosts are always there.
    ``nodes`` are those that may run hosts; empty means that they are unknown.
    """
    staying = [seat for seat in members if not seat.draining]
    if len(staying) < target_size:
        return StartMemberAction(_free_number(members), _emptiest_node(staying, nodes))
    if any(seat.draining for seat in members):
        return None
    if len(staying) > target_size:
        return DrainMemberAction(_most_expendable(staying, nodes), "surplus")
    if any(seat.build_id is None for seat in staying):
        return None  # a host starts or restarts: change nothing else meanwhile
    older = [seat for seat in staying if seat.build_id != build_id and not seat.fresh]
    if older:
        return DrainMemberAction(min(seat.number for seat in older), "release")
    return _balancing_action(staying, nodes)


def _most_expendable(seats: Sequence[FleetMember], nodes: Sequence[str]) -> int:
    """A host whose node is gone, else one that does not answer, else the highest number."""

    def missed(seat: FleetMember) -> tuple[bool, bool, int]:
        return bool(nodes) and seat.node not in nodes, seat.build_id is None, seat.number

    return max(seats, key=missed).number


def _free_number(seats: Sequence[FleetMember]) -> int:
    taken = {seat.number for seat in seats}
    return next(number for number in range(len(seats) + 1) if number not in taken)


def _emptiest_node(seats: Sequence[FleetMember], nodes: Sequence[str]) -> str | None:
    carried = Counter(seat.node for seat in seats)
    return min(sorted(nodes), key=lambda node: carried[node], default=None)


def _balancing_action(
    seats: Sequence[FleetMember], nodes: Sequence[str]
) -> DrainMemberAction | None:
    """Drain one host of a node that has at least two more than another node."""
    if not nodes:
        return None
    counted = Counter(seat.node for seat in seats)
    fullest = max(sorted(nodes), key=lambda node: counted[node])
    if counted[fullest] - min(counted[node] for node in nodes) < 2:
        return None
    return DrainMemberAction(max(seat.number for seat in seats if seat.node == fullest), "balance")
