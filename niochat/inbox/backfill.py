"""The back-fill fetches messages from the gateway's store whose webhooks never arrived. They have
the same dedupe keys as webhooks, so that none is stored twice.
"""

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
"""Rows per statement. A webhook that arrives meanwhile waits for one such statement at most."""
PARSE_BATCH_SIZE = 10
"""Messages parsed before other tasks run. Each takes about a tenth of a millisecond."""
MAX_PAGES = 1000
"""Pages of one back-fill. Messages that are stored already are not kept in memory."""
FILL_OVERLAP = timedelta(seconds=90)
"""How far before the last back-fill a new one begins, because clocks differ and webhooks are
delayed.
"""
DEEP_FILL_OVERLAP = timedelta(minutes=10)
"""The same for a deeper back-fill, which goes back this far as long as it finds new messages. A
session that reconnects delivers older messages.
"""


@dataclass(frozen=True, slots=True)
class BackfillChannel:
    """A channel and how far its gateway's store has been read (``filled_to``)."""

    id: UUID
    tenant_id: UUID
    kind: str
    base_url: str
    token_sealed: bytes
    filled_to: datetime
    created_at: datetime


class Backfiller:
    """Reads the message stores of gateways and accepts what is missing in the inbox."""

    def __init__(self, database: Database, inbox: InboxStore, gateway: WhatsAppGateway) -> None:
        self._database = database
        self._inbox = inbox
        self._gateway = gateway

    async def list_channels(self, tenant_id: UUID) -> list[BackfillChannel]:
        """Returns the tenant's channels."""
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_channels"], tenant_id)
        return [BackfillChannel(**dict(row)) for row in rows]

    async def fill(
        self,
        channel: BackfillChannel,
        credentials: GatewayCredentials,
        gateway_s: float | None = None,
        *,
        deeper: bool = False,
    ) -> set[UUID]:
        """Accepts missing messages, oldest first; returns the threads that got one.

        ``gateway_s`` limits the total time of the gateway's answers in seconds, without the time of
        the database. ``deeper`` is for a channel whose webhooks were rejected, so that missing
        messages may be older than the last back-fill.

        Raises ``UnavailableError`` if the gateway or the database (code ``database``) does not
        answer. Messages that were accepted by then stay, and the next back-fill begins at the same
        point.
        """
        started = await self._clock()
        store = _TimedMessageStore(self._gateway, credentials, gateway_s)
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
            _log.info("channel_backfilled", channel=str(channel.id), messages=len(missing))
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["save_progress"], channel.id, started)
        return threads

    async def _clock(self) -> datetime:
        """Returns PostgreSQL's time. A clock ahead of it would skip messages that arrive before
        PostgreSQL catches up.
        """
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
            # Group messages count for the time too, so a page of them does not end the back-fill.
            times = [vendor.read_stored_time(body, started) for body in bodies]
            in_range = [body for body, at in zip(bodies, times, strict=True) if at >= floor]
            events = await _parse_events(vendor, in_range, started)
            unknown = await self._unknown(channel.id, events)
            missing.extend(unknown)
            recent = any(at >= since for at in times)
            if len(bodies) < PAGE_SIZE or not (recent or unknown):
                return missing
        _log.error("backfill_incomplete", channel=str(channel.id), messages=MAX_PAGES * PAGE_SIZE)
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
    """A gateway's message store with a time limit in seconds for all pages together."""

    def __init__(
        self, gateway: WhatsAppGateway, credentials: GatewayCredentials, seconds: float | None
    ) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._left_s = seconds

    async def page(self, number: int) -> Sequence[Mapping[str, object]]:
        """Returns one page of messages. Raises ``UnavailableError`` when the time is used up."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left_s):
                return await self._gateway.list_messages(
                    self._credentials, PAGE_SIZE, number * PAGE_SIZE
                )
        except TimeoutError:
            raise UnavailableError(
                "The gateway's message store did not answer in time.", code="gateway"
            ) from None
        finally:
            if self._left_s is not None:
                self._left_s -= time.monotonic() - began


async def _parse_events(
    vendor: GatewayVendor, bodies: Sequence[Mapping[str, object]], now: datetime
) -> list[InboundEvent]:
    events = []
    for number, body in enumerate(bodies):
        if number % PARSE_BATCH_SIZE == 0:
            await asyncio.sleep(0)  # lets webhooks run in between
        event = vendor.parse_webhook(body, now).event
        if isinstance(event, InboundEvent):
            events.append(event)
    return events


def _sent_at(incoming: InboundEvent, now: datetime) -> datetime:
    """Returns the time of an event. Reactions and edits have none and sort after their messages."""
    sent_at = getattr(incoming.command, "sent_at", now)
    return sent_at if isinstance(sent_at, datetime) else now
