"""The conversation's actor: runs the steps of its thread, then starts work on the committed
effects.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVarTuple, Unpack
from uuid import UUID

import structlog

from niochat.actors import actor_addresses
from niochat.actors.opinion_scheduler import OpinionScheduler
from niochat.actors.pause_registry import ActorPauseRegistry
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.adapters import clock
from niochat.conversations.step.step_runner import StepRunner
from niochat.conversations.step.step_types import (
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
    UnclearRatingMessage,
)
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import RestartTurn
from niochat.domain.ids import ThreadId
from niochat.outbox.dispatcher import OutboxDispatcher, SendRoute
from niochat.ratings.opinion_reader import OpinionRequest
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.fair_queue import Lane
from niochat.runtime.process.counter_buffer import CounterBuffer

Args = TypeVarTuple("Args")
_log = structlog.get_logger(__name__)

ALARM_HORIZON_S = 60.0
"""Timers that are due later than this are left to the sweep."""
MAX_ALARMS = 50_000
"""Timers and repeated sends with an alarm in memory. Further ones are left to the sweep."""

WakeActor = Callable[[ActorAddress, Lane], None]
"""Wakes an actor of a tenant."""
RouteQueueEffect = Callable[
    [UUID, fx.NotifyTeamQueueEffect | fx.NotifyAgentCapacityEffect, UUID], None
]
"""Passes an effect of a tenant's thread to the actors of its team queues."""
UnloggedChangeCallback = Callable[[UUID, Sequence[UUID]], None]
"""Handles messages of a tenant that were changed without an event."""
FileCallback = Callable[[UUID, UUID], None]
"""Handles a file of a tenant."""


