"""Applies events to a conversation's state. Nothing else changes the state."""

from dataclasses import replace
from typing import assert_never

from niochat.domain.conversation import events as e
from niochat.domain.conversation.state import (
    AssistantStopReason,
    ConversationState,
    ConversationStatus,
    TimerName,
    TurnInProgress,
)
from niochat.domain.follow_up.conversation_follow_up import ConversationFollowUp
from niochat.domain.follow_up.follow_up_events import (
    FollowUpEnded,
    FollowUpQueued,
    FollowUpSkipped,
)
from niochat.domain.ids import MessageId
from niochat.domain.message import Author
from niochat.domain.opt_out.opt_out_events import ContactOptedOut
from niochat.domain.rating.rating_events import (
    LowRatingReported,
    RatingAnswered,
    RatingCommented,
    RatingExpired,
    RatingFailed,
    RatingRequested,
    RatingScheduled,
    RatingSent,
    RatingSkipped,
    apply_rating_event,
)
from niochat.domain.sla.sla_events import SlaBreached, SlaWarned

MAX_UNANSWERED_IDS = 200
"""Unanswered messages whose ids are kept. Older ones are only counted, because the state of a
conversation that nobody answers must not grow without limit.
"""


def evolve(conversation: ConversationState | None, event: e.Event) -> ConversationState:
    """Returns the state after ``event``; the event's number is the new ``version``.

    Raises ``ValueError`` unless ``ConversationOpened`` is the first event and occurs only once.
    """
    if isinstance(event, e.ConversationOpened):
        if conversation is not None:
            raise ValueError("a conversation opens only once")
        return ConversationState(
            event.conversation, event.protocol, ConversationStatus.PENDING, version=1
        )
    if conversation is None:
        raise ValueError(f"{event.type} before the conversation was opened")
    changed = _apply(conversation, event)
    return replace(changed, version=conversation.version + 1)


def replay(events: list[e.Event]) -> ConversationState:
    """Applies a complete log, oldest event first. Raises ``ValueError`` for an empty log."""
    conversation: ConversationState | None = None
    for event in events:
        conversation = evolve(conversation, event)
    if conversation is None:
        raise ValueError("an empty log has no conversation")
    return conversation


