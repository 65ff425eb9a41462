"""Starts, restarts and finishes the assistant's turns."""

from dataclasses import replace
from datetime import datetime, timedelta

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.commands import (
    FinishAssistantTurn,
    HandoffRequest,
    RestartTurn,
    TurnOutcome,
)
from niochat.domain.conversation.decision import DecisionBuilder
from niochat.domain.conversation.handlers.after_hours_service import suspend_after_hours
from niochat.domain.conversation.handlers.outbound_messages import (
    add_note,
    queue_messages,
    render_text,
)
from niochat.domain.conversation.handlers.scheduling import (
    cancel_turn,
    set_burst_timer,
    set_timer,
    start_idle_timer,
)
from niochat.domain.conversation.handlers.transitions import (
    close_conversation,
    escalate_if_disabled,
    hand_off,
)
from niochat.domain.conversation.state import AssistantStopReason, ConversationStatus, TimerName
from niochat.domain.ids import turn_id
from niochat.domain.message import Author, MessageContent, MessageKind

MAX_TURN_CANCELS = 2
"""Turns that a customer may cancel in a row by writing on; the next turn runs to its end."""
MAX_TURN_ATTEMPTS = 3
"""Runs of one turn. A turn that lost its runner this often is not run again."""


def schedule_turn(builder: DecisionBuilder) -> None:
    """Plans a turn for the unanswered messages: at the end of the burst, or at once if the policy
    has no burst window. A running turn is cancelled up to ``MAX_TURN_CANCELS`` times in a row.
    """
    c = builder.conversation
    if not may_assistant_answer(builder) or not c.unanswered:
        return
    if c.turn is not None:
        if c.cancels >= MAX_TURN_CANCELS:
            return
        cancel_turn(builder, "customer_wrote")
    if builder.context.policy.burst_window_s > 0:
        set_burst_timer(builder)
    else:
        end_burst(builder)


def start_turn_if_files_read(builder: DecisionBuilder) -> None:
    """Starts the turn if only the reading of files delayed it and all files are read."""
    c = builder.conversation
    if not c.held or c.awaited or not c.unanswered or c.turn is not None:
        return
    escalate_if_disabled(builder)
    if may_assistant_answer(builder):
        start_turn(builder)


def file_reading_deadline(builder: DecisionBuilder) -> datetime:
    """Returns until when an answer waits for a file that arrives now. A series of files cannot
    move it past the deadline of a file that arrives at the burst limit.
    """
    now, policy = builder.context.now, builder.context.policy
    since = builder.conversation.burst_since or now
    wait = timedelta(seconds=policy.reading_wait_s)
    return min(now + wait, since + timedelta(seconds=policy.burst_limit_s) + wait)


def end_burst(builder: DecisionBuilder) -> None:
    """The burst is over: starts the turn, or waits until its files are read."""
    c = builder.conversation
    if c.waits_for_files(builder.context.now):
        assert c.awaited_until is not None
        set_timer(builder, TimerName.READING, c.awaited_until)
    else:
        start_turn(builder)


def start_turn(builder: DecisionBuilder) -> None:
    """Starts a turn over all unanswered messages, if there are any."""
    c = builder.conversation
    if not c.unanswered:
        return
    turn = turn_id(c.id, c.version + 1)
    builder.emit(e.TurnStarted(turn, messages=c.unanswered))
    builder.add_effect(fx.RunTurnEffect(turn, attempt=1, upto_version=builder.conversation.version))


def reassess_after_deletion(builder: DecisionBuilder) -> None:
    """After a deletion, cancels a turn that has no message left to answer. The customer's silence
    is measured from now on if nothing else is unanswered.
    """
    c = builder.current
    if c is None or not (c.status is ConversationStatus.PENDING or c.after_hours):
        return
    if c.turn is not None and c.turn.messages <= 0:
        cancel_turn(builder, "deleted")
        schedule_turn(builder)
    c = builder.conversation
    if c.status is ConversationStatus.PENDING and c.turn is None and not c.unanswered:
        start_idle_timer(builder)


