"""Screens are told when a channel of their provider changes, and only then."""

from uuid import UUID

import pytest

from niochat.adapters.postgres.database import Database
from niochat.live.channel_watch import ChannelWatch
from niochat.live.ephemeral_frames import ChannelsFrame, FrameEnvelope
from tests.builders import Admin, ChannelRef, RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

FRAME = ChannelsFrame().model_dump_json()


class RecordedListeners:
    """Tenants with screens, and what these were told."""

    def __init__(self, *tenants: UUID) -> None:
        self.tenants = set(tenants)
        self.told: list[UUID] = []

    def deliver_envelope(self, envelope: FrameEnvelope) -> None:
        assert (envelope.frame, envelope.user_id, envelope.holder) == (FRAME, None, None)
        self.told.append(envelope.tenant_id)


async def change(admin: Admin, place: ChannelRef, column: str, value: str) -> None:
    """``column`` becomes the SQL expression ``value``."""
    await admin.execute(f"UPDATE channels SET {column} = {value} WHERE id = $1", place.channel)


async def test_only_the_provider_of_a_changed_channel_is_told_once(
    database: Database, given: RowBuilder
) -> None:
    mine, theirs, absent = [await given.place() for _ in range(3)]
    listeners = RecordedListeners(mine.tenant, theirs.tenant)
    watch = ChannelWatch(database, listeners)
    await watch.check()
    assert sorted(listeners.told) == sorted([mine.tenant, theirs.tenant])
    listeners.told.clear()

    await change(given.admin, mine, "status", "'disconnected'")
    await change(given.admin, absent, "status", "'disconnected'")
    await watch.check()
    await watch.check()
    assert listeners.told == [mine.tenant]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "'connecting'"),
        ("status_reason", "'401'"),
        ("name", "'Suporte'"),
        ("held_until", "now() + interval '1 hour'"),
    ],
)
async def test_each_state_on_the_dashboard_counts(
    database: Database, given: RowBuilder, column: str, value: str
) -> None:
    place = await given.place()
    listeners = RecordedListeners(place.tenant)
    watch = ChannelWatch(database, listeners)
    await watch.check()
    await change(given.admin, place, column, value)
    await watch.check()
    assert listeners.told == [place.tenant] * 2


async def test_a_hold_that_ends_by_itself_is_told(database: Database, given: RowBuilder) -> None:
    place = await given.place()
    await change(given.admin, place, "held_until", "now() + interval '1 hour'")
    listeners = RecordedListeners(place.tenant)
    watch = ChannelWatch(database, listeners)
    await watch.check()
    await change(given.admin, place, "held_until", "now() - interval '1 second'")
    await watch.check()
    assert listeners.told == [place.tenant] * 2


async def test_the_first_look_tells_a_screen_what_it_may_have_missed(
    database: Database, given: RowBuilder
) -> None:
    place = await given.place()
    listeners = RecordedListeners(place.tenant)
    watch = ChannelWatch(database, listeners)
    await watch.check()
    listeners.tenants.clear()
    await watch.check()
    assert listeners.told == [place.tenant]
    listeners.tenants.add(place.tenant)
    await watch.check()
    await watch.check()
    assert listeners.told == [place.tenant] * 2
