"""Turns of one host: they wait in a fair line, the pool is asked, its report becomes a command."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from niochat.assistant.report import TurnReport, TurnRequest
from niochat.conversation.work import MemoryCommand, ThreadSnapshot
from niochat.domain.commands import FinishAssistantTurn, RestartTurn, TurnOutcome
from niochat.domain.conversation import AssistantStopReason
from niochat.domain.effects import RunTurn
from niochat.domain.ids import TurnId
from niochat.runtime.pace import Pace
from niochat.runtime.slots import EQUAL, Constraint, Share, Slots
from niochat.runtime.tally import Tally

_log = structlog.get_logger(__name__)

PATIENCE_S = 200.0
"""For an answer of the pool, longer than a turn with the default limits may run: 45 s of the
model, 60 s of reading and 60 s of writing in a slow ERP. Waiting in line does not count: whoever
waits for a place goes on waiting.
"""
PLACES = 200
"""Turns at once, of a pool that says nothing else."""
MOST_WAITING = 10_000
"""Turns that wait in one host's memory; further ones wait as rows."""
LOOK_AGAIN_S = 5.0
"""The longest that a tenant whose rate is used up is not looked at."""


TURN_PAUSE_S = 3.0
"""Before a lost turn runs again, times its attempt: a replica needs seconds to come back."""


class Pool(Protocol):
    """The assistant's pool; ``run`` raises when the replica that ran it is gone."""

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run one turn; cancelling the call cancels the model's."""
        ...


Lease = Callable[[UUID], Awaitable[float]]
"""Seconds that a tenant's next turn has to wait; 0: it may run."""
Throttle = Callable[[UUID, float], None]
"""The tenant's model asked to wait so many seconds."""
Deliver = Callable[[UUID, MemoryCommand], None]
"""Gives (thread, command) to the thread's actor."""
ShareOf = Callable[[UUID], Share]
"""A tenant's weight, and how many of its turns may run at once on this host."""


@dataclass(slots=True, eq=False)
class _Turn:
    thread_id: UUID
    request: TurnRequest
    task: "asyncio.Task[None] | None" = None
    """None while it waits in line."""
    placed: bool = False
    """Holds a place."""


