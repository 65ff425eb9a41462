"""The turn scheduler of a host: turns wait in a fair queue, the pool runs them, and their reports
become commands.
"""

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
from niochat.domain.conversation.effects import RunTurnEffect
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
"""Timeout of a call to the pool. It is longer than a turn with the default limits may run: 45 s of
the model, 60 s of reads and 60 s of writes in a slow ERP. Waiting in the queue does not count.
"""
DEFAULT_CAPACITY = 200
"""Concurrent turns of a pool that reports no capacity."""
MAX_WAITING_TURNS = 10_000
"""Turns that wait in one host's memory. Further ones wait as rows."""
MAX_RATE_WAIT_S = 5.0
"""Longest time before a tenant whose rate is used up is tried again."""


RESTART_BACKOFF_S = 3.0
"""Delay before a lost turn runs again, multiplied by its attempt. A replica needs seconds to
restart.
"""


class TurnPool(Protocol):
    """The assistant's pool. ``run`` raises if the replica that ran the turn is gone."""

    async def run(self, request: TurnRequest) -> TurnReport:
        """Runs one turn. Cancelling the call cancels the call to the model."""
        ...


AcquireTurn = Callable[[UUID], Awaitable[float]]
"""Returns the seconds that a tenant's next turn has to wait; 0 means that it may run."""
ReportModelThrottle = Callable[[UUID, float], None]
"""Reports that the tenant's model asked to wait for this many seconds."""
DeliverCommand = Callable[[UUID, MemoryCommand], None]
"""Passes a command to the actor of a thread."""
QuotaFor = Callable[[UUID], LaneQuota]
"""Returns a tenant's weight and its limit of concurrent turns on this host."""


@dataclass(slots=True, eq=False)
class _ScheduledTurn:
    thread_id: UUID
    request: TurnRequest
    task: "asyncio.Task[None] | None" = None
    """``None`` while the turn waits in the queue."""
    has_slot: bool = False


class TurnScheduler:
    """Runs the turns of this host's conversations, with one task for each turn that has a slot.

    The slots are shared fairly between tenants. A turn is a row before it is scheduled, so turns
    that do not fit into the queue are left to the sweep, which calls ``schedule_recovered``.
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
        """Tenants whose next turn waits for the adaptive rate."""
        self._max_waiting = max_waiting
        self._turns: dict[TurnId, _ScheduledTurn] = {}
        self.has_overflowed = False
        """Whether a turn did not fit into the queue, so that the sweep has to find its row."""

    def schedule(self, thread: ThreadSnapshot, turn: RunTurnEffect) -> None:
        """Starts an attempt as soon as it gets a slot. An older attempt of the turn is
        cancelled.
        """
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
        """Schedules a turn from a row that the sweep found."""
        self.cancel(TurnId(request.turn_id))
        self._rate_limiter.record_arrival(request.tenant_id)
        turn = _ScheduledTurn(thread_id, request)
        if self._enqueue(turn):
            self._turns[TurnId(request.turn_id)] = turn
            self._start_admitted()
        else:
            self.has_overflowed = True

    def cancel(self, turn: TurnId) -> None:
        """Cancels a turn, which only saves cost: the conversation ignores a late result anyway."""
        scheduled = self._turns.pop(turn, None)
        if scheduled is None:
            return
        if scheduled.task is not None:
            scheduled.task.cancel()
        else:
            self._limiter.withdraw(scheduled.request.tenant_id, scheduled)

    def is_running(self, turn: UUID, attempt: int) -> bool:
        """Whether this attempt runs or waits on this host."""
        scheduled = self._turns.get(TurnId(turn))
        return scheduled is not None and scheduled.request.attempt == attempt

    def set_capacity(self, capacity: int) -> None:
        """Sets the number of slots. Running turns are not affected."""
        self._limiter.capacity = max(capacity, 1)
        self._start_admitted()

    def turn_ids(self) -> Iterable[TurnId]:
        """Returns the ids of all turns that run or wait here."""
        return self._turns.keys()

    @property
    def waiting_count(self) -> int:
        """How many turns wait in the queue."""
        return len(self._limiter)

    @property
    def queue_room(self) -> int:
        """How many more turns fit into the queue."""
        return self._limiter.queue_room

    @property
    def has_queue_room(self) -> bool:
        """Whether half of the queue is free, so that a query for overflowed turns is worth its
        cost.
        """
        return self.queue_room > 0 and self.queue_room >= self._max_waiting // 2

    def max_new_conversations(self, tenant_id: UUID, ahead: int) -> int | None:
        """Returns how many more conversations of a tenant may enter memory, so that at most
        ``ahead`` of its turns wait in the queue. ``None`` means no limit.
        """
        if not self._rate_limiter.is_active:
            return None
        at_once = self._rate_limiter.max_starts(self._quota_for(tenant_id).weight)
        return min(max(ahead - self._limiter.waiting_count(tenant_id), 0), at_once)

    def is_rate_limited(self, tenant_id: UUID) -> bool:
        """Whether the tenant's next turn waits only because the machine is busy."""
        return tenant_id in self._rate_limited

    def constrained_lanes(self) -> list[LaneConstraint]:
        """Returns the tenants whose turns wait because of a limit of their own."""
        return self._limiter.constrained_lanes()

    def __len__(self) -> int:
        return len(self._turns)

    def _enqueue(self, turn: _ScheduledTurn, *, again: bool = False) -> bool:
        tenant_id = turn.request.tenant_id
        return self._limiter.enqueue(tenant_id, turn, self._quota_for(tenant_id), in_front=again)

    def _start_admitted(self) -> None:
        while (admitted := self._limiter.admit_next()) is not None:
            _, turn = admitted
            turn.has_slot = True
            self._apply_rate_limit(turn.request.tenant_id)
            turn.task = asyncio.get_running_loop().create_task(self._run(turn))
            turn.task.add_done_callback(partial(self._on_task_done, turn))

    def _apply_rate_limit(self, tenant_id: UUID) -> None:
        """Delays the tenant's next turn, unless a limit of its own blocks the tenant already."""
        wait_s = self._rate_limiter.record_start(tenant_id, self._quota_for(tenant_id).weight)
        if wait_s > 0 and self._limiter.block(tenant_id):
            self._rate_limited.add(tenant_id)
            asyncio.get_running_loop().call_later(wait_s, self._unblock, tenant_id)

    def _on_task_done(self, turn: _ScheduledTurn, task: "asyncio.Task[None]") -> None:
        """Frees the slot. It also runs for a task that was cancelled before it started."""
        if turn.task is task:  # else the turn was requeued and may have started again
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
        except Exception as error:  # noqa: BLE001 - any error means that the turn is lost
            _log.warning("turn_lost", turn=str(request.turn_id), error=repr(error))
            await self._restart(turn)
            return
        # A replica of an older release does not report these values.
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
        self._release_slot(turn)  # other turns must not wait until a replica has restarted
        self._start_admitted()
        attempt = turn.request.attempt
        await asyncio.sleep(self._restart_backoff_s * attempt)
        self._deliver(turn.thread_id, RestartTurn(TurnId(turn.request.turn_id), attempt))

    def _requeue(self, turn: _ScheduledTurn, wait_s: float) -> None:
        """Queue a turn again without a slot, because its tenant's rate is used up."""
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
