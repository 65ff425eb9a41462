"""A tenant's places: so many at once, so many a minute, none while the ERP rests."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.erp.call_limiter import PERMIT_EXPIRES_AFTER_S, CallPermitRelease, ErpCallLimiter
from niochat.erp.circuit_breaker import FAILURE_THRESHOLD, MIN_OPEN_S

PLENTY = 6000


def permits(at_once: int = 2, per_minute: int = PLENTY) -> ErpCallLimiter:
    return ErpCallLimiter(at_once, per_minute, tokens=max(per_minute / 10.0, 1.0), refilled_at=0.0)


def leased(of: ErpCallLimiter, now: float = 0.0) -> UUID:
    permit = of.acquire(now).id
    assert permit is not None
    return permit


def opened(of: ErpCallLimiter, now: float = 0.0) -> None:
    """The ERP failed often enough."""
    for _ in range(FAILURE_THRESHOLD):
        of.release(CallPermitRelease(leased(of, now), False), now)


def test_what_is_more_than_the_places_waits_until_one_is_free() -> None:
    tenant = permits(at_once=2)
    first, _ = leased(tenant), leased(tenant)

    refused = tenant.acquire(0.0)
    tenant.release(CallPermitRelease(first, True), 0.0)

    assert refused.id is None
    assert refused.wait_s > 0
    assert not refused.breaker_open
    assert tenant.acquire(0.0).id is not None


def test_a_minutes_calls_are_spread_and_who_comes_too_early_is_told_when() -> None:
    tenant = permits(at_once=100, per_minute=60)
    for _ in range(6):
        leased(tenant)

    early = tenant.acquire(0.0)

    assert (early.id, early.breaker_open) == (None, False)
    assert early.wait_s == pytest.approx(1.0)
    assert tenant.acquire(early.wait_s).id is not None


def test_calls_that_were_not_used_are_not_saved_up() -> None:
    tenant = permits(at_once=100, per_minute=60)

    granted = sum(tenant.acquire(3600.0).id is not None for _ in range(50))

    assert granted == 6


def test_a_call_whose_process_died_is_forgotten() -> None:
    tenant = permits(at_once=1)
    leased(tenant)

    assert tenant.acquire(PERMIT_EXPIRES_AFTER_S).id is None
    assert tenant.acquire(PERMIT_EXPIRES_AFTER_S + 1.0).id is not None


def test_an_unknown_permit_frees_no_place() -> None:
    tenant = permits(at_once=1)
    leased(tenant)

    tenant.release(CallPermitRelease(uuid4(), True), 0.0)

    assert tenant.acquire(0.0).id is None


def test_while_the_erp_rests_nobody_is_let_through_and_all_are_told_how_long() -> None:
    tenant = permits()
    opened(tenant)

    resting = tenant.acquire(5.0)

    assert (resting.id, resting.breaker_open, resting.wait_s) == (None, True, MIN_OPEN_S - 5.0)


def test_after_the_rest_exactly_one_call_tries() -> None:
    tenant = permits(at_once=10)
    opened(tenant)

    trial = leased(tenant, MIN_OPEN_S)
    others = [tenant.acquire(MIN_OPEN_S + second) for second in range(10)]

    assert all(permit.id is None and permit.breaker_open for permit in others)
    tenant.release(CallPermitRelease(trial, True), MIN_OPEN_S + 10)
    assert tenant.acquire(MIN_OPEN_S + 10).id is not None


def test_a_trial_whose_process_died_does_not_keep_the_erp_resting_for_ever() -> None:
    tenant = permits(at_once=10)
    opened(tenant)
    leased(tenant, MIN_OPEN_S)

    later = MIN_OPEN_S + PERMIT_EXPIRES_AFTER_S + 1.0

    assert tenant.acquire(later).id is not None
    assert tenant.acquire(later).id is None


moves = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), st.just(0.0)),
        st.tuples(st.just("wait"), st.floats(0.01, 40.0)),
        st.tuples(st.sampled_from(["healthy", "failed", "silent"]), st.floats(0.0, 1.0)),
    ),
    max_size=120,
)


class Watched:
    """A tenant's permits with a clock, and what an onlooker counts."""

    def __init__(self, at_once: int, per_minute: int) -> None:
        self.permits = permits(at_once, per_minute)
        self.now = 0.0
        self.held: dict[UUID, float] = {}
        self.granted = 0

    def lease(self) -> None:
        breaker = self.permits.breaker
        rests = breaker.failures >= FAILURE_THRESHOLD and self.now < breaker.open_until
        permit = self.permits.acquire(self.now)
        if permit.id is not None:
            assert not rests
            assert not permit.breaker_open
            self.held[permit.id] = self.now
            self.granted += 1
        else:
            assert permit.wait_s > 0
            assert permit.breaker_open or not rests

    def alive(self) -> list[UUID]:
        return [id_ for id_, at in self.held.items() if self.now - at <= PERMIT_EXPIRES_AFTER_S]

    def end(self, healthy: bool | None, which: float) -> None:
        if self.held:
            permit = list(self.held)[min(int(which * len(self.held)), len(self.held) - 1)]
            del self.held[permit]
            self.permits.release(CallPermitRelease(permit, healthy), self.now)


