"""The dispatcher sends the outbox rows of a thread in order: it claims, sends and settles each. An
uncertain send is looked up at the gateway before anything else.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from niochat.domain.backoff import backoff_s
from niochat.domain.conversation.commands import SendStatus, SettleSend
from niochat.domain.errors import NiochatError, UnavailableError
from niochat.domain.ids import OutboxId, shard_of
from niochat.outbox.outbox_store import (
    SEND_WINDOW_S,
    ClaimedSend,
    OutboxStore,
    SendDestination,
    UnsettledSend,
)
from niochat.ports.gateway import (
    CredentialsOpener,
    GatewayCredentials,
    GatewaySendResult,
    OutboundMessage,
    SentMessageChange,
    WhatsAppGateway,
)
from niochat.runtime.fairness.fair_limiter import FairLimiter, LaneConstraint, LaneQuota

_log = structlog.get_logger(__name__)

MAX_START_DELAY_S = 4.0
"""Longest time between claim and send. A process that was paused for longer must not send any more,
because its claim may have expired.
"""
SEND_TIMEOUT_S = SEND_WINDOW_S - MAX_START_DELAY_S - 2.0
LOOKUP_PAUSE_S = 3.0
"""Time between the two look-ups after which *not found* is certain."""
MAX_RESENDS = 1
MAX_CONCURRENT_DELIVERIES = 160
"""Threads that one host delivers at the same time."""
MAX_DELIVERIES_PER_CHANNEL = 48
"""The same for the threads of one channel, so that a hanging gateway delays only its own sends."""
MAX_WAITING_THREADS = 20_000
"""Threads that wait for delivery in one host's memory. The sweep finds any further ones."""

SettleCallback = Callable[[UUID, SettleSend], None]
"""Passes a command to the actor of a thread."""
TenantWeight = Callable[[UUID | None], float]
"""Returns the weight of a tenant, which each of its channels gets."""


@dataclass(frozen=True, slots=True)
class SendRoute:
    """The tenant and the channel of a thread's sends."""

    tenant_id: UUID
    channel_id: UUID


@dataclass(slots=True, eq=False)
class _Delivery:
    thread_id: UUID
    tenant_id: UUID | None = None
    channel_id: UUID | None = None
    task: "asyncio.Task[None] | None" = None
    """``None`` while the delivery waits."""
    repeat: bool = False
    """Whether ``deliver`` was called during the delivery, so that it must run once more."""
    repeat_route: SendRoute | None = None


