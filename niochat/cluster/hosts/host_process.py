"""A host without its Ray shell: virtual actors, sweeps and shard ownership."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import ActivationLimiter
from niochat.actors.conversation_actor import ConversationBehaviour
from niochat.actors.opinion_scheduler import OpinionPool, OpinionScheduler
from niochat.actors.pause_registry import ActorPauseRegistry
from niochat.actors.recovery_sweep import RecoverySweeper
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.team_queues.team_queue_router import PokeActors, TeamQueueRouter, TellActor
from niochat.actors.tenant_actor import ModelThrottleNotice, TenantBehaviour
from niochat.actors.tenant_quotas import HostTenantQuotas, find_throttled_tenants
from niochat.actors.turn_grants import AskActor, TurnGrantClient
from niochat.actors.turn_scheduler import (
    DEFAULT_CAPACITY,
    MAX_WAITING_TURNS,
    RESTART_BACKOFF_S,
    TurnPool,
    TurnScheduler,
)
from niochat.attachments.reading_scheduler import FileReaderClient, ReadingScheduler
from niochat.cluster.build_id import resolve_build_id
from niochat.cluster.heartbeat import Heartbeat
from niochat.cluster.hosts.host_inspection import HostInspector, OperatorRequest
from niochat.composition.components import Components
from niochat.composition.host_services import build_host_services
from niochat.conversations.step.step_runner import StepRunner
from niochat.conversations.step.step_types import MemoryCommand
from niochat.domain.errors import UnavailableError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.domain.tenant.throttling import TenantThrottleStatus
from niochat.live.unlogged_changes import UnloggedChangePublisher
from niochat.outbox.dispatcher import OutboxDispatcher
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.address import ActorAddress
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.coalescer import Coalescer
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from niochat.runtime.fairness.fair_queue import Lane
from niochat.runtime.fleet.autoscaling import HostLoad
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically
from niochat.runtime.process.counter_buffer import CounterBuffer
from niochat.runtime.process.loop_lag import LoopLag

_log = structlog.get_logger(__name__)

SWEEP_INTERVAL_S = 1.0
PASSIVATE_INTERVAL_S = 10.0
QUEUE_SWEEP_INTERVAL_S = 3.0
"""Interval of the team queue sweep; the delay of a queue whose poke was lost."""
QUOTA_INTERVAL_S = 5.0
"""Interval at which tiers, quotas and the pool's capacity are read again."""
LIVE_HINT_INTERVAL_S = 0.02
"""Minimum interval between two hints to screens that the event log has grown."""
MAX_REMOTE_TELLS = 1000
"""Messages in flight to actors of other hosts. More are dropped: such a message may always be
lost.
"""
RELEASE_TIMEOUT_S = 5.0
"""Time that sends in progress have to end before their shard moves."""


def _ignore_poke(addresses: Iterable[ActorAddress], tenant_id: UUID | None) -> None:
    """Default for a host without other hosts."""


def _ignore_file(tenant_id: UUID, file_id: UUID) -> None:
    """Default for a host without file reader: files are not read."""


