"""Turns in progress of one host: the pool is asked, its report becomes a command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from uuid import UUID

import structlog

from niochat.assistant.report import TurnReport, TurnRequest
from niochat.conversation.work import MemoryCommand, Thread
from niochat.domain.commands import FinishAssistantTurn, RestartTurn, TurnOutcome
from niochat.domain.effects import RunTurn
from niochat.domain.ids import TurnId

_log = structlog.get_logger(__name__)

PATIENCE_S = 200.0
"""For a place in the tenant's rate and an answer of the pool, longer than a turn with the default
limits may run: 45 s of the model, 60 s of reading and 60 s of writing in a slow ERP.
"""


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


class Turns:
    """Runs what the conversations of this host ask for, one task a turn."""

    def __init__(
        self,
        pool: Pool,
        lease: Lease,
        throttle: Throttle,
        deliver: Deliver,
        *,
        pause_s: float = TURN_PAUSE_S,
    ) -> None:
        self._pool = pool
        self._lease = lease
        self._throttle = throttle
        self._deliver = deliver
        self._pause_s = pause_s
        self._tasks: dict[TurnId, tuple[int, asyncio.Task[None]]] = {}

    def start(self, thread: Thread, turn: RunTurn) -> None:
        """Begin an attempt; an older one of the same turn ends."""
        conversation = thread.conversation
        if conversation is None:
            return
        self.cancel(turn.turn)
        request = TurnRequest(
            thread.tenant_id, conversation.id, turn.turn, turn.attempt, turn.upto_version,
            conversation.protocol,
        )  # fmt: skip
        task = asyncio.get_running_loop().create_task(self._run(thread.id, request))
        self._tasks[turn.turn] = (turn.attempt, task)
        task.add_done_callback(lambda done: self._ended(turn.turn, done))

    def cancel(self, turn: TurnId) -> None:
        """Save the money; that the answer is dropped is decided elsewhere."""
        running = self._tasks.pop(turn, None)
        if running is not None:
            running[1].cancel()

    def running(self, turn: UUID, attempt: int) -> bool:
        """Whether this host watches that attempt."""
        running = self._tasks.get(TurnId(turn))
        return running is not None and running[0] == attempt

    def __len__(self) -> int:
        return len(self._tasks)

    def _ended(self, turn: TurnId, task: "asyncio.Task[None]") -> None:
        running = self._tasks.get(turn)
        if running is not None and running[1] is task:
            del self._tasks[turn]

    async def _run(self, thread_id: UUID, request: TurnRequest) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._wait_for_place(request.tenant_id)
                report = await self._pool.run(request)
        except TimeoutError:
            _log.warning("turn_timed_out", turn=str(request.turn_id), attempt=request.attempt)
            self._deliver(thread_id, _timed_out(request))
            return
        except Exception as error:  # noqa: BLE001 - whatever took the replica away
            _log.warning("turn_lost", turn=str(request.turn_id), error=repr(error))
            await asyncio.sleep(self._pause_s * request.attempt)
            self._deliver(thread_id, RestartTurn(TurnId(request.turn_id), request.attempt))
            return
        if report.throttle_s > 0:
            self._throttle(request.tenant_id, report.throttle_s)
        self._deliver(thread_id, report.finish)

    async def _wait_for_place(self, tenant_id: UUID) -> None:
        while (wait := await self._lease(tenant_id)) > 0:  # noqa: ASYNC110 - the lease says when
            await asyncio.sleep(min(wait, 5.0))


def _timed_out(request: TurnRequest) -> FinishAssistantTurn:
    return FinishAssistantTurn(
        TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="turn_timed_out"
    )
