"""One host process without Ray: its virtual actors, its sweeps, its ownership."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from niochat.actors import actor_addresses
from niochat.actors.activation_limiter import ActivationLimiter
from niochat.actors.conversation_actor import ConversationBehaviour
from niochat.actors.pause_registry import PauseRegistry
from niochat.actors.recovery_sweep import RecoverySweeper
from niochat.actors.shard_ownership import ShardOwnership
from niochat.actors.team_queues.team_queue_router import PokeActors, TeamQueueRouter, TellActor
from niochat.actors.tenant_actor import ModelThrottleNotice, TenantBehaviour
from niochat.actors.tenant_quotas import TenantQuotas, find_throttled_tenants
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
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.domain.tenant.throttling import TenantThrottle
from niochat.outbox.dispatcher import OutboxDispatcher
from niochat.runtime.actor_runtime import ActorRuntime
from niochat.runtime.address import ActorAddress
from niochat.runtime.background_tasks import BackgroundTaskSet
from niochat.runtime.coalescer import Coalescer
from niochat.runtime.fairness.adaptive_rate import AdaptiveRateLimiter
from niochat.runtime.fairness.fair_queue import Lane
from niochat.runtime.fleet.autoscaling import HostLoad
from niochat.runtime.process.counter_buffer import CounterBuffer
from niochat.runtime.process.loop_lag import LoopLag

_log = structlog.get_logger(__name__)

SWEEP_INTERVAL_S = 1.0
PASSIVATE_INTERVAL_S = 10.0
QUEUE_SWEEP_INTERVAL_S = 3.0
"""How long a queue waits whose hint was lost."""
QUOTA_INTERVAL_S = 5.0
"""How old plans, caps and the pool's size may be."""
LIVE_HINT_INTERVAL_S = 0.02
"""How often screens are told at most that there is something new."""
MAX_REMOTE_TELLS = 1000
"""Messages to actors of other hosts that are on their way; further ones are dropped, as they
are lost when such a host is away.
"""
RELEASE_TIMEOUT_S = 5.0
"""For sends in progress before a shard moves."""


def _ignore_poke(addresses: Iterable[ActorAddress], tenant_id: UUID | None) -> None:
    """There are no other hosts."""


def _ignore_file(tenant_id: UUID, file_id: UUID) -> None:
    """Nobody says what files say."""


