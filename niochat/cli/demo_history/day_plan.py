"""Plans the conversations of one day: who writes when about what, and how it goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from niochat.cli.demo_history.arrival_curve import arrival_times, has_outage, outage_times
from niochat.cli.demo_history.history_customers import available_customers
from niochat.cli.demo_history.scripts.dialogue_script import Topic
from niochat.cli.demo_history.scripts.topic_scripts import topic_weights

SOLVED_SHARE, SOLVED_SHARE_IN_OUTAGE = 0.58, 0.44
"""Shares of conversations that the assistant solves alone."""
SILENT_SHARE = 0.3
"""The share of these that end by the customer's silence."""
RETURN_SHARE = 0.05
"""The share of customers who write once more on the same day."""
LIVE_WINDOW = (timedelta(minutes=150), timedelta(minutes=12))
"""How long before the present the conversations that are still unresolved began."""


class ConversationPath(StrEnum):
    """How a conversation goes."""

    CLOSED = "closed"
    """The assistant solves it and ends it with the customer."""
    SILENT = "silent"
    """The assistant solves it, and the customer says nothing more."""
    HANDED_OFF = "handed_off"
    FAILED_TURN = "failed_turn"
    """The model does not answer, so people take over."""
    FAILED_SEND = "failed_send"
    """The gateway refuses a message, so people take over."""
    TAKEN_OVER = "taken_over"
    """An agent takes it over while the assistant has it."""
    STARTED_BY_AGENT = "started_by_agent"


HUMAN_PATHS = {
    ConversationPath.HANDED_OFF: 88,
    ConversationPath.FAILED_TURN: 3,
    ConversationPath.FAILED_SEND: 2,
    ConversationPath.TAKEN_OVER: 4,
    ConversationPath.STARTED_BY_AGENT: 3,
}
"""Shares of the paths that lead to people, in percent."""


class StopPoint(StrEnum):
    """Where a conversation stays unresolved."""

    WAITING = "waiting"
    OPEN = "open"
    SNOOZED = "snoozed"


LIVE_STOP_POINTS = (
    *(StopPoint.WAITING,) * 4,
    *(StopPoint.OPEN,) * 5,
    *(StopPoint.SNOOZED,) * 2,
)
"""Conversations that are still unresolved at the present."""


@dataclass(frozen=True, slots=True)
class ConversationPlan:
    """One conversation. ``returns_to`` is the index of the earlier plan of a customer who writes
    again; it begins ``after`` the end of that conversation instead of at ``starts_at``.
    ``returns_at`` is when the customer of this plan writes again, once that is known.
    """

    index: int
    day: date
    customer: int
    starts_at: datetime
    topic: Topic
    path: ConversationPath
    in_outage: bool = False
    stop_point: StopPoint | None = None
    returns_to: int | None = None
    after: timedelta = timedelta()
    returns_at: datetime | None = None

    @property
    def name(self) -> str:
        """Name of the conversation within the history; ids and random choices derive from it."""
        return f"demo-{self.day:%Y%m%d}-{self.index}"


def plan_day(
    day: date,
    *,
    per_day: int,
    seed: int,
    timezone: ZoneInfo,
    busy: frozenset[int],
    present: datetime,
) -> list[ConversationPlan]:
    """Plans ``day`` of the tenant's ``timezone``, ordered by start except for returns, which come
    last. Equal arguments give an equal plan. A day that contains ``present`` has fewer
    conversations, and some that stay unresolved.
    """
    random = Random(f"{seed}:plan:{day}")
    customers = list(available_customers(day, per_day, busy))
    random.shuffle(customers)
    planner = _DayPlanner(day, random, customers, timezone)
    starts = [(at, False) for at in arrival_times(day, per_day, random)]
    if has_outage(day, seed):
        starts += [(at, True) for at in outage_times(day, per_day, random)]
    for at, in_outage in sorted(starts):
        planner.add(planner.local(at), in_outage=in_outage)
    if planner.local(time.min) < present < planner.local(time.min) + timedelta(days=1):
        planner.add_live(present)
    planner.add_returns()
    return planner.plans


class _DayPlanner:
    """Collects the plans of one day."""

    def __init__(
        self, day: date, random: Random, customers: Sequence[int], timezone: ZoneInfo
    ) -> None:
        self._day, self._random, self._timezone = day, random, timezone
        self._customers = list(customers)
        self.plans: list[ConversationPlan] = []

    def local(self, at: time) -> datetime:
        """The time in UTC, in which durations may be added also when the clocks change."""
        return datetime.combine(self._day, at, self._timezone).astimezone(UTC)

    def add(self, starts_at: datetime, *, in_outage: bool) -> None:
        if not self._customers:
            return
        self._append(
            customer=self._customers.pop(),
            starts_at=starts_at,
            topic=self._topic(outage=in_outage),
            path=self._path(in_outage=in_outage),
            in_outage=in_outage,
        )

    def add_live(self, present: datetime) -> None:
        """Adds conversations that began lately, if enough of the day is over."""
        earliest = max(self.local(time.min), present - LIVE_WINDOW[0])
        latest = present - LIVE_WINDOW[1]
        if latest <= earliest:
            return
        for stop_point in LIVE_STOP_POINTS[: len(self._customers)]:
            waits = stop_point is StopPoint.WAITING
            share = self._random.random() * (1.0 if waits else 0.6)
            self._append(
                customer=self._customers.pop(),
                starts_at=earliest + (latest - earliest) * share,
                topic=self._topic(outage=False),
                path=ConversationPath.HANDED_OFF,
                stop_point=stop_point,
            )
        self.plans.sort(key=lambda plan: plan.starts_at)

    def add_returns(self) -> None:
        for plan in tuple(self.plans):
            if plan.stop_point is None and self._random.random() < RETURN_SHARE:
                self._append(
                    customer=plan.customer,
                    starts_at=plan.starts_at,
                    topic=plan.topic,
                    path=ConversationPath.HANDED_OFF,
                    returns_to=plan.index,
                    after=timedelta(minutes=self._random.uniform(60, 300)),
                )

    def _append(self, **values: object) -> None:
        index = len(self.plans)
        self.plans.append(ConversationPlan(index, self._day, **values))  # type: ignore[arg-type]

    def _topic(self, *, outage: bool) -> Topic:
        weights = topic_weights(self._day.day, outage=outage)
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _path(self, *, in_outage: bool) -> ConversationPath:
        solved = SOLVED_SHARE_IN_OUTAGE if in_outage else SOLVED_SHARE
        if self._random.random() < solved:
            silent = self._random.random() < SILENT_SHARE
            return ConversationPath.SILENT if silent else ConversationPath.CLOSED
        paths, weights = list(HUMAN_PATHS), list(HUMAN_PATHS.values())
        return self._random.choices(paths, weights)[0]
