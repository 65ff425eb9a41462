"""One thread's sends, in order: claim, send, settle; what is uncertain is looked up first."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

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
    OutboundChange,
    OutboundMessage,
    WhatsAppGateway,
)
from niochat.runtime.fairness.fair_limiter import FairLimiter, LaneConstraint, LaneQuota

_log = structlog.get_logger(__name__)

MAX_START_DELAY_S = 4.0
"""After the claim; a process that was paused longer must not write to the socket any more."""
SEND_TIMEOUT_S = SEND_WINDOW_S - MAX_START_DELAY_S - 2.0
LOOKUP_PAUSE_S = 3.0
"""Between the two look-ups that make *not found* certain."""
MAX_RESENDS = 1
MAX_CONCURRENT_DELIVERIES = 160
"""Threads whose sends one host looks at and sends at once."""
MAX_DELIVERIES_PER_CHANNEL = 48
"""Of these, threads of one channel: a gateway that hangs keeps only its own waiting."""
MAX_WAITING_THREADS = 20_000
"""Threads that wait for a look in one host's memory; further ones are found by their rows."""

SettleCallback = Callable[[UUID, SettleSend], None]
"""Gives (thread, command) to the thread's actor."""
"""Opens (base address, sealed token, tenant)."""
TenantWeight = Callable[[UUID | None], float]
"""A tenant's weight for each of its channels."""


@dataclass(frozen=True, slots=True)
class SendRoute:
    """Whose sends they are, and over which channel they go."""

    tenant_id: UUID
    channel_id: UUID


@dataclass(slots=True, eq=False)
class _Delivery:
    thread_id: UUID
    tenant_id: UUID | None = None
    channel_id: UUID | None = None
    task: "asyncio.Task[None] | None" = None
    """None while it waits."""
    again: SendRoute | None = None
    """Somebody asked during the look."""
    repeat: bool = False


