"""The only way a conversation's state changes: one event at a time."""

from dataclasses import replace
from typing import assert_never

from niochat.domain import events as e
from niochat.domain.conversation import Conversation, Status, Timer, Turn
from niochat.domain.message import Author


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
        case e.MessageReceived():
            waits = c.waits or c.status is not Status.PENDING
            return replace(c, unanswered=c.unanswered + 1, reminded=False, waits=waits)
        case e.CustomerReminded():
            return replace(c, reminded=True)
        case e.ProviderSpoke(author=author):
            # A notice that another system sends answers nobody's question.
            person = author is Author.PHONE
            return replace(c, unanswered=0, burst_since=None, waits=False) if person else c
        case e.ThreadsLinked(unanswered=unanswered):
            return replace(c, unanswered=c.unanswered + unanswered)
        case e.MessageQueued(author=author):
            answered = author is Author.AGENT
            return replace(
                c, cancels=0, unanswered=0 if answered else c.unanswered,
                burst_since=None if answered else c.burst_since,
                waits=c.waits and not answered,
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
            return _holder_changed(c, event)
        case e.PriorityChanged(priority=priority):
            return replace(c, priority=priority)
        case e.LabelsChanged(labels=labels):
            return replace(c, labels=labels)
        case (
            e.MessageEdited()
            | e.MessageDeleted()
            | e.MessageReacted()
            | e.ChangeFailed()
            | e.FileSettled()
            | e.MessageStatusChanged()
            | e.CommandParked()
            | e.NoteAdded()
        ):
            return c
        case e.ConversationOpened():
            raise ValueError("a conversation opens only once")
        case _:
            assert_never(event)


def _timer_set(c: Conversation, event: e.TimerSet, name: str, generation: int) -> Conversation:
    burst = name == Timer.BURST
    since = c.burst_since
    if burst and since is None:
        since = event.set_at
    return replace(c, timers={**c.timers, name: generation}, burst_since=since)


def _turn_moved(
    c: Conversation, event: e.TurnStarted | e.TurnRestarted | e.TurnCancelled | e.TurnFinished
) -> Conversation:
    match event:
        case e.TurnStarted(turn=turn, messages=messages):
            started = Turn(turn, 1, messages)
            return replace(c, turn=started, unanswered=0, burst_since=None)
        case e.TurnRestarted(attempt=attempt):
            assert c.turn is not None
            return replace(c, turn=replace(c.turn, attempt=attempt))
        case e.TurnCancelled(reason=reason):
            assert c.turn is not None
            again = c.cancels + 1 if reason == "customer_wrote" else 0
            return replace(c, turn=None, unanswered=c.unanswered + c.turn.messages, cancels=again)
        case e.TurnFinished(outcome=outcome):
            assert c.turn is not None
            again = c.turn.messages if outcome == "failed" else 0
            return replace(c, turn=None, unanswered=c.unanswered + again)
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
        case e.ConversationHandedOff(team=team):
            return replace(c, status=Status.WAITING, team=team, burst_since=None, waits=True)
        case e.ConversationAssigned(agent=agent):
            waits = c.waits or c.unanswered > 0
            return replace(
                c, status=Status.OPEN, agent=agent, burst_since=None, waits=waits,
                snoozed_until=None,
            )  # fmt: skip
        case e.ConversationTransferred(team=team, agent=agent):
            status = Status.WAITING if agent is None else Status.OPEN
            return replace(
                c, status=status, team=team or c.team, agent=agent, waits=True, snoozed_until=None
            )
        case e.ConversationGivenBack():
            return replace(
                c, status=Status.PENDING, agent=None, team=None, paused_until=None, cancels=0,
                waits=False, snoozed_until=None,
            )  # fmt: skip
        case e.ConversationSnoozed(until=until):
            return replace(c, status=Status.SNOOZED, snoozed_until=until, waits=False)
        case e.ConversationWoken():
            status = Status.WAITING if c.agent is None else Status.OPEN
            return replace(c, status=status, snoozed_until=None, waits=True)
        case e.ConversationReopened(by=by):
            return replace(c, status=Status.OPEN, agent=by)
        case e.ConversationResolved():
            return replace(c, status=Status.RESOLVED, turn=None, waits=False, snoozed_until=None)
        case _:
            assert_never(event)