class HostProcess:
    """Everything a host does. ``ask``, ``tell`` and ``poke`` reach actors of other hosts."""

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
        pool_capacity: Callable[[], int] = lambda: DEFAULT_CAPACITY,
        max_waiting_turns: int = MAX_WAITING_TURNS,
        restart_backoff_s: float = RESTART_BACKOFF_S,
    ) -> None:
        """``reader`` says what files say; without one nobody does. ``places``: how many turns the
        pool can run at once now, for all hosts together; ``most_waiting``: turns in this host's
        line.
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
        self._pause_registry = PauseRegistry(services.pauses, self._resume_thread)
        self._pool_capacity = pool_capacity
        self._live_hint = Coalescer(
            lambda: components.live_hints.publish(PLATFORM_TENANT_ID), LIVE_HINT_INTERVAL_S
        )
        self._turn_grants = TurnGrantClient(ask)
        self._quotas = TenantQuotas(
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
        pace = AdaptiveRateLimiter()
        self._turn_scheduler = TurnScheduler(
            turn_pool,
            self._acquire_turn,
            self._report_model_throttle,
            self._deliver_command,
            rate_limiter=pace,
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
        self._activation_limiter = ActivationLimiter(self.actors, self._turn_scheduler, pace)
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
        """Begin to sweep; returns at once."""
        self._background.start(self._run_sweeps())
        self._background.start(self._loop_lag.run())
        self._background.start(self._activation_limiter.run())

    async def stop(self) -> None:
        """End the sweeps and wait for the steps in progress."""
        self._background.cancel_all()
        await self.actors.stop()

    def poke(self, addresses: Iterable[ActorAddress], tenant_id: Lane = None) -> None:
        """Rows of the tenant wait for these actors. Those of other hosts are swept over there."""
        for address in addresses:
            if self._ownership.active_epoch(address.key) is not None:
                self._activation_limiter.wake(address, tenant_id)

    async def ask(self, address: ActorAddress, payload: object) -> Any:
        """Answer of one of our actors. Raises ``UnavailableError`` when it is another host's."""
        if self._ownership.active_epoch(address.key) is None:
            raise UnavailableError(f"the {address.kind} is not on this host", code="host")
        return await self.actors.ask(address, payload)

    def tell(self, address: ActorAddress, payload: object) -> None:
        """A message for one of our actors; one of another host's is lost, as told ones may be."""
        if self._ownership.active_epoch(address.key) is not None:
            self.actors.deliver(address, payload, hint=True)

    async def refresh(self) -> None:
        """The map changed: learn what is ours, forget what is not, look for what waits."""
        await self._pause_registry.refresh()
        await self._ownership.refresh()
        await self._recovery_sweeper.recover_pending()

    async def release_shards(self, shards: set[int]) -> None:
        """Start nothing new for these shards; returns when their sends have ended, or soon."""
        self._ownership.begin_release(shards)
        sending = self._dispatcher.running_deliveries(shards)
        if sending:
            await asyncio.wait(sending, timeout=RELEASE_TIMEOUT_S)
        await asyncio.sleep(0.2)  # settlements in mailboxes get their step

    async def operate(self, request: OperatorRequest) -> Any:
        """What an operator asks of this host, see :mod:`niochat.cluster.hosts.host_inspection`."""
        return await self._inspector.operate(request)

    def heartbeat(self) -> Heartbeat:
        """What the supervisor decides by."""
        load = HostLoad(self._loop_lag.milliseconds, self.actors.ready_count)
        release = resolve_build_id(self._components.settings.build_id)
        return Heartbeat(self.incarnation, self._node, release, load)

    def stats(self) -> dict[str, object]:
        """Figures for operators."""
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

    def _throttled_tenants(self) -> list[TenantThrottle]:
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
        )

    def _deliver_command(self, thread_id: UUID, command: MemoryCommand) -> None:
        """What came too late for a thread of another host is found over there, by its row."""
        if self._ownership.held_epoch(thread_id) is not None:
            self.actors.deliver(actor_addresses.conversation_address(thread_id), command)

    def _send_epoch(self, thread_id: UUID) -> int | None:
        """Nothing starts to leave for a paused conversation."""
        return (
            None
            if self._pause_registry.is_paused(thread_id)
            else self._ownership.active_epoch(thread_id)
        )

    def _resume_thread(self, thread_id: UUID, kept: Sequence[MemoryCommand]) -> None:
        """Also where the shard has moved away meanwhile: then nothing happens here."""
        for command in kept:
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
        told = partial(
            self._tell, actor_addresses.tenant_address(tenant_id), ModelThrottleNotice(seconds)
        )
        self._background.try_start(told, MAX_REMOTE_TELLS)

    async def _run_sweeps(self) -> None:
        passivate_at = time.monotonic() + PASSIVATE_INTERVAL_S
        wake_tenants_at = share_at = queues_at = 0.0
        while True:
            try:
                await self._ownership.register_host(self.name, self._node, os.getpid())
                await self.refresh()
                if time.monotonic() >= share_at:
                    share_at = time.monotonic() + QUOTA_INTERVAL_S
                    await self.apply_quotas()
                if time.monotonic() >= wake_tenants_at:
                    wake_tenants_at = time.monotonic() + self._components.settings.backfill_s / 2
                    await self._recovery_sweeper.wake_tenants()
                if time.monotonic() >= queues_at:
                    queues_at = time.monotonic() + QUEUE_SWEEP_INTERVAL_S
                    await self.sweep_queues()
            except NiochatError as error:
                _log.warning("sweep_put_off", host=self.name, code=error.code)
            except Exception as error:  # noqa: BLE001 - the sweep must outlive any error
                _log.error("sweep_failed", host=self.name, exc_info=error)
            if time.monotonic() >= passivate_at:
                passivate_at = time.monotonic() + PASSIVATE_INTERVAL_S
                self.actors.passivate()
            await asyncio.sleep(SWEEP_INTERVAL_S)

    async def sweep_queues(self) -> None:
        """What no message told of: agents who have gone, and queues whose hint was lost."""
        await self._team_queues.sweep()

    async def apply_quotas(self) -> None:
        """Who gets how much from now on, and who was kept waiting by limits of its own."""
        await self._quotas.refresh()
        self._turn_scheduler.set_capacity(self._quotas.host_share(self._pool_capacity()))
        await self._throttle_reporter.report(self._throttled_tenants())
        await self._recovery_sweeper.restart_lost_turns()
