"""Turns of one host: they wait in a fair line, the pool is asked, its report becomes a command."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

import structlog

from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.conversations.step.step_types import MemoryCommand, ThreadSnapshot
from niochat.domain.conversation.commands import FinishAssistantTurn, RestartTurn, TurnOutcome
from niochat.domain.conversation.effects import RunTurn
from niochat.domain.conversation.state import AssistantStopReason
from niochat.domain.ids import TurnId
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from niochat.runtime.fairness.fair_limiter import (
    DEFAULT_QUOTA,
    FairLimiter,
    LaneConstraint,
    LaneQuota,
)
from niochat.runtime.process.counter_buffer import CounterBuffer

_log = structlog.get_logger(__name__)

TURN_TIMEOUT_S = 200.0
"""For an answer of the pool, longer than a turn with the default limits may run: 45 s of the
model, 60 s of reading and 60 s of writing in a slow ERP. Waiting in line does not count: whoever
waits for a place goes on waiting.
"""
DEFAULT_CAPACITY = 200
"""Turns at once, of a pool that says nothing else."""
MAX_WAITING_TURNS = 10_000
"""Turns that wait in one host's memory; further ones wait as rows."""
MAX_RATE_WAIT_S = 5.0
"""The longest that a tenant whose rate is used up is not looked at."""


RESTART_BACKOFF_S = 3.0
"""Before a lost turn runs again, times its attempt: a replica needs seconds to come back."""


class TurnPool(Protocol):
    """The assistant's pool; ``run`` raises when the replica that ran it is gone."""

    async def run(self, request: TurnRequest) -> TurnReport:
        """Run one turn; cancelling the call cancels the model's."""
        ...


AcquireTurn = Callable[[UUID], Awaitable[float]]
"""Seconds that a tenant's next turn has to wait; 0: it may run."""
ReportModelThrottle = Callable[[UUID, float], None]
"""The tenant's model asked to wait so many seconds."""
DeliverCommand = Callable[[UUID, MemoryCommand], None]
"""Gives (thread, command) to the thread's actor."""
QuotaFor = Callable[[UUID], LaneQuota]
"""A tenant's weight, and how many of its turns may run at once on this host."""


@dataclass(slots=True, eq=False)
class _ScheduledTurn:
    thread_id: UUID
    request: TurnRequest
    task: "asyncio.Task[None] | None" = None
    """None while it waits in line."""
    has_slot: bool = False
    """Holds a place."""


