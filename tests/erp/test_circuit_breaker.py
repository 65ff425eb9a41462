"""After failures in a row an ERP is left alone, then one call tries."""

import pytest

from niochat.erp.circuit_breaker import FAILURE_THRESHOLD, MAX_OPEN_S, MIN_OPEN_S, CircuitBreaker


def failed(times: int, *, at: float = 100.0) -> CircuitBreaker:
    breaker = CircuitBreaker()
    for _ in range(times):
        breaker.record_start()
        breaker.record_result(False, at)
    return breaker


def tried(breaker: CircuitBreaker, healthy: bool | None) -> float:
    """One call after the rest; the clock when it came back."""
    now = breaker.open_until
    assert breaker.retry_in_s(now) == 0.0
    breaker.record_start()
    breaker.record_result(healthy, now)
    return now


def test_fewer_failures_hold_nothing_back() -> None:
    assert failed(FAILURE_THRESHOLD - 1).retry_in_s(100.0) == 0.0


def test_it_rests_after_failures_in_a_row() -> None:
    breaker = failed(FAILURE_THRESHOLD)

    assert breaker.retry_in_s(100.0) == MIN_OPEN_S
    assert breaker.retry_in_s(100.0 + MIN_OPEN_S - 1.0) == 1.0
    assert breaker.retry_in_s(100.0 + MIN_OPEN_S) == 0.0


def test_a_success_between_failures_makes_them_no_row() -> None:
    breaker = failed(FAILURE_THRESHOLD - 1)
    breaker.record_result(True, 100.0)
    for _ in range(FAILURE_THRESHOLD - 1):
        breaker.record_result(False, 100.0)

    assert breaker.retry_in_s(100.0) == 0.0


def test_a_call_that_told_nothing_neither_fails_nor_succeeds() -> None:
    breaker = failed(FAILURE_THRESHOLD - 1)

    breaker.record_result(None, 100.0)
    assert breaker.retry_in_s(100.0) == 0.0
    breaker.record_result(False, 100.0)

    assert breaker.retry_in_s(100.0) == MIN_OPEN_S


def test_after_the_rest_one_call_tries_and_the_others_wait_for_it() -> None:
    breaker = failed(FAILURE_THRESHOLD)
    now = breaker.open_until

    breaker.record_start()

    assert breaker.retry_in_s(now) > 0
    assert breaker.retry_in_s(now + 1000.0) > 0


def test_each_trial_that_fails_makes_the_rest_longer_up_to_the_longest() -> None:
    breaker, rests = failed(FAILURE_THRESHOLD), []
    for _ in range(5):
        now = tried(breaker, False)
        rests.append(breaker.retry_in_s(now))

    assert rests == [30.0, 60.0, MAX_OPEN_S, MAX_OPEN_S, MAX_OPEN_S]


def test_a_trial_that_succeeds_ends_all_rests() -> None:
    breaker = failed(FAILURE_THRESHOLD)
    tried(breaker, False)

    now = tried(breaker, True)

    assert breaker.retry_in_s(now) == 0.0
    for _ in range(FAILURE_THRESHOLD):
        breaker.record_result(False, now)
    assert breaker.retry_in_s(now) == MIN_OPEN_S


def test_a_trial_that_told_nothing_lets_another_one_try() -> None:
    breaker = failed(FAILURE_THRESHOLD)

    now = tried(breaker, None)

    assert breaker.retry_in_s(now) == 0.0


@pytest.mark.parametrize("healthy", [False, None])
def test_calls_that_began_before_the_rest_do_not_make_it_longer(healthy: bool | None) -> None:
    breaker = failed(FAILURE_THRESHOLD)

    for _ in range(7):
        breaker.record_result(healthy, 101.0)

    assert breaker.retry_in_s(101.0) == MIN_OPEN_S - 1.0
    assert breaker.open_s == MIN_OPEN_S


def test_a_success_during_the_rest_ends_it_and_failures_count_anew() -> None:
    breaker = failed(FAILURE_THRESHOLD)

    breaker.record_result(True, 101.0)
    assert breaker.retry_in_s(101.0) == 0.0
    for _ in range(FAILURE_THRESHOLD):
        breaker.record_result(False, 102.0)

    assert breaker.retry_in_s(102.0) == MIN_OPEN_S