def _apply(c: ConversationState, event: e.Event) -> ConversationState:
    match event:
        case e.MessageReceived(message=message, sent_at=sent_at, awaits=awaits):
            changed = _add_unanswered(c, message)
            if awaits is not None:
                until = max(awaits, c.awaited_until or awaits) if c.awaited else awaits
                awaited = _newest((*c.awaited, message))
                changed = replace(changed, awaited=awaited, awaited_until=until)
            return replace(
                changed, heard_at=sent_at or c.heard_at, first_heard_at=c.first_heard_at or sent_at
            )
        case e.MessageEdited(message=message, again=again):
            return _add_unanswered(c, message) if again else c
        case e.MessageDeleted(message=message):
            return _remove_unanswered(c, message)
        case e.CustomerReminded():
            return replace(c, reminded=True)
        case e.ProviderMessageObserved(author=author):
            # A message that another system sent does not answer the customer's question.
            person = author is Author.PHONE
            return replace(_clear_unanswered(c), waits=False, served=True) if person else c
        case e.ThreadsMerged(unanswered=unanswered, messages=messages):
            return replace(
                c, unanswered=c.unanswered + unanswered, asked=_newest((*c.asked, *messages))
            )
        case e.MessageQueued(author=author):
            answered = author is Author.AGENT
            return replace(
                _clear_unanswered(c) if answered else c,
                cancels=0,
                waits=c.waits and not answered,
                spoken_for=c.spoken_for or answered,
                served=c.served or answered,
            )
        case e.TimerSet(name=name, generation=generation):
            return _apply_timer(c, event, name, generation)
        case e.TurnStarted() | e.TurnRestarted() | e.TurnCancelled() | e.TurnFinished():
            return _apply_turn_event(c, event)
        case e.AssistantPaused(until=until):
            return replace(c, paused_until=until)
        case (
            e.ConversationHandedOff()
            | e.ConversationAssigned()
            | e.ConversationTransferred()
            | e.ConversationReturnedToAssistant()
            | e.ConversationSnoozed()
            | e.ConversationUnsnoozed()
            | e.ConversationReopened()
            | e.ConversationReopenedForTeam()
            | e.ConversationResolved()
        ):
            return replace(_apply_status_event(c, event), after_hours=False)
        case e.AfterHoursBegan():
            return replace(c, after_hours=True)
        case e.AfterHoursEnded(reason=reason, rest_until=rest_until):
            spoken_for = c.spoken_for or reason == "agent"
            return replace(c, after_hours=False, spoken_for=spoken_for, rest_until=rest_until)
        case e.PriorityChanged(priority=priority):
            return replace(c, priority=priority)
        case e.LabelsChanged(labels=labels):
            return replace(c, labels=labels)
        case e.FileRead(message=message):
            return replace(c, awaited=_without(c.awaited, message))
        case e.FileFetchSettled(message=message, code=code):
            return replace(c, awaited=_without(c.awaited, message)) if code else c
        case (
            RatingScheduled()
            | RatingSkipped()
            | RatingRequested()
            | RatingSent()
            | RatingFailed()
            | RatingExpired()
            | RatingAnswered()
            | RatingCommented()
        ):
            return replace(c, rating=apply_rating_event(c.rating, event))
        case FollowUpQueued(number=number, message=message, answer_until=answer_until):
            return replace(c, follow_up=ConversationFollowUp(number, message, answer_until))
        case FollowUpEnded():
            ended = c.follow_up and replace(c.follow_up, answer_until=None)
            return replace(c, follow_up=ended)
        case (
            LowRatingReported()
            | e.MessageReacted()
            | e.MessageChangeFailed()
            | e.MessageStatusChanged()
            | e.CommandDeadLettered()
            | SlaWarned()
            | SlaBreached()
            | FollowUpSkipped()
            | ContactOptedOut()
            | e.NoteAdded()
        ):
            return c
        case e.ConversationOpened():
            raise ValueError("a conversation opens only once")
        case _:
            assert_never(event)


def _add_unanswered(c: ConversationState, message: MessageId) -> ConversationState:
    """Adds a message that needs an answer."""
    waits = c.waits or c.status is not ConversationStatus.PENDING
    asked = _newest((*c.asked, message))
    return replace(c, unanswered=c.unanswered + 1, asked=asked, reminded=False, waits=waits)


def _clear_unanswered(c: ConversationState) -> ConversationState:
    return replace(c, unanswered=0, asked=(), burst_since=None)


def _remove_unanswered(c: ConversationState, message: MessageId) -> ConversationState:
    """Drops a message that needs no answer any more, also from the turn in progress."""
    c = replace(c, awaited=_without(c.awaited, message))
    if message in c.in_hand and c.turn is not None:
        turn = replace(c.turn, messages=c.turn.messages - 1)
        c = replace(c, turn=turn, in_hand=_without(c.in_hand, message))
    if message not in c.asked:
        return c
    remaining = c.unanswered - 1
    since = c.burst_since if remaining else None
    return replace(c, unanswered=remaining, asked=_without(c.asked, message), burst_since=since)


def _return_turn_messages(c: ConversationState) -> ConversationState:
    """The turn's messages become unanswered again. A message that was edited during the turn is in
    both lists and counts once.
    """
    assert c.turn is not None
    in_both = len(set(c.in_hand) & set(c.asked))
    asked = _newest(tuple(dict.fromkeys((*c.in_hand, *c.asked))))
    unanswered = c.unanswered + c.turn.messages - in_both
    return replace(c, turn=None, in_hand=(), asked=asked, unanswered=unanswered)


def _newest(messages: tuple[MessageId, ...]) -> tuple[MessageId, ...]:
    return messages[-MAX_UNANSWERED_IDS:]