class OutboxDispatcher:
    """Delivers the sends of a host's threads, with one task per thread, which keeps their order.
    The number of concurrent deliveries is bounded and shared fairly between channels.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        gateway: WhatsAppGateway,
        credentials_for: CredentialsOpener,
        epoch_of: Callable[[UUID], int | None],
        settle: SettleCallback,
        *,
        weight_of: TenantWeight = lambda tenant: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._credentials_for = credentials_for
        self._epoch_of = epoch_of
        self._settle = settle
        self._clock = clock
        self._weight_of = weight_of
        self._deliveries: dict[UUID, _Delivery] = {}
        self._slots: FairLimiter[_Delivery] = FairLimiter(
            MAX_CONCURRENT_DELIVERIES, max_waiting=MAX_WAITING_THREADS
        )
        self._behind: set[UUID] = set()

    def deliver(self, thread_id: UUID, route: SendRoute | None = None) -> None:
        """Delivers the thread's due sends as soon as a slot is free. A call during a delivery makes
        it run once more. Threads without a known ``route`` share one lane.
        """
        delivery = self._deliveries.get(thread_id)
        if delivery is None:
            self._enter(thread_id, route)
        elif delivery.task is not None:
            delivery.repeat, delivery.repeat_route = True, route or delivery.repeat_route

    def on_settled(self, thread_id: UUID, route: SendRoute | None = None) -> None:
        """Called when a send of the thread has ended: delivers the sends that waited behind it."""
        if thread_id in self._behind:
            self.deliver(thread_id, route)

    def running_deliveries(self, shards: set[int]) -> list["asyncio.Task[None]"]:
        """Returns the running deliveries of threads of these shards."""
        return [
            delivery.task
            for thread, delivery in self._deliveries.items()
            if delivery.task is not None and shard_of(thread) in shards
        ]

    @property
    def waiting_count(self) -> int:
        """How many threads wait for delivery."""
        return len(self._slots)

    def throttled_channels(self) -> list[tuple[UUID, LaneConstraint]]:
        """Returns the channels whose sends wait because the channel has as many concurrent
        deliveries as it may have, each with its tenant.
        """
        constrained = {each.lane: each for each in self._slots.constrained_lanes()}
        if not constrained:
            return []
        owners = {each.channel_id: each.tenant_id for each in self._deliveries.values()}
        return [
            (tenant_id, constrained[channel_id])
            for channel_id, tenant_id in owners.items()
            if channel_id in constrained and tenant_id is not None
        ]

    def _enter(self, thread_id: UUID, route: SendRoute | None) -> None:
        delivery = _Delivery(thread_id)
        if route is not None:
            delivery.tenant_id, delivery.channel_id = route.tenant_id, route.channel_id
        quota = LaneQuota(self._weight_of(delivery.tenant_id), MAX_DELIVERIES_PER_CHANNEL)
        if self._slots.enqueue(delivery.channel_id, delivery, quota):
            self._deliveries[thread_id] = delivery
            self._admit()

    def _admit(self) -> None:
        while (started := self._slots.admit_next()) is not None:
            _, delivery = started
            task = asyncio.get_running_loop().create_task(self._deliver_next(delivery.thread_id))
            delivery.task = task
            task.add_done_callback(partial(self._on_delivered, delivery))

    def _on_delivered(self, delivery: _Delivery, task: "asyncio.Task[None]") -> None:
        thread_id = delivery.thread_id
        del self._deliveries[thread_id]
        self._slots.release(delivery.channel_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NiochatError):
            _log.warning("delivery_postponed", thread=str(thread_id), code=error.code)
        elif error is not None:
            _log.error("delivery_failed", thread=str(thread_id), exc_info=error)
        if delivery.repeat:
            self.deliver(thread_id, delivery.repeat_route)
        self._admit()

    async def _deliver_next(self, thread_id: UUID) -> None:
        self._behind.discard(thread_id)
        epoch = self._epoch_of(thread_id)
        if epoch is None:
            return
        claim_began = self._clock()
        claimed = await self._outbox.claim(thread_id, epoch)
        if claimed is not None:
            if claimed.more:
                self._note_behind(thread_id)
            await self._send(claimed, claim_began)
            return
        unsettled = await self._outbox.list_unsettled(thread_id)
        if unsettled:
            self._note_behind(thread_id)
        for row in unsettled:
            if row.orphaned:
                self._settle(thread_id, _settle_command(row, SendStatus.UNCERTAIN, "owner_gone"))
            elif row.status == "queued" and row.too_old:
                self._settle(thread_id, _settle_command(row, SendStatus.FAILED, "given_up"))
            elif row.status == "queued" and row.unwanted:
                self._settle(thread_id, _settle_command(row, SendStatus.FAILED, "unwanted"))
            elif row.status == "uncertain" and row.due:
                await self._look_up(thread_id, row)

    def _note_behind(self, thread_id: UUID) -> None:
        if len(self._behind) < MAX_WAITING_THREADS:  # the sweep finds any further threads
            self._behind.add(thread_id)

    async def _send(self, claimed: ClaimedSend, claim_began: float) -> None:
        try:
            target = self._open(claimed.destination)
            outgoing = await self._outbox.load_outbound(claimed)
        except NiochatError as error:
            # Nothing was sent yet, so the row can return to the queue whatever the error is.
            _log.error("send_not_started", outbox=str(claimed.id), code=error.code)
            await self._settle_result(claimed, GatewaySendResult(SendStatus.RETRY, code=error.code))
            return
        if target is None or outgoing is None:
            self._settle(
                claimed.thread_id,
                _settle_command(
                    claimed,
                    SendStatus.FAILED,
                    "no_address" if target is None else "attachment_missing",
                ),
            )
            return
        result = await self._start(claimed, *target, outgoing, claim_began)
        await self._settle_result(claimed, result)

    async def _start(
        self,
        claimed: ClaimedSend,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        claim_began: float,
    ) -> GatewaySendResult:
        # Checked right before the send: a process that was paused since its claim must not send.
        if self._clock() - claim_began > MAX_START_DELAY_S:
            return GatewaySendResult(SendStatus.RETRY, code="paused")
        return await self._gateway.send(
            credentials, number, outgoing, str(claimed.id), SEND_TIMEOUT_S
        )

    def _open(self, destination: SendDestination | None) -> tuple[GatewayCredentials, str] | None:
        """Returns the credentials and the number; ``None`` if the contact has no address left."""
        if destination is None:
            return None
        credentials = self._credentials_for(
            destination.kind, destination.base_url, destination.token_sealed, destination.tenant_id
        )
        return credentials, destination.number

    async def _settle_result(self, claimed: ClaimedSend, answer: GatewaySendResult) -> None:
        retry_in_s = answer.retry_in_s
        if answer.result is SendStatus.RETRY and not retry_in_s:
            jitter = random.uniform(0.5, 1.5)
            retry_in_s = backoff_s(claimed.attempts, base_s=0.5, max_s=60.0, jitter=jitter)
        self._settle(
            claimed.thread_id,
            SettleSend(
                OutboxId(claimed.id),
                answer.result,
                answer.external_id,
                answer.code,
                retry_in_s,
                claimed.attempts,
            ),
        )
        if answer.hold_reason is not None:
            if await self._outbox.hold_channel(claimed.channel_id, answer.hold_reason):
                _log.error(
                    "channel_held",
                    channel=str(claimed.channel_id),
                    reason=answer.hold_reason,
                    tenant=str(claimed.tenant_id),
                )
        elif answer.result is SendStatus.SENT and claimed.recovering:
            await self._outbox.release_channel(claimed.channel_id)

    async def _look_up(self, thread_id: UUID, row: UnsettledSend) -> None:
        target = self._open(await self._outbox.find_destination(thread_id))
        if target is None:
            return
        credentials, _ = target
        try:
            external_id = await self._gateway.find_by_track_id(credentials, str(row.id))
        except UnavailableError:
            await self._outbox.record_lookup(row, certain=False, again_in_s=10.0)
            return
        if external_id is not None:
            self._settle(thread_id, _settle_command(row, SendStatus.SENT, "found", external_id))
        elif row.lookups < 1:
            await self._outbox.record_lookup(row, certain=True, again_in_s=LOOKUP_PAUSE_S)
        elif row.resends < MAX_RESENDS:
            self._settle(thread_id, _settle_command(row, SendStatus.RETRY, "not_found"))
        else:
            self._settle(thread_id, _settle_command(row, SendStatus.FAILED, "never_arrived"))


def _settle_command(
    row: ClaimedSend | UnsettledSend, result: SendStatus, code: str, external_id: str | None = None
) -> SettleSend:
    return SettleSend(OutboxId(row.id), result, external_id, code, attempt=row.attempts)