class OutboxDispatcher:
    """Delivers the sends of a host's threads; one task a thread, so order is kept.

    The looks at once are bounded and shared fairly between channels; who waits is a row too.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        gateway: WhatsAppGateway,
        line_of: CredentialsOpener,
        epoch_of: Callable[[UUID], int | None],
        settle: SettleCallback,
        *,
        weight_of: TenantWeight = lambda tenant: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._line_of = line_of
        self._epoch_of = epoch_of
        self._settle = settle
        self._clock = clock
        self._weight_of = weight_of
        self._looks: dict[UUID, _Delivery] = {}
        self._slots: FairLimiter[_Delivery] = FairLimiter(
            MAX_CONCURRENT_DELIVERIES, max_waiting=MAX_WAITING_THREADS
        )
        self._behind: set[UUID] = set()

    def deliver(self, thread_id: UUID, way: SendRoute | None = None) -> None:
        """Look at the thread's sends as soon as there is a place; asked during a look, it looks
        once more. Without a ``way`` it waits among the threads of which nobody knows it.
        """
        look = self._looks.get(thread_id)
        if look is None:
            self._enter(thread_id, way)
        elif look.task is not None:
            look.repeat, look.again = True, way or look.again

    def on_settled(self, thread_id: UUID, way: SendRoute | None = None) -> None:
        """A send of the thread has ended: look, if others were seen waiting behind it."""
        if thread_id in self._behind:
            self.deliver(thread_id, way)

    def running_deliveries(self, shards: set[int]) -> list["asyncio.Task[None]"]:
        """Looks in progress for threads of these shards."""
        return [
            look.task
            for thread, look in self._looks.items()
            if look.task is not None and shard_of(thread) in shards
        ]

    @property
    def waiting_count(self) -> int:
        """Threads that wait for a look."""
        return len(self._slots)

    def throttled_channels(self) -> list[tuple[UUID, LaneConstraint]]:
        """Channels whose sends wait because as many are under way as one channel may have, each
        with its tenant.
        """
        constrained = {each.lane: each for each in self._slots.constrained_lanes()}
        if not constrained:
            return []
        owners = {look.channel_id: look.tenant_id for look in self._looks.values()}
        return [
            (tenant_id, constrained[channel_id])
            for channel_id, tenant_id in owners.items()
            if channel_id in constrained and tenant_id is not None
        ]

    def _enter(self, thread_id: UUID, way: SendRoute | None) -> None:
        look = _Delivery(thread_id)
        if way is not None:
            look.tenant_id, look.channel_id = way.tenant_id, way.channel_id
        share = LaneQuota(self._weight_of(look.tenant_id), MAX_DELIVERIES_PER_CHANNEL)
        if self._slots.enqueue(look.channel_id, look, share):
            self._looks[thread_id] = look
            self._admit()

    def _admit(self) -> None:
        while (started := self._slots.admit_next()) is not None:
            _, look = started
            look.task = asyncio.get_running_loop().create_task(self._deliver_next(look.thread_id))
            look.task.add_done_callback(partial(self._on_delivered, look))

    def _on_delivered(self, look: _Delivery, task: "asyncio.Task[None]") -> None:
        thread_id = look.thread_id
        del self._looks[thread_id]
        self._slots.release(look.channel_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, NiochatError):
            _log.warning("delivery_put_off", thread=str(thread_id), code=error.code)
        elif error is not None:
            _log.error("delivery_failed", thread=str(thread_id), exc_info=error)
        if look.repeat:
            self.deliver(thread_id, look.again)
        self._admit()

    async def _deliver_next(self, thread_id: UUID) -> None:
        self._behind.discard(thread_id)
        epoch = self._epoch_of(thread_id)
        if epoch is None:
            return
        asked_at = self._clock()
        claimed = await self._outbox.claim(thread_id, epoch)
        if claimed is not None:
            if claimed.more:
                self._note_behind(thread_id)
            await self._send(claimed, asked_at)
            return
        unsettled = await self._outbox.list_unsettled(thread_id)
        if unsettled:
            self._note_behind(thread_id)
        for row in unsettled:
            if row.orphaned:
                self._settle(thread_id, _settle_command(row, SendStatus.UNCERTAIN, "owner_gone"))
            elif row.status == "queued" and row.too_old:
                self._settle(thread_id, _settle_command(row, SendStatus.FAILED, "given_up"))
            elif row.status == "uncertain" and row.due:
                await self._look_up(thread_id, row)

    def _note_behind(self, thread_id: UUID) -> None:
        if len(self._behind) < MAX_WAITING_THREADS:  # who is not noted is found by the sweep
            self._behind.add(thread_id)

    async def _send(self, claimed: ClaimedSend, asked_at: float) -> None:
        try:
            found = self._line(claimed.destination)
            outgoing = await self._outbox.load_outbound(claimed)
        except NiochatError as error:
            # Nothing was written to a socket: the row goes back, whatever is wrong.
            _log.error("send_not_started", outbox=str(claimed.id), code=error.code)
            await self._settle_result(claimed, GatewaySendResult(SendStatus.RETRY, code=error.code))
            return
        if found is None or outgoing is None:
            self._settle(
                claimed.thread_id,
                _settle_command(
                    claimed,
                    SendStatus.FAILED,
                    "no_address" if found is None else "attachment_missing",
                ),
            )
            return
        await self._settle_result(claimed, await self._start(claimed, *found, outgoing, asked_at))

    async def _start(
        self,
        claimed: ClaimedSend,
        line: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | OutboundChange,
        asked_at: float,
    ) -> GatewaySendResult:
        # Right before the socket: whoever was paused since the claim has lost its right.
        if self._clock() - asked_at > MAX_START_DELAY_S:
            return GatewaySendResult(SendStatus.RETRY, code="paused")
        return await self._gateway.send(line, number, outgoing, str(claimed.id), SEND_TIMEOUT_S)

    async def _where(self, thread_id: UUID) -> tuple[GatewayCredentials, str] | None:
        """Line and number; ``None`` when the person has no address left."""
        return self._line(await self._outbox.find_destination(thread_id))

    def _line(self, destination: SendDestination | None) -> tuple[GatewayCredentials, str] | None:
        if destination is None:
            return None
        credentials = self._line_of(
            destination.kind, destination.base_url, destination.token_sealed, destination.tenant_id
        )
        return credentials, destination.number

    async def _settle_result(self, claimed: ClaimedSend, answer: GatewaySendResult) -> None:
        retry_in_s = answer.retry_in_s
        if answer.result is SendStatus.RETRY and not retry_in_s:
            retry_in_s = min(0.5 * 2 ** min(claimed.attempts, 8), 60.0) * random.uniform(0.5, 1.5)
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
        found = await self._where(thread_id)
        if found is None:
            return
        line, _ = found
        try:
            external = await self._gateway.find_by_track_id(line, str(row.id))
        except UnavailableError:
            await self._outbox.record_lookup(row, certain=False, again_in_s=10.0)
            return
        if external is not None:
            self._settle(thread_id, _settle_command(row, SendStatus.SENT, "found", external))
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
