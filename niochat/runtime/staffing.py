"""Which host comes or goes next: enough of them, of our release, spread over the nodes. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seat:
    """A host as staffing sees it: the node where it runs or should start, and its release,
    which is ``None`` while it does not answer.
    """

    number: int
    node: str | None = None
    release: str | None = None
    fresh: bool = False
    """Hired by this supervisor: as new as it can be, whatever its release says."""
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Hire:
    """Start the host of this number, on this node if it is there (``None``: anywhere)."""

    number: int
    node: str | None


@dataclass(frozen=True, slots=True)
class Retire:
    """Let the host of this number go, once the others are enough without it."""

    number: int
    why: str


Change = Hire | Retire


def staff(seats: Sequence[Seat], wanted: int, nodes: Sequence[str], release: str) -> Change | None:
    """The next change, one at a time; ``None``: all is well, or the last one is under way.

    A host that is replaced goes after its substitute answers, so ``wanted`` are always there.
    ``nodes`` are those that may carry hosts; empty means that they are not known.
    """
    staying = [seat for seat in seats if not seat.leaving]
    if len(staying) < wanted:
        return Hire(_free(seats), _emptiest(staying, nodes))
    if any(seat.leaving for seat in seats):
        return None
    if len(staying) > wanted:
        return Retire(_least_missed(staying, nodes), "surplus")
    if any(seat.release is None for seat in staying):
        return None  # somebody starts or restarts: no moment for more
    older = [seat for seat in staying if seat.release != release and not seat.fresh]
    if older:
        return Retire(min(seat.number for seat in older), "release")
    return _spread(staying, nodes)


def _least_missed(seats: Sequence[Seat], nodes: Sequence[str]) -> int:
    """Whose node is not there any more, else who does not answer, else the highest number."""

    def missed(seat: Seat) -> tuple[bool, bool, int]:
        return bool(nodes) and seat.node not in nodes, seat.release is None, seat.number

    return max(seats, key=missed).number


def _free(seats: Sequence[Seat]) -> int:
    taken = {seat.number for seat in seats}
    return next(number for number in range(len(seats) + 1) if number not in taken)


def _emptiest(seats: Sequence[Seat], nodes: Sequence[str]) -> str | None:
    carried = Counter(seat.node for seat in seats)
    return min(sorted(nodes), key=lambda node: carried[node], default=None)


def _spread(seats: Sequence[Seat], nodes: Sequence[str]) -> Retire | None:
    """A node has two hosts more than another: one of them moves over."""
    if not nodes:
        return None
    counted = Counter(seat.node for seat in seats)
    fullest = max(sorted(nodes), key=lambda node: counted[node])
    if counted[fullest] - min(counted[node] for node in nodes) < 2:
        return None
    return Retire(max(seat.number for seat in seats if seat.node == fullest), "balance")
