"""The conversation's actor: steps what lies in its thread, then acts on what was committed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVarTuple, Unpack
from uuid import UUID

import structlog

from niochat.actors import actor_addresses
from niochat.actors.pause_registry import PauseRegistry
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.turn_scheduler import TurnScheduler
from niochat.adapters import clock
from niochat.conversations.step.step_runner import StepRunner
from niochat.conversations.step.step_types import (
    StepRequest,
    StepResult,
    StepVerdict,
    ThreadSnapshot,
)
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import RestartTurn
from niochat.domain.ids import ThreadId
from niochat.outbox.dispatcher import OutboxDispatcher, SendRoute
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.address import ActorAddress
from niochat.runtime.fairness.fair_queue import Lane
from niochat.runtime.process.counter_buffer import CounterBuffer

Args = TypeVarTuple("Args")
_log = structlog.get_logger(__name__)

ALARM_HORIZON_S = 60.0
"""A timer due later is left to the sweep."""
MAX_ALARMS = 50_000
"""Timers and repeated sends that memory wakes for; further ones are left to the sweep."""

WakeActor = Callable[[ActorAddress, Lane], None]
"""(actor, its tenant)."""
RouteQueueEffect = Callable[[UUID, fx.NotifyTeamQueue | fx.NotifyAgentCapacity, UUID], None]
"""(tenant, what, thread): the queues' actors are told, wherever they live."""
FileCallback = Callable[[UUID, UUID], None]
"""Of (tenant, file)."""


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
        pause_registry: PauseRegistry,
        counters: CounterBuffer,
        on_commit: Callable[[], None] = lambda: None,
        read_file: FileCallback = lambda tenant, file: None,
    ) -> None:
        """``news``: called when events were committed, so that screens look. ``read_file``: with
        each file that is here now.
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
        self._pending_alarms = 0

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """One step of each; who lost or has more to do is stepped again."""
        owned = {
            d.activation.address.key: d for d in batch if self._is_owned(d) and self._is_unpaused(d)
        }
        if not owned:
            return []
        try:
            stepped = await self._stepper.run_steps([self._step_request(d) for d in owned.values()])
        except Exception:
            # The commit may have been done and only its answer lost: what memory knew is no
            # longer sure to be so, and a turn that was begun has nobody who watches it.
            for delivery in owned.values():
                delivery.activation.state = None
            raise
        if any(s.verdict is StepVerdict.LOST for s in stepped):
            await self._ownership.refresh()
        if any(s.verdict is StepVerdict.DONE for s in stepped):
            self._on_commit()
        again: list[ActorAddress] = []
        for result in stepped:
            again.extend(self._apply_outcome(owned[result.thread_id], result))
        return again

    def _is_owned(self, delivery: ActorStep) -> bool:
        """A thread of another host is forgotten here; its rows are found over there."""
        if self._ownership.held_epoch(delivery.activation.address.key) is not None:
            return True
        delivery.activation.state = None
        return False

    def _is_unpaused(self, delivery: ActorStep) -> bool:
        """A paused actor takes no step; its rows wait, and what it was told is put aside."""
        if not self._pause_registry.is_paused(delivery.activation.address.key):
            return True
        self._pause_registry.buffer_messages(delivery.activation.address.key, delivery.messages)
        return False

    def _step_request(self, delivery: ActorStep) -> StepRequest:
        activation = delivery.activation
        key = activation.address.key
        epoch = self._ownership.held_epoch(key)
        assert epoch is not None
        return StepRequest(ThreadId(key), epoch, activation.state, list(delivery.messages))

    def _apply_outcome(self, delivery: ActorStep, stepped: StepResult) -> list[ActorAddress]:
        activation = delivery.activation
        self._count(stepped)
        remembered = activation.state is not None
        activation.state = stepped.thread
        if stepped.moved_to is not None:
            self._wake(actor_addresses.conversation_address(stepped.moved_to), activation.lane)
            return []
        if stepped.verdict is StepVerdict.LOST:
            activation.put_back(delivery.messages)
            return [activation.address]
        if stepped.verdict is StepVerdict.FAILED:
            activation.record_failure("step_failed")
            self._schedule(0.5, self._wake, activation.address, activation.lane)
            return []
        if stepped.thread is not None:
            activation.lane = stepped.thread.tenant_id
            self._dispatch_effects(stepped.thread, stepped.effects)
            if not remembered:
                self._restart_orphaned_turn(delivery, stepped.thread)
        return [activation.address] if stepped.more else []

    def _count(self, stepped: StepResult) -> None:
        self._counters.increment("steps", stepped.verdict.value)
        for effect in stepped.effects:
            match effect:
                case fx.SettleTurn():
                    self._counters.increment("turns", effect.outcome)
                case fx.SettleOutbox():
                    self._counters.increment("sends", effect.status)
                case _:
                    pass

    def _restart_orphaned_turn(self, delivery: ActorStep, thread: ThreadSnapshot) -> None:
        """A turn that was begun, but by nobody here: its owner died, or a commit's answer did.

        Where turns did not fit into the line it may be one of them: the sweep tells.
        """
        turn = thread.conversation.turn if thread.conversation is not None else None
        if turn is None or self._turn_scheduler.has_overflowed:
            return
        if not self._turn_scheduler.is_running(turn.id, turn.attempt):
            delivery.activation.mailbox.append(RestartTurn(turn.id, turn.attempt))

    def _dispatch_effects(self, thread: ThreadSnapshot, effects: Sequence[fx.Effect]) -> None:
        """The rows are committed: what they ask for may start now."""
        way = SendRoute(thread.tenant_id, thread.channel_id)
        for effect in effects:
            match effect:
                case fx.RunTurn():
                    self._turn_scheduler.schedule(thread, effect)
                case fx.SettleTurn(outcome="cancelled"):
                    self._turn_scheduler.cancel(effect.turn)
                case fx.SetTimer(due_at=due_at):
                    self._schedule_timer(thread, due_at)
                case fx.NotifyTeamQueue() | fx.NotifyAgentCapacity():
                    self._route_queue_effect(thread.tenant_id, effect, thread.id)
                case fx.FetchFile() | fx.SettleFileFetch(code=""):
                    self._handle_file_effect(thread.tenant_id, effect)
                case fx.SettleOutbox(status="queued", retry_in_s=retry_in_s) if retry_in_s:
                    self._schedule(retry_in_s + 0.02, self._dispatcher.deliver, thread.id, way)
                case _:
                    pass
        if any(isinstance(e, fx.QueueSend) for e in effects):
            self._dispatcher.deliver(thread.id, way)
        elif any(isinstance(e, fx.SettleOutbox) for e in effects):
            self._dispatcher.on_settled(thread.id, way)

    def _handle_file_effect(
        self, tenant_id: UUID, effect: fx.FetchFile | fx.SettleFileFetch
    ) -> None:
        """What is wanted is fetched; what is here is read."""
        act = self._fetch_file if isinstance(effect, fx.FetchFile) else self._read_file
        act(tenant_id, effect.file)

    def _schedule_timer(self, thread: ThreadSnapshot, due_at: datetime) -> None:
        """A hint like any other: the timer is due by PostgreSQL's clock, and is swept.

        Only the sweep fires what is far away: 100,000 silent customers cost no memory here.
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
