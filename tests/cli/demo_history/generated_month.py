"""Thirty generated days, as tests of the demo's history read them."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from niochat.cli.demo_history.history_generator import HistoryGenerator, RatingRequests
from niochat.cli.demo_history.simulation.conversation_player import PlayedConversation
from niochat.domain.conversation import events as e
from tests.cli.demo_history.history_fixtures import PRESENT, RECIFE, history_settings

TODAY = PRESENT.astimezone(RECIFE).date()
DAYS = [TODAY - timedelta(days=n) for n in range(29, -1, -1)]


def generate(
    day: date, requests: RatingRequests | None = None, **changes: Any
) -> list[PlayedConversation]:
    """One day; ``changes`` of the settings."""
    generator = HistoryGenerator(history_settings(**changes))
    plans = generator.plan(day)
    return generator.play(plans, range(1, len(plans) + 1), requests)


@cache
def month() -> dict[date, list[PlayedConversation]]:
    """Each day as it follows the days before it."""
    days: dict[date, list[PlayedConversation]] = {}
    for day in DAYS:
        days[day] = generate(day, requests_of(played for each in days.values() for played in each))
    return days


def conversations() -> Iterator[PlayedConversation]:
    """Those of the month."""
    for played in month().values():
        yield from played


def events_of(played: PlayedConversation) -> list[e.Event]:
    """The log of a conversation."""
    return [event for step in played.simulated.steps for event in step.events]


def requests_of(conversations: Iterable[PlayedConversation]) -> dict[int, list[datetime]]:
    """When customers were asked for ratings."""
    requests: dict[int, list[datetime]] = {}
    for played in conversations:
        requests.setdefault(played.plan.customer, []).extend(played.simulated.rating_requests)
    return requests