class HostProcess:
    """Runs the virtual actors of the shards that this host owns.

    ``ask``, ``tell`` and ``poke`` of the constructor reach actors of other hosts.
    """

    def __init__(
        self,
        name: str,
        node: str,
        components: Components,
        turn_pool: TurnPool,
        ask: AskActor,
        tell: TellActor,
        *,
        poke: PokeActors = _ignore_poke,
        file_reader: FileReaderClient | None = None,
        opinion_pool: OpinionPool | None = None,
        pool_capacity: Callable[[], int] = lambda: DEFAULT_CAPACITY,
        max_waiting_turns: int = MAX_WAITING_TURNS,
        restart_backoff_s: float = RESTART_BACKOFF_S,
    ) -> None:
        """``file_reader`` extracts facts from customers' files; without it files are not read.
        ``opinion_pool`` says what messages are that may belong to a rating; without it only clear
        answers count.
        ``pool_capacity`` returns how many turns the pool can run at once, for all hosts together.
        ``max_waiting_turns`` limits the turns in this host's queue; ``restart_backoff_s`` is the
        first delay before a turn whose pool member was lost runs again.
        """
        self.name = name
        self.incarnation = f"{name}.{secrets.token_hex(4)}"
        self._node = node
        self._components = components
        services = build_host_services(components, self.incarnation, self._deliver_command)
        self._tell = tell
        self._ownership = ShardOwnership(
            components.database, self.incarnation, lambda lost: self.actors.drop_shards(lost)
        )
        self.counters = CounterBuffer()
        self._pause_registry = ActorPauseRegistry(services.pauses, self._resume_thread)
        self._pool_capacity = pool_capacity
        self._live_hint = Coalescer(
            lambda: components.live_hints.publish(PLATFORM_TENANT_ID), LIVE_HINT_INTERVAL_S
        )
        self._unlogged_changes = UnloggedChangePublisher(
            components.database, components.ephemeral_frames.publish_bytes
        )
        self._turn_grants = TurnGrantClient(ask)
        self._quotas = HostTenantQuotas(
            services.tenant_quotas, lambda: self._ownership.active_shard_count
        )
        self._throttle_reporter = services.throttle_reporter
        self._team_queues = TeamQueueRouter(
            components.database,
            self._ownership,
            self.tell,
            tell,
            self.poke,
            poke,
            components.ephemeral_frames.publish_bytes,
        )
        rate_limiter = AdaptiveRateLimiter()
        self._turn_scheduler = TurnScheduler(
            turn_pool,
            self._acquire_turn,
            self._report_model_throttle,
            self._deliver_command,
            rate_limiter=rate_limiter,
            counters=self.counters,
            quota_for=self._quotas.turn_quota,
            max_waiting=max_waiting_turns,
            restart_backoff_s=restart_backoff_s,
        )
        self._dispatcher = OutboxDispatcher(
            services.outbox,
            components.gateway,
            components.credentials_for,
            self._send_epoch,
            self._deliver_command,
            weight_of=self._quotas.send_weight,
        )
        self._opinions = OpinionScheduler(opinion_pool)
        self._fetcher = services.downloader
        self._readings = (
            None
            if file_reader is None
            else ReadingScheduler(
                components.database, self.incarnation, file_reader, self._deliver_command
            )
        )
        self.actors = ActorRuntime(
            {
                actor_addresses.CONVERSATION: self._conversation_behaviour(services.step_runner),
                actor_addresses.TENANT: TenantBehaviour(
                    components.database,
                    components.backfill,
                    components.credentials_for,
                    self._poke_threads,
                    backfill_interval_s=components.settings.backfill_s,
                ),
                actor_addresses.TEAM_QUEUE: self._team_queues.behaviour,
            },
            idle_s=components.settings.passivate_s,
            capacity=components.settings.max_actors,
            weight_of=self._quotas.step_weight,
        )
        self._activation_limiter = ActivationLimiter(
            self.actors, self._turn_scheduler, rate_limiter
        )
        self._recovery_sweeper = RecoverySweeper(
            services.sweep_queries,
            self._ownership,
            self.actors,
            self._activation_limiter,
            self._turn_scheduler,
            self._dispatcher,
            self._fetcher,
            self._pause_registry,
            self._deliver_command,
            self._readings,
        )
        self._inspector = HostInspector(self.actors, self._pause_registry, self.stats)
        self._background = BackgroundTaskSet(name)
        self._loop_lag = LoopLag()

    def start(self) -> None:
        """Start the background tasks; returns at once."""
        self._background.start(self._run_sweeps())
        self._background.start(self._run_passivation())
        self._background.start(self._loop_lag.run())
        self._background.start(self._activation_limiter.run())

    async def stop(self) -> None:
        """Cancel the background tasks and wait for the steps in progress."""
        self._background.cancel_all()
        await self.actors.stop()

    def poke(self, addresses: Iterable[ActorAddress], tenant_id: Lane = None) -> None:
        """Wake these actors, because rows of the tenant wait for them.

        Actors of other hosts are ignored: the sweep of their host finds the rows.
        """
        for address in addresses:
            if self._ownership.active_epoch(address.key) is not None:
                self._activation_limiter.wake(address, tenant_id)

    async def ask(self, address: ActorAddress, payload: object) -> Any:
        """Send a request to an actor of this host and return its answer.

        Raises ``UnavailableError`` when another host owns the actor's shard.
        """
        if self._ownership.active_epoch(address.key) is None:
            raise UnavailableError(f"the {address.kind} is not on this host", code="host")
        return await self.actors.ask(address, payload)

    def tell(self, address: ActorAddress, payload: object) -> None:
        """Put a message into the mailbox of an actor of this host; dropped if another
        host owns it.
        """
        if self._ownership.active_epoch(address.key) is not None:
            self.actors.deliver(address, payload, hint=True)

    async def refresh(self) -> None:
        """Read pauses and owned shards again, drop actors of lost shards, recover pending work."""
        await self._pause_registry.refresh()
        await self._ownership.refresh()
        await self._recovery_sweeper.recover_pending()

    async def release_shards(self, shards: set[int]) -> None:
        """Start no new work for these shards.

        Returns when their sends have ended, at the latest after ``RELEASE_TIMEOUT_S`` and a short
        pause.
        """
        self._ownership.begin_release(shards)
        sending = self._dispatcher.running_deliveries(shards)
        if sending:
            await asyncio.wait(sending, timeout=RELEASE_TIMEOUT_S)
        # Lets actors commit the outcomes of these sends, which are in their mailboxes.
        await asyncio.sleep(0.2)

    async def operate(self, request: OperatorRequest) -> Any:
        """Handle an operator's request, see :mod:`niochat.cluster.hosts.host_inspection`."""
        return await self._inspector.operate(request)

    def heartbeat(self) -> Heartbeat:
        """State and load of this host, by which the supervisor scales and replaces hosts."""
        load = HostLoad(self._loop_lag.milliseconds, self.actors.ready_count)
        build_id = resolve_build_id(self._components.settings.build_id)
        return Heartbeat(self.incarnation, self._node, build_id, load)

    def stats(self) -> dict[str, object]:
        """Statistics for operators and metrics, as plain values except ``held_back``."""
        return {
            "host": self.name,
            "incarnation": self.incarnation,
            "pid": os.getpid(),
            "shards": self._ownership.active_shard_count,
            "actors": len(self.actors),
            "conversations": self.actors.count_kind(actor_addresses.CONVERSATION),
            "turns": len(self._turn_scheduler) - self._turn_scheduler.waiting_count,
            "sends": len(self._dispatcher.running_deliveries(set(self._ownership.active_shards))),
            "waiting": {
                "steps": self.actors.count_ready(actor_addresses.CONVERSATION),
                "turns": self._turn_scheduler.waiting_count,
                "outside": len(self._activation_limiter),
                "sends": self._dispatcher.waiting_count,
            },
            "refused": self.actors.rejected_count,
            "held_back": self._throttled_tenants(),
            "mailbox_depth": self.actors.ready_count,
            "lag_ms": self._loop_lag.milliseconds,
        }

    def _throttled_tenants(self) -> list[TenantThrottleStatus]:
        return find_throttled_tenants(
            self._turn_scheduler,
            self._activation_limiter,
            self._turn_grants,
            self._dispatcher,
            self.actors,
        )

    def _conversation_behaviour(self, step_runner: StepRunner) -> ConversationBehaviour:
        return ConversationBehaviour(
            step_runner,
            self._ownership,
            self._turn_scheduler,
            self._dispatcher,
            lambda address, lane: self.actors.wake(address, lane),
            self._team_queues.route_effect,
            self._fetcher.enqueue,
            self._pause_registry,
            self.counters,
            self._live_hint.trigger,
            self._readings.enqueue if self._readings else _ignore_file,
            self._unlogged_changes.add,
            self._opinions,
        )

    def _deliver_command(self, thread_id: UUID, command: MemoryCommand) -> None:
        """Deliver to the thread's actor if its shard is ours; else its new owner finds the row."""
        if self._ownership.held_epoch(thread_id) is not None:
            self.actors.deliver(actor_addresses.conversation_address(thread_id), command)

    def _send_epoch(self, thread_id: UUID) -> int | None:
        """Epoch under which a send may start; ``None`` if paused or not ours."""
        return (
            None
            if self._pause_registry.is_paused(thread_id)
            else self._ownership.active_epoch(thread_id)
        )

    def _resume_thread(self, thread_id: UUID, held_commands: Sequence[MemoryCommand]) -> None:
        """Continue a resumed thread with its held commands; no-op if its shard has moved away."""
        for command in held_commands:
            self._deliver_command(thread_id, command)
        self.poke([actor_addresses.conversation_address(thread_id)])
        self._dispatcher.deliver(thread_id)

    async def _acquire_turn(self, tenant_id: UUID) -> float:
        wait_s = await self._turn_grants.acquire(tenant_id)
        if wait_s > 0:
            self.counters.increment("turn_waits")
            self.counters.add_seconds("turn_wait_seconds", wait_s)
        return wait_s

    def _poke_threads(self, tenant_id: UUID, threads: set[UUID]) -> None:
        self.poke([actor_addresses.conversation_address(thread) for thread in threads], tenant_id)

    def _report_model_throttle(self, tenant_id: UUID, seconds: float) -> None:
        self._turn_grants.invalidate(tenant_id)
        notify_tenant = partial(
            self._tell, actor_addresses.tenant_address(tenant_id), ModelThrottleNotice(seconds)
        )
        self._background.try_start(notify_tenant, MAX_REMOTE_TELLS)

    async def _run_sweeps(self) -> None:
        quotas, queues = IntervalTimer(QUOTA_INTERVAL_S), IntervalTimer(QUEUE_SWEEP_INTERVAL_S)
        tenants = IntervalTimer(self._components.settings.backfill_s / 2)

        async def sweep() -> None:
            await self._ownership.register_host(self.name, self._node, os.getpid())
            await self.refresh()
            if quotas.restart_if_due():
                await self.apply_quotas()
            if tenants.restart_if_due():
                await self._recovery_sweeper.wake_tenants()
            if queues.restart_if_due():
                await self.sweep_queues()

        await run_periodically(
            "sweep_failed", SWEEP_INTERVAL_S, sweep, first_at_once=True, host=self.name
        )

    async def _run_passivation(self) -> None:
        """In a loop of its own: memory is freed also while the database is away."""

        async def passivate() -> None:
            self.actors.passivate()

        await run_periodically(
            "passivation_failed", PASSIVATE_INTERVAL_S, passivate, host=self.name
        )

    async def sweep_queues(self) -> None:
        """Find changes that no message announced: agents who left, queues whose poke was lost."""
        await self._team_queues.sweep()

    async def apply_quotas(self) -> None:
        """Apply current quotas and pool capacity, report throttled tenants, restart lost turns."""
        await self._quotas.refresh()
        self._turn_scheduler.set_capacity(self._quotas.host_share(self._pool_capacity()))
        await self._throttle_reporter.report(self._throttled_tenants())
        await self._recovery_sweeper.restart_lost_turns()