ENDS = {"healthy": True, "failed": False, "silent": None}


@settings(max_examples=200, deadline=None)
@given(moves, st.integers(1, 5), st.sampled_from([1, 30, 600]))
def test_whatever_happens_no_limit_is_passed(
    history: list[tuple[str, float]], at_once: int, per_minute: int
) -> None:
    tenant = Watched(at_once, per_minute)
    for move, amount in history:
        match move:
            case "lease":
                tenant.lease()
            case "wait":
                tenant.now += amount
            case _:
                tenant.end(ENDS[move], amount)
        assert len(tenant.alive()) <= at_once
        most = max(per_minute / 10.0, 1.0) + tenant.now * per_minute / 60.0
        assert tenant.granted <= most + 1e-6


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([True, False, None]), max_size=60))
def test_calls_one_after_the_other_are_held_back_only_after_failures_in_a_row(
    outcomes: list[bool | None],
) -> None:
    tenant, now = permits(at_once=1), 0.0
    row, last = 0, None
    for outcome in outcomes:
        permit = tenant.acquire(now)
        assert permit.breaker_open == (row >= FAILURE_THRESHOLD and last is False)
        if permit.breaker_open:
            now += permit.wait_s
            permit = tenant.acquire(now)
        assert permit.id is not None
        tenant.release(CallPermitRelease(permit.id, outcome), now)
        row, last = (0 if outcome else row + (outcome is False)), outcome


def test_agents_leave_a_quarter_of_the_places_to_the_assistant() -> None:
    tenant = permits(at_once=8)
    agents = [tenant.acquire(0.0, for_agent=True) for _ in range(8)]
    assert [each.id is not None for each in agents] == [True] * 6 + [False] * 2
    assert [tenant.acquire(0.0).id is not None for _ in range(3)] == [True, True, False]


def test_agents_leave_a_quarter_of_the_burst_to_the_assistant() -> None:
    tenant = permits(at_once=100, per_minute=80)  # a burst of 8
    agents = [tenant.acquire(0.0, for_agent=True) for _ in range(8)]
    assert [each.id is not None for each in agents] == [True] * 6 + [False] * 2
    assert agents[-1].wait_s > 0
    assert [tenant.acquire(0.0).id is not None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("at_once", "per_minute"), [(1, 1), (1, 6), (2, 10)])
def test_with_the_smallest_limits_agents_are_served_too(at_once: int, per_minute: int) -> None:
    assert permits(at_once, per_minute).acquire(0.0, for_agent=True).id is not None
