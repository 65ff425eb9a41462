"""Decides what happens next to a customer who showed interest: wait, write, or stop.

The answer follows from facts that are read anew each time, so a watcher that was away, or that asks
twice, comes to the same one.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.buying_interest import BuyingInterest
from niochat.domain.follow_up.follow_up_policy import SendingHours

MAX_DELAY = timedelta(days=7)
"""An attempt that is so much behind its time, because of an outage or of limits, is not made."""
RECHECK = timedelta(hours=1)
"""How soon a conversation that people hold, or that is busy, is looked at again if no event says
that it has changed.
"""


class FollowUpStatus(StrEnum):
    """The status of a follow-up. The last three are final."""

    WAITING = "waiting"
    """No attempt was made yet."""
    RUNNING = "running"
    RECOVERED = "recovered"
    """The customer came back within the window."""
    LOST = "lost"
    STOPPED = "stopped"


class StopReason(StrEnum):
    """Why a follow-up was stopped."""

    CUSTOMER_WROTE = "customer_wrote"
    """The customer came back without having been written to, or after the window."""
    OPTED_OUT = "opted_out"
    COMPLAINT = "complaint"
    BLOCKED = "blocked"
    LABELED = "labeled"
    ENDED_BY_PERSON = "ended_by_person"
    CONVERSATION_STARTED = "conversation_started"
    """There is a newer conversation with the customer."""
    WRITTEN_RECENTLY = "written_recently"
    SEND_FAILED = "send_failed"
    TOO_LATE = "too_late"
    NO_INTEREST = "no_interest"
    """The customer turned out to want a change of a contract."""
    SWITCHED_OFF = "switched_off"


class SkipReason(StrEnum):
    """Why an attempt that was ordered was not made. The plan then begins anew."""

    CUSTOMER_WROTE = "customer_wrote"
    """Another conversation of the customer has begun."""
    CHANGED = "changed"
    """Something has happened in the conversation since the attempt was planned."""
    LATE = "late"
    """The hours in which messages leave are over."""
    HELD = "held"
    """A person holds the conversation, or an answer is being prepared."""
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    SUSPENDED = "suspended"
    SWITCHED_OFF = "switched_off"


@dataclass(frozen=True, slots=True)
class FollowUpFacts:
    """What is known of one conversation with interest and its customer."""

    interest: BuyingInterest
    status: ConversationStatus
    quiet_since: datetime
    """When the customer, the assistant or a person wrote last, or a person ended it."""
    busy: bool = False
    """An answer is being prepared, or a message of the customer has none."""
    after_hours: bool = False
    """People hold it, and the assistant answers meanwhile."""
    paused_until: datetime | None = None
    """A person writes on the provider's phone until then."""
    labels: tuple[str, ...] = ()
    ended_by_person: bool = False
    newer_conversation: bool = False
    opted_out: bool = False
    blocked: bool = False
    complained_at: datetime | None = None
    """The customer's latest complaint, in whatever conversation."""
    other_attempt_at: datetime | None = None
    """The latest attempt about another conversation of the customer."""
    ordered_until: datetime | None = None
    """An attempt is ordered and may still be made until then."""
    attempts: int = 0
    """Attempts that were made."""
    last_attempt_at: datetime | None = None
    send_failed: bool = False
    """The latest attempt could not be sent."""


@dataclass(frozen=True, slots=True)
class WaitUntil:
    """Nothing is to be done before ``at``."""

    at: datetime


@dataclass(frozen=True, slots=True)
class WriteNow:
    """Attempt ``number`` is due. It must have left by ``until``."""

    number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Finish:
    """The follow-up ends. ``reason`` is empty unless it is stopped."""

    status: FollowUpStatus
    reason: StopReason | None = None


FollowUpStep = WaitUntil | WriteNow | Finish


def plan_follow_up(facts: FollowUpFacts, hours: SendingHours, now: datetime) -> FollowUpStep:
    """Returns what happens next. Limits of a day are left to the caller, who counts."""
    reason = _reason_to_stop(facts, hours, now)
    if reason is not None:
        return Finish(FollowUpStatus.STOPPED, reason)
    policy = hours.policy
    if facts.attempts >= policy.attempts:
        until = (facts.last_attempt_at or now) + policy.window
        return WaitUntil(until) if now < until else Finish(FollowUpStatus.LOST)
    held = _held_until(facts, now)
    if held is not None:
        return WaitUntil(held)
    due = _due_at(facts, hours)
    if now < due:
        return WaitUntil(due)
    if now >= due + MAX_DELAY:
        return _give_up(facts)
    allowed = hours.next_allowed(now)
    if allowed is None:
        return WaitUntil(now + timedelta(days=1))
    if allowed > now:
        return WaitUntil(allowed)
    return WriteNow(facts.attempts + 1, hours.ends(hours.day_of(now)))


def is_quiet(facts: FollowUpFacts, hours: SendingHours, now: datetime) -> bool:
    """Whether the customer has been silent for as long as the first attempt waits."""
    if facts.attempts:
        return True
    return _held_until(facts, now) is None and now >= _due_at(facts, hours)


def _give_up(facts: FollowUpFacts) -> Finish:
    if facts.attempts:
        return Finish(FollowUpStatus.LOST)
    return Finish(FollowUpStatus.STOPPED, StopReason.TOO_LATE)


def _due_at(facts: FollowUpFacts, hours: SendingHours) -> datetime:
    delay = timedelta(seconds=hours.policy.delays_s[facts.attempts])
    since = facts.quiet_since
    if facts.last_attempt_at is not None:
        since = max(since, facts.last_attempt_at)
    return since + delay


def _held_until(facts: FollowUpFacts, now: datetime) -> datetime | None:
    """Returns when to look again at a conversation in which nobody may write now."""
    for until in (facts.ordered_until, facts.paused_until):
        if until is not None and until > now:
            return until
    free = facts.status in (ConversationStatus.PENDING, ConversationStatus.RESOLVED)
    if not free or facts.after_hours or facts.busy:
        return now + RECHECK
    return None


def _reason_to_stop(facts: FollowUpFacts, hours: SendingHours, now: datetime) -> StopReason | None:
    policy = hours.policy
    complaint = _within(facts.complained_at, policy.complaint_days, now)
    other = facts.attempts == 0 and _within(facts.other_attempt_at, policy.again_days, now)
    ended = facts.ended_by_person and not policy.after_people
    checks = (
        (facts.opted_out, StopReason.OPTED_OUT),
        (facts.blocked, StopReason.BLOCKED),
        (complaint, StopReason.COMPLAINT),
        (not policy.enabled or facts.interest not in policy.interests, StopReason.SWITCHED_OFF),
        (_have_common(facts.labels, policy.stop_labels), StopReason.LABELED),
        (facts.newer_conversation, StopReason.CONVERSATION_STARTED),
        (ended, StopReason.ENDED_BY_PERSON),
        (other, StopReason.WRITTEN_RECENTLY),
        (facts.send_failed, StopReason.SEND_FAILED),
    )
    return next((reason for applies, reason in checks if applies), None)


def _within(moment: datetime | None, days: int, now: datetime) -> bool:
    return moment is not None and now < moment + timedelta(days=days)


def _have_common(some: Collection[str], others: Collection[str]) -> bool:
    return not set(some).isdisjoint(others)
