"""A loud tenant waits in a short line of its own; a quiet one notices nothing of it."""

import asyncio
from contextlib import ExitStack, suppress
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.domain.errors import UnavailableError
from niochat.domain.tenant.throttling import ThrottleReason
from niochat.http.webhooks.webhook_admission import (
    MAX_CONTENDED_TENANT_WEBHOOKS,
    MAX_TENANT_WEBHOOKS,
    MAX_WAIT_S,
    MIN_WEBHOOKS_PER_S,
    RECOVERY_S,
    AdmissionSlot,
    WebhookAdmission,
)
from niochat.runtime.fairness.adaptive_rate import ADJUST_INTERVAL_S, MIN_RATE, RECENT_S
from tests.http.webhooks.manual_clock import SteppedClock, drain_loop

LOUD, QUIET = UUID(int=1), UUID(int=2)
BUSY, FREE = 0.9, 0.1


class AdmissionFixture:
    """An admission on a clock of the test's."""

    def __init__(self, line: int = MAX_CONTENDED_TENANT_WEBHOOKS) -> None:
        self.clock = SteppedClock()
        self.admission = WebhookAdmission(
            max_contended=line, clock=self.clock, sleep=self.clock.sleep
        )

    def passes(self, tenant: UUID) -> float:
        """One webhook that is stored at once; the seconds it would have waited."""
        with self.admission.admit_tenant(tenant) as place:
            return place.wait_s

    def company(self) -> None:
        self.passes(LOUD)
        self.passes(QUIET)

    def crowd(self, tenant: UUID, stay: ExitStack, count: int = 1000) -> int:
        """How many of ``count`` webhooks that end nowhere were let in."""
        for entered in range(count):
            try:
                stay.enter_context(self.admission.admit_tenant(tenant))
            except UnavailableError:
                return entered
        return count

    def slowed(self, rate: float) -> None:
        """Both come, the machine is too busy, and that is the rate that was found."""
        self.company()
        self.admission.record_pressure(BUSY, ADJUST_INTERVAL_S)
        self.admission._adaptive_rate.rate = rate


def test_who_is_alone_has_the_whole_of_its_bound_however_busy_the_machine_is() -> None:
    door = AdmissionFixture()
    with ExitStack() as stay:
        for _ in range(10):
            door.admission.record_pressure(BUSY, ADJUST_INTERVAL_S)
        assert door.crowd(LOUD, stay) == MAX_TENANT_WEBHOOKS
        assert not door.admission.is_throttling


def test_in_company_a_line_is_short_until_the_others_are_gone() -> None:
    door = AdmissionFixture()
    door.company()
    with ExitStack() as stay:
        assert door.crowd(LOUD, stay) == MAX_CONTENDED_TENANT_WEBHOOKS
        assert door.passes(QUIET) == 0.0

        door.clock.now += RECENT_S
        assert door.crowd(LOUD, stay) == MAX_TENANT_WEBHOOKS - MAX_CONTENDED_TENANT_WEBHOOKS


def test_on_a_free_machine_nobody_waits_for_a_place() -> None:
    door = AdmissionFixture()
    door.company()
    for _ in range(1000):
        assert door.passes(LOUD) == 0.0
        door.clock.now += 0.001
        door.admission.record_pressure(FREE, ADJUST_INTERVAL_S)
    assert door.admission.list_throttles() == []


def test_on_a_busy_machine_a_tenant_begins_its_rate_and_a_second_of_it_at_once() -> None:
    door = AdmissionFixture()
    door.slowed(rate=8.0)
    waits = [door.passes(LOUD) for _ in range(20)]

    assert waits == [0.0] * 9 + [number / 8 for number in range(1, 12)]
    assert door.passes(QUIET) == 0.0


def test_what_would_wait_too_long_is_refused_and_told_when_there_is_room() -> None:
    door = AdmissionFixture()
    door.slowed(rate=4.0)
    waits = [door.passes(LOUD) for _ in range(13)]
    with pytest.raises(UnavailableError) as refused:
        door.passes(LOUD)

    assert waits[-1] == MAX_WAIT_S
    assert (refused.value.code, refused.value.retry_after_s) == ("crowded", 2.25)


def test_a_closed_channel_takes_nothing_and_says_for_how_long() -> None:
    door = AdmissionFixture()
    with (
        pytest.raises(UnavailableError) as refused,
        door.admission.admit_tenant(LOUD, closed_s=7.5),
    ):
        pass

    assert refused.value.retry_after_s == 7.5
    assert not door.admission._tenants


def test_the_rate_follows_what_the_machine_carries_and_is_forgotten_once_it_is_calm() -> None:
    door = AdmissionFixture()
    door.company()
    for _ in range(200):
        for _ in range(40):  # 200 a second
            with suppress(UnavailableError):
                door.passes(LOUD)
        door.passes(QUIET)
        began = door.admission._adaptive_rate._starts[LOUD] / ADJUST_INTERVAL_S
        door.clock.now += ADJUST_INTERVAL_S
        door.admission.record_pressure(BUSY if began > 100 else FREE, ADJUST_INTERVAL_S)
    assert 60 < door.admission._adaptive_rate.rate < 130
    assert door.admission.is_throttling

    door.clock.now += RECOVERY_S
    door.admission.record_pressure(FREE, ADJUST_INTERVAL_S)
    door.company()
    assert not door.admission.is_throttling
    assert [door.passes(LOUD) for _ in range(200)] == [0.0] * 200


