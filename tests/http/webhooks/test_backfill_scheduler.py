"""After time away, what the gateway gave up on is stored before what it sends now."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from niochat.domain.errors import UnavailableError
from niochat.http.webhooks.backfill_scheduler import BackfillScheduler
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.config_records import ChannelAddress, ChannelRecord
from niochat.tenants.tenant_config_cache import TenantConfigCache
from tests.adapters.gateways.uazapi.captured_webhooks import TEXT, load_capture
from tests.http.conftest import WebhookFixture, build_webhook_application, path_of, serve_app, vault
from tests.http.webhooks.fake_backfill import FakeBackfill

pytestmark = pytest.mark.asyncio


@pytest.fixture
def filling(address: ChannelAddress) -> FakeBackfill:
    return FakeBackfill(address.channel)


@pytest.fixture
def poked() -> list[UUID]:
    return []


@pytest.fixture
def catch_up(filling: FakeBackfill, poked: list[UUID]) -> BackfillScheduler:
    def poke(thread: UUID, tenant: UUID) -> None:
        poked.append(thread)

    return BackfillScheduler(
        filling, lambda *_: GatewayCredentials("http://gateway.invalid", "t"), poke
    )  # type: ignore[arg-type]


async def test_only_the_first_webhook_of_a_channel_waits_for_the_fill(
    catch_up: BackfillScheduler,
    filling: FakeBackfill,
    address: ChannelAddress,
    poked: Sequence[UUID],
) -> None:
    for _ in range(3):
        await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())

    assert filling.fills == 1
    assert list(poked) == [UUID(int=7)]


async def test_a_webhook_that_could_not_be_stored_makes_the_next_one_fill_again(
    catch_up: BackfillScheduler, filling: FakeBackfill, address: ChannelAddress
) -> None:
    await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())
    catch_up.record_missed(address.channel.id)
    await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())

    assert filling.fills == 2


async def test_while_the_database_is_away_nothing_may_be_stored_before_the_fill(
    catch_up: BackfillScheduler, filling: FakeBackfill, address: ChannelAddress
) -> None:
    filling.failures = [UnavailableError("away", code="database")] * 2
    for _ in range(2):
        with pytest.raises(UnavailableError):
            await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())
    await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())

    assert filling.fills == 3


async def test_a_gateway_that_does_not_answer_keeps_no_second_webhook_waiting(
    catch_up: BackfillScheduler, filling: FakeBackfill, address: ChannelAddress
) -> None:
    filling.failures = [UnavailableError("away", code="gateway")]
    await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())
    await catch_up.wait_until_filled(address.channel, catch_up.next_arrival())

    assert filling.fills == 1


class UnavailableDirectory(TenantConfigCache):
    """Finds no channel while the database is ``away``."""

    away = False

    async def channel(self, channel_id: UUID) -> ChannelRecord | None:
        if self.away:
            raise UnavailableError("away", code="database")
        return await super().channel(channel_id)


async def test_a_webhook_whose_channel_was_not_found_for_want_of_a_database_counts_as_missed(
    world: WebhookFixture,
    catch_up: BackfillScheduler,
    filling: FakeBackfill,
    address: ChannelAddress,
) -> None:
    """Its gateway may give up on it, and the next one comes when the database is back."""
    channels, inbox = UnavailableDirectory(world.database, vault), InboxStore(world.database)
    door = WebhookEndpoint(
        channels, vault, inbox, lambda *_: None, lambda _: None, world.ignored, catch_up
    )
    async with serve_app(build_webhook_application(door), lifespan="off") as http:
        answers = []
        for away in (False, True, False):
            channels.away = away
            answers.append(await http.post(path_of(address), json=load_capture(TEXT)))

    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert filling.fills == 2
