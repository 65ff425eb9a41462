"""The tenant's actor: it limits turns and ERP calls, and runs the back-fill of the channels.

Each tenant has one, and it is never on the message path. It grants turns in blocks, so that a host
asks once for many turns.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.erp.call_limiter import CallPermitRelease, CallPermitRequest, ErpCallLimiter
from niochat.inbox.backfill import BackfillChannel, Backfiller
from niochat.ports.gateway import CredentialsOpener
from niochat.runtime.activation import ActorRequest
from niochat.runtime.actor_runtime import ActorStep
from niochat.runtime.address import ActorAddress

_SQL = queries("backfill")
_ERP = queries("erp_write_journal")
_log = structlog.get_logger(__name__)

MAX_GRANT_TURNS = 20
"""Turns that one grant allows at most."""


@dataclass(frozen=True, slots=True)
class TurnGrantRequest:
    """Asks for turns. The answer is a :class:`TurnGrant`."""


@dataclass(frozen=True, slots=True)
class TurnGrant:
    """Allows ``turns`` turns. If there are none, ask again after ``wait_s`` seconds.

    ``throttled`` says that the reason is a rate limit of the tenant's model, not the tenant's own
    rate.
    """

    turns: int
    wait_s: float
    throttled: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ModelThrottleNotice:
    """The tenant's model asked to wait for ``seconds``."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ChannelConnectedNotice:
    """A channel's session is connected again, so that its back-fill should run now."""


@dataclass(slots=True)
class TenantActorState:
    """The state of one tenant's actor. Rates are in turns per second; times are of a monotonic
    clock.
    """

    turns_per_second: float
    tokens: float
    refilled_at: float
    erp_permits: ErpCallLimiter
    throttled_until: float = 0.0
    next_backfill_at: float = 0.0
    backfill_task: "asyncio.Task[None] | None" = field(default=None)


class TenantBehaviour:
    """Runs the steps of tenants' actors."""

    batch = 32
    parallel = 1

    def __init__(
        self,
        database: Database,
        backfill: Backfiller,
        credentials_for: CredentialsOpener,
        poke: Callable[[UUID, set[UUID]], None],
        *,
        backfill_interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._backfill = backfill
        self._credentials_for = credentials_for
        self._poke = poke
        self._backfill_interval_s = backfill_interval_s
        self._clock = clock

    async def step(self, batch: Sequence[ActorStep]) -> Sequence[ActorAddress]:
        """Answers requests, and starts a back-fill when it is due."""
        for delivery in batch:
            tenant_id = delivery.activation.address.key
            if delivery.activation.state is None:
                delivery.activation.state = await self._load(tenant_id)
            tenant: TenantActorState = delivery.activation.state
            for message in delivery.messages:
                self._handle(tenant, message)
            self._start_backfill_when_due(tenant_id, tenant)
        return []

    async def _load(self, tenant_id: UUID) -> TenantActorState:
        turns_per_minute, now = await self._load_turn_rate(tenant_id), self._clock()
        max_concurrent, calls_per_minute = await self._load_erp_limits(tenant_id)
        erp = ErpCallLimiter(
            max_concurrent,
            calls_per_minute,
            tokens=max(calls_per_minute / 10.0, 1.0),
            refilled_at=now,
        )
        return TenantActorState(
            turns_per_minute / 60.0, float(min(turns_per_minute, MAX_GRANT_TURNS)), now, erp
        )

    async def _load_turn_rate(self, tenant_id: UUID) -> int:
        """Returns the tenant's current limit of turns per minute."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await connection.fetchval(_SQL["load_turn_rate"], tenant_id) or 60

    async def _load_erp_limits(self, tenant_id: UUID) -> tuple[int, int]:
        """Returns the current limits of concurrent calls and of calls per minute; 1 and 1 without
        an ERP.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_ERP["load_limits"], tenant_id)
        return (row["calls_at_once"], row["per_minute"]) if row is not None else (1, 1)

    def _handle(self, tenant: TenantActorState, message: object) -> None:
        match message:
            case ActorRequest(payload=CallPermitRequest(waiting=waiting, for_agent=for_agent)):
                message.reply(
                    tenant.erp_permits.acquire(self._clock(), waiting, for_agent=for_agent)
                )
            case CallPermitRelease():
                tenant.erp_permits.release(message, self._clock())
            case ActorRequest(payload=TurnGrantRequest()):
                message.reply(self._grant_turns(tenant))
            case ModelThrottleNotice(seconds=seconds):
                tenant.throttled_until = max(tenant.throttled_until, self._clock() + seconds)
            case ChannelConnectedNotice():
                tenant.next_backfill_at = 0.0
            case _:
                _log.error("message_not_handled", message=type(message).__name__)

    def _grant_turns(self, tenant: TenantActorState) -> TurnGrant:
        now = self._clock()
        burst = max(tenant.turns_per_second * 2.0, float(MAX_GRANT_TURNS))
        tenant.tokens = min(
            tenant.tokens + (now - tenant.refilled_at) * tenant.turns_per_second, burst
        )
        tenant.refilled_at = now
        if tenant.throttled_until > now:
            return TurnGrant(0, tenant.throttled_until - now, throttled=True)
        turns = min(int(tenant.tokens), MAX_GRANT_TURNS)
        tenant.tokens -= turns
        return TurnGrant(turns, 0.0 if turns else (1.0 - tenant.tokens) / tenant.turns_per_second)

    def _start_backfill_when_due(self, tenant_id: UUID, tenant: TenantActorState) -> None:
        running = tenant.backfill_task is not None and not tenant.backfill_task.done()
        if running or self._clock() < tenant.next_backfill_at:
            return
        tenant.next_backfill_at = self._clock() + self._backfill_interval_s
        tenant.backfill_task = asyncio.get_running_loop().create_task(
            self._run_backfill(tenant_id, tenant)
        )

    async def _run_backfill(self, tenant_id: UUID, tenant: TenantActorState) -> None:
        try:
            tenant.turns_per_second = await self._load_turn_rate(tenant_id) / 60.0
            (
                tenant.erp_permits.max_concurrent,
                tenant.erp_permits.per_minute,
            ) = await self._load_erp_limits(tenant_id)
            for channel in await self._backfill.list_channels(tenant_id):
                await self._backfill_channel(channel)
        except NiochatError as error:
            _log.warning("backfill_postponed", tenant=str(tenant_id), code=error.code)
        except Exception as error:  # noqa: BLE001 - nobody awaits the task, so it is logged here
            _log.error("backfill_failed", tenant=str(tenant_id), exc_info=error)

    async def _backfill_channel(self, channel: BackfillChannel) -> None:
        try:
            credentials = self._credentials_for(
                channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
            )
            threads = await self._backfill.fill(channel, credentials)
        except NiochatError as error:
            _log.warning("backfill_postponed", channel=str(channel.id), code=error.code)
            return
        if threads:
            self._poke(channel.tenant_id, threads)