class ConversationBehaviour:
    """Steps conversations in batches. An activation's state is its ``ThreadSnapshot``."""

    batch = 32
    parallel = 2

    def __init__(
        self,
        stepper: StepRunner,
        ownership: ShardOwnership,
        turn_scheduler: TurnScheduler,
        dispatcher: OutboxDispatcher,
        wake: WakeActor,
        route_queue_effect: RouteQueueEffect,
        fetch_file: FileCallback,
        pause_registry: ActorPauseRegistry,
        counters: CounterBuffer,
        on_commit: Callable[[], None] = lambda: None,
        read_file: FileCallback = lambda tenant, file: None,
        on_unlogged: UnloggedChangeCallback = lambda tenant, messages: None,
        opinions: OpinionScheduler | None = None,
    ) -> None:
        """``on_commit`` is called after events were committed, so that screens read the log.
        ``read_file`` is called with each file that was stored, ``on_unlogged`` with the messages
        that a step has changed without an event. ``opinions`` asks what messages are that may
        belong to a rating.
        """
        self._stepper = stepper
        self._ownership = ownership
        self._turn_scheduler = turn_scheduler
        self._dispatcher = dispatcher
        self._wake = wake
        self._route_queue_effect = route_queue_effect
        self._fetch_file = fetch_file
        self._pause_registry = pause_registry
        self._counters = counters
        self._on_commit = on_commit
        self._read_file = read_file
        self._on_unlogged = on_unlogged
        self._opinions = opinions or OpinionScheduler(None)
        self._pending_alarms = 0

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """Runs one step of each actor; returns those that lost their step or have more rows."""
        owned = {
            d.activation.address.key: d for d in batch if self._is_owned(d) and self._is_unpaused(d)
        }
        if not owned:
            return []
        try:
            results = await self._stepper.run_steps([self._step_request(d) for d in owned.values()])
        except Exception:
            # The commit may have succeeded with its answer lost. The cached state may be stale
            # then, and nobody would watch a turn that was started.
            for delivery in owned.values():
                delivery.activation.state = None
            raise
        if any(result.verdict is StepVerdict.LOST for result in results):
            await self._ownership.refresh()
        if any(result.verdict is StepVerdict.DONE for result in results):
            self._on_commit()
        again: list[ActorAddress] = []
        for result in results:
            again.extend(self._apply_outcome(owned[result.thread_id], result))
        return again

    def _is_owned(self, delivery: ActorStep) -> bool:
        """Whether this host owns the thread. Otherwise its state is dropped, and the other host
        finds its rows.
        """
        if self._ownership.held_epoch(delivery.activation.address.key) is not None:
            return True
        delivery.activation.state = None
        self._opinions.forget(delivery.activation.address.key)
        return False

    def _is_unpaused(self, delivery: ActorStep) -> bool:
        """Whether the thread may step. The messages of a paused one are buffered and its rows
        wait.
        """
        if not self._pause_registry.is_paused(delivery.activation.address.key):
            return True
        self._pause_registry.buffer_messages(delivery.activation.address.key, delivery.messages)
        return False

    def _step_request(self, delivery: ActorStep) -> StepRequest:
        activation = delivery.activation
        key = activation.address.key
        epoch = self._ownership.held_epoch(key)
        assert epoch is not None
        return StepRequest(
            ThreadId(key),
            epoch,
            activation.state,
            list(delivery.messages),
            opinions=self._opinions.opinions_of(key),
        )

    def _apply_outcome(self, delivery: ActorStep, result: StepResult) -> list[ActorAddress]:
        activation = delivery.activation
        self._count(result)
        was_cached = activation.state is not None
        activation.state = result.thread
        if result.moved_to is not None:
            self._wake(actor_addresses.conversation_address(result.moved_to), activation.lane)
            return []
        if result.verdict is StepVerdict.LOST:
            activation.put_back(delivery.messages)
            return [activation.address]
        if result.verdict is StepVerdict.FAILED:
            activation.record_failure("step_failed")
            self._schedule(0.5, self._wake, activation.address, activation.lane)
            return []
        if result.unclear is None:
            self._opinions.forget(activation.address.key)
        if result.thread is not None:
            activation.lane = result.thread.tenant_id
            if result.unclear is not None:
                self._request_opinion(activation.address, result.thread, result.unclear)
            self._dispatch_effects(result.thread, result.effects)
            if result.unlogged_changes:
                self._on_unlogged(result.thread.tenant_id, result.unlogged_changes)
            if not was_cached:
                self._restart_orphaned_turn(delivery, result.thread)
        return [activation.address] if result.more else []

    def _count(self, result: StepResult) -> None:
        self._counters.increment("steps", result.verdict.value)
        for effect in result.effects:
            match effect:
                case fx.SettleTurnEffect():
                    self._counters.increment("turns", effect.outcome)
                case fx.SettleOutboxEffect():
                    self._counters.increment("sends", effect.status)
                case _:
                    pass

    def _request_opinion(
        self, address: ActorAddress, thread: ThreadSnapshot, unclear: UnclearRatingMessage
    ) -> None:
        """Asks what the message is at which the step stopped; the thread steps again then."""
        self._opinions.request(
            thread.id,
            unclear.inbox_id,
            OpinionRequest(thread.tenant_id, unclear.text),
            lambda: self._wake(address, thread.tenant_id),
        )

    def _restart_orphaned_turn(self, delivery: ActorStep, thread: ThreadSnapshot) -> None:
        """Restarts a turn that nobody watches, because its host died or the answer of its commit
        was lost.

        If the turn queue has overflowed, the turn may be one of the queued rows, so the sweep
        handles it.
        """
        turn = thread.conversation.turn if thread.conversation is not None else None
        if turn is None or self._turn_scheduler.has_overflowed:
            return
        if not self._turn_scheduler.is_running(turn.id, turn.attempt):
            delivery.activation.mailbox.append(RestartTurn(turn.id, turn.attempt))

    def _dispatch_effects(self, thread: ThreadSnapshot, effects: Sequence[fx.Effect]) -> None:
        """Starts the work that committed effects ask for."""
        route = SendRoute(thread.tenant_id, thread.channel_id)
        for effect in effects:
            match effect:
                case fx.RunTurnEffect():
                    self._turn_scheduler.schedule(thread, effect)
                case fx.SettleTurnEffect(outcome="cancelled"):
                    self._turn_scheduler.cancel(effect.turn)
                case fx.SetTimerEffect(due_at=due_at):
                    self._schedule_timer(thread, due_at)
                case fx.NotifyTeamQueueEffect() | fx.NotifyAgentCapacityEffect():
                    self._route_queue_effect(thread.tenant_id, effect, thread.id)
                case fx.FetchFileEffect() | fx.SettleFileFetchEffect(code=""):
                    self._handle_file_effect(thread.tenant_id, effect)
                case fx.SettleOutboxEffect(status="queued", retry_in_s=retry_in_s) if retry_in_s:
                    self._schedule(retry_in_s + 0.02, self._dispatcher.deliver, thread.id, route)
                case _:
                    pass
        if any(isinstance(e, fx.QueueSendEffect) for e in effects):
            self._dispatcher.deliver(thread.id, route)
        elif any(isinstance(e, fx.SettleOutboxEffect) for e in effects):
            self._dispatcher.on_settled(thread.id, route)

    def _handle_file_effect(
        self, tenant_id: UUID, effect: fx.FetchFileEffect | fx.SettleFileFetchEffect
    ) -> None:
        """Fetches a requested file, and reads a file that was stored."""
        handle = self._fetch_file if isinstance(effect, fx.FetchFileEffect) else self._read_file
        handle(tenant_id, effect.file)

    def _schedule_timer(self, thread: ThreadSnapshot, due_at: datetime) -> None:
        """Wakes the actor when the timer is due. This is only a hint: PostgreSQL's clock decides,
        and the sweep finds due timers too.

        Timers beyond the horizon are left to the sweep, so that 100,000 silent customers cost no
        memory here.
        """
        delay = max((due_at - clock.now()).total_seconds(), 0.0) + 0.02
        if delay > ALARM_HORIZON_S:
            return
        self._schedule(
            delay, self._wake, actor_addresses.conversation_address(thread.id), thread.tenant_id
        )

    def _schedule(self, delay_s: float, wake: Callable[[Unpack[Args]], None], *args: *Args) -> None:
        if self._pending_alarms >= MAX_ALARMS:
            return
        self._pending_alarms += 1
        asyncio.get_running_loop().call_later(delay_s, self._fire_alarm, wake, *args)

    def _fire_alarm(self, wake: Callable[[Unpack[Args]], None], *args: *Args) -> None:
        self._pending_alarms -= 1
        wake(*args)
