"""Who is in a host's memory: found by address, counted by kind, known by how long it was idle."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from niochat.runtime.address import Address
from niochat.runtime.mailbox import Activation

_LOOKED_THROUGH = 16
"""Longest idle actors that are tried when there is no room for another one."""


class Members:
    """Activations, longest idle first. Every question about a kind is answered without the others,
    of whom there may be 100,000.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._all: OrderedDict[Address, Activation] = OrderedDict()
        self._of_kind: dict[str, dict[Address, Activation]] = {kind: {} for kind in kinds}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Activation]:
        return iter(self._all.values())

    def count(self, kind: str) -> int:
        """Activations of a kind."""
        return len(self._of_kind[kind])

    def find(self, address: Address) -> Activation | None:
        """The actor, if it is in memory."""
        return self._all.get(address)

    def states(self, kind: str) -> list[tuple[Address, Any]]:
        """What the actors of a kind remember."""
        members = self._of_kind[kind].items()
        return [(address, each.state) for address, each in members if each.state is not None]

    def add(self, activation: Activation) -> None:
        """Somebody new."""
        self._all[activation.address] = activation
        self._of_kind[activation.address.kind][activation.address] = activation

    def drop(self, address: Address) -> None:
        """It leaves, if it is here."""
        if self._all.pop(address, None) is not None:
            del self._of_kind[address.kind][address]

    def touch(self, activation: Activation, now: float) -> None:
        """It did something: it is idle since now."""
        activation.touched = now
        if activation.address in self._all:
            self._all.move_to_end(activation.address)

    def of_shards(self, shards: set[int]) -> list[Activation]:
        """Those that live in the shards."""
        return [each for each in self if each.address.shard in shards]

    def idle_since(self, limit: float) -> list[Activation]:
        """Who rests and did nothing since then."""
        return [each for each in takewhile(lambda a: a.touched < limit, self) if each.resting]

    def above(self, capacity: int) -> list[Activation]:
        """The longest idle that rest, as many as there are too many."""
        surplus = max(len(self) - capacity, 0)
        return list(islice((each for each in self if each.resting), surplus))

    def longest_idle(self) -> Activation | None:
        """One that rests; ``None`` when those looked at all have something to do."""
        return next((each for each in islice(self, _LOOKED_THROUGH) if each.resting), None)

    def clear(self) -> None:
        """Everybody leaves and forgets."""
        for activation in self:
            activation.clear()
        self._all.clear()
        for members in self._of_kind.values():
            members.clear()
