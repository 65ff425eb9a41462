"""Plans the next start or stop of a host: enough hosts of this build, spread over the nodes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FleetMember:
    """A host of the fleet: the node where it runs or should start, and its build id, which is
    ``None`` while the host does not answer.
    """

    number: int
    node: str | None = None
    build_id: str | None = None
    fresh: bool = False
    """Whether this supervisor started it; then its build counts as current, whatever it reports."""
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
    staying = [member for member in members if not member.draining]
    if len(staying) < target_size:
        return StartMemberAction(_free_number(members), _emptiest_node(staying, nodes))
    if any(member.draining for member in members):
        return None
    if len(staying) > target_size:
        return DrainMemberAction(_most_expendable(staying, nodes), "surplus")
    if any(member.build_id is None for member in staying):
        return None  # a host starts or restarts: change nothing else meanwhile
    older = [member for member in staying if member.build_id != build_id and not member.fresh]
    if older:
        return DrainMemberAction(min(member.number for member in older), "release")
    return _balancing_action(staying, nodes)


def _most_expendable(members: Sequence[FleetMember], nodes: Sequence[str]) -> int:
    """A host whose node is gone, else one that does not answer, else the highest number."""

    def expendability(member: FleetMember) -> tuple[bool, bool, int]:
        return bool(nodes) and member.node not in nodes, member.build_id is None, member.number

    return max(members, key=expendability).number


def _free_number(members: Sequence[FleetMember]) -> int:
    taken = {member.number for member in members}
    return next(number for number in range(len(members) + 1) if number not in taken)


def _emptiest_node(members: Sequence[FleetMember], nodes: Sequence[str]) -> str | None:
    counts = Counter(member.node for member in members)
    return min(sorted(nodes), key=lambda node: counts[node], default=None)


def _balancing_action(
    members: Sequence[FleetMember], nodes: Sequence[str]
) -> DrainMemberAction | None:
    """Drain one host of a node that has at least two more than another node."""
    if not nodes:
        return None
    counts = Counter(member.node for member in members)
    fullest = max(sorted(nodes), key=lambda node: counts[node])
    if counts[fullest] - min(counts[node] for node in nodes) < 2:
        return None
    return DrainMemberAction(
        max(member.number for member in members if member.node == fullest), "balance"
    )
