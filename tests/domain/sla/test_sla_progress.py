"""When promises are due, kept and breached: cases that were computed by hand.

The provider is open from Monday to Friday, 08:00 to 18:00. 2026-04-20 is a Monday; Tuesday the 21st
is a holiday (Tiradentes).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from niochat.adapters.postgres.domain_json_codec import event_to_json
from niochat.domain.business_hours import END_OF_DAY, BusinessShift
from niochat.domain.errors import InvalidInputError
from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.measure_fold import MeasuredEvent
from niochat.domain.sla.sla_clock import SlaClock
from niochat.domain.sla.sla_policy import SlaPolicy, SlaTarget
from niochat.domain.sla.sla_progress import SlaProgress, advance_sla, expire, refresh
from tests.insights.played_conversation import PlayedThread

SAO_PAULO, LISBON = ZoneInfo("America/Sao_Paulo"), ZoneInfo("Europe/Lisbon")
TIRADENTES = date(2026, 4, 21)
OFFICE_HOURS = (BusinessShift((0, 1, 2, 3, 4), time(8), time(18)),)
NIGHT_HOURS = (
    BusinessShift((0, 1, 2, 3, 4, 5, 6), time(22), END_OF_DAY),
    BusinessShift((0, 1, 2, 3, 4, 5, 6), time(0), time(2)),
)
CALENDAR = BusinessCalendar(SAO_PAULO, OFFICE_HOURS, lambda day: day == TIRADENTES)
PEOPLE = {"ana": "ana", "rui": "rui"}
MINUTE, HOUR = 60, 3600


def policy(name: str = "Padrão", **values: object) -> SlaPolicy:
    values.setdefault("first_answer_s", 30 * MINUTE)
    id = UUID(int=sum(name.encode()))
    return SlaPolicy(name, id=id, **values)  # type: ignore[arg-type]


def clocks(
    played: PlayedThread,
    policies: Sequence[SlaPolicy],
    calendar: BusinessCalendar = CALENDAR,
    until: str | None = None,
) -> dict[tuple[str, int], SlaClock]:
    """All clocks after the played events, and after ``until`` has passed without any."""
    progress: SlaProgress | None = None
    seen: dict[tuple[str, int], SlaClock] = {}
    for each in played.played:
        body = event_to_json(each.event)
        event = MeasuredEvent(body["type"], each.version, each.at, body, each.agent)
        step = advance_sla(progress, event, calendar, policies)
        progress = step.progress
        seen |= {(clock.target, clock.number): clock for clock in step.clocks}
    assert progress is not None
    if until is not None:
        progress = expire(progress, moment(until, played.zone))
        seen |= {(clock.target, clock.number): clock for clock in progress.running}
    return seen


def moment(text: str, zone: ZoneInfo = SAO_PAULO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def told(at: str, zone: ZoneInfo = SAO_PAULO) -> PlayedThread:
    """The customer writes at ``at`` and is handed to people in that moment."""
    return PlayedThread(zone, PEOPLE).at(at).writes().hands_off("suporte")


FIRST, NEXT, RESOLUTION = ("first_answer", 1), ("next_answer", 1), ("resolution", 1)
HALF_AN_HOUR = policy()
AROUND_THE_CLOCK = policy(business_hours=False)
NEXT_IN_20 = policy(next_answer_s=20 * MINUTE)
SOLVED_IN_2_H = policy(first_answer_s=None, resolution_s=2 * HOUR)
VIP = policy("VIP", labels=("vip",), first_answer_s=10 * MINUTE)
URGENT = policy("Urgente", priorities=(3,), first_answer_s=5 * MINUTE)
SALES = policy("Vendas", teams=("vendas",), first_answer_s=2 * HOUR)

DUE: dict[str, tuple[PlayedThread, Sequence[SlaPolicy], tuple[str, int], str, str]] = {
    # name: (what happened, policies, clock, warns at, due at)
    "within the hours of a day": (
        told("2026-04-20 09:00"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-20 09:24",
        "2026-04-20 09:30",
    ),
    "over the closing time and a holiday": (
        told("2026-04-20 17:50"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-22 08:14",
        "2026-04-22 08:20",
    ),
    "over a weekend": (
        told("2026-04-24 17:45"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-27 08:09",
        "2026-04-27 08:15",
    ),
    "from outside the hours": (
        told("2026-04-20 22:00"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-22 08:24",
        "2026-04-22 08:30",
    ),
    "at exactly the closing time": (
        told("2026-04-20 17:30"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-20 17:54",
        "2026-04-20 18:00",
    ),
    "around the clock, over a holiday's midnight": (
        told("2026-04-20 23:50"),
        [AROUND_THE_CLOCK],
        FIRST,
        "2026-04-21 00:14",
        "2026-04-21 00:20",
    ),
    "next answer, from the customer's message": (
        told("2026-04-20 09:00")
        .at("09:05")
        .assigned("ana")
        .replies("ana")
        .at("10:00")
        .writes()
        .at("10:05")
        .writes(),
        [NEXT_IN_20],
        NEXT,
        "2026-04-20 10:16",
        "2026-04-20 10:20",
    ),
    "snoozed time does not count": (
        told("2026-04-20 09:00").at("09:10").assigned("ana").snoozes("ana", 60).at("10:10").wakes(),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-20 10:24",
        "2026-04-20 10:30",
    ),
    "resolution runs from the opening": (
        PlayedThread(SAO_PAULO, PEOPLE)
        .at("2026-04-20 09:00")
        .writes()
        .answers()
        .at("10:00")
        .writes()
        .hands_off("suporte"),
        [SOLVED_IN_2_H],
        RESOLUTION,
        "2026-04-20 10:36",
        "2026-04-20 11:00",
    ),
    "reopened, it goes on with the time that it had spent": (
        told("2026-04-20 09:00")
        .at("09:30")
        .assigned("ana")
        .replies("ana")
        .at("10:00")
        .resolves("ana")
        .at("2026-04-22 15:00")
        .reopens("ana"),
        [SOLVED_IN_2_H],
        RESOLUTION,
        "2026-04-22 15:36",
        "2026-04-22 16:00",
    ),
    "transferred to a team with another policy": (
        told("2026-04-20 09:00").at("09:20").assigned("ana").transfers("ana", "vendas"),
        [SALES, HALF_AN_HOUR],
        FIRST,
        "2026-04-20 10:36",
        "2026-04-20 11:00",
    ),
    "a label makes it important": (
        told("2026-04-20 09:00").at("09:05").assigned("ana").labels("ana", "vip"),
        [VIP, HALF_AN_HOUR],
        FIRST,
        "2026-04-20 09:08",
        "2026-04-20 09:10",
    ),
    "returned to the assistant and handed off again": (
        told("2026-04-20 09:00")
        .at("09:25")
        .assigned("ana")
        .returns("ana")
        .at("09:40")
        .writes()
        .hands_off("suporte"),
        [HALF_AN_HOUR],
        ("first_answer", 2),
        "2026-04-20 10:04",
        "2026-04-20 10:10",
    ),
}


@pytest.mark.parametrize("name", DUE)
def test_a_promise_is_due_when_it_was_computed_by_hand(name: str) -> None:
    played, policies, key, warn_at, due_at = DUE[name]

    clock = clocks(played, policies)[key]

    assert (clock.warn_at, clock.due_at) == (moment(warn_at), moment(due_at))


OUTCOMES: dict[str, tuple[PlayedThread, Sequence[SlaPolicy], tuple[str, int], str | None, str]] = {
    # name: (what happened, policies, clock, breached at, how it ended)
    "answered in time": (
        told("2026-04-20 09:00").at("09:29").assigned("ana").replies("ana"),
        [HALF_AN_HOUR],
        FIRST,
        None,
        "reached",
    ),
    "answered in the very moment": (
        told("2026-04-20 09:00").at("09:30").assigned("ana").replies("ana"),
        [HALF_AN_HOUR],
        FIRST,
        None,
        "reached",
    ),
    "answered a minute late": (
        told("2026-04-20 09:00").at("09:31").assigned("ana").replies("ana"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-20 09:30",
        "reached",
    ),
    "answered after the weekend, in time": (
        told("2026-04-24 17:50").at("2026-04-27 08:20").assigned("ana").replies("ana"),
        [HALF_AN_HOUR],
        FIRST,
        None,
        "reached",
    ),
    "resolved without an answer": (
        told("2026-04-20 09:00").at("09:10").assigned("ana").resolves("ana"),
        [HALF_AN_HOUR],
        FIRST,
        None,
        "dropped",
    ),
    "resolved without an answer, but late": (
        told("2026-04-20 09:00").at("09:40").assigned("ana").resolves("ana"),
        [HALF_AN_HOUR],
        FIRST,
        "2026-04-20 09:30",
        "dropped",
    ),
    "snoozed before it was due": (
        told("2026-04-20 09:00")
        .at("09:10")
        .assigned("ana")
        .snoozes("ana", 60)
        .at("10:10")
        .wakes()
        .at("10:25")
        .replies("ana"),
        [HALF_AN_HOUR],
        FIRST,
        None,
        "reached",
    ),
    "transferred after the breach": (
        told("2026-04-20 09:00")
        .at("09:40")
        .assigned("ana")
        .transfers("ana", "vendas")
        .at("09:50")
        .assigned("rui")
        .replies("rui"),
        [SALES, HALF_AN_HOUR],
        FIRST,
        "2026-04-20 09:30",
        "reached",
    ),
    "the assistant solves it in time": (
        PlayedThread(SAO_PAULO, PEOPLE).at("2026-04-20 09:00").writes().closes(),
        [SOLVED_IN_2_H],
        RESOLUTION,
        None,
        "reached",
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_promise_is_kept_or_breached_as_computed_by_hand(name: str) -> None:
    played, policies, key, breached_at, outcome = OUTCOMES[name]

    clock = clocks(played, policies)[key]

    breached = None if breached_at is None else moment(breached_at)
    assert (clock.breached_at, clock.outcome) == (breached, outcome)


def test_a_breach_belongs_to_who_had_the_conversation_then() -> None:
    played = told("2026-04-20 09:00").at("09:10").assigned("ana")
    played.at("09:40").transfers("ana", "vendas").assigned("rui").replies("rui")

    clock = clocks(played, [HALF_AN_HOUR])[FIRST]

    assert (clock.team, clock.agent) == ("suporte", "ana")


def test_a_kept_promise_belongs_to_who_answered() -> None:
    played = told("2026-04-20 09:00").at("09:10").assigned("ana").replies("rui")

    clock = clocks(played, [HALF_AN_HOUR])[FIRST]

    assert (clock.team, clock.agent) == ("suporte", "rui")


def test_a_raised_priority_can_breach_at_once() -> None:
    played = told("2026-04-20 09:00").at("09:10").assigned("ana")
    calm = clocks(played, [URGENT, HALF_AN_HOUR])[FIRST]
    raised = played.urgent("ana")

    clock = clocks(raised, [URGENT, HALF_AN_HOUR], until="2026-04-20 09:11")[FIRST]

    assert calm.due_at == moment("2026-04-20 09:30")
    assert (clock.policy, clock.breached_at) == (URGENT.id, moment("2026-04-20 09:05"))


def test_a_policy_that_is_changed_midway_moves_what_runs_but_not_what_has_passed() -> None:
    played = told("2026-04-20 09:00").at("09:10").assigned("ana")
    progress: SlaProgress | None = None
    for each in played.played:
        body = event_to_json(each.event)
        event = MeasuredEvent(body["type"], each.version, each.at, body, each.agent)
        progress = advance_sla(progress, event, CALENDAR, [HALF_AN_HOUR]).progress
    assert progress is not None
    longer = [replace(HALF_AN_HOUR, first_answer_s=HOUR)]

    early = refresh(progress, moment("2026-04-20 09:20"), CALENDAR, longer).progress.answer
    late = refresh(progress, moment("2026-04-20 09:40"), CALENDAR, longer).progress.answer
    without = refresh(progress, moment("2026-04-20 09:20"), CALENDAR, []).progress.answer

    assert early is not None
    assert late is not None
    assert without is not None
    assert (early.due_at, early.breached_at) == (moment("2026-04-20 10:00"), None)
    assert (late.due_at, late.breached_at) == (None, moment("2026-04-20 09:30"))
    assert (without.due_at, without.breached_at, without.policy) == (None, None, None)


def test_hours_over_midnight_are_one_shift() -> None:
    nights = BusinessCalendar(SAO_PAULO, NIGHT_HOURS)

    clock = clocks(told("2026-04-20 23:50"), [HALF_AN_HOUR], nights)[FIRST]
    last = clocks(told("2026-04-21 01:50"), [HALF_AN_HOUR], nights)[FIRST]

    assert clock.due_at == moment("2026-04-21 00:20")
    assert last.due_at == moment("2026-04-21 22:20")


@pytest.mark.parametrize(
    ("at", "due_at", "elapsed"),
    [
        # 2026-03-29, 01:00 becomes 02:00; 2026-10-25, 02:00 becomes 01:00.
        ("2026-03-29 00:30", "2026-03-29 03:30", timedelta(hours=2)),
        ("2026-10-25 00:30", "2026-10-25 01:30", timedelta(hours=2)),
    ],
)
def test_hours_are_real_ones_when_clocks_change(at: str, due_at: str, elapsed: timedelta) -> None:
    always = BusinessCalendar(LISBON, (BusinessShift(tuple(range(7)), time(0), END_OF_DAY),))
    two_hours = policy(first_answer_s=2 * HOUR)

    clock = clocks(told(at, LISBON), [two_hours], always)[FIRST]

    assert clock.due_at is not None
    fold = 1 if "10-25" in at else 0
    local = datetime.fromisoformat(due_at).replace(tzinfo=LISBON, fold=fold)
    assert clock.due_at == local.astimezone(UTC)
    assert clock.due_at - clock.started_at == elapsed


def test_a_provider_that_never_opens_owes_nothing() -> None:
    never = BusinessCalendar(SAO_PAULO, OFFICE_HOURS, lambda day: True)

    assert clocks(told("2026-04-20 09:00"), [HALF_AN_HOUR], never)[FIRST].due_at is None


def test_the_first_matching_policy_applies() -> None:
    played = told("2026-04-20 09:00").at("09:05").assigned("ana").labels("ana", "vip")

    first = clocks(played, [HALF_AN_HOUR, VIP])[FIRST]
    other = clocks(played, [VIP, HALF_AN_HOUR])[FIRST]

    assert (first.policy, other.policy) == (HALF_AN_HOUR.id, VIP.id)


def test_a_merged_conversation_owes_nothing_more() -> None:
    older, newer = told("2026-04-20 09:00"), told("2026-04-20 09:10")
    older.at("09:15").merges(newer)

    ended = clocks(newer, [policy(resolution_s=HOUR)])

    assert {clock.outcome for clock in ended.values()} == {"dropped"}


@pytest.mark.parametrize(
    "build",
    [
        lambda: policy(first_answer_s=None),
        lambda: policy(first_answer_s=0),
        lambda: policy(resolution_s=91 * 24 * HOUR),
        lambda: policy(warn_percent=100),
    ],
)
def test_a_policy_that_promises_nothing_sensible_is_refused(build: Callable[[], object]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        build()
    assert refused.value.code == "bad_sla_policy"


def test_each_target_has_its_own_time() -> None:
    full = policy(first_answer_s=1, next_answer_s=2, resolution_s=3)
    assert [full.target_s(each) for each in SlaTarget] == [1, 2, 3]
