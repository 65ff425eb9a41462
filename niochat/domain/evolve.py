"""The only way a conversation's state changes: one event at a time."""

from dataclasses import replace
from typing import assert_never

from niochat.domain import events as e
from niochat.domain.conversation import Brake, Conversation, Status, Timer, Turn
from niochat.domain.ids import MessageId
from niochat.domain.message import Author

MOST_ASKED = 200
"""Unanswered messages that are known by name. Older ones are only counted: a conversation that
nobody answers must not grow for ever.
"""


def evolve(conversation: Conversation | None, event: e.Event) -> Conversation:
    """State after ``event``; its number is the new ``version``.

    Raises ``ValueError`` when the event cannot follow: a conversation opens once, first.
    """
    if isinstance(event, e.ConversationOpened):
        if conversation is not None:
            raise ValueError("a conversation opens only once")
        return Conversation(event.conversation, event.protocol, Status.PENDING, version=1)
    if conversation is None:
        raise ValueError(f"{event.type} before the conversation was opened")
    changed = _apply(conversation, event)
    return replace(changed, version=conversation.version + 1)


def replay(events: list[e.Event]) -> Conversation:
    """Fold a whole log, oldest first."""
    conversation: Conversation | None = None
    for event in events:
        conversation = evolve(conversation, event)
    if conversation is None:
        raise ValueError("an empty log has no conversation")
    return conversation


def _apply(c: Conversation, event: e.Event) -> Conversation:
    match event:
        case e.MessageReceived(message=message, sent_at=sent_at, awaits=awaits):
            asks = _asks(c, message)
            if awaits is not None:
                until = max(awaits, c.awaited_until or awaits) if c.awaited else awaits
                awaited = _newest((*c.awaited, message))
                asks = replace(asks, awaited=awaited, awaited_until=until)
            return replace(
                asks, heard_at=sent_at or c.heard_at, first_heard_at=c.first_heard_at or sent_at
            )
        case e.MessageEdited(message=message, again=again):
            return _asks(c, message) if again else c
        case e.MessageDeleted(message=message):
            return _taken_back(c, message)
        case e.CustomerReminded():
            return replace(c, reminded=True)
        case e.ProviderSpoke(author=author):
            # A notice that another system sends answers nobody's question.
            person = author is Author.PHONE
            return replace(_answered(c), waits=False) if person else c
        case e.ThreadsLinked(unanswered=unanswered, messages=messages):
            return replace(
                c, unanswered=c.unanswered + unanswered, asked=_newest((*c.asked, *messages))
            )
        case e.MessageQueued(author=author):
            answered = author is Author.AGENT
            return replace(
                _answered(c) if answered else c, cancels=0, waits=c.waits and not answered,
                spoken_for=c.spoken_for or answered,
            )  # fmt: skip
        case e.TimerSet(name=name, generation=generation):
            return _timer_set(c, event, name, generation)
        case e.TurnStarted() | e.TurnRestarted() | e.TurnCancelled() | e.TurnFinished():
            return _turn_moved(c, event)
        case e.AssistantPaused(until=until):
            return replace(c, paused_until=until)
        case (
            e.ConversationHandedOff()
            | e.ConversationAssigned()
            | e.ConversationTransferred()
            | e.ConversationGivenBack()
            | e.ConversationSnoozed()
            | e.ConversationWoken()
            | e.ConversationReopened()
            | e.ConversationResolved()
        ):
            return replace(_holder_changed(c, event), after_hours=False)
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
        case e.FileSettled(message=message, code=code):
            return replace(c, awaited=_without(c.awaited, message)) if code else c
        case (
            e.MessageReacted()
            | e.ChangeFailed()
            | e.MessageStatusChanged()
            | e.CommandParked()
            | e.NoteAdded()
        ):
            return c
        case e.ConversationOpened():
            raise ValueError("a conversation opens only once")
        case _:
            assert_never(event)


def _asks(c: Conversation, message: MessageId) -> Conversation:
    """One more that wants an answer."""
    waits = c.waits or c.status is not Status.PENDING
    asked = _newest((*c.asked, message))
    return replace(c, unanswered=c.unanswered + 1, asked=asked, reminded=False, waits=waits)


def _answered(c: Conversation) -> Conversation:
    return replace(c, unanswered=0, asked=(), burst_since=None)


