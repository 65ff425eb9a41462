"""Ratings in the generated history: as the product asks for them, and plausible."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from itertools import chain, pairwise
from statistics import mean
from typing import Any
from uuid import UUID

import pytest

from niochat.cli.demo_history.history_rows import HistoryRows
from niochat.cli.demo_history.scripts import rating_answers
from niochat.domain.conversation.evolve import replay
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.rating.rating_answer import is_courtesy, may_be_evaluation, read_rating
from niochat.domain.rating.rating_events import (
    LowRatingReported,
    RatingAnswered,
    RatingCommented,
    RatingScheduled,
)
from niochat.domain.rating.rating_policy import RatingPolicy
from tests.cli.demo_history.generated_month import (
    DAYS,
    TODAY,
    conversations,
    events_of,
    generate,
    month,
    requests_of,
)
from tests.cli.demo_history.history_fixtures import (
    AGENTS,
    DEMO_POLICY,
    PRESENT,
    RECIFE,
)

COMMENTS = (
    *rating_answers.PRAISE_OF_AGENT,
    *rating_answers.PRAISE_OF_ASSISTANT,
    *rating_answers.MIXED,
    *rating_answers.REASONS_ABOUT_AGENT,
    *rating_answers.REASONS_ABOUT_ASSISTANT,
    *rating_answers.REASONS_IN_OUTAGE,
)
Row = dict[str, Any]


def ratings() -> list[Row]:
    rows = HistoryRows(UUID(int=99), UUID(int=98))
    for played in conversations():
        rows.add(played)
    return rows.tables["ratings"]


def scores(*, in_outage: bool) -> dict[str | None, list[int]]:
    """By agent; ``None`` is the assistant."""
    given: dict[str | None, list[int]] = defaultdict(list)
    for played in conversations():
        state = played.simulated.state
        if state.rating and state.rating.score and played.plan.in_outage == in_outage:
            given[state.agent].append(state.rating.score)
    return given


def events_about(kind: type[Any]) -> Iterator[Any]:
    for played in conversations():
        yield from (event for event in events_of(played) if isinstance(event, kind))


def test_the_month_shows_ratings_of_every_kind() -> None:
    kinds = Counter((row["status"], row["reason"]) for row in ratings())

    assert set(kinds) == {
        ("answered", ""),
        ("expired", "no_answer"),
        ("expired", "customer_wrote"),
        ("expired", "reopened"),
        ("skipped", "asked_recently"),
        ("skipped", "no_service"),
        ("skipped", "customer_wrote"),
        ("failed", "gateway_400"),
        ("sent", ""),
    }


def test_about_55_percent_of_the_customers_who_were_asked_answer() -> None:
    over = [row for row in ratings() if row["sent_at"] and row["status"] != "sent"]
    answered = sum(row["status"] == "answered" for row in over)

    assert len(over) > 500
    assert 0.5 < answered / len(over) < 0.6


def test_the_scores_say_who_served_and_whether_it_was_a_bad_day() -> None:
    usual, bad = scores(in_outage=False), scores(in_outage=True)

    assert 4.15 < mean(usual[None]) < 4.45
    agents = {agent: mean(given) for agent, given in usual.items() if agent is not None}
    assert agents.keys() == {each.id for each in AGENTS}
    assert max(agents.values()) > min(agents.values()) + 0.5
    assert mean(chain(*bad.values())) < mean(chain(*usual.values())) - 0.5


def test_customers_answer_with_texts_reactions_and_words_without_a_score() -> None:
    answers = list(events_about(RatingAnswered))

    assert sum(answer.message is None for answer in answers) > 50
    assert sum(answer.score is None for answer in answers) > 5
    assert sum(answer.message is not None for answer in answers) > 300
    assert {answer.score for answer in answers} == {None, 1, 2, 3, 4, 5}
    assert len(list(events_about(RatingCommented))) > 100
    assert len(list(events_about(LowRatingReported))) > 20


def test_nobody_is_asked_in_quiet_hours_and_some_wait_for_their_end() -> None:
    requests = [row["requested_at"].astimezone(RECIFE) for row in ratings() if row["requested_at"]]

    assert all(time(8) <= at.time() < time(21) for at in requests)
    assert sum(at.time() < time(8, 0, 1) for at in requests) > 20
    planned = Counter(event.rating for event in events_about(RatingScheduled))
    assert max(planned.values()) > 1


def test_one_person_is_asked_at_most_once_a_week() -> None:
    for times in requests_of(conversations()).values():
        for earlier, later in pairwise(sorted(times)):
            assert later - earlier >= timedelta(days=7)


def test_a_day_before_filled_ones_asks_nobody_who_is_asked_soon_after() -> None:
    requests = requests_of(month()[DAYS[8]])
    asked = {customer for customer, times in requests.items() if times}

    earlier = generate(DAYS[4], requests)

    assert asked & {played.plan.customer for played in earlier if played.simulated.resolved_at}
    assert not asked & {c for c, times in requests_of(earlier).items() if times}
    for played in earlier:
        assert replay(events_of(played)) == played.simulated.state


def test_a_rating_ends_before_the_customers_next_conversation() -> None:
    last: dict[UUID, datetime] = {}
    reasons = Counter[str]()
    for played in sorted(conversations(), key=lambda each: each.simulated.opened_at):
        simulated = played.simulated
        assert simulated.opened_at > last.get(simulated.thread, datetime.min.replace(tzinfo=RECIFE))
        last[simulated.thread] = max(step.at for step in simulated.steps if step.events)
        rating = simulated.state.rating
        if rating is not None and rating.reason == "customer_wrote":
            reasons[rating.status] += 1
    assert reasons["expired"] > 10


def test_what_waits_for_an_answer_has_a_timer_and_nothing_else_of_ratings_has() -> None:
    rows = HistoryRows(UUID(int=99), UUID(int=98))
    for played in conversations():
        rows.add(played)
    timers = {
        row["conversation_id"]: row for row in rows.tables["timers"] if row["name"] == "rating"
    }
    sent = {row["conversation_id"] for row in rows.tables["ratings"] if row["status"] == "sent"}

    assert timers.keys() == sent
    assert all(PRESENT < row["due_at"] < PRESENT + timedelta(hours=24) for row in timers.values())
    waiting = [row for row in rows.tables["conversations"] if row["rating_until"] == "infinity"]
    assert {row["conversation_id"] for row in waiting} == sent


@pytest.mark.parametrize(
    "policy",
    [
        RatingPolicy(after_s=0),
        RatingPolicy(ask_again_days=0),
        RatingPolicy(form="list", low_score=3, reopen_team="suporte", classify_comments=True),
        RatingPolicy(quiet_from=time(0), quiet_until=time(0)),
    ],
)
def test_other_settings_of_ratings_lead_to_valid_logs(policy: RatingPolicy) -> None:
    settings = ConversationPolicy(**DEMO_POLICY, ratings=policy)
    rows = HistoryRows(UUID(int=99), UUID(int=98))
    for played in generate(DAYS[3], policy=settings):
        assert replay(events_of(played)) == played.simulated.state
        assert played.simulated.state.status is ConversationStatus.RESOLVED
        rows.add(played)

    assert bool(rows.tables["ratings"]) == (policy.after_s > 0)
    assert not [row for row in rows.tables["ratings"] if row["classification"]]
    menus = [row for row in rows.tables["outbox"] if row["choices"]]
    assert bool(menus) == (policy.form == "list")


@pytest.mark.parametrize("hours", [0.5, 7.9, 8.0, 8.0001, 12.0, 21.02, 23.5])
def test_no_request_is_left_to_be_sent_whenever_the_history_ends(hours: float) -> None:
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=RECIFE)
    present = midnight + timedelta(hours=hours)
    for day in (TODAY - timedelta(days=1), TODAY):
        for played in generate(day, present=present):
            rating = played.simulated.state.rating
            assert rating is None or rating.status != "scheduled"
            assert replay(events_of(played)) == played.simulated.state


def test_conversations_of_the_evening_are_kept_although_they_are_not_rated() -> None:
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=RECIFE)
    evening = TODAY - timedelta(days=1)
    complete = generate(evening, present=midnight + timedelta(days=3))

    cut = generate(evening, present=midnight + timedelta(hours=5))

    assert len(cut) == len(complete)


def test_texts_mean_what_they_are_for() -> None:
    for score, texts in rating_answers.ANSWERS.items():
        for text in (*texts, rating_answers.REACTIONS[score]):
            answer = read_rating(text)
            assert answer is not None, text
            assert answer.score == score, text
    for text, _ in rating_answers.EVALUATIONS:
        assert read_rating(text) is None, text
        assert may_be_evaluation(text), text
    assert all(is_courtesy(text) for text in rating_answers.THANKS)
    for text in COMMENTS:
        assert read_rating(text) is None, text
        assert not is_courtesy(text), text
        assert "?" not in text