def _without(messages: tuple[MessageId, ...], message: MessageId) -> tuple[MessageId, ...]:
    return tuple(each for each in messages if each != message)


def _apply_timer(
    c: ConversationState, event: e.TimerSet, name: str, generation: int
) -> ConversationState:
    burst = name == TimerName.BURST
    since = c.burst_since
    held = c.held
    if burst or name == TimerName.READING:
        since = since or event.set_at
        held = not burst
    return replace(c, timers={**c.timers, name: generation}, burst_since=since, held=held)


def _apply_turn_event(
    c: ConversationState, event: e.TurnStarted | e.TurnRestarted | e.TurnCancelled | e.TurnFinished
) -> ConversationState:
    match event:
        case e.TurnStarted(turn=turn, messages=messages):
            started = TurnInProgress(turn, 1, messages)
            return replace(
                _clear_unanswered(c), turn=started, in_hand=c.asked, awaited=(), held=False
            )
        case e.TurnRestarted(attempt=attempt):
            assert c.turn is not None
            return replace(c, turn=replace(c.turn, attempt=attempt))
        case e.TurnCancelled(reason=reason):
            assert c.turn is not None
            cancels = c.cancels + 1 if reason == "customer_wrote" else 0
            return replace(_return_turn_messages(c), cancels=cancels)
        case e.TurnFinished(outcome=outcome):
            assert c.turn is not None
            if outcome == "failed":
                return _return_turn_messages(c)
            return replace(c, turn=None, in_hand=(), served=c.served or outcome == "answered")
        case _:
            assert_never(event)


def _apply_status_event(
    c: ConversationState,
    event: (
        e.ConversationHandedOff
        | e.ConversationAssigned
        | e.ConversationTransferred
        | e.ConversationReturnedToAssistant
        | e.ConversationSnoozed
        | e.ConversationUnsnoozed
        | e.ConversationReopened
        | e.ConversationReopenedForTeam
        | e.ConversationResolved
    ),
) -> ConversationState:
    match event:
        case e.ConversationHandedOff(team=team, reason=reason):
            return replace(
                c,
                status=ConversationStatus.WAITING,
                team=team,
                burst_since=None,
                waits=True,
                spoken_for=False,
                unserved=reason in set(AssistantStopReason),
            )
        case e.ConversationAssigned(agent=agent, after_hours=after_hours):
            waits = c.waits or c.unanswered > 0
            return replace(
                c,
                status=ConversationStatus.OPEN,
                agent=agent,
                burst_since=None,
                waits=waits,
                snoozed_until=None,
                spoken_for=after_hours,
            )
        case e.ConversationTransferred(team=team, agent=agent):
            status = ConversationStatus.WAITING if agent is None else ConversationStatus.OPEN
            return replace(
                c,
                status=status,
                team=team or c.team,
                agent=agent,
                waits=True,
                snoozed_until=None,
                spoken_for=False,
            )
        case e.ConversationReturnedToAssistant():
            return replace(
                c,
                status=ConversationStatus.PENDING,
                agent=None,
                team=None,
                paused_until=None,
                cancels=0,
                waits=False,
                snoozed_until=None,
                spoken_for=False,
                unserved=False,
                rest_until=None,
            )
        case e.ConversationSnoozed(until=until):
            return replace(c, status=ConversationStatus.SNOOZED, snoozed_until=until, waits=False)
        case e.ConversationUnsnoozed():
            status = ConversationStatus.WAITING if c.agent is None else ConversationStatus.OPEN
            return replace(c, status=status, snoozed_until=None, waits=True)
        case e.ConversationReopened(by=by):
            return replace(c, status=ConversationStatus.OPEN, agent=by, spoken_for=True)
        case e.ConversationReopenedForTeam(team=team):
            return replace(c, status=ConversationStatus.WAITING, team=team, agent=None, waits=True)
        case e.ConversationResolved():
            return replace(
                c,
                status=ConversationStatus.RESOLVED,
                turn=None,
                in_hand=(),
                waits=False,
                snoozed_until=None,
            )
        case _:
            assert_never(event)
