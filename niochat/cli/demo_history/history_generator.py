"""Generates the history of a provider day by day: pure, and equal for equal arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.holiday_calendar import staff_availability
from niochat.cli.demo_history.agent_shifts import (
    HISTORY_HOURS,
    HistoryStaff,
    PresenceChange,
    StaffedAgent,
)
from niochat.cli.demo_history.day_plan import ConversationPlan, plan_day
from niochat.cli.demo_history.history_customers import (
    RETURN_PERIOD_DAYS,
    customer_name,
    customer_thread_id,
)
from niochat.cli.demo_history.simulation.conversation_player import (
    ConversationPlayer,
    PlayedConversation,
)
from niochat.cli.demo_history.simulation.conversation_simulator import (
    ConversationSimulator,
    SimulationRules,
)
from niochat.cli.demo_history.simulation.dialogue_actors import DialogueActors, PlayerContext
from niochat.cli.demo_history.simulation.rating_calendar import RatingCalendar
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.protocol_number import format_protocol_number
from niochat.domain.rating.conversation_rating import ANSWER_WINDOW

DEFAULT_PER_DAY, MAX_PER_DAY = 60, 500
RATING_MARGIN = timedelta(minutes=10)
"""Time by which a request for a rating may be late, because other messages are unsent."""
SENDING_TIME = timedelta(seconds=15)
"""Within this time a request is sent."""
RatingRequests = Mapping[int, Sequence[datetime]]
"""When customers, by their number, were or will be asked for a rating."""
_STREETS = (
    "Rua das Flores, 120",
    "Av. Norte, 2300, apto 402",
    "Rua da Aurora, 87",
    "Rua Sete de Setembro, 15",
    "Rua do Cajueiro, 42",
    "Av. Beira Mar, 910",
    "Travessa São José, 8",
    "Rua Dom Hélder, 230",
)
_PLANS = ("300 Mega", "500 Mega", "800 Mega")
_AMOUNTS = ("R$ 79,90", "R$ 89,90", "R$ 99,90", "R$ 119,90", "R$ 149,90")


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """The provider whose history is generated. ``present`` is where it ends; ``default_team`` is
    the team of the policy.
    """

    tenant_id: UUID
    timezone: ZoneInfo
    policy: ConversationPolicy
    teams: frozenset[str]
    agents: tuple[StaffedAgent, ...]
    present: datetime
    seed: int = 1
    per_day: int = DEFAULT_PER_DAY


class HistoryGenerator:
    """Generates days. All that a day has to know of others is who is busy, and when customers were
    asked for ratings.
    """

    def __init__(self, settings: HistorySettings) -> None:
        self._settings = settings
        policy = _history_policy(settings.policy)
        self._staff = HistoryStaff(settings.agents, settings.timezone, settings.seed)
        staff = partial(_availability, policy, settings.timezone)
        zone = str(settings.timezone)
        self._rules = SimulationRules(policy, zone, staff, settings.present)
        team = policy.team if policy.team in settings.teams else min(settings.teams)
        self._context = PlayerContext(self._staff, settings.teams, team, settings.timezone)

    def plan(self, day: date, busy: frozenset[int] = frozenset()) -> list[ConversationPlan]:
        """Plans a day of the provider's time zone. ``busy`` customers have an unresolved
        conversation.
        """
        settings = self._settings
        return plan_day(
            day,
            per_day=settings.per_day,
            seed=settings.seed,
            timezone=settings.timezone,
            busy=busy,
            present=settings.present,
        )

    def play(
        self,
        plans: Sequence[ConversationPlan],
        numbers: Sequence[int],
        requests: RatingRequests | None = None,
    ) -> list[PlayedConversation]:
        """Plays the plans of a day. ``numbers`` are unique in the tenant, one for the protocol
        number of each plan, in order. ``requests`` are those of other days.
        """
        known, played = requests or {}, dict[int, PlayedConversation]()
        # Plans of a day that is not over are ordered by start, not by index.
        number_of = {plan.index: number for plan, number in zip(plans, numbers, strict=True)}
        for plan in plans:
            number = number_of[plan.index]
            asked = tuple(known.get(plan.customer, ()))
            if plan.returns_to is None:
                result = self._play_one(plan, number, asked)
            else:
                earlier = played.get(plan.returns_to)
                result = self._play_return(plan, number, asked, earlier)
                if result is not None and earlier is not None:
                    first = number_of[earlier.plan.index]
                    played[earlier.plan.index] = self._end_before(earlier, result, first, asked)
            if result is not None:
                played[plan.index] = result
        return sorted(played.values(), key=lambda each: each.simulated.opened_at)

    def presence_changes(self, day: date) -> list[PresenceChange]:
        """The changes of the agents' presence that belong to shifts of a day, in order."""
        changes = self._staff.presence_changes(day, self._settings.present)
        return sorted(changes, key=lambda change: change.at)

    def _last_request_before(self, day: date) -> datetime:
        """Returns until when customers of ``day`` may be asked for a rating: the answer must be
        over when they write again, and nothing may be left to send at the present.
        """
        zone = self._settings.timezone
        again = datetime.combine(day + timedelta(days=RETURN_PERIOD_DAYS), time.min, zone)
        over = again.astimezone(UTC) - ANSWER_WINDOW - RATING_MARGIN
        return min(over, self._settings.present - SENDING_TIME)

    def _play_return(
        self,
        plan: ConversationPlan,
        number: int,
        requests: tuple[datetime, ...],
        earlier: PlayedConversation | None,
    ) -> PlayedConversation | None:
        """Plays a customer's return; ``None`` if it would not begin on its day."""
        resolved_at = earlier.simulated.resolved_at if earlier is not None else None
        if earlier is None or resolved_at is None:
            return None
        starts_at = resolved_at + plan.after
        if starts_at.astimezone(self._settings.timezone).date() != plan.day:
            return None
        before = (each for each in earlier.simulated.rating_requests if each < starts_at)
        return self._play_one(replace(plan, starts_at=starts_at), number, (*requests, *before))

    def _end_before(
        self,
        earlier: PlayedConversation,
        later: PlayedConversation,
        number: int,
        requests: tuple[datetime, ...],
    ) -> PlayedConversation:
        """Returns ``earlier`` as it went if nothing more happened in it once ``later`` had begun:
        played again, because its rating must end before the customer's next conversation.
        """
        plan = replace(earlier.plan, returns_at=later.simulated.opened_at)
        return self._play_one(plan, number, requests) or earlier

    def _play_one(
        self, plan: ConversationPlan, number: int, requests: tuple[datetime, ...]
    ) -> PlayedConversation | None:
        settings = self._settings
        random = Random(f"{settings.seed}:{plan.name}")
        thread = customer_thread_id(settings.tenant_id, plan.customer)
        zone = str(settings.timezone)
        protocol = format_protocol_number(plan.starts_at, zone, number)
        simulator = ConversationSimulator(
            thread,
            plan.name,
            protocol,
            self._rules,
            random,
            plan.starts_at,
            RatingCalendar(requests, self._last_request_before(plan.day), settings.timezone),
        )
        values = _values(plan, settings.timezone, protocol, random)
        actors = DialogueActors(plan, thread, simulator, self._context, random, values)
        return ConversationPlayer(actors).play()


def _history_policy(policy: ConversationPolicy) -> ConversationPolicy:
    """The provider's own policy, with an active assistant, and with hours if it has none. Low
    scores reopen nothing, and no model has to read comments afterwards.
    """
    hours = policy.hours or HISTORY_HOURS
    ratings = replace(policy.ratings, reopen_team="", classify_comments=False)
    return replace(policy, hours=hours, suspended=False, assistant_enabled=True, ratings=ratings)


def _availability(
    policy: ConversationPolicy, timezone: ZoneInfo, moment: datetime
) -> StaffAvailability:
    return staff_availability(policy, moment.astimezone(timezone))


def _values(
    plan: ConversationPlan, timezone: ZoneInfo, protocol: str, random: Random
) -> dict[str, str]:
    local = plan.starts_at.astimezone(timezone)
    return {
        "first": customer_name(plan.customer).split()[0],
        "amount": random.choice(_AMOUNTS),
        "due": f"{random.choice((5, 10, 15, 20)):02d}/{plan.day:%m}",
        "street": random.choice(_STREETS),
        "plan": random.choice(_PLANS),
        "hour": f"{min(local.hour + 2, 22)}h",
        "protocol": protocol,
    }
