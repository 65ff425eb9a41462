"""Alert rules: which are valid, and when an alert begins and ends."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.alerts.alert_kinds import ALERT_KINDS, AlertKind
from niochat.domain.alerts.alert_rule import (
    AlertChange,
    AlertProgress,
    AlertRule,
    advance,
)
from niochat.domain.errors import InvalidInputError

START = datetime(2026, 6, 15, 12, tzinfo=UTC)
QUEUE = AlertRule(AlertKind.QUEUE_LONG, threshold=10, clear_threshold=5, hold_minutes=5)
RATING = AlertRule(AlertKind.RATING_LOW, 3, 4, hold_minutes=0, window_minutes=60)


def changes(rule: AlertRule, values: list[float | None]) -> list[tuple[int, AlertChange]]:
    """What values, one a minute, lead to, by minute."""
    progress, found = AlertProgress(), []
    for minute, value in enumerate(values):
        progress, change = advance(rule, progress, value, START + timedelta(minutes=minute))
        if change is not None:
            found.append((minute, change))
    return found


def test_an_alert_begins_once_the_value_was_bad_for_long_enough() -> None:
    assert changes(QUEUE, [12, 9, *[12] * 5]) == []
    assert changes(QUEUE, [12, 9, *[12] * 6]) == [(7, AlertChange.STARTED)]
    assert changes(QUEUE, [10] * 6) == [(5, AlertChange.STARTED)]


def test_an_alert_ends_once_the_value_was_good_for_long_enough() -> None:
    bad: list[float | None] = [10] * 6
    assert changes(QUEUE, [*bad, *[5] * 5])[1:] == []
    assert changes(QUEUE, [*bad, *[5] * 6])[1:] == [(11, AlertChange.ENDED)]
    assert changes(QUEUE, [*bad, 5, 5, 6, *[5] * 5])[1:] == []


def test_a_value_that_wavers_between_the_thresholds_changes_nothing() -> None:
    assert changes(QUEUE, [9, 6] * 20) == []
    assert changes(QUEUE, [*[10] * 6, *[6, 9, 11] * 20]) == [(5, AlertChange.STARTED)]


def test_what_is_not_known_neither_begins_nor_ends_an_alert() -> None:
    assert changes(QUEUE, [10, 10, 10, None, *[10] * 5]) == []
    assert changes(QUEUE, [*[10] * 6, *[None] * 60]) == [(5, AlertChange.STARTED)]
    assert changes(QUEUE, [*[10] * 6, 1, 1, None, *[1] * 5])[1:] == []


def test_low_values_can_be_the_bad_ones() -> None:
    assert changes(RATING, [5, 3, 3.5, 2, 4]) == [(1, AlertChange.STARTED), (4, AlertChange.ENDED)]


def test_the_worst_value_of_an_alert_is_kept() -> None:
    progress = AlertProgress()
    for value in (3, 2, 3.5):
        progress, _ = advance(RATING, progress, value, START)
    assert progress.worst == 2


@given(st.lists(st.none() | st.integers(0, 20), max_size=60), st.integers(0, 5))
def test_changes_alternate_and_equal_thresholds_are_never_both_met(
    values: list[float | None], hold: int
) -> None:
    rule = AlertRule(AlertKind.QUEUE_LONG, 10, 10, hold_minutes=hold)
    found = [change for _, change in changes(rule, values)]
    assert found == [AlertChange.STARTED, AlertChange.ENDED] * (len(found) // 2) + [
        AlertChange.STARTED
    ] * (len(found) % 2)


@pytest.mark.parametrize("quiet", [(time(22), time(7)), (time(0), time(7))])
def test_quiet_times_may_include_midnight(quiet: tuple[time, time]) -> None:
    rule = AlertRule(AlertKind.QUEUE_LONG, 10, 5, quiet_from=quiet[0], quiet_until=quiet[1])
    assert rule.is_quiet(time(6, 59))
    assert rule.is_quiet(quiet[0])
    assert not rule.is_quiet(time(7))
    assert not rule.is_quiet(time(21, 59))
    assert not QUEUE.is_quiet(time(3))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"threshold": 0}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"clear_threshold": 11}, "at most"),
        ({"clear_threshold": -1}, "clear_threshold"),
        ({"hold_minutes": -1}, "hold_minutes"),
        ({"window_minutes": 60}, "has no window_minutes"),
        ({"kind": AlertKind.RATING_LOW, "threshold": 3}, "needs window_minutes"),
        (
            {
                "kind": AlertKind.RATING_LOW,
                "threshold": 3,
                "clear_threshold": 2,
                "window_minutes": 9,
            },
            "at least",
        ),
        (
            {"kind": AlertKind.ERP_FAILING, "window_minutes": 4},
            "window_minutes must be between",
        ),
        ({"kind": AlertKind.COST_HIGH, "team": "suporte"}, "leave team out"),
        ({"quiet_from": time(22)}, "both"),
        ({"quiet_from": time(22), "quiet_until": time(22)}, "ever"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(values: dict[str, Any], word: str) -> None:
    good = {"kind": AlertKind.QUEUE_LONG, "threshold": 10, "clear_threshold": 5}
    with pytest.raises(InvalidInputError, match=word):
        AlertRule(**{**good, **values})


def test_every_kind_has_traits() -> None:
    assert set(ALERT_KINDS) == set(AlertKind)
