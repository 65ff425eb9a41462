"""Folds the events of a conversation into its measures.

It reads stored events instead of the domain's event classes: a type that it does not know carries
no meaning for measures, and newer code may write one at any time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from niochat.domain.insights.business_calendar import BusinessCalendar, MeasuredTime
from niochat.domain.insights.contact_reasons import ToolUse, add_contact_reasons
from niochat.domain.insights.conversation_measures import (
    HELD_BY_PEOPLE,
    PHONE,
    ConversationMeasures,
    HumanAnswer,
    Resolution,
    ServicePhase,
    TurnUse,
    WaitClock,
)
from niochat.domain.message import Author, DeliveryStatus

MAX_FAILED_MESSAGES = 200
"""Ids of failed messages that are kept, so that the measures of one conversation stay small."""
MAX_HANDOFF_REASONS = 50
_FIELDS = tuple(field.name for field in fields(ConversationMeasures))
_AUTOMATIC_REASONS = {
    Resolution.ASSISTANT.value: Resolution.ASSISTANT,
    Resolution.INACTIVITY.value: Resolution.INACTIVITY,
    Resolution.MERGED.value: Resolution.MERGED,
}
_ARRIVED = frozenset(
    (
        *(DeliveryStatus.SENT, DeliveryStatus.DELIVERED),
        *(DeliveryStatus.READ, DeliveryStatus.PLAYED),
    )
)


class BrokenLogError(ValueError):
    """The events of a conversation are not a log that starts with its opening, without gaps."""


@dataclass(frozen=True, slots=True)
class MeasuredEvent:
    """A stored event, and what it lacks: ``agent`` is the author of an agent's message,
    ``turn_use`` is what a finished turn used, and ``tool_uses`` are the tools that it called.
    """

    type: str
    version: int
    at: datetime
    body: Mapping[str, Any]
    agent: str | None = None
    turn_use: TurnUse | None = None
    tool_uses: Sequence[ToolUse] = ()


@dataclass(frozen=True, slots=True)
class FoldResult:
    """The measures after an event, and the answer of a person that it was."""

    measures: ConversationMeasures
    answer: HumanAnswer | None = None


def fold_event(
    measures: ConversationMeasures | None, event: MeasuredEvent, calendar: BusinessCalendar
) -> FoldResult:
    """Returns the measures after ``event``. Raises ``BrokenLogError``, and ``KeyError`` or
    ``ValueError`` for a body that is not as its type requires.
    """
    if measures is None:
        return FoldResult(_open(event, calendar))
    if event.version != measures.version + 1:
        raise BrokenLogError(f"event {event.version} follows event {measures.version}")
    at = max(event.at, measures.measured_at)
    fold = _Fold(_copy(measures), event, at, calendar)
    fold.change(version=event.version, measured_at=at)
    handler = _HANDLERS.get(event.type)
    if handler is not None:
        handler(fold)
    return FoldResult(fold.measures, fold.answer)


def _open(event: MeasuredEvent, calendar: BusinessCalendar) -> ConversationMeasures:
    if event.type != "conversation_opened" or event.version != 1:
        raise BrokenLogError(f"{event.type} {event.version} is the first event")
    return ConversationMeasures(
        version=1,
        measured_at=event.at,
        opened_at=event.at,
        opened_in_hours=calendar.is_open(event.at),
        phase=ServicePhase.ASSISTANT,
        phase_since=event.at,
    )


def _copy(measures: ConversationMeasures) -> ConversationMeasures:
    """``dataclasses.replace`` takes several times as long: most of what an event cost here."""
    copied = object.__new__(ConversationMeasures)
    for name in _FIELDS:
        object.__setattr__(copied, name, getattr(measures, name))
    return copied


class _Fold:
    """One event on its way into the measures."""

    def __init__(
        self,
        measures: ConversationMeasures,
        event: MeasuredEvent,
        at: datetime,
        calendar: BusinessCalendar,
    ) -> None:
        self.measures = measures
        self.event = event
        self.body = event.body
        self.at = at
        self.calendar = calendar
        self.answer: HumanAnswer | None = None

    def change(self, **fields: Any) -> None:
        """``measures`` is a copy that nobody else has before it is returned."""
        for name, value in fields.items():
            object.__setattr__(self.measures, name, value)

    def enter(self, phase: ServicePhase) -> None:
        """The stay in the phase before ends here."""
        m = self.measures
        times = m.phase_times
        if m.phase is not ServicePhase.RESOLVED:
            stay = self.calendar.measure(m.phase_since, self.at)
            times = {**times, m.phase: m.time_in(m.phase) + stay}
        self.change(phase=phase, phase_since=self.at, phase_times=times)

    def enter_people(self, phase: ServicePhase) -> None:
        self.enter(phase)
        self.change(people_held=True)
        self.resume_clocks()

    def customer_waits_for_people(self) -> None:
        """Runs the clock of people's answers; a running one goes on, so nobody resets a wait."""
        clock = self.measures.people_clock
        self.change(people_clock=(clock or WaitClock()).resume(self.at))

    def customer_wrote(self) -> None:
        m = self.measures
        self.change(unanswered=True)
        if m.first_answer is None and m.answer_clock is None:
            self.change(answer_clock=WaitClock(since=self.at))
        if m.phase in HELD_BY_PEOPLE:
            self.customer_waits_for_people()

    def resume_clocks(self) -> None:
        m = self.measures
        self.change(
            answer_clock=None if m.answer_clock is None else m.answer_clock.resume(self.at),
            people_clock=None if m.people_clock is None else m.people_clock.resume(self.at),
        )

    def pause_clocks(self) -> None:
        m = self.measures
        self.change(
            answer_clock=m.answer_clock and m.answer_clock.pause(self.at, self.calendar),
            people_clock=m.people_clock and m.people_clock.pause(self.at, self.calendar),
        )

    def answered(self) -> None:
        """Somebody answered; the first answer ends the clock of answers."""
        m = self.measures
        self.change(unanswered=False)
        if m.answer_clock is not None:
            waited = m.answer_clock.read(self.at, self.calendar)
            self.change(first_answer=waited, answer_clock=None)

    def answered_by_person(self, agent: str) -> None:
        """A person answered. A message to a customer who does not wait is no answer."""
        self.answered()
        m = self.measures
        if m.people_clock is None:
            return
        waited = m.people_clock.read(self.at, self.calendar)
        first = m.first_human_answer is None
        self.answer = HumanAnswer(m.version, self.at, agent, waited, first)
        if first:
            self.change(first_human_answer=waited, first_human_by=agent, people_clock=None)
            return
        largest = MeasuredTime(
            max(m.next_answer_max.total_ms, waited.total_ms),
            max(m.next_answer_max.open_ms, waited.open_ms),
        )
        self.change(
            next_answers=m.next_answers + 1,
            next_answer_time=m.next_answer_time + waited,
            next_answer_max=largest,
            people_clock=None,
        )

    def count_message(self, author: str) -> None:
        counts = self.measures.messages
        self.change(messages={**counts, author: counts.get(author, 0) + 1})


