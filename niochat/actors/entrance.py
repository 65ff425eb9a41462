"""Where conversations wait that are not in memory, while their tenant's turns are paced."""

from collections import Counter, OrderedDict
from uuid import UUID

from niochat.actors.turns import Turns
from niochat.runtime.address import Address
from niochat.runtime.fair_line import Lane
from niochat.runtime.host import VirtualHost
from niochat.runtime.pace import Pace, look_for_ever

AHEAD = 32
"""Turns that a paced tenant may have in line before its next conversations have to wait."""
MOST_OUTSIDE = 10_000
"""Conversations that wait in memory; further ones wait as rows, which are swept."""


class Entrance:
    """A first step costs half a turn: taken for thousands whose turn is far away, it would make
    everybody else's late. Whoever is in memory already, and what people do, does not wait.
    """

    def __init__(
        self, actors: VirtualHost, turns: Turns, pace: Pace, most_outside: int = MOST_OUTSIDE
    ) -> None:
        self._actors = actors
        self._turns = turns
        self._pace = pace
        self._most_outside = most_outside
        self._outside: dict[UUID, OrderedDict[Address, None]] = {}
        self._count = 0
        self._let_in: Counter[UUID] = Counter()
        """Since the last look: their turns may not be in line yet."""

    def __len__(self) -> int:
        return self._count

    def wake(self, address: Address, tenant_id: Lane) -> None:
        """Rows wait for the actor. Who is not told whose they are lets nobody wait."""
        if tenant_id is None or self._actors.find(address) is not None:
            self._actors.wake(address, tenant_id)
            return
        if tenant_id in self._outside or self._room(tenant_id) <= 0:
            self._wait(tenant_id, address)
        else:
            self._enter(tenant_id, address)

    async def look_for_ever(self) -> None:
        """Tell the pace how busy the machine is, and let in whom it allows."""
        await look_for_ever(self._pace, self._look)

    def _look(self, pressure: float, passed_s: float) -> None:
        self._pace.look(pressure, passed_s)
        self.let_in()

    def let_in(self) -> None:
        """As many as there is room for since the last look."""
        self._let_in.clear()
        for tenant_id in list(self._outside):
            waiting = self._outside[tenant_id]
            for _ in range(min(self._room(tenant_id), len(waiting))):
                address, _ = waiting.popitem(last=False)
                self._count -= 1
                self._enter(tenant_id, address)
            if not waiting:
                del self._outside[tenant_id]

    def waiting(self) -> dict[UUID, int]:
        """How many conversations of each tenant wait here."""
        return {tenant_id: len(waiting) for tenant_id, waiting in self._outside.items()}

    def _room(self, tenant_id: UUID) -> int:
        may_begin = self._turns.may_begin(tenant_id, AHEAD)
        return self._most_outside if may_begin is None else may_begin - self._let_in[tenant_id]

    def _enter(self, tenant_id: UUID, address: Address) -> None:
        self._let_in[tenant_id] += 1
        self._actors.wake(address, tenant_id)

    def _wait(self, tenant_id: UUID, address: Address) -> None:
        waiting = self._outside.setdefault(tenant_id, OrderedDict())
        if address not in waiting and self._count < self._most_outside:
            waiting[address] = None
            self._count += 1
