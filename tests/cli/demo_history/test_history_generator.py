"""The generated history: equal for equal seeds, valid by ``evolve``, and plausible."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from niochat.cli.demo_history import arrival_curve
from niochat.cli.demo_history.arrival_curve import has_outage
from niochat.cli.demo_history.history_customers import (
    MAX_CUSTOMERS,
    available_customers,
    customer_phone,
)
from niochat.cli.demo_history.history_generator import MAX_PER_DAY, HistoryGenerator
from niochat.cli.demo_history.history_rows import HistoryRows
from niochat.cli.demo_history.scripts.dialogue_script import parse_dialogue
from niochat.cli.demo_history.scripts.topic_scripts import SCRIPTS
from niochat.cli.demo_history.simulation.conversation_player import PlayedConversation
from niochat.cli.reason_texts import REASON_TEXTS
from niochat.domain.conversation import events as e
from niochat.domain.conversation.evolve import replay
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.presence import AgentPresenceState
from tests.cli.demo_history.generated_month import (
    DAYS,
    TODAY,
    conversations,
    events_of,
    generate,
    month,
    requests_of,
)
from tests.cli.demo_history.history_fixtures import AGENTS, PRESENT, RECIFE, history_settings


def rows_of(played: list[PlayedConversation]) -> dict[str, list[dict[str, Any]]]:
    rows = HistoryRows(UUID(int=99), UUID(int=98))
    for each in played:
        rows.add(each)
    return rows.tables


@pytest.mark.parametrize("day", [DAYS[3], TODAY])
def test_equal_seeds_give_equal_rows_and_others_do_not(day: date) -> None:
    assert rows_of(generate(day)) == rows_of(generate(day))
    assert rows_of(generate(day)) != rows_of(generate(day, seed=2))


def test_a_day_does_not_depend_on_the_days_before_it() -> None:
    """Apart from when customers were asked for ratings, which is given."""
    requests = requests_of(played for day in DAYS[:7] for played in month()[day])

    assert rows_of(generate(DAYS[7], requests)) == rows_of(month()[DAYS[7]])
    assert rows_of(generate(DAYS[7])) != rows_of(month()[DAYS[7]])


@pytest.mark.parametrize("seed", range(2, 8))
def test_each_log_leads_to_its_state(seed: int) -> None:
    for day in (DAYS[seed], DAYS[-2], TODAY):
        for played in generate(day, seed=seed):
            assert replay(events_of(played)) == played.simulated.state


def test_everything_lies_in_the_past_and_in_order() -> None:
    for played in conversations():
        times = [step.at for step in played.simulated.steps]
        assert times == sorted(times)
        assert times[-1] < PRESENT


def test_nothing_is_left_to_do_but_what_sends_nothing() -> None:
    for tables in map(rows_of, month().values()):
        assert {row["status"] for row in tables["outbox"]} <= {"sent", "failed"}
        assert all(row["settled_at"] for row in tables["outbox"])
        assert {row["status"] for row in tables["turns"]} <= {"answered", "failed", "cancelled"}
        assert {row["name"] for row in tables["timers"]} <= {"snooze", "opening", "rating"}
        assert not {row["status"] for row in tables["ratings"]} & {"scheduled"}
        assert all(row["due_at"] > PRESENT for row in tables["timers"])
        assert not {row["status"] for row in tables["conversations"]} & {"pending"}


def test_a_thread_has_one_conversation_at_a_time() -> None:
    ends: dict[UUID, datetime] = {}
    for played in sorted(conversations(), key=lambda each: each.simulated.opened_at):
        simulated = played.simulated
        assert simulated.opened_at > ends.get(simulated.thread, datetime.min.replace(tzinfo=RECIFE))
        ends[simulated.thread] = max(step.at for step in simulated.steps if step.events)


@pytest.mark.parametrize("seed", range(1, 6))
def test_protocol_numbers_are_unique_at_any_hour_of_today(seed: int) -> None:
    for hour in range(9, 24, 3):
        present = datetime(TODAY.year, TODAY.month, TODAY.day, hour, tzinfo=RECIFE)
        played = generate(TODAY, present=present, seed=seed, per_day=60)
        protocols = [each.simulated.state.protocol for each in played]
        assert len(protocols) == len(set(protocols))


def test_every_day_but_today_is_resolved_and_today_shows_every_state() -> None:
    for day, played in month().items():
        states = Counter(each.simulated.state.status for each in played)
        if day < TODAY - timedelta(days=1):
            assert set(states) == {ConversationStatus.RESOLVED}
    assert states[ConversationStatus.WAITING] >= 3
    assert states[ConversationStatus.OPEN] >= 3
    assert states[ConversationStatus.SNOOZED] >= 1
    assert states[ConversationStatus.RESOLVED] >= 10


def test_the_assistant_solves_more_than_half() -> None:
    reasons = Counter(
        event.reason
        for played in conversations()
        for event in events_of(played)
        if isinstance(event, e.ConversationResolved)
    )
    assistant = reasons["assistant"] + reasons["inactivity"]

    assert 0.5 < assistant / reasons.total() < 0.6
    assert reasons["inactivity"] > 100


def test_each_day_has_its_volume() -> None:
    counts = {day: len(played) for day, played in month().items() if day < TODAY}
    usual = {day: n for day, n in counts.items() if not has_outage(day, 1)}
    sundays = [n for day, n in usual.items() if day.weekday() == 6]
    weekdays = [n for day, n in usual.items() if day.weekday() < 5]

    assert 50 < sum(usual.values()) / len(usual) < 70
    assert max(sundays) < min(weekdays)
    outages = [n for day, n in counts.items() if has_outage(day, 1)]
    assert outages
    assert min(outages) > max(usual.values())


def test_customers_write_most_in_the_morning_and_in_the_evening() -> None:
    hours = Counter(
        played.simulated.opened_at.astimezone(RECIFE).hour
        for day, each in month().items()
        if not has_outage(day, 1)
        for played in each
    )

    assert sum(hours[h] for h in (9, 10, 18, 19)) > 1.4 * sum(hours[h] for h in (12, 13, 21, 22))
    assert sum(hours[h] for h in range(6)) < 0.03 * hours.total()


@pytest.mark.parametrize("seed", range(5))
def test_any_29_days_have_an_outage_on_a_weekday(seed: int) -> None:
    outages = [
        TODAY + timedelta(days=n) for n in range(365) if has_outage(TODAY + timedelta(n), seed)
    ]

    assert {day.weekday() for day in outages} <= set(range(5))
    gaps = [(later - day).days for day, later in pairwise(outages)]
    assert max(gaps) < 2 * arrival_curve.OUTAGE_PERIOD_DAYS


def test_the_month_has_every_kind_of_event_that_pages_show() -> None:
    kinds = {event.type for played in conversations() for event in events_of(played)}

    assert kinds >= {
        "conversation_handed_off",
        "conversation_assigned",
        "conversation_transferred",
        "conversation_snoozed",
        "conversation_woken",
        "conversation_reopened",
        "labels_changed",
        "priority_changed",
        "note_added",
        "after_hours_began",
        "after_hours_ended",
        "turn_cancelled",
        "customer_reminded",
    }


def test_every_reason_of_a_handoff_is_one_of_the_product() -> None:
    reasons = {
        event.reason
        for played in conversations()
        for event in events_of(played)
        if isinstance(event, e.ConversationHandedOff)
    }

    assert reasons <= set(REASON_TEXTS)
    assert {"send_failed", "asked_for_human", "plan_wanted"} <= reasons


def test_agents_differ_in_speed() -> None:
    waits: dict[str, list[float]] = {}
    for played in conversations():
        since: datetime | None = None
        for step in played.simulated.steps:
            for event in step.events:
                if isinstance(event, e.ConversationAssigned):
                    since = step.at
                elif isinstance(event, e.MessageQueued) and since is not None:
                    agent = step.after.agent
                    assert agent is not None
                    waits.setdefault(agent, []).append((step.at - since).total_seconds())
                    since = None
    medians = {agent: sorted(each)[len(each) // 2] for agent, each in waits.items()}

    assert medians.keys() == {each.id for each in AGENTS}
    assert max(medians.values()) > 2 * min(medians.values())


def test_presence_changes_begin_and_end_each_shift() -> None:
    generator = HistoryGenerator(history_settings())
    for day in DAYS:
        last: dict[UUID, AgentPresenceState] = {}
        for change in generator.presence_changes(day):
            assert change.at < PRESENT
            assert last.get(change.user_id) != change.state
            last[change.user_id] = change.state
        assert set(last.values()) <= {AgentPresenceState.OFFLINE}
        assert bool(last) == (day.weekday() != 6)
    reasons = {c.reason for day in DAYS for c in generator.presence_changes(day)}
    assert reasons == {"", "lunch", "rest", "meeting"}


def test_the_phones_are_different_and_of_no_place() -> None:
    phones = {customer_phone(number) for number in range(MAX_CUSTOMERS)}

    assert len(phones) == MAX_CUSTOMERS
    assert all(len(phone) == 13 and phone.startswith("55809") for phone in phones)


def test_there_are_customers_for_the_fullest_outage() -> None:
    day = next(day for day in DAYS if has_outage(day, 1))
    plans = HistoryGenerator(history_settings(per_day=MAX_PER_DAY)).plan(day)

    first_of_each = [plan.customer for plan in plans if plan.returns_to is None]
    assert (
        len(set(first_of_each))
        == len(first_of_each)
        < len(available_customers(day, MAX_PER_DAY, frozenset()))
    )


def test_busy_customers_write_nothing() -> None:
    generator = HistoryGenerator(history_settings())
    busy = frozenset(plan.customer for plan in generator.plan(DAYS[3]))

    assert not busy & {plan.customer for plan in generator.plan(DAYS[3], busy)}


@pytest.mark.parametrize(
    "policy",
    [
        ConversationPolicy(burst_window_s=0),
        ConversationPolicy(reminder_after_s=0),
        ConversationPolicy(suspended=True, serve_after_hours=False),
    ],
)
def test_other_settings_of_the_provider_lead_to_valid_logs(policy: ConversationPolicy) -> None:
    generator = HistoryGenerator(history_settings(policy=policy))
    plans = generator.plan(DAYS[3])
    played = generator.play(plans, range(1, len(plans) + 1))

    assert played
    for each in played:
        assert replay(events_of(each)) == each.simulated.state


@pytest.mark.parametrize("hours", [0.1, 3.5, 8.2, 12.9, 20.5, 23.9])
@pytest.mark.parametrize("day", [TODAY, TODAY - timedelta(days=1)])
def test_the_history_may_end_at_any_time_of_a_weekday_or_sunday(day: date, hours: float) -> None:
    present = datetime(day.year, day.month, day.day, tzinfo=RECIFE) + timedelta(hours=hours)
    before = generate(day - timedelta(days=1), present=present)
    today = generate(day, present=present)

    for each in (*before, *today):
        assert each.simulated.steps[-1].at < present
        assert replay(events_of(each)) == each.simulated.state
    states = {each.simulated.state.status for each in today}
    assert ConversationStatus.PENDING not in states
    assert hours < 1 or ConversationStatus.WAITING in states


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_a_day_on_which_the_clocks_change_is_in_order(day: date) -> None:
    present = datetime(2026, 12, 1, tzinfo=RECIFE)
    played = generate(day, timezone=ZoneInfo("America/New_York"), present=present, per_day=200)

    for each in played:
        times = [step.at.astimezone(UTC) for step in each.simulated.steps]
        assert times == sorted(times)
        assert replay(events_of(each)) == each.simulated.state


def test_the_provider_may_close_while_a_transferred_customer_waits() -> None:
    """On this day a customer asks again right after closing time. The assistant's answer once
    repeated its earlier handoff, so that the conversation waited for another team than its agent's.
    """
    for played in generate(date(2026, 4, 29)):
        assert replay(events_of(played)) == played.simulated.state


def test_a_provider_with_one_team_has_no_transfers() -> None:
    played = generate(DAYS[3], teams=frozenset({"atendimento"}))

    teams = {each.simulated.state.team for each in played}
    assert teams == {"atendimento", None}


def test_each_topic_has_dialogues_of_every_sort() -> None:
    for script in SCRIPTS.values():
        assert script.solved
        assert script.handed_off
        assert script.served
        for dialogue in (*script.solved, *(each.exchanges for each in script.handed_off)):
            assert all(exchange.customer and exchange.reply for exchange in dialogue)


def test_a_line_of_nobody_is_no_dialogue() -> None:
    with pytest.raises(ValueError, match="neither"):
        parse_dialogue("> oi\nolá")
