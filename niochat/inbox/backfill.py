"""What the gateway did not repeat is fetched from its store, through the same dedupe keys."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import UnavailableError
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import GatewayCredentials, WhatsAppGateway
from niochat.ports.gateway_events import InboundEvent

_SQL = queries("backfill")
_log = structlog.get_logger(__name__)

PAGE_SIZE = 100
ACCEPT_BATCH_SIZE = 25
"""Rows of one statement: a webhook that comes meanwhile waits for no more than these."""
PARSE_BATCH_SIZE = 10
"""Messages that are read before others have their turn: each takes some tenth of a millisecond."""
MAX_PAGES = 1000
"""Of one fill; what is known already is not kept in memory."""
FILL_OVERLAP = timedelta(seconds=90)
"""Clocks differ and webhooks take their time: this much is looked at again."""
DEEP_FILL_OVERLAP = timedelta(minutes=10)
"""So much instead, while there is anything new: a session that comes back brings what is older."""


@dataclass(frozen=True, slots=True)
class BackfillChannel:
    """A channel whose gateway can be asked for its stored messages."""

    id: UUID
    tenant_id: UUID
    kind: str
    base_url: str
    token_sealed: bytes
    filled_to: datetime
    created_at: datetime


class Backfiller:
    """Reads gateways' stores back to where it was before."""

    def __init__(self, database: Database, inbox: InboxStore, gateway: WhatsAppGateway) -> None:
        self._database = database
        self._inbox = inbox
        self._gateway = gateway

    async def list_channels(self, tenant_id: UUID) -> list[BackfillChannel]:
        """The tenant's channels."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_channels"], tenant_id)
        return [BackfillChannel(**dict(row)) for row in rows]

    async def fill(
        self,
        channel: BackfillChannel,
        line: GatewayCredentials,
        gateway_s: float | None = None,
        *,
        deeper: bool = False,
    ) -> set[UUID]:
        """Accept what is missing, oldest first; the threads that got something.

        ``gateway_s``: seconds that the gateway may take for all of its answers together; those of
        the database do not count. ``deeper``: webhooks were turned away, whose messages may be
        older than the time of the fill before. Raises ``UnavailableError`` when the gateway or the
        database (``database``) is away; what was accepted by then is kept, and the next fill
        begins at the same place.
        """
        started = await self._clock()
        store = _TimedMessageStore(self._gateway, line, gateway_s)
        vendor = GATEWAYS.require_stored(channel.kind)
        missing = await self._missing(channel, vendor, store, started, deeper)
        threads: set[UUID] = set()
        # Times are whole seconds: within one, the store's own order (newest first) decides.
        missing.reverse()
        ordered = sorted(missing, key=lambda each: _sent_at(each, started))
        for first in range(0, len(ordered), ACCEPT_BATCH_SIZE):
            for accepted in await self._inbox.accept_in_order(
                channel.tenant_id, channel.id, ordered[first : first + ACCEPT_BATCH_SIZE]
            ):
                if accepted.new and accepted.thread_id is not None:
                    threads.add(accepted.thread_id)
        if threads:
            _log.info("channel_filled_up", channel=str(channel.id), messages=len(missing))
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["save_progress"], channel.id, started)
        return threads

    async def _clock(self) -> datetime:
        """PostgreSQL's: with a clock ahead of it, what comes until then would never be read."""
        async with self._database.as_system() as connection:
            now: datetime = await connection.fetchval(_SQL["current_time"])
        return now

    async def _missing(
        self,
        channel: BackfillChannel,
        vendor: GatewayVendor,
        store: "_TimedMessageStore",
        started: datetime,
        deeper: bool,
    ) -> list[InboundEvent]:
        since = floor = channel.filled_to - FILL_OVERLAP
        if deeper:
            floor = min(
                max(channel.filled_to - DEEP_FILL_OVERLAP, channel.created_at - FILL_OVERLAP), since
            )
        missing: list[InboundEvent] = []
        for page in range(MAX_PAGES):
            bodies = await store.page(page)
            # By the time of all that is stored, groups too: a page of them ends nothing.
            times = [vendor.read_stored_time(body, started) for body in bodies]
            wanted = [body for body, at in zip(bodies, times, strict=True) if at >= floor]
            unknown = await self._unknown(channel.id, await _parse_events(vendor, wanted, started))
            missing.extend(unknown)
            recent = any(at >= since for at in times)
            if len(bodies) < PAGE_SIZE or not (recent or unknown):
                return missing
        _log.error("fill_up_incomplete", channel=str(channel.id), messages=MAX_PAGES * PAGE_SIZE)
        return missing

    async def _unknown(
        self, channel_id: UUID, incoming: Sequence[InboundEvent]
    ) -> list[InboundEvent]:
        keys = [i.dedupe_key for i in incoming]
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_known_keys"], channel_id, keys)
        known = {row["dedupe_key"] for row in rows}
        return [i for i in incoming if i.dedupe_key not in known]


class _TimedMessageStore:
    """A gateway's store, which has so many seconds for all pages together."""

    def __init__(
        self, gateway: WhatsAppGateway, line: GatewayCredentials, seconds: float | None
    ) -> None:
        self._gateway = gateway
        self._line = line
        self._left_s = seconds

    async def page(self, number: int) -> Sequence[Mapping[str, object]]:
        """Raises ``UnavailableError`` when the time is up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                return await self._gateway.list_messages(self._line, PAGE_SIZE, number * PAGE_SIZE)
        except TimeoutError:
            raise UnavailableError("the gateway's store takes too long", code="gateway") from None
        finally:
            if self._left_s is not None:
                self._left_s -= time.monotonic() - began


async def _parse_events(
    vendor: GatewayVendor, bodies: Sequence[Mapping[str, object]], now: datetime
) -> list[InboundEvent]:
    found = []
    for number, body in enumerate(bodies):
        if number % PARSE_BATCH_SIZE == 0:
            await asyncio.sleep(0)  # others' webhooks come in between
        meaning = vendor.parse_webhook(body, now).event
        if isinstance(meaning, InboundEvent):
            found.append(meaning)
    return found


def _sent_at(incoming: InboundEvent, now: datetime) -> datetime:
    """Reactions and edits carry no time of their own: after what they speak of."""
    sent_at = getattr(incoming.command, "sent_at", now)
    return sent_at if isinstance(sent_at, datetime) else now
