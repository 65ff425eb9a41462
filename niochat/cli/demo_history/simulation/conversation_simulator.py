"""Runs one conversation through ``decide`` with a simulated clock, and records its steps.

What the product does by itself happens here by itself: timers fire, queued messages are sent and
get receipts, and turns end. Commands of customers and agents are given by the caller.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from niochat.cli.demo_history.simulation.message_tracking import TrackedMessages
from niochat.cli.demo_history.simulation.rating_calendar import RatingCalendar, may_change
from niochat.cli.demo_history.simulation.recorded_steps import RecordedStep, SimulatedConversation
from niochat.conversations.step.step_planner import format_cause
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.decide import decide
from niochat.domain.conversation.decision import DecisionContext
from niochat.domain.conversation.effects import Effect
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationState, ConversationStatus, TimerName
from niochat.domain.ids import MessageId, ThreadId, inbox_cause
from niochat.domain.message import Author, DeliveryStatus
from niochat.domain.rating.conversation_rating import RatingStatus
from niochat.domain.rating.rating_handlers import open_rating
from niochat.domain.rating.rating_message import RatingOpinion

MAX_STEPS = 2_000
"""Steps of one conversation. A simulation that needs more would never end."""
READ_SHARE = 0.86
"""The share of delivered messages that customers read; others have switched receipts off."""

TurnRunner = Callable[[fx.RunTurnEffect], tuple[timedelta, cmd.FinishAssistantTurn]]
"""Returns how long a turn runs, and its result."""


class SimulationEnded(Exception):
    """The simulated clock has reached the present."""


@dataclass(frozen=True, slots=True)
class SimulationRules:
    """What is equal for all conversations of a tenant. ``present`` is when the history ends."""

    policy: ConversationPolicy
    timezone: str
    staff: Callable[[datetime], StaffAvailability]
    present: datetime


@dataclass(order=True, slots=True)
class _ScheduledCommand:
    at: datetime
    number: int
    command: cmd.Command = field(compare=False)


class ConversationSimulator:
    """Simulates one conversation. ``name`` is unique in the thread, and ids derive from it.
    ``calendar`` says when its customer may be asked for a rating.
    """

    def __init__(
        self,
        thread: ThreadId,
        name: str,
        protocol: str,
        rules: SimulationRules,
        random: Random,
        starts_at: datetime,
        calendar: RatingCalendar,
    ) -> None:
        self._thread, self._name, self._protocol = thread, name, protocol
        self._rules, self._random, self._calendar = rules, random, calendar
        self.now = starts_at
        self.state: ConversationState | None = None
        self.run_turn: TurnRunner | None = None
        self.fails_next_send: Author | None = None
        """Whose next message the gateway refuses."""
        self._steps: list[RecordedStep] = []
        self._scheduled: list[_ScheduledCommand] = []
        self._timers: dict[str, tuple[int, datetime]] = {}
        self._tracked = TrackedMessages()
        self._given = 0
        self._requested_at: datetime | None = None
        self._settled = 0
        self._settled_timers: dict[str, tuple[int, datetime]] = {}

    @property
    def status(self) -> ConversationStatus | None:
        """The status; ``None`` before the first message."""
        return self.state.status if self.state is not None else None

    @property
    def staff(self) -> StaffAvailability:
        """Whether people can answer now."""
        return self._rules.staff(self.now)

    def external_id_of(self, message: MessageId) -> str:
        """Returns the gateway's id of a message that was sent."""
        return self._tracked.external_id_of(message)

    def give(self, command: cmd.Command, opinion: RatingOpinion | None = None) -> None:
        """Decides ``command`` now. ``opinion`` is what a model says of a message about a rating.
        Raises ``SimulationEnded`` if now is the present already.
        """
        if self.now >= self._rules.present:
            raise SimulationEnded
        if len(self._steps) >= MAX_STEPS:
            raise RuntimeError(f"the conversation {self._name} does not end")
        self._given += 1
        place = inbox_cause(0).removesuffix("0") + f"{self._name}-{self._given}"
        current = self._current(command)
        decision = decide(current, command, self._context(place, opinion))
        self._require_same(decision.conversation)
        for effect in decision.effects:
            self._apply(effect)
        if decision.conversation is not None:
            self.state = decision.conversation
        if self.state is None or not (decision.events or decision.effects):
            return
        cause = format_cause(command, place)
        self._steps.append(
            RecordedStep(self.now, cause, decision.events, decision.effects, self.state)
        )
        self._mark_settled()

    def pass_time(self, duration: timedelta) -> None:
        """Lets time pass, and everything that is due in it happen."""
        self.advance_to(self.now + duration)

    def advance_to(self, moment: datetime) -> None:
        """Lets time pass up to ``moment``. Raises ``SimulationEnded`` at the present."""
        while (due := self._next_due()) is not None and due <= moment:
            self._run_next(due)
        self.now = max(self.now, moment)
        if self.now >= self._rules.present:
            raise SimulationEnded

    def run_until(self, condition: Callable[[], bool], within: timedelta) -> bool:
        """Lets time pass until ``condition`` holds; returns whether it did ``within`` this time."""
        limit = self.now + within
        while not condition():
            due = self._next_due()
            if due is None or due > limit:
                return False
            self._run_next(due)
        return True

    def finish(self) -> None:
        """Lets everything happen that still follows by itself, such as receipts."""
        while (due := self._next_due()) is not None:
            self._run_next(due)

    def result(self) -> SimulatedConversation | None:
        """Returns the conversation up to its last step after which the product had nothing to send
        and no turn to run; ``None`` if there is none.
        """
        if not self._settled:
            return None
        steps = tuple(self._steps[: self._settled])
        kept = _timers_to_fire(steps[-1].after)
        timers = {
            name: timer
            for name, timer in self._settled_timers.items()
            if name in kept and timer[1] > self._rules.present
        }
        return SimulatedConversation(self._thread, steps, timers)

    # -- what happens by itself -----------------------------------------------------------

    def _next_due(self) -> datetime | None:
        dues = [due for _, due in self._timers.values()]
        if self._scheduled:
            dues.append(self._scheduled[0].at)
        return min(dues, default=None)

    def _run_next(self, due: datetime) -> None:
        self.now = max(self.now, due)
        for name, (generation, timer_due) in self._timers.items():
            if timer_due == due:
                if self.now >= self._rules.present:
                    raise SimulationEnded
                del self._timers[name]
                counts = name in (TimerName.IDLE, TimerName.RATING)
                unsent = counts and bool(self._tracked.unsettled)
                self.give(cmd.FireTimer(name, generation, unsent))
                self._mark_settled()
                return
        self.give(heapq.heappop(self._scheduled).command)

    def _schedule(self, seconds: float, command: cmd.Command) -> None:
        number = self._given * 100 + len(self._scheduled)
        at = self.now + timedelta(seconds=seconds)
        heapq.heappush(self._scheduled, _ScheduledCommand(at, number, command))

    def _apply(self, effect: Effect) -> None:
        match effect:
            case fx.StoreMessageEffect():
                self._tracked.store(effect)
            case fx.UpdateMessageEffect():
                self._tracked.update(effect)
            case fx.QueueSendEffect():
                self._send(effect)
            case fx.SettleOutboxEffect():
                self._tracked.settle_send(effect)
            case fx.CancelAssistantSendsEffect() | fx.CancelSendEffect():
                # The simulated dispatcher claims a send at once, so there is never a queued one.
                pass
            case fx.SetTimerEffect():
                self._timers[effect.name] = (effect.generation, effect.due_at)
            case fx.StoreRatingEffect(rating=rating):
                self._requested_at = rating.sent_at or self._requested_at
            case fx.RunTurnEffect() if self.run_turn is not None:
                duration, finished = self.run_turn(effect)
                self._schedule(duration.total_seconds(), finished)
            case _:
                pass

    def _send(self, effect: fx.QueueSendEffect) -> None:
        seconds = self._random.uniform(0.5, 1.9) + 0.4 * self._tracked.unsettled
        self._tracked.start_send(effect)
        if self.fails_next_send is effect.origin:
            self.fails_next_send = None
            failed = cmd.SendStatus.FAILED
            self._schedule(seconds, cmd.SettleSend(effect.outbox, failed, code="gateway_400"))
            return
        external = f"3EB0{effect.message.hex[:18].upper()}"
        sent = cmd.SettleSend(effect.outbox, cmd.SendStatus.SENT, external, attempt=1)
        self._schedule(seconds, sent)
        self._schedule_receipts(external, seconds)

    def _schedule_receipts(self, external: str, sent_after: float) -> None:
        delivered = sent_after + self._random.uniform(0.4, 4.0)
        if self._random.random() < 0.04:  # the customer's phone was off
            delivered += self._random.uniform(300, 1_500)
        self._schedule(delivered, cmd.ReceiveDeliveryReceipt((external,), DeliveryStatus.DELIVERED))
        if self._random.random() < READ_SHARE:
            read = delivered + min(self._random.expovariate(1 / 45), 600)
            self._schedule(read, cmd.ReceiveDeliveryReceipt((external,), DeliveryStatus.READ))

    # -- what decisions depend on -----------------------------------------------------------

    def _current(self, command: cmd.Command) -> ConversationState | None:
        """The conversation as a step would load it: a resolved one only to be reopened, or while
        its rating may still change.
        """
        if self.status is not ConversationStatus.RESOLVED:
            return self.state
        rating = open_rating(self.state)
        loaded = rating is not None and may_change(rating, self.now)
        return self.state if loaded or isinstance(command, cmd.ReopenConversation) else None

    def _require_same(self, after: ConversationState | None) -> None:
        """One simulator has one conversation: another one would need steps of its own."""
        if self.state is not None and after is not None and after.id != self.state.id:
            raise RuntimeError(f"a message after {self._name} opens another conversation")

    def _context(self, cause: str, opinion: RatingOpinion | None) -> DecisionContext:
        return DecisionContext(
            thread=self._thread,
            cause=cause,
            now=self.now,
            protocol=self._protocol,
            policy=self._calendar.policy_at(self._rules.policy, self.now),
            staff=self.staff,
            messages=self._tracked.messages,
            sends=self._tracked.sends,
            timezone=self._rules.timezone,
            rating_requested_at=self._requested_at or self._calendar.last_request(self.now),
            rating_opinion=opinion,
        )

    def _mark_settled(self) -> None:
        state = self.state
        if (
            state is not None
            and state.turn is None
            and state.status is not ConversationStatus.PENDING
            and TimerName.BURST not in self._timers
            and not self._tracked.unsettled
            and not _is_to_be_requested(state)
        ):
            self._settled = len(self._steps)
            self._settled_timers = dict(self._timers)


def _is_to_be_requested(state: ConversationState) -> bool:
    """Whether the request for a rating is still to be sent."""
    rating = open_rating(state)
    return rating is not None and rating.status is RatingStatus.SCHEDULED


def _timers_to_fire(state: ConversationState) -> tuple[TimerName, ...]:
    """Returns the timers that the product has to fire, and that send nothing."""
    if state.status is not ConversationStatus.RESOLVED:
        return (TimerName.SNOOZE, TimerName.OPENING)
    rating = open_rating(state)
    return (TimerName.RATING,) if rating is not None and rating.is_unanswered else ()
