"""What happens next to a customer with interest: wait, write, or stop."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.business_hours import END_OF_DAY
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.buying_interest import BuyingInterest
from niochat.domain.follow_up.follow_up_plan import (
    Finish,
    FollowUpFacts,
    FollowUpStatus,
    StopReason,
    WaitUntil,
    WriteNow,
    is_quiet,
    plan_follow_up,
)
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy, SendingHours

ZONE = ZoneInfo("America/Recife")
HOLIDAY = date(2026, 11, 11)
POLICY = FollowUpPolicy(enabled=True)
HOURS = SendingHours(POLICY, ZONE, lambda day: day == HOLIDAY)
MONDAY = datetime(2026, 11, 9, 10, tzinfo=ZONE)
FACTS = FollowUpFacts(BuyingInterest.PLANS, ConversationStatus.RESOLVED, MONDAY)
DAY = timedelta(days=1)


def plan(now: datetime, hours: SendingHours = HOURS, **facts: Any) -> object:
    return plan_follow_up(replace(FACTS, **facts), hours, now)


def with_policy(**changes: Any) -> SendingHours:
    return SendingHours(replace(POLICY, **changes), ZONE)


def test_the_first_attempt_is_due_after_the_first_delay() -> None:
    assert plan(MONDAY) == WaitUntil(MONDAY + DAY)
    ends = datetime(2026, 11, 10, 19, tzinfo=ZONE)
    assert plan(MONDAY + DAY) == WriteNow(1, ends)


def test_nights_sundays_and_holidays_wait_for_the_next_day_with_hours() -> None:
    assert plan(datetime(2026, 11, 10, 20, tzinfo=ZONE)) == WaitUntil(
        datetime(2026, 11, 12, 9, tzinfo=ZONE)
    ), "the eleventh is a holiday"
    sunday = datetime(2026, 11, 15, 12, tzinfo=ZONE)
    assert plan(sunday) == WaitUntil(datetime(2026, 11, 16, 9, tzinfo=ZONE))


def test_the_next_attempt_counts_from_the_one_before() -> None:
    made = MONDAY + DAY
    assert plan(made, attempts=1, last_attempt_at=made) == WaitUntil(made + 3 * DAY)


def test_after_the_last_attempt_the_window_decides() -> None:
    facts: dict[str, Any] = {"attempts": 3, "last_attempt_at": MONDAY}
    assert plan(MONDAY + DAY, **facts) == WaitUntil(MONDAY + 7 * DAY)
    assert plan(MONDAY + 7 * DAY, **facts) == Finish(FollowUpStatus.LOST)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"opted_out": True}, StopReason.OPTED_OUT),
        ({"blocked": True}, StopReason.BLOCKED),
        ({"complained_at": MONDAY - 30 * DAY}, StopReason.COMPLAINT),
        ({"newer_conversation": True}, StopReason.CONVERSATION_STARTED),
        ({"other_attempt_at": MONDAY - 5 * DAY}, StopReason.WRITTEN_RECENTLY),
        ({"send_failed": True}, StopReason.SEND_FAILED),
    ],
)
def test_what_speaks_against_it_stops_it(facts: dict[str, Any], reason: StopReason) -> None:
    assert plan(MONDAY + DAY, **facts) == Finish(FollowUpStatus.STOPPED, reason)


def test_rules_of_the_provider_stop_it() -> None:
    labels = {"labels": ("vendido",)}
    hours = with_policy(stop_labels=("vendido",))
    assert plan(MONDAY, hours, **labels) == Finish(FollowUpStatus.STOPPED, StopReason.LABELED)
    ended = plan(MONDAY, with_policy(after_people=False), ended_by_person=True)
    assert ended == Finish(FollowUpStatus.STOPPED, StopReason.ENDED_BY_PERSON)
    off = Finish(FollowUpStatus.STOPPED, StopReason.SWITCHED_OFF)
    assert plan(MONDAY, with_policy(enabled=False)) == off
    assert plan(MONDAY, with_policy(interests=(BuyingInterest.REGISTERED,))) == off


@pytest.mark.parametrize(
    "facts",
    [
        {"status": ConversationStatus.WAITING},
        {"status": ConversationStatus.OPEN},
        {"status": ConversationStatus.SNOOZED},
        {"status": ConversationStatus.PENDING, "after_hours": True},
        {"busy": True},
        {"paused_until": MONDAY + 2 * DAY},
        {"ordered_until": MONDAY + 2 * DAY},
    ],
)
def test_nobody_writes_while_a_person_does(facts: dict[str, Any]) -> None:
    now = MONDAY + DAY
    assert isinstance(plan(now, **facts), WaitUntil)
    assert not is_quiet(replace(FACTS, **facts), HOURS, now)


def test_what_is_far_behind_its_time_is_given_up() -> None:
    late = MONDAY + 9 * DAY
    assert plan(late) == Finish(FollowUpStatus.STOPPED, StopReason.TOO_LATE)
    facts: dict[str, Any] = {"attempts": 1, "last_attempt_at": MONDAY}
    assert plan(MONDAY + 11 * DAY, **facts) == Finish(FollowUpStatus.LOST)


def test_a_provider_without_days_within_reach_waits() -> None:
    hours = SendingHours(POLICY, ZONE, lambda day: True)
    assert isinstance(plan(MONDAY + DAY, hours), WaitUntil)


hours_of_day = st.times(min_value=time(0), max_value=time(23, 0)).map(
    lambda each: each.replace(second=0, microsecond=0)
)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    hours_of_day,
    st.one_of(hours_of_day, st.just(END_OF_DAY)),
    st.sets(st.integers(0, 6), min_size=1),
    st.sampled_from(["America/Recife", "America/Sao_Paulo", "America/New_York", "Europe/Lisbon"]),
    st.integers(0, 3),
    st.integers(0, 20 * 86_400),
)
def test_a_message_leaves_only_within_the_hours(
    now: datetime,
    begins: time,
    ends: time,
    days: set[int],
    zone: str,
    attempts: int,
    ago_s: int,
) -> None:
    if ends <= begins:
        begins, ends = ends, begins
    policy = replace(POLICY, days=tuple(days), sends_from=begins, sends_until=ends)
    hours = SendingHours(policy, ZoneInfo(zone))
    before = now - timedelta(seconds=ago_s)
    facts = replace(
        FACTS,
        quiet_since=before,
        attempts=attempts,
        last_attempt_at=before if attempts else None,
    )

    step = plan_follow_up(facts, hours, now)

    if isinstance(step, WriteNow):
        local = now.astimezone(ZoneInfo(zone))
        assert local.weekday() in days
        assert begins <= local.time()
        assert local.time() < ends or ends == END_OF_DAY
        assert now < step.until
        assert step.until - now <= timedelta(hours=25)
        assert step.number == attempts + 1
        assert now >= before + timedelta(seconds=policy.delays_s[attempts])
    elif isinstance(step, WaitUntil):
        assert step.at > now, "a plan that is due at once would be looked at for ever"
