"""After failures in a row an ERP is left alone, then one call tries."""

import pytest

from niochat.erp.breaker import FAILURES, FIRST_REST_S, LONGEST_REST_S, Breaker


def failed(times: int, *, at: float = 100.0) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.began()
        breaker.ended(False, at)
    return breaker


def tried(breaker: Breaker, healthy: bool | None) -> float:
    """One call after the rest; the clock when it came back."""
    now = breaker.rests_until
    assert breaker.wait_s(now) == 0.0
    breaker.began()
    breaker.ended(healthy, now)
    return now


def test_fewer_failures_hold_nothing_back() -> None:
    assert failed(FAILURES - 1).wait_s(100.0) == 0.0


def test_it_rests_after_failures_in_a_row() -> None:
    breaker = failed(FAILURES)

    assert breaker.wait_s(100.0) == FIRST_REST_S
    assert breaker.wait_s(100.0 + FIRST_REST_S - 1.0) == 1.0
    assert breaker.wait_s(100.0 + FIRST_REST_S) == 0.0


def test_a_success_between_failures_makes_them_no_row() -> None:
    breaker = failed(FAILURES - 1)
    breaker.ended(True, 100.0)
    for _ in range(FAILURES - 1):
        breaker.ended(False, 100.0)

    assert breaker.wait_s(100.0) == 0.0


def test_a_call_that_told_nothing_neither_fails_nor_succeeds() -> None:
    breaker = failed(FAILURES - 1)

    breaker.ended(None, 100.0)
    assert breaker.wait_s(100.0) == 0.0
    breaker.ended(False, 100.0)

    assert breaker.wait_s(100.0) == FIRST_REST_S


def test_after_the_rest_one_call_tries_and_the_others_wait_for_it() -> None:
    breaker = failed(FAILURES)
    now = breaker.rests_until

    breaker.began()

    assert breaker.wait_s(now) > 0
    assert breaker.wait_s(now + 1000.0) > 0


def test_each_trial_that_fails_makes_the_rest_longer_up_to_the_longest() -> None:
    breaker, rests = failed(FAILURES), []
    for _ in range(5):
        now = tried(breaker, False)
        rests.append(breaker.wait_s(now))

    assert rests == [30.0, 60.0, LONGEST_REST_S, LONGEST_REST_S, LONGEST_REST_S]


def test_a_trial_that_succeeds_ends_all_rests() -> None:
    breaker = failed(FAILURES)
    tried(breaker, False)

    now = tried(breaker, True)

    assert breaker.wait_s(now) == 0.0
    for _ in range(FAILURES):
        breaker.ended(False, now)
    assert breaker.wait_s(now) == FIRST_REST_S


def test_a_trial_that_told_nothing_lets_another_one_try() -> None:
    breaker = failed(FAILURES)

    now = tried(breaker, None)

    assert breaker.wait_s(now) == 0.0


@pytest.mark.parametrize("healthy", [False, None])
def test_calls_that_began_before_the_rest_do_not_make_it_longer(healthy: bool | None) -> None:
    breaker = failed(FAILURES)

    for _ in range(7):
        breaker.ended(healthy, 101.0)

    assert breaker.wait_s(101.0) == FIRST_REST_S - 1.0
    assert breaker.rest_s == FIRST_REST_S


def test_a_success_during_the_rest_ends_it_and_failures_count_anew() -> None:
    breaker = failed(FAILURES)

    breaker.ended(True, 101.0)
    assert breaker.wait_s(101.0) == 0.0
    for _ in range(FAILURES):
        breaker.ended(False, 102.0)

    assert breaker.wait_s(102.0) == FIRST_REST_S