class TurnScheduler:
    """Runs what the conversations of this host ask for, one task for each turn that has a place.

    Places are shared fairly between tenants. A turn is a row before it comes here, so what the
    line cannot hold is left to the sweep, which brings it by ``resume``.
    """

    def __init__(
        self,
        pool: TurnPool,
        acquire_turn: AcquireTurn,
        report_model_throttle: ReportModelThrottle,
        deliver: DeliverCommand,
        *,
        rate_limiter: AdaptiveRateLimiter,
        counters: CounterBuffer | None = None,
        quota_for: QuotaFor = lambda tenant: DEFAULT_QUOTA,
        capacity: int = DEFAULT_CAPACITY,
        max_waiting: int = MAX_WAITING_TURNS,
        restart_backoff_s: float = RESTART_BACKOFF_S,
    ) -> None:
        self._pool = pool
        self._acquire_turn = acquire_turn
        self._report_model_throttle = report_model_throttle
        self._deliver = deliver
        self._counters = counters or CounterBuffer()
        self._quota_for = quota_for
        self._restart_backoff_s = restart_backoff_s
        self._limiter: FairLimiter[_ScheduledTurn] = FairLimiter(capacity, max_waiting=max_waiting)
        self._rate_limiter = rate_limiter
        self._rate_limited: set[UUID] = set()
        """Tenants that wait because they began a turn just now."""
        self._max_waiting = max_waiting
        self._turns: dict[TurnId, _ScheduledTurn] = {}
        self.has_overflowed = False
        """Some turn did not fit into the line: its row has to be found."""

    def schedule(self, thread: ThreadSnapshot, turn: RunTurn) -> None:
        """Begin an attempt, or wait for a place; an older one of the same turn ends."""
        conversation = thread.conversation
        if conversation is None:
            return
        request = TurnRequest(
            thread.tenant_id,
            conversation.id,
            turn.turn,
            turn.attempt,
            turn.upto_version,
            conversation.protocol,
        )
        self.schedule_recovered(thread.id, request)

    def schedule_recovered(self, thread_id: UUID, request: TurnRequest) -> None:
        """The same, of a row that was found."""
        self.cancel(TurnId(request.turn_id))
        self._rate_limiter.record_arrival(request.tenant_id)
        turn = _ScheduledTurn(thread_id, request)
        if self._enqueue(turn):
            self._turns[TurnId(request.turn_id)] = turn
            self._start_admitted()
        else:
            self.has_overflowed = True

    def cancel(self, turn: TurnId) -> None:
        """Save the money; that the answer is dropped is decided elsewhere."""
        found = self._turns.pop(turn, None)
        if found is None:
            return
        if found.task is not None:
            found.task.cancel()
        else:
            self._limiter.withdraw(found.request.tenant_id, found)

    def is_running(self, turn: UUID, attempt: int) -> bool:
        """Whether this host watches that attempt, which may still be waiting."""
        found = self._turns.get(TurnId(turn))
        return found is not None and found.request.attempt == attempt

    def set_capacity(self, places: int) -> None:
        """So many turns may run at once from now on; what runs goes on."""
        self._limiter.capacity = max(places, 1)
        self._start_admitted()

    def turn_ids(self) -> Iterable[TurnId]:
        """All that run or wait here."""
        return self._turns.keys()

    @property
    def waiting_count(self) -> int:
        """Turns in line."""
        return len(self._limiter)

    @property
    def queue_room(self) -> int:
        """How many more the line takes."""
        return self._limiter.queue_room

    @property
    def has_queue_room(self) -> bool:
        """Whether half of the line is free, so that looking for what was left out is worth it."""
        return self.queue_room > 0 and self.queue_room >= self._max_waiting // 2

    def max_new_conversations(self, tenant_id: UUID, ahead: int) -> int | None:
        """How many conversations of a tenant may begin soon, so that no more than ``ahead`` of its
        turns wait in line; None where nobody would notice more.
        """
        if not self._rate_limiter.is_active:
            return None
        at_once = self._rate_limiter.max_starts(self._quota_for(tenant_id).weight)
        return min(max(ahead - self._limiter.waiting_count(tenant_id), 0), at_once)

    def is_rate_limited(self, tenant_id: UUID) -> bool:
        """Whether the tenant's next turn waits for the machine's sake only."""
        return tenant_id in self._rate_limited

    def constrained_lanes(self) -> list[LaneConstraint]:
        """Tenants whose turns wait because of a limit of their own."""
        return self._limiter.constrained_lanes()

    def __len__(self) -> int:
        return len(self._turns)

    def _enqueue(self, turn: _ScheduledTurn, *, again: bool = False) -> bool:
        tenant_id = turn.request.tenant_id
        return self._limiter.enqueue(tenant_id, turn, self._quota_for(tenant_id), in_front=again)

    def _start_admitted(self) -> None:
        while (started := self._limiter.admit_next()) is not None:
            _, turn = started
            turn.has_slot = True
            self._apply_rate_limit(turn.request.tenant_id)
            turn.task = asyncio.get_running_loop().create_task(self._run(turn))
            turn.task.add_done_callback(partial(self._on_task_done, turn))

    def _apply_rate_limit(self, tenant_id: UUID) -> None:
        """The tenant's next turn waits a little, unless a limit of its own lets it wait anyway."""
        wait_s = self._rate_limiter.record_start(tenant_id, self._quota_for(tenant_id).weight)
        if wait_s > 0 and self._limiter.block(tenant_id):
            self._rate_limited.add(tenant_id)
            asyncio.get_running_loop().call_later(wait_s, self._unblock, tenant_id)

    def _on_task_done(self, turn: _ScheduledTurn, task: "asyncio.Task[None]") -> None:
        """Also for a task that was cancelled before its first line ran."""
        if turn.task is task:  # else it went back into the line, and may have started again
            self._release_slot(turn)
            turn_id = TurnId(turn.request.turn_id)
            if self._turns.get(turn_id) is turn:
                del self._turns[turn_id]
        self._start_admitted()

    def _release_slot(self, turn: _ScheduledTurn) -> None:
        if turn.has_slot:
            turn.has_slot = False
            self._limiter.release(turn.request.tenant_id)

    async def _run(self, turn: _ScheduledTurn) -> None:
        request = turn.request
        try:
            wait_s = await self._acquire_turn(request.tenant_id)
            if wait_s > 0:
                self._requeue(turn, wait_s)
                return
            async with asyncio.timeout(TURN_TIMEOUT_S):
                report = await self._pool.run(request)
        except TimeoutError:
            _log.warning("turn_timed_out", turn=str(request.turn_id), attempt=request.attempt)
            self._deliver(turn.thread_id, _timeout_command(request))
            return
        except Exception as error:  # noqa: BLE001 - whatever took the replica away
            _log.warning("turn_lost", turn=str(request.turn_id), error=repr(error))
            await self._restart(turn)
            return
        # A replica of the release before does not tell.
        self._rate_limiter.report_pressure(getattr(report, "pressure", 0.0))
        for code in getattr(report, "refused", ()):
            self._counters.increment("texts_refused", code)
        handoff = report.finish.handoff
        if handoff is not None and handoff.reason in set(AssistantStopReason):
            self._counters.increment("rounds_ended", handoff.reason)
        if report.throttle_s > 0:
            self._report_model_throttle(request.tenant_id, report.throttle_s)
        self._deliver(turn.thread_id, report.finish)

    async def _restart(self, turn: _ScheduledTurn) -> None:
        self._release_slot(turn)  # others need not wait until a replica is back
        self._start_admitted()
        attempt = turn.request.attempt
        await asyncio.sleep(self._restart_backoff_s * attempt)
        self._deliver(turn.thread_id, RestartTurn(TurnId(turn.request.turn_id), attempt))

    def _requeue(self, turn: _ScheduledTurn, wait_s: float) -> None:
        """The tenant's rate is used up: its turns wait in line, and hold no place meanwhile."""
        tenant_id = turn.request.tenant_id
        turn.task = None
        self._release_slot(turn)
        if self._limiter.block(tenant_id):
            asyncio.get_running_loop().call_later(
                min(wait_s, MAX_RATE_WAIT_S), self._unblock, tenant_id
            )
        self._enqueue(turn, again=True)

    def _unblock(self, tenant_id: UUID) -> None:
        self._rate_limited.discard(tenant_id)
        self._limiter.unblock(tenant_id)
        self._start_admitted()


def _timeout_command(request: TurnRequest) -> FinishAssistantTurn:
    return FinishAssistantTurn(
        TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="turn_timed_out"
    )