def _message_received(fold: _Fold) -> None:
    fold.count_message(Author.CUSTOMER.value)
    fold.customer_wrote()


def _message_edited(fold: _Fold) -> None:
    if fold.body.get("again"):
        fold.customer_wrote()


def _message_queued(fold: _Fold) -> None:
    author = Author(fold.body["author"])
    fold.count_message(author.value)
    if author is Author.AGENT:
        fold.answered_by_person(fold.event.agent or fold.measures.agent or "")
    elif author is Author.ASSISTANT or fold.measures.turn_answered_at == fold.at:
        fold.answered()


def _provider_spoke(fold: _Fold) -> None:
    author = Author(fold.body["author"])
    fold.count_message(author.value)
    if author is Author.PHONE:
        fold.answered_by_person(PHONE)


def _note_added(fold: _Fold) -> None:
    fold.count_message("note")


def _message_status_changed(fold: _Fold) -> None:
    status, message = DeliveryStatus(fold.body["status"]), str(fold.body["message"])
    failed = tuple(each for each in fold.measures.failed_messages if each != message)
    if status is DeliveryStatus.FAILED:
        fold.change(failed_messages=(*failed, message)[-MAX_FAILED_MESSAGES:])
    elif status in _ARRIVED:
        fold.change(failed_messages=failed)


def _turn_finished(fold: _Fold) -> None:
    answered = fold.body["outcome"] == "answered"
    fold.change(turn_answered_at=fold.at if answered else None)
    m, use = fold.measures, fold.event.turn_use
    if use is not None:
        fold.change(
            turns=m.turns + 1,
            turn_failures=m.turn_failures + (not answered),
            turn_use=m.turn_use + use,
        )
    if fold.event.tool_uses:
        fold.change(contact_reasons=add_contact_reasons(m.contact_reasons, fold.event.tool_uses))


