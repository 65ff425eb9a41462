"""The activations of a host: by address, by kind, and by how long they have been idle."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from typing import Any

from niochat.runtime.activation import Activation
from niochat.runtime.address import ActorAddress

_MAX_IDLE_SCAN = 16
"""How many of the longest idle actors are checked when another one needs room."""


class ActivationCatalog:
    """Activations, longest idle first. A lookup by kind does not walk through the activations of
    other kinds, of which there may be 100,000.
    """

    def __init__(self, kinds: Iterable[str]) -> None:
        self._all: OrderedDict[ActorAddress, Activation] = OrderedDict()
        self._by_kind: dict[str, dict[ActorAddress, Activation]] = {kind: {} for kind in kinds}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Activation]:
        return iter(self._all.values())

    def count_kind(self, kind: str) -> int:
        """The number of activations of a kind."""
        return len(self._by_kind[kind])

    def find(self, address: ActorAddress) -> Activation | None:
        """The actor, if it is in memory."""
        return self._all.get(address)

    def states(self, kind: str) -> list[tuple[ActorAddress, Any]]:
        """The states of the active actors of a kind."""
        members = self._by_kind[kind].items()
        return [(address, each.state) for address, each in members if each.state is not None]

    def add(self, activation: Activation) -> None:
        """Add a new activation."""
        self._all[activation.address] = activation
        self._by_kind[activation.address.kind][activation.address] = activation

    def remove(self, address: ActorAddress) -> None:
        """Remove the actor, if it is in memory."""
        if self._all.pop(address, None) is not None:
            del self._by_kind[address.kind][address]

    def mark_active(self, activation: Activation, now: float) -> None:
        """Record activity: the actor counts as idle from ``now`` on."""
        activation.last_active_at = now
        if activation.address in self._all:
            self._all.move_to_end(activation.address)

    def in_shards(self, shards: set[int]) -> list[Activation]:
        """The activations of these shards."""
        return [each for each in self if each.address.shard in shards]

    def idle_since(self, limit: float) -> list[Activation]:
        """Idle activations without any activity since ``limit``."""
        return [
            each for each in takewhile(lambda a: a.last_active_at < limit, self) if each.is_idle
        ]

    def idle_surplus(self, capacity: int) -> list[Activation]:
        """The longest idle activations, as many as exceed ``capacity``."""
        surplus = max(len(self) - capacity, 0)
        return list(islice((each for each in self if each.is_idle), surplus))

    def longest_idle(self) -> Activation | None:
        """The longest idle activation; ``None`` if all checked ones are busy."""
        return next((each for each in islice(self, _MAX_IDLE_SCAN) if each.is_idle), None)

    def clear(self) -> None:
        """Reset and remove all activations."""
        for activation in self:
            activation.reset()
        self._all.clear()
        for members in self._by_kind.values():
            members.clear()