def finish_turn(builder: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """Accepts the result of the current turn and attempt; the result of any other is ignored."""
    if not _is_current(builder, command):
        return
    builder.emit(e.TurnFinished(command.turn, command.attempt, command.outcome, command.code))
    builder.add_effect(_turn_settlement(command))
    if not builder.context.policy.assistant_answers:
        escalate_if_disabled(builder)
    elif builder.conversation.after_hours:
        _answer_after_hours(builder, command)
    elif command.outcome is not TurnOutcome.ANSWERED:
        _hand_off_failed_turn(builder, command)
    elif command.handoff is not None:
        _hand_off_with_note(builder, command, command.handoff)
    else:
        _answer(builder, command)


def _answer(builder: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """Sends the replies; the conversation stays with the assistant, or ends if the turn asks."""
    if command.close and not builder.conversation.unanswered:
        close_conversation(builder, "assistant", command.turn, *_replies(command))
        return
    queue_messages(builder, Author.ASSISTANT, command.turn, *_replies(command))
    if builder.conversation.unanswered:
        schedule_turn(builder)
    else:
        start_idle_timer(builder)


def _answer_after_hours(builder: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """Handles a turn of after-hours service. The conversation stays with people: the turn cannot
    end it, and silence is not measured.
    """
    c, handoff = builder.conversation, command.handoff
    if command.outcome is not TurnOutcome.ANSWERED:
        suspend_after_hours(builder, command.code or "model_failed")
        _send_unavailable_notice(builder, command)
    elif handoff is not None and handoff.reason in set(AssistantStopReason):
        suspend_after_hours(builder, handoff.reason)
        _add_note(builder, command, handoff)
        queue_messages(builder, Author.SYSTEM, command.turn, *_replies(command))
    elif handoff is not None and c.status is ConversationStatus.WAITING and handoff.team != c.team:
        if c.team is not None:
            builder.add_effect(fx.NotifyTeamQueueEffect(c.team, waiting=False))
        _hand_off_with_note(builder, command, handoff)
    else:
        _add_note(builder, command, handoff)
        queue_messages(builder, Author.ASSISTANT, command.turn, *_replies(command))
        if builder.conversation.unanswered:
            schedule_turn(builder)


def _hand_off_with_note(
    builder: DecisionBuilder, command: FinishAssistantTurn, handoff: HandoffRequest
) -> None:
    """Hands off with an internal note. The system sends the replies, because the assistant loses
    the reply right in this step.
    """
    hand_off(builder, handoff.reason, handoff.team)
    _add_note(builder, command, handoff)
    queue_messages(builder, Author.SYSTEM, command.turn, *_replies(command))


def restart_turn(builder: DecisionBuilder, command: RestartTurn) -> None:
    """The process that ran this attempt is gone: runs the turn again, at most
    ``MAX_TURN_ATTEMPTS`` times, then fails it with ``turn_lost``.
    """
    if not _is_current(builder, command):
        return
    if command.attempt >= MAX_TURN_ATTEMPTS:
        lost = FinishAssistantTurn(
            command.turn, command.attempt, TurnOutcome.FAILED, code="turn_lost"
        )
        finish_turn(builder, lost)
        return
    if not builder.context.policy.assistant_answers:
        escalate_if_disabled(builder)
        return
    builder.emit(e.TurnRestarted(command.turn, command.attempt + 1))
    builder.add_effect(
        fx.RunTurnEffect(
            command.turn, command.attempt + 1, upto_version=builder.conversation.version
        )
    )


def _is_current(builder: DecisionBuilder, command: FinishAssistantTurn | RestartTurn) -> bool:
    """Whether the command is about the current turn and its latest attempt."""
    turn = builder.current.turn if builder.current is not None else None
    return turn is not None and (turn.id, turn.attempt) == (command.turn, command.attempt)


def may_assistant_answer(builder: DecisionBuilder) -> bool:
    """Whether the assistant may answer now; after-hours service ends when people return."""
    c, context = builder.conversation, builder.context
    people_returned = c.after_hours and context.staff.available
    return (
        context.policy.assistant_answers
        and c.assistant_may_reply(context.now)
        and not people_returned
    )


def _hand_off_failed_turn(builder: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """The turn failed: hands off and sends the tenant's fixed text."""
    handoff = command.handoff
    hand_off(builder, command.code or "model_failed", handoff.team if handoff else None)
    _send_unavailable_notice(builder, command)


def _send_unavailable_notice(builder: DecisionBuilder, command: FinishAssistantTurn) -> None:
    _add_note(builder, command, command.handoff)
    notice = render_text(builder, builder.context.policy.unavailable_text)
    closed = builder.context.staff.closed_notice(builder.context.policy)
    text = MessageContent(
        MessageKind.TEXT,
        "\n\n".join(part for part in (notice.text, closed) if part),
        {"turn": str(command.turn)},
    )
    queue_messages(builder, Author.SYSTEM, command.turn, text)


def _replies(command: FinishAssistantTurn) -> list[MessageContent]:
    """The replies with the turn's id in their details, so that screens can show the turn."""
    turn = {"turn": str(command.turn)}
    return [replace(each, details={**each.details, **turn}) for each in command.replies]


def _add_note(
    builder: DecisionBuilder, command: FinishAssistantTurn, handoff: HandoffRequest | None
) -> None:
    note = handoff.note if handoff else ""
    add_note(builder, command.turn, note, details={"turn": str(command.turn)})


def _turn_settlement(command: FinishAssistantTurn) -> fx.SettleTurnEffect:
    return fx.SettleTurnEffect(
        command.turn,
        command.outcome.value,
        command.code,
        command.detail,
        command.model,
        command.prompt_version,
        command.tokens_in,
        command.tokens_out,
        command.cost,
        command.tokens_cached,
        command.model_calls,
    )