def _taken_back(c: Conversation, message: MessageId) -> Conversation:
    """It wants no answer any more, whether it waits for one or a turn is at it."""
    c = replace(c, awaited=_without(c.awaited, message))
    if message in c.in_hand and c.turn is not None:
        turn = replace(c.turn, messages=c.turn.messages - 1)
        c = replace(c, turn=turn, in_hand=_without(c.in_hand, message))
    if message not in c.asked:
        return c
    left = c.unanswered - 1
    since = c.burst_since if left else None
    return replace(c, unanswered=left, asked=_without(c.asked, message), burst_since=since)


def _handed_back(c: Conversation) -> Conversation:
    """What the turn had in hand nobody has answered; what was edited meanwhile counts once."""
    assert c.turn is not None
    twice = len(set(c.in_hand) & set(c.asked))
    asked = _newest(tuple(dict.fromkeys((*c.in_hand, *c.asked))))
    unanswered = c.unanswered + c.turn.messages - twice
    return replace(c, turn=None, in_hand=(), asked=asked, unanswered=unanswered)


def _newest(messages: tuple[MessageId, ...]) -> tuple[MessageId, ...]:
    return messages[-MOST_ASKED:]


def _without(messages: tuple[MessageId, ...], message: MessageId) -> tuple[MessageId, ...]:
    return tuple(each for each in messages if each != message)


def _timer_set(c: Conversation, event: e.TimerSet, name: str, generation: int) -> Conversation:
    burst = name == Timer.BURST
    since = c.burst_since
    held = c.held
    if burst or name == Timer.READING:
        since = since or event.set_at
        held = not burst
    return replace(c, timers={**c.timers, name: generation}, burst_since=since, held=held)


def _turn_moved(
    c: Conversation, event: e.TurnStarted | e.TurnRestarted | e.TurnCancelled | e.TurnFinished
) -> Conversation:
    match event:
        case e.TurnStarted(turn=turn, messages=messages):
            started = Turn(turn, 1, messages)
            return replace(_answered(c), turn=started, in_hand=c.asked, awaited=(), held=False)
        case e.TurnRestarted(attempt=attempt):
            assert c.turn is not None
            return replace(c, turn=replace(c.turn, attempt=attempt))
        case e.TurnCancelled(reason=reason):
            assert c.turn is not None
            again = c.cancels + 1 if reason == "customer_wrote" else 0
            return replace(_handed_back(c), cancels=again)
        case e.TurnFinished(outcome=outcome):
            assert c.turn is not None
            if outcome == "failed":
                return _handed_back(c)
            return replace(c, turn=None, in_hand=())
        case _:
            assert_never(event)


def _holder_changed(
    c: Conversation,
    event: (
        e.ConversationHandedOff
        | e.ConversationAssigned
        | e.ConversationTransferred
        | e.ConversationGivenBack
        | e.ConversationSnoozed
        | e.ConversationWoken
        | e.ConversationReopened
        | e.ConversationResolved
    ),
) -> Conversation:
    match event:
        case e.ConversationHandedOff(team=team, reason=reason):
            return replace(
                c, status=Status.WAITING, team=team, burst_since=None, waits=True,
                spoken_for=False, unserved=reason in set(Brake),
            )  # fmt: skip
        case e.ConversationAssigned(agent=agent, after_hours=after_hours):
            waits = c.waits or c.unanswered > 0
            return replace(
                c, status=Status.OPEN, agent=agent, burst_since=None, waits=waits,
                snoozed_until=None, spoken_for=after_hours,
            )  # fmt: skip
        case e.ConversationTransferred(team=team, agent=agent):
            status = Status.WAITING if agent is None else Status.OPEN
            return replace(
                c, status=status, team=team or c.team, agent=agent, waits=True, snoozed_until=None,
                spoken_for=False,
            )  # fmt: skip
        case e.ConversationGivenBack():
            return replace(
                c, status=Status.PENDING, agent=None, team=None, paused_until=None, cancels=0,
                waits=False, snoozed_until=None, spoken_for=False, unserved=False, rest_until=None,
            )  # fmt: skip
        case e.ConversationSnoozed(until=until):
            return replace(c, status=Status.SNOOZED, snoozed_until=until, waits=False)
        case e.ConversationWoken():
            status = Status.WAITING if c.agent is None else Status.OPEN
            return replace(c, status=status, snoozed_until=None, waits=True)
        case e.ConversationReopened(by=by):
            return replace(c, status=Status.OPEN, agent=by, spoken_for=True)
        case e.ConversationResolved():
            return replace(
                c, status=Status.RESOLVED, turn=None, in_hand=(), waits=False, snoozed_until=None
            )
        case _:
            assert_never(event)
