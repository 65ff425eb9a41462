"""The invented agents of the demo's history: their teams, shifts, pauses and speed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.domain.business_hours import BusinessShift
from niochat.domain.presence import AgentPresenceState

WEEK = (0, 1, 2, 3, 4)
SATURDAY = 5
HISTORY_HOURS = (
    BusinessShift(WEEK, time(8, 0), time(20, 0)),
    BusinessShift((SATURDAY,), time(8, 0), time(14, 0)),
)
"""Business hours of the history if the provider has set none."""
MAX_SHIFT_SEARCH_DAYS = 14


@dataclass(frozen=True, slots=True)
class HistoryAgent:
    """An agent. ``speed_s`` is the median time to a reply, and ``mean_score`` what customers give
    (1 to 5). Every second Saturday is worked, which ones says ``saturday_week``.
    """

    login: str
    name: str
    teams: tuple[str, ...]
    starts: time
    ends: time
    lunch: time
    speed_s: float
    saturday_week: int
    mean_score: float

    @property
    def first_name(self) -> str:
        """What customers read."""
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class StaffedAgent:
    """An agent with the id of the user."""

    agent: HistoryAgent
    user_id: UUID

    @property
    def id(self) -> str:
        """The id as events hold it."""
        return str(self.user_id)


@dataclass(frozen=True, slots=True)
class AgentPause:
    """A pause of a shift."""

    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AgentShift:
    """One day of an agent."""

    starts_at: datetime
    ends_at: datetime
    pauses: tuple[AgentPause, ...]

    def next_online(self, moment: datetime) -> datetime | None:
        """Returns the first time from ``moment`` on at which the agent is online."""
        at = max(moment, self.starts_at)
        for pause in self.pauses:
            if pause.starts_at <= at < pause.ends_at:
                at = pause.ends_at
        return at if at < self.ends_at else None


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A row of ``presence_changes``."""

    user_id: UUID
    at: datetime
    state: AgentPresenceState
    reason: str


class HistoryStaff:
    """The agents of a history, with their shifts by ``seed``. All times are aware."""

    def __init__(self, agents: Sequence[StaffedAgent], timezone: ZoneInfo, seed: int) -> None:
        self.agents = tuple(agents)
        self._timezone, self._seed = timezone, seed
        self._shift = lru_cache(maxsize=1_000)(self._make_shift)

    def members(self, team: str) -> list[StaffedAgent]:
        """The agents of a team; all agents if the team has none."""
        return [each for each in self.agents if team in each.agent.teams] or list(self.agents)

    def next_online(self, who: StaffedAgent, moment: datetime) -> datetime:
        """Returns the first time from ``moment`` on at which the agent is online."""
        first = moment.astimezone(self._timezone).date()
        for day in (first + timedelta(days=n) for n in range(MAX_SHIFT_SEARCH_DAYS)):
            shift = self._shift(who, day)
            if shift is not None and (at := shift.next_online(moment)) is not None:
                return at
        raise ValueError(f"{who.agent.login} has no shift within {MAX_SHIFT_SEARCH_DAYS} days")

    def presence_changes(self, day: date, present: datetime) -> Iterator[PresenceChange]:
        """Yields the changes of all agents that begin or end something on ``day``, up to
        ``present``. Who would be online then goes offline, because nobody is there.
        """
        for who in self.agents:
            shift = self._shift(who, day)
            if shift is None or shift.starts_at >= present:
                continue
            changes = [each for each in _changes(who, shift) if each.at < present]
            yield from changes
            if changes[-1].state is not AgentPresenceState.OFFLINE:
                last = max(present - timedelta(seconds=1), changes[-1].at + timedelta(seconds=1))
                yield PresenceChange(who.user_id, last, AgentPresenceState.OFFLINE, "")

    def _make_shift(self, who: StaffedAgent, day: date) -> AgentShift | None:
        agent, weekday = who.agent, day.weekday()
        if weekday == SATURDAY:
            works = day.toordinal() // 7 % 2 == agent.saturday_week
            hours = HISTORY_HOURS[1]
            return self._plan_shift(agent, day, hours.opens, hours.closes, None) if works else None
        if weekday not in WEEK:
            return None
        return self._plan_shift(agent, day, agent.starts, agent.ends, agent.lunch)

    def _plan_shift(
        self, agent: HistoryAgent, day: date, starts: time, ends: time, lunch: time | None
    ) -> AgentShift:
        random = Random(f"{self._seed}:shift:{agent.login}:{day}")
        pauses = []
        if lunch is not None:
            pauses.append(self._pause(day, lunch, random, (52, 68), "lunch"))
            pauses.append(self._pause(day, time(lunch.hour + 3, 10), random, (8, 16), "rest"))
            if day.weekday() == 0 and agent.saturday_week == 0:
                pauses.append(self._pause(day, time(10, 30), random, (20, 35), "meeting"))
        begin = self._local(day, starts) + timedelta(minutes=random.uniform(-4, 9))
        end = self._local(day, ends) + timedelta(minutes=random.uniform(-3, 14))
        ordered = sorted(pauses, key=lambda pause: pause.starts_at)
        return AgentShift(begin, end, tuple(each for each in ordered if each.ends_at < end))

    def _pause(
        self, day: date, at: time, random: Random, minutes: tuple[int, int], reason: str
    ) -> AgentPause:
        begin = self._local(day, at) + timedelta(minutes=random.uniform(-10, 10))
        return AgentPause(begin, begin + timedelta(minutes=random.uniform(*minutes)), reason)

    def _local(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self._timezone).astimezone(UTC)


def _changes(who: StaffedAgent, shift: AgentShift) -> Iterator[PresenceChange]:
    online, away = AgentPresenceState.ONLINE, AgentPresenceState.AWAY
    yield PresenceChange(who.user_id, shift.starts_at, online, "")
    for pause in shift.pauses:
        yield PresenceChange(who.user_id, pause.starts_at, away, pause.reason)
        yield PresenceChange(who.user_id, pause.ends_at, online, "")
    yield PresenceChange(who.user_id, shift.ends_at, AgentPresenceState.OFFLINE, "")