def _handed_off(fold: _Fold) -> None:
    reasons = (*fold.measures.handoff_reasons, str(fold.body["reason"]))[:MAX_HANDOFF_REASONS]
    fold.enter_people(ServicePhase.WAITING)
    fold.change(team=str(fold.body["team"]), handoff_reasons=reasons)
    fold.customer_waits_for_people()


def _assigned(fold: _Fold) -> None:
    fold.enter_people(ServicePhase.AGENT)
    fold.change(agent=str(fold.body["agent"]))
    if fold.measures.unanswered:
        fold.customer_waits_for_people()


def _transferred(fold: _Fold) -> None:
    m, agent = fold.measures, fold.body.get("agent")
    if fold.body.get("reason") == "offline":
        fold.change(offline_returns=m.offline_returns + 1)
    else:
        fold.change(transfers=m.transfers + 1)
    fold.enter_people(ServicePhase.WAITING if agent is None else ServicePhase.AGENT)
    fold.change(team=fold.body.get("team") or m.team, agent=agent)
    if m.messages.get(Author.CUSTOMER.value):
        fold.customer_waits_for_people()


def _returned_to_assistant(fold: _Fold) -> None:
    fold.enter(ServicePhase.ASSISTANT)
    fold.resume_clocks()
    fold.change(people_clock=None)


def _snoozed(fold: _Fold) -> None:
    fold.enter(ServicePhase.SNOOZED)
    fold.pause_clocks()


def _unsnoozed(fold: _Fold) -> None:
    has_agent = fold.measures.agent is not None
    fold.enter_people(ServicePhase.AGENT if has_agent else ServicePhase.WAITING)


def _priority_changed(fold: _Fold) -> None:
    fold.change(priority=int(fold.body["priority"]))


def _labels_changed(fold: _Fold) -> None:
    fold.change(labels=tuple(str(each) for each in fold.body["labels"]))


def _after_hours_began(fold: _Fold) -> None:
    fold.change(after_hours=True)


def _reopened(fold: _Fold) -> None:
    fold.enter_people(ServicePhase.AGENT)
    fold.change(
        agent=str(fold.body["by"]),
        reopened=fold.measures.reopened + 1,
        resolved_at=None,
        resolution=None,
        resolved_by=None,
    )


def _resolved(fold: _Fold) -> None:
    reason = str(fold.body["reason"])
    resolution = _AUTOMATIC_REASONS.get(reason, Resolution.AGENT)
    fold.enter(ServicePhase.RESOLVED)
    fold.change(
        resolved_at=fold.at,
        resolution=resolution,
        resolved_by=reason if resolution is Resolution.AGENT else None,
        answer_clock=None,
        people_clock=None,
        unanswered=False,
    )


def _reopened_for_team(fold: _Fold) -> None:
    """A rule reopened it: the customer, whose rating was low, waits for people again."""
    fold.enter_people(ServicePhase.WAITING)
    fold.change(
        team=str(fold.body["team"]),
        agent=None,
        reopened=fold.measures.reopened + 1,
        resolved_at=None,
        resolution=None,
        resolved_by=None,
    )
    fold.customer_waits_for_people()


def _rating_answered(fold: _Fold) -> None:
    score = fold.body.get("score")
    fold.change(
        rating_at=fold.at,
        rating_score=fold.measures.rating_score if score is None else int(score),
    )


def _threads_merged(fold: _Fold) -> None:
    if fold.body.get("unanswered"):
        fold.customer_wrote()


_HANDLERS: Mapping[str, Callable[[_Fold], None]] = {
    "message_received": _message_received,
    "message_edited": _message_edited,
    "message_queued": _message_queued,
    "provider_spoke": _provider_spoke,
    "note_added": _note_added,
    "message_status_changed": _message_status_changed,
    "turn_finished": _turn_finished,
    "conversation_handed_off": _handed_off,
    "conversation_assigned": _assigned,
    "conversation_transferred": _transferred,
    "conversation_given_back": _returned_to_assistant,
    "conversation_snoozed": _snoozed,
    "conversation_woken": _unsnoozed,
    "priority_changed": _priority_changed,
    "labels_changed": _labels_changed,
    "after_hours_began": _after_hours_began,
    "conversation_reopened": _reopened,
    "conversation_reopened_for_team": _reopened_for_team,
    "conversation_resolved": _resolved,
    "rating_answered": _rating_answered,
    "threads_linked": _threads_merged,
}
MEASURED_TYPES = frozenset(_HANDLERS)
"""The types of events whose bodies say something for measures."""
