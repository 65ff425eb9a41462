"""Folds the events of a conversation into the clocks of its promises.

The clocks of answers are those of reports: they follow from the measures before and after an event
(``niochat/domain/insights/measure_fold.py``), so that both mean the same by an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from niochat.domain.insights.business_calendar import BusinessCalendar
from niochat.domain.insights.conversation_measures import (
    ConversationMeasures,
    HumanAnswer,
    ServicePhase,
    WaitClock,
)
from niochat.domain.insights.measure_fold import MeasuredEvent, fold_event
from niochat.domain.sla.sla_clock import SlaClock, SlaOutcome
from niochat.domain.sla.sla_policy import SlaPolicy, SlaTarget

_STANDING = frozenset({ServicePhase.SNOOZED, ServicePhase.RESOLVED})
"""Phases in which the clock of the resolution does not run."""


@dataclass(frozen=True, slots=True)
class SlaProgress:
    """A conversation after the event ``version``: its measures, and the clocks that are not over.
    The clock of the resolution stays after its end, because the conversation can be reopened.
    """

    measures: ConversationMeasures
    answer: SlaClock | None = None
    resolution: SlaClock | None = None
    counts: Mapping[SlaTarget, int] = field(default_factory=dict)
    """How many clocks of each target there were."""

    @property
    def version(self) -> int:
        """The number of the last event."""
        return self.measures.version

    @property
    def running(self) -> tuple[SlaClock, ...]:
        """The clocks that have not ended."""
        both = (self.answer, self.resolution)
        return tuple(each for each in both if each is not None and each.ended_at is None)


@dataclass(frozen=True, slots=True)
class SlaStep:
    """The progress after an event, and the clocks as they are now, also one that has just ended."""

    progress: SlaProgress
    clocks: tuple[SlaClock, ...]


def first_match(policies: Sequence[SlaPolicy], measures: ConversationMeasures) -> SlaPolicy | None:
    """Returns the first policy for the conversation; ``policies`` are in their order."""
    m = measures
    matching = (each for each in policies if each.matches(m.team, m.priority, m.labels))
    return next(matching, None)


def advance_sla(
    progress: SlaProgress | None,
    event: MeasuredEvent,
    calendar: BusinessCalendar,
    policies: Sequence[SlaPolicy],
) -> SlaStep:
    """Returns the progress after ``event``. Raises as ``fold_event`` does."""
    before = None if progress is None else progress.measures
    result = fold_event(before, event, calendar)
    at = result.measures.measured_at
    if progress is None or before is None:
        progress = SlaProgress(result.measures)
    progress = expire(progress, at)
    answer, counts = _answer_clock(progress, result.measures, result.answer)
    resolution, counts = _resolution_clock(progress, result.measures, calendar, counts)
    moved = SlaProgress(result.measures, answer, resolution, counts)
    return _aimed(moved, calendar, policies)


def expire(progress: SlaProgress, until: datetime) -> SlaProgress:
    """Returns the progress with what has passed by itself before ``until``."""
    answer, resolution = progress.answer, progress.resolution
    return replace(
        progress,
        answer=None if answer is None else answer.expire(until),
        resolution=None if resolution is None else resolution.expire(until),
    )


def refresh(
    progress: SlaProgress,
    now: datetime,
    calendar: BusinessCalendar,
    policies: Sequence[SlaPolicy],
) -> SlaStep:
    """Returns the progress under other policies or hours. What has passed before stays."""
    return _aimed(expire(progress, now), calendar, policies)


def _aimed(
    progress: SlaProgress, calendar: BusinessCalendar, policies: Sequence[SlaPolicy]
) -> SlaStep:
    m = progress.measures
    policy = first_match(policies, m)

    def aim(clock: SlaClock | None) -> SlaClock | None:
        if clock is None:
            return None
        if not clock.settled:
            clock = replace(clock, team=m.team, agent=m.agent, labels=m.labels)
        return clock.aim(policy, calendar)

    answer, resolution = aim(progress.answer), aim(progress.resolution)
    over = answer is not None and answer.ended_at is not None
    aimed = replace(progress, answer=None if over else answer, resolution=resolution)
    return SlaStep(aimed, tuple(each for each in (answer, resolution) if each is not None))


def _answer_clock(
    progress: SlaProgress, m: ConversationMeasures, answer: HumanAnswer | None
) -> tuple[SlaClock | None, Mapping[SlaTarget, int]]:
    """The clock of the answer that the customer waits for. An ended one is kept for this step."""
    clock, counts = progress.answer, progress.counts
    wait = m.people_clock
    if clock is None and wait is not None:
        first = m.first_human_answer is None
        return _start(SlaTarget.FIRST_ANSWER if first else SlaTarget.NEXT_ANSWER, m, wait, counts)
    if clock is None:
        return None, counts
    if wait is not None:
        return replace(clock, wait=wait), counts
    if answer is None:
        return clock.end(m.measured_at, SlaOutcome.DROPPED), counts
    if not clock.settled:
        clock = replace(clock, team=m.team, agent=answer.agent, labels=m.labels)
    return clock.end(m.measured_at, SlaOutcome.REACHED), counts


def _resolution_clock(
    progress: SlaProgress,
    m: ConversationMeasures,
    calendar: BusinessCalendar,
    counts: Mapping[SlaTarget, int],
) -> tuple[SlaClock | None, Mapping[SlaTarget, int]]:
    """Runs from the opening; a reopened conversation goes on with the time that it had spent."""
    clock = progress.resolution
    if clock is None:
        return _start(SlaTarget.RESOLUTION, m, WaitClock(since=m.measured_at), counts)
    if m.phase is not ServicePhase.RESOLVED and clock.ended_at is not None:
        clock = replace(clock, ended_at=None, outcome=None)
    if m.phase not in _STANDING:
        return replace(clock, wait=clock.wait.resume(m.measured_at)), counts
    clock = replace(clock, wait=clock.wait.pause(m.measured_at, calendar))
    if m.phase is ServicePhase.RESOLVED and clock.ended_at is None:
        if not clock.settled:
            clock = replace(clock, team=m.team, agent=m.agent, labels=m.labels)
        outcome = SlaOutcome.DROPPED if m.merged else SlaOutcome.REACHED
        return clock.end(m.measured_at, outcome), counts
    return clock, counts


def _start(
    target: SlaTarget, m: ConversationMeasures, wait: WaitClock, counts: Mapping[SlaTarget, int]
) -> tuple[SlaClock, Mapping[SlaTarget, int]]:
    number = counts.get(target, 0) + 1
    clock = SlaClock(target, number, m.measured_at, wait)
    return clock, {**counts, target: number}