def test_who_had_to_wait_or_was_refused_is_told_as_busy_until_it_is_over() -> None:
    door = AdmissionFixture(line=2)
    door.company()
    with ExitStack() as stay:
        door.crowd(LOUD, stay, 3)
        door.crowd(LOUD, stay, 3)
    (held,) = door.admission.list_throttles()
    assert (held.tenant_id, held.reason, held.waiting) == (LOUD, ThrottleReason.BUSY, 2)

    door.clock.now += 5.0
    assert door.admission.list_throttles() == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),  # what the quiet one sends at once
            st.floats(0, 2),  # how much longer than needed it is silent after that
            st.integers(0, 60),  # what the loud one sends meanwhile
            st.booleans(),  # whether those are stored, or stand in line for ever
            st.floats(0, 1),  # the pressure
        ),
        max_size=60,
    )
)
def test_a_quiet_tenant_is_never_refused_nor_kept_waiting(
    hours: list[tuple[int, float, int, bool, float]],
) -> None:
    """It sends less than the lowest rate that there is; what the loud one does is its own."""
    door = AdmissionFixture()
    with ExitStack() as stay:
        for burst, silence, crowd, stored, pressure in hours:
            for _ in range(crowd):
                with suppress(UnavailableError):
                    door.passes(LOUD) if stored else door.crowd(LOUD, stay, 1)
            assert [door.passes(QUIET) for _ in range(burst)] == [0.0] * burst
            door.clock.now += burst / MIN_WEBHOOKS_PER_S + silence
            door.admission.record_pressure(pressure, ADJUST_INTERVAL_S)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["end", "fail", "cancel"]))), st.booleans()
)
def test_no_waiting_request_stays_counted_after_it_ends(
    webhooks: list[tuple[bool, str]], slowed: bool
) -> None:
    async def run() -> None:
        door = AdmissionFixture()
        if slowed:
            door.slowed(rate=MIN_RATE)
        go_on = asyncio.Event()

        async def webhook(tenant: UUID, fate: str) -> None:
            with door.admission.admit_request(), door.admission.admit_tenant(tenant) as place:
                await place.wait_until_due()
                await go_on.wait()
                if fate == "fail":
                    raise KeyError

        tasks = [
            (asyncio.create_task(webhook(LOUD if loud else QUIET, fate)), fate)
            for loud, fate in webhooks
        ]
        await drain_loop()
        for task, fate in tasks:
            if fate == "cancel":
                task.cancel()
        await drain_loop()
        go_on.set()
        await door.clock.advance(60.0)
        assert all(task.done() for task, _ in tasks)
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        door.admission.record_pressure(FREE, ADJUST_INTERVAL_S)
        assert door.admission.in_progress == 0
        assert not door.admission._tenants

    asyncio.run(run())


@pytest.mark.asyncio
async def test_nobody_overtakes_in_a_line_not_even_once_the_machine_is_calm() -> None:
    door, began = AdmissionFixture(), list[int]()
    door.slowed(rate=8.0)

    async def webhook(number: int, place: AdmissionSlot) -> None:
        await place.wait_until_due()
        began.append(number)

    async with asyncio.TaskGroup() as group:
        with ExitStack() as stay:
            for number in range(20):
                place = stay.enter_context(door.admission.admit_tenant(LOUD))
                group.create_task(webhook(number, place))
            await drain_loop()
            assert began == list(range(9))

            door.admission._busy_at = float("-inf")
            assert not door.admission.is_throttling
            late = stay.enter_context(door.admission.admit_tenant(LOUD))
            group.create_task(webhook(20, late))
            await drain_loop()
            assert began == list(range(9))

            await door.clock.advance(1.5)
            assert began == list(range(21))


@pytest.mark.asyncio
async def test_nobody_overtakes_when_the_loop_is_late_for_the_first_in_line() -> None:
    door, began, wakes = AdmissionFixture(), list[int](), asyncio.Event()

    async def late_for_the_first(wait_s: float) -> None:
        if wait_s == 1 / 8:
            await wakes.wait()

    door.admission._sleep = late_for_the_first
    door.slowed(rate=8.0)
    for _ in range(9):
        door.passes(LOUD)

    async def webhook(number: int, place: AdmissionSlot) -> None:
        await place.wait_until_due()
        began.append(number)

    async with asyncio.TaskGroup() as group:
        with ExitStack() as stay:
            for number in range(5):
                place = stay.enter_context(door.admission.admit_tenant(LOUD))
                group.create_task(webhook(number, place))
            await drain_loop()
            assert began == []

            wakes.set()
            await drain_loop()
            assert began == list(range(5))
