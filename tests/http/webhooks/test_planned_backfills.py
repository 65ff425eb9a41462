"""What a full line turned away is fetched: in order, by itself, and not for every webhook anew."""

import asyncio
from uuid import UUID, uuid4

import pytest

from niochat.domain.errors import UnavailableError
from niochat.http.webhooks.backfill_scheduler import (
    FAILURE_BACKOFF_S,
    FILL_TIMEOUT_S,
    MAX_SCHEDULE_WAIT_S,
    REST_FACTOR,
    SCHEDULE_DELAY_S,
    BackfillScheduler,
)
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.config_records import ChannelRecord
from tests.http.webhooks.fake_backfill import FakeBackfill
from tests.http.webhooks.manual_clock import SteppedClock, drain_loop

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class FakeChannel:
    """A channel that this process has caught up with, on a clock of the test's."""

    def __init__(self, within_s: float = FILL_TIMEOUT_S) -> None:
        self.record = ChannelRecord(
            tenant_id=uuid4(),
            id=uuid4(),
            slug="principal",
            name="Principal",
            tenant_slug="demo",
            tenant_status="active",
            status="connected",
            kind="uazapi",
            base_url="http://gateway.invalid",
            token_hash=b"",
            token_sealed=b"",
            secret_hash=b"",
            secret_sealed=b"",
            hmac_sealed=None,
        )
        self.clock, self.filling = SteppedClock(), FakeBackfill(self.record)
        self.told: list[UUID] = []
        self.catch_up = BackfillScheduler(
            self.filling,  # type: ignore[arg-type]
            lambda *_: GatewayCredentials("http://gateway.invalid", "t"),
            lambda *_: None,
            on_rejected=self.told.append,
            within_s=within_s,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    async def caught_up(self) -> "FakeChannel":
        await self.catch_up.wait_until_filled(self.record, self.catch_up.next_arrival())
        self.filling.fills = 0
        return self

    def refuse(self) -> None:
        self.catch_up.record_rejected(self.record, self.catch_up.next_arrival())

    async def arrives(self, arrival: int | None = None) -> "asyncio.Task[None]":
        """A webhook that goes as far as it can."""
        number = self.catch_up.next_arrival() if arrival is None else arrival
        task = asyncio.create_task(self.catch_up.wait_until_filled(self.record, number))
        await drain_loop()
        return task

    def closed_s(self) -> float:
        return self.catch_up.closed_for_s(self.record.id)


async def test_what_was_turned_away_is_fetched_though_nothing_comes_after_it() -> None:
    here = await FakeChannel().caught_up()
    for _ in range(100):
        here.refuse()
    await here.clock.advance(SCHEDULE_DELAY_S)

    assert (here.filling.fills, here.filling.deeper) == (1, 1)
    await here.clock.advance(600.0)
    assert here.filling.fills == 1, "there is nothing more to fetch"


async def test_who_came_before_it_is_stored_at_once_and_who_came_after_waits() -> None:
    here = await FakeChannel().caught_up()
    earlier = here.catch_up.next_arrival()
    here.refuse()
    first, later = await here.arrives(earlier), await here.arrives()
    assert (first.done(), later.done()) == (True, False)

    await here.clock.advance(SCHEDULE_DELAY_S)
    assert later.done()
    assert here.filling.fills == 1


async def test_what_is_turned_away_during_a_fill_is_fetched_by_the_next_one() -> None:
    """The fill may have read past it already: who comes after it must not be stored yet."""
    here = await FakeChannel().caught_up()
    here.refuse()
    here.filling.opens.clear()
    await here.clock.advance(SCHEDULE_DELAY_S)
    between = await here.arrives()
    here.refuse()
    later = await here.arrives()

    here.filling.opens.set()
    await drain_loop()
    assert (between.done(), later.done()) == (True, False)

    await here.clock.advance(SCHEDULE_DELAY_S)
    assert later.done()
    assert here.filling.fills == 2


async def test_a_database_lost_during_a_fill_is_not_forgotten_when_it_ends() -> None:
    here = await FakeChannel().caught_up()
    here.catch_up.record_missed(here.record.id)
    here.filling.opens.clear()
    await here.arrives()
    here.catch_up.record_missed(here.record.id)
    here.filling.opens.set()
    await drain_loop()
    await here.arrives()

    assert here.filling.fills == 2


async def test_fills_of_a_channel_that_goes_on_use_a_fifth_of_the_time() -> None:
    here, took, fills = await FakeChannel().caught_up(), 3.0, 20
    began = here.clock.now
    for number in range(1, fills + 1):
        here.filling.opens.clear()
        while here.filling.fills < number:
            here.refuse()
            await here.clock.advance(0.25)
        await here.clock.advance(took)
        here.refuse()
        here.filling.opens.set()
        await drain_loop()

    assert fills * took == pytest.approx((here.clock.now - began) / (1 + REST_FACTOR), rel=0.1)


async def test_a_channel_whose_fill_is_far_away_is_closed_and_a_near_one_lets_wait() -> None:
    here = await FakeChannel().caught_up()
    here.refuse()
    assert here.closed_s() == 0.0, "it begins within a second"

    here.filling.opens.clear()
    await here.clock.advance(SCHEDULE_DELAY_S)
    await here.clock.advance(3.1)
    here.refuse()
    here.filling.opens.set()
    await drain_loop()
    assert here.closed_s() == pytest.approx(3.0 * REST_FACTOR)

    await here.clock.advance(3.0 * REST_FACTOR - MAX_SCHEDULE_WAIT_S + 0.1)
    assert here.closed_s() == 0.0
    await here.clock.advance(MAX_SCHEDULE_WAIT_S)
    assert not (await here.arrives()).exception()


async def test_who_waits_too_long_for_a_fill_is_turned_away() -> None:
    # The wait for a task is by the loop's own clock.
    here = await FakeChannel(within_s=0.0).caught_up()
    here.refuse()
    here.filling.opens.clear()
    await here.clock.advance(SCHEDULE_DELAY_S)
    with pytest.raises(UnavailableError) as refused:
        await here.catch_up.wait_until_filled(here.record, here.catch_up.next_arrival())
    assert refused.value.code == "crowded"
    here.filling.opens.set()


async def test_a_gateway_without_its_store_closes_no_channel() -> None:
    here = await FakeChannel().caught_up()
    here.filling.failures = [UnavailableError("away", code="gateway")]
    here.refuse()
    await here.clock.advance(SCHEDULE_DELAY_S)
    here.refuse()
    assert here.closed_s() == 0.0
    assert (await here.arrives()).done(), "stored without: order over the gap is by arrival"

    await here.clock.advance(FAILURE_BACKOFF_S)
    assert here.filling.fills == 2, "and it is tried again"


async def test_a_database_that_is_away_leaves_the_fill_to_the_next_webhook() -> None:
    here = await FakeChannel().caught_up()
    here.filling.failures = [UnavailableError("away", code="database")]
    here.refuse()
    await here.clock.advance(SCHEDULE_DELAY_S)
    assert (await here.arrives()).done()

    assert here.filling.fills == 2


async def test_the_others_are_told_and_let_their_webhooks_of_the_channel_wait() -> None:
    here, there = await FakeChannel().caught_up(), await FakeChannel().caught_up()
    there.record = here.record
    there.filling.channel = here.filling.channel
    await there.caught_up()
    here.refuse()
    assert here.told == [here.record.id]

    there.catch_up.record_rejected_elsewhere(here.record.id)
    waiting = await there.arrives()
    assert not waiting.done()
    await there.clock.advance(SCHEDULE_DELAY_S)
    assert waiting.done()
    assert there.filling.fills == 1
    assert there.told == [], "what it heard it does not tell"
