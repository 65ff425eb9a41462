"""A queue that is fair between lanes: each is served by its weight, however long the others are.

Start-time fair queueing (Goyal, Vin, Cheng: *Start-time Fair Queuing*, 1996), where every item
counts as one: a lane's next item carries a virtual time, the smallest is taken, and the lane's
time advances by one over its weight. O(log lanes) for each item.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterator
from itertools import count
from typing import Generic, TypeVar
from uuid import UUID

Lane = UUID | None
"""The owner of items, such as a tenant; ``None`` is the lane of items without a known owner."""
Item = TypeVar("Item")

_MAX_IDLE_LANES = 64
"""Empty lanes that are kept. If there are more, the unused ones are dropped."""


class _Lane(Generic[Item]):
    __slots__ = ("items", "key", "listed", "paused", "time", "weight")

    def __init__(self, key: Lane, time: float) -> None:
        self.key = key
        self.items: OrderedDict[Item, None] = OrderedDict()
        self.time = time
        self.weight = 1.0
        self.paused = False
        self.listed = False
        """Whether the lane is in the heap."""


class FairQueue(Generic[Item]):
    """Items wait by lane, each item once in its lane; the items of a lane keep their order.

    Of two lanes that never become empty, neither gets more than two items ahead of its share. A
    lane that was empty or paused has no claim on service that it did not use.
    """

    def __init__(self) -> None:
        self._lanes: dict[Lane, _Lane[Item]] = {}
        self._heap: list[tuple[float, int, _Lane[Item]]] = []
        self._numbers = count()
        self._time = 0.0
        self._latest = 0.0
        """The largest virtual time of any lane."""
        self._length = 0

    def __len__(self) -> int:
        """The number of waiting items, also in paused lanes."""
        return self._length

    def put(self, lane: Lane, item: Item, weight: float = 1.0, *, in_front: bool = False) -> None:
        """Add the item to the end or the front of the lane. A waiting item keeps its position."""
        entry = self._lanes.get(lane)
        if entry is None:
            entry = self._open_lane(lane)
        entry.weight = weight
        if item not in entry.items:
            entry.items[item] = None
            self._length += 1
            if in_front:
                entry.items.move_to_end(item, last=False)
        self._list_lane(entry)

    def take(self) -> tuple[Lane, Item] | None:
        """The next item and its lane; ``None`` when all lanes are empty or paused."""
        while self._heap:
            time, _, lane = self._heap[0]
            if lane.paused or not lane.items:
                heapq.heappop(self._heap)
                lane.listed = False
                continue
            item, _ = lane.items.popitem(last=False)
            self._length -= 1
            self._time = time
            lane.time = time + 1.0 / lane.weight
            self._latest = max(self._latest, lane.time)
            if lane.items:
                heapq.heapreplace(self._heap, (lane.time, next(self._numbers), lane))
            else:
                heapq.heappop(self._heap)
                lane.listed = False
            if not self._length:
                self._time = self._latest  # the queue is empty: all lanes start again as equals
            return lane.key, item
        return None

    def remove(self, lane: Lane, item: Item) -> bool:
        """Remove a waiting item. Returns whether it waited."""
        entry = self._lanes.get(lane)
        if entry is None or item not in entry.items:
            return False
        del entry.items[item]
        self._length -= 1
        return True

    def pause(self, lane: Lane) -> None:
        """Take nothing of the lane until it is resumed."""
        entry = self._lanes.get(lane)
        (entry if entry is not None else self._open_lane(lane)).paused = True

    def resume(self, lane: Lane) -> None:
        """Take items of the lane again."""
        entry = self._lanes.get(lane)
        if entry is not None:
            entry.paused = False
            self._list_lane(entry)

    def waiting_count(self, lane: Lane) -> int:
        """The number of items in the lane."""
        entry = self._lanes.get(lane)
        return len(entry.items) if entry is not None else 0

    def lanes(self) -> Iterator[tuple[Lane, int]]:
        """Lanes with waiting items, and their number."""
        return ((lane.key, len(lane.items)) for lane in self._lanes.values() if lane.items)

    def _open_lane(self, key: Lane) -> _Lane[Item]:
        if len(self._lanes) > _MAX_IDLE_LANES + 2 * len(self._heap):
            self._drop_idle_lanes()
        lane = self._lanes[key] = _Lane[Item](key, self._time)
        return lane

    def _list_lane(self, lane: _Lane[Item]) -> None:
        if lane.listed or lane.paused or not lane.items:
            return
        # A lane is charged for recent service, but does not save up unused service.
        lane.time = max(lane.time, self._time)
        lane.listed = True
        heapq.heappush(self._heap, (lane.time, next(self._numbers), lane))

    def _drop_idle_lanes(self) -> None:
        """Drop the lanes that would be the same if they were opened again."""
        self._lanes = {
            key: lane
            for key, lane in self._lanes.items()
            if lane.items or lane.paused or lane.listed or lane.time > self._time
        }