class Turns:
    """Runs what the conversations of this host ask for, one task for each turn that has a place.

    Places are shared fairly between tenants. A turn is a row before it comes here, so what the
    line cannot hold is left to the sweep, which brings it by ``resume``.
    """

    def __init__(
        self,
        pool: Pool,
        lease: Lease,
        throttle: Throttle,
        deliver: Deliver,
        *,
        pace: Pace,
        tally: Tally | None = None,
        share_of: ShareOf = lambda tenant: EQUAL,
        places: int = PLACES,
        waiting: int = MOST_WAITING,
        pause_s: float = TURN_PAUSE_S,
    ) -> None:
        self._pool = pool
        self._lease = lease
        self._throttle = throttle
        self._deliver = deliver
        self._tally = tally or Tally()
        self._share_of = share_of
        self._pause_s = pause_s
        self._line: Slots[_Turn] = Slots(places, waiting=waiting)
        self._pace = pace
        self._paced: set[UUID] = set()
        """Tenants that wait because they began a turn just now."""
        self._most = waiting
        self._turns: dict[TurnId, _Turn] = {}
        self.left_out = False
        """Some turn did not fit into the line: its row has to be found."""

    def start(self, thread: ThreadSnapshot, turn: RunTurn) -> None:
        """Begin an attempt, or wait for a place; an older one of the same turn ends."""
        conversation = thread.conversation
        if conversation is None:
            return
        request = TurnRequest(
            thread.tenant_id, conversation.id, turn.turn, turn.attempt, turn.upto_version,
            conversation.protocol,
        )  # fmt: skip
        self.resume(thread.id, request)

    def resume(self, thread_id: UUID, request: TurnRequest) -> None:
        """The same, of a row that was found."""
        self.cancel(TurnId(request.turn_id))
        self._pace.came(request.tenant_id)
        turn = _Turn(thread_id, request)
        if self._enter(turn):
            self._turns[TurnId(request.turn_id)] = turn
            self._admit()
        else:
            self.left_out = True

    def cancel(self, turn: TurnId) -> None:
        """Save the money; that the answer is dropped is decided elsewhere."""
        found = self._turns.pop(turn, None)
        if found is None:
            return
        if found.task is not None:
            found.task.cancel()
        else:
            self._line.withdraw(found.request.tenant_id, found)

    def running(self, turn: UUID, attempt: int) -> bool:
        """Whether this host watches that attempt, which may still be waiting."""
        found = self._turns.get(TurnId(turn))
        return found is not None and found.request.attempt == attempt

    def resize(self, places: int) -> None:
        """So many turns may run at once from now on; what runs goes on."""
        self._line.capacity = max(places, 1)
        self._admit()

    def known(self) -> Iterable[TurnId]:
        """All that run or wait here."""
        return self._turns.keys()

    @property
    def waiting(self) -> int:
        """Turns in line."""
        return len(self._line)

    @property
    def room(self) -> int:
        """How many more the line takes."""
        return self._line.room

    @property
    def has_room(self) -> bool:
        """Whether half of the line is free, so that looking for what was left out is worth it."""
        return self.room > 0 and self.room >= self._most // 2

    def may_begin(self, tenant_id: UUID, ahead: int) -> int | None:
        """How many conversations of a tenant may begin soon, so that no more than ``ahead`` of its
        turns wait in line; None where nobody would notice more.
        """
        if not self._pace.counts:
            return None
        at_once = self._pace.at_once(self._share_of(tenant_id).weight)
        return min(max(ahead - self._line.waiting(tenant_id), 0), at_once)

    def paced(self, tenant_id: UUID) -> bool:
        """Whether the tenant's next turn waits for the machine's sake only."""
        return tenant_id in self._paced

    def held_back(self) -> list[Constraint]:
        """Tenants whose turns wait because of a limit of their own."""
        return self._line.constrained()

    def __len__(self) -> int:
        return len(self._turns)

    def _enter(self, turn: _Turn, *, again: bool = False) -> bool:
        tenant_id = turn.request.tenant_id
        return self._line.enter(tenant_id, turn, self._share_of(tenant_id), again=again)

    def _admit(self) -> None:
        while (started := self._line.start()) is not None:
            _, turn = started
            turn.placed = True
            self._slow_down(turn.request.tenant_id)
            turn.task = asyncio.get_running_loop().create_task(self._run(turn))
            turn.task.add_done_callback(partial(self._ended, turn))

    def _slow_down(self, tenant_id: UUID) -> None:
        """The tenant's next turn waits a little, unless a limit of its own lets it wait anyway."""
        wait_s = self._pace.wait_s(tenant_id, self._share_of(tenant_id).weight)
        if wait_s > 0 and self._line.hold(tenant_id):
            self._paced.add(tenant_id)
            asyncio.get_running_loop().call_later(wait_s, self._free, tenant_id)

    def _ended(self, turn: _Turn, task: "asyncio.Task[None]") -> None:
        """Also for a task that was cancelled before its first line ran."""
        if turn.task is task:  # else it went back into the line, and may have started again
            self._give_back(turn)
            turn_id = TurnId(turn.request.turn_id)
            if self._turns.get(turn_id) is turn:
                del self._turns[turn_id]
        self._admit()

    def _give_back(self, turn: _Turn) -> None:
        if turn.placed:
            turn.placed = False
            self._line.leave(turn.request.tenant_id)

    async def _run(self, turn: _Turn) -> None:
        request = turn.request
        try:
            wait_s = await self._lease(request.tenant_id)
            if wait_s > 0:
                self._wait_on(turn, wait_s)
                return
            async with asyncio.timeout(PATIENCE_S):
                report = await self._pool.run(request)
        except TimeoutError:
            _log.warning("turn_timed_out", turn=str(request.turn_id), attempt=request.attempt)
            self._deliver(turn.thread_id, _timed_out(request))
            return
        except Exception as error:  # noqa: BLE001 - whatever took the replica away
            _log.warning("turn_lost", turn=str(request.turn_id), error=repr(error))
            await self._restart(turn)
            return
        # A replica of the release before does not tell.
        self._pace.heard(getattr(report, "pressure", 0.0))
        for code in getattr(report, "refused", ()):
            self._tally.add("texts_refused", code)
        handoff = report.finish.handoff
        if handoff is not None and handoff.reason in set(AssistantStopReason):
            self._tally.add("rounds_ended", handoff.reason)
        if report.throttle_s > 0:
            self._throttle(request.tenant_id, report.throttle_s)
        self._deliver(turn.thread_id, report.finish)

    async def _restart(self, turn: _Turn) -> None:
        self._give_back(turn)  # others need not wait until a replica is back
        self._admit()
        attempt = turn.request.attempt
        await asyncio.sleep(self._pause_s * attempt)
        self._deliver(turn.thread_id, RestartTurn(TurnId(turn.request.turn_id), attempt))

    def _wait_on(self, turn: _Turn, wait_s: float) -> None:
        """The tenant's rate is used up: its turns wait in line, and hold no place meanwhile."""
        tenant_id = turn.request.tenant_id
        turn.task = None
        self._give_back(turn)
        if self._line.hold(tenant_id):
            asyncio.get_running_loop().call_later(min(wait_s, LOOK_AGAIN_S), self._free, tenant_id)
        self._enter(turn, again=True)

    def _free(self, tenant_id: UUID) -> None:
        self._paced.discard(tenant_id)
        self._line.free(tenant_id)
        self._admit()


def _timed_out(request: TurnRequest) -> FinishAssistantTurn:
    return FinishAssistantTurn(
        TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="turn_timed_out"
    )
