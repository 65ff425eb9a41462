"""Tells screens that a channel of their provider has changed: its session, a hold, its name.

Channels are written in several places and their changes are no events of a conversation, so each
replica compares the rows of the tenants that have screens on it.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.live.ephemeral_frames import ChannelsFrame, FrameEnvelope
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("dashboard")

CHECK_INTERVAL_S = 2.0


class ChannelListeners(Protocol):
    """Who is told; the live hub."""

    @property
    def tenants(self) -> Collection[UUID]:
        """The tenants that have screens here."""
        ...

    def deliver_envelope(self, envelope: FrameEnvelope) -> None:
        """Offers the frame to its recipients."""
        ...


class ChannelWatch:
    """Sends a frame to the screens of a tenant when the state of its channels has changed."""

    def __init__(self, database: Database, listeners: ChannelListeners) -> None:
        self._database = database
        self._listeners = listeners
        self._states: dict[UUID, str] = {}
        """The last state of each tenant that has screens."""

    async def run(self) -> None:
        """Compare the channels until cancelled."""
        await run_periodically("channel_watch_failed", CHECK_INTERVAL_S, self.check)

    async def check(self) -> None:
        """Compare the channels once. The first look at a tenant always tells, because a channel may
        have changed since its screen asked. Raises ``UnavailableError``.
        """
        tenants = list(self._listeners.tenants)
        if not tenants:
            self._states.clear()
            return
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["channel_states"], tenants)
        before, self._states = self._states, {row["tenant_id"]: row["state"] for row in rows}
        for tenant_id, state in self._states.items():
            if before.get(tenant_id) != state:
                self._listeners.deliver_envelope(FrameEnvelope.wrap(tenant_id, ChannelsFrame()))
