"""The recovery sweep finds rows that no message announced or that memory could not hold."""

from collections.abc import Callable, Sequence
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import ActivationLimiter
from niochat.actors.pause_registry import ActorPauseRegistry
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.turn_scheduler import TURN_TIMEOUT_S, TurnScheduler
from niochat.assistant.turn_messages import TurnRequest
from niochat.attachments.attachment_downloader import AttachmentDownloader
from niochat.attachments.reading_scheduler import ReadingScheduler
from niochat.conversations.step.step_types import MemoryCommand
from niochat.domain.conversation.commands import RestartTurn
from niochat.domain.ids import TurnId
from niochat.inbox.sweep_queries import MAX_THREADS_PER_SWEEP, SweepQueries, UnwatchedTurn
from niochat.outbox.dispatcher import OutboxDispatcher, SendRoute
from niochat.runtime.actor_runtime import ActorRuntime

OVERFLOWED_TURN_AGE_S = 5.0
"""Age at which the sweep schedules a turn that did not fit into the turn queue."""
LOST_TURN_AGE_S = TURN_TIMEOUT_S + 15.0
"""Age that no watched turn can reach."""


class RecoverySweeper:
    """Queries the rows of this host's shards and passes the work to the services that do it.

    All methods raise ``UnavailableError`` if the database does not answer; the next sweep finds the
    same rows.
    """

    def __init__(
        self,
        sweeper: SweepQueries,
        ownership: ShardOwnership,
        actors: ActorRuntime,
        activation_limiter: ActivationLimiter,
        turn_scheduler: TurnScheduler,
        dispatcher: OutboxDispatcher,
        fetcher: AttachmentDownloader,
        pause_registry: ActorPauseRegistry,
        command: Callable[[UUID, MemoryCommand], None],
        readings: ReadingScheduler | None = None,
    ) -> None:
        """``command`` passes a command to a thread's actor."""
        self._sweeper = sweeper
        self._ownership = ownership
        self._actors = actors
        self._activation_limiter = activation_limiter
        self._turn_scheduler = turn_scheduler
        self._dispatcher = dispatcher
        self._fetcher = fetcher
        self._pause_registry = pause_registry
        self._command = command
        self._readings = readings

    async def recover_pending(self) -> None:
        """Handles pending rows, due timers and sends, and turns whose host is gone."""
        shards = self._ownership.active_shards
        if not shards:
            return
        for pending in await self._sweeper.find_pending_threads(shards):
            self._activation_limiter.wake(
                actor_addresses.conversation_address(pending.thread_id), pending.tenant_id
            )
        for unsent in await self._sweeper.find_unsent_threads(shards):
            self._dispatcher.deliver(
                unsent.thread_id, SendRoute(unsent.tenant_id, unsent.channel_id)
            )
        await self._fetcher.enqueue_due(shards)
        if self._readings is not None:
            await self._readings.enqueue_due(shards)
        for turn in await self._sweeper.find_orphaned_turns(shards):
            running = self._turn_scheduler.is_running(turn.turn_id, turn.attempt)
            if not running and not self._pause_registry.is_paused(turn.thread_id):
                self._command(turn.thread_id, RestartTurn(TurnId(turn.turn_id), turn.attempt))
        if self._turn_scheduler.has_overflowed:
            await self._schedule_overflowed_turns(shards)

    async def restart_lost_turns(self) -> None:
        """Restarts turns of this host that nobody watches. It does nothing while the turn queue has
        overflowed, because queued rows look the same.
        """
        if self._turn_scheduler.has_overflowed:
            return
        shards, known = self._ownership.active_shards, list(self._turn_scheduler.turn_ids())
        for turn in await self._sweeper.find_unwatched_turns(shards, known, LOST_TURN_AGE_S):
            self._command(turn.thread_id, RestartTurn(TurnId(turn.turn_id), turn.attempt))

    async def wake_tenants(self) -> None:
        """Wakes the actors of all tenants that live on this host."""
        for tenant_id in await self._sweeper.list_active_tenants():
            if self._ownership.active_epoch(tenant_id) is not None:
                self._actors.wake(actor_addresses.tenant_address(tenant_id))

    async def _schedule_overflowed_turns(self, shards: Sequence[int]) -> None:
        """Schedules turns that did not fit into the turn queue, with the attempt that never
        started.
        """
        if not self._turn_scheduler.has_queue_room:
            return
        limit = min(MAX_THREADS_PER_SWEEP, self._turn_scheduler.queue_room)
        known = list(self._turn_scheduler.turn_ids())
        turns = await self._sweeper.find_unwatched_turns(
            shards, known, OVERFLOWED_TURN_AGE_S, limit
        )
        self._turn_scheduler.has_overflowed = len(turns) >= limit
        for turn in turns:
            # A busy actor may be about to handle the report that ends the turn.
            idle = self._actors.is_idle(actor_addresses.conversation_address(turn.thread_id))
            if idle and not self._pause_registry.is_paused(turn.thread_id):
                self._turn_scheduler.schedule_recovered(turn.thread_id, _turn_request(turn))


def _turn_request(turn: UnwatchedTurn) -> TurnRequest:
    return TurnRequest(
        turn.tenant_id,
        turn.conversation_id,
        turn.turn_id,
        turn.attempt,
        turn.upto_version,
        turn.protocol,
    )
