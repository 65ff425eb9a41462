"""When the assistant runs, what becomes of its turns, and what leaves for the customer."""

from datetime import datetime, timedelta
from uuid import UUID

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.commands import (
    FinishAssistantTurn,
    FireTimer,
    HandoffRequest,
    RestartTurn,
    SendStatus,
    SettleSend,
    TurnOutcome,
)
from niochat.domain.conversation.decision import DecisionBuilder, StoredSend
from niochat.domain.conversation.handlers.after_hours_service import (
    end_after_hours_if_staffed,
    stop_after_hours,
    suspend_after_hours,
)
from niochat.domain.conversation.handlers.message_edits import settle_message_change
from niochat.domain.conversation.handlers.message_updates import (
    advance_status,
    apply_stored_updates,
)
from niochat.domain.conversation.handlers.outbound import add_note, queue_messages, render_text
from niochat.domain.conversation.handlers.scheduling import cancel_turn, set_timer
from niochat.domain.conversation.state import AssistantStopReason, ConversationStatus, TimerName
from niochat.domain.ids import timer_cause, turn_id
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind

MAX_TURN_CANCELS = 2
"""Turns that a customer may cancel in a row by writing on; the next one runs to its end."""
MAX_TURN_ATTEMPTS = 3
"""Runs of one turn; a turn that killed its runner so often is poison."""


def schedule_turn(draft: DecisionBuilder) -> None:
    """The customer wants an answer: wait for the burst to end, or run at once."""
    c = draft.conversation
    if not _may_assistant_answer(draft) or not c.unanswered:
        return
    if c.turn is not None:
        if c.cancels >= MAX_TURN_CANCELS:
            return
        cancel_turn(draft, "customer_wrote")
    if draft.context.policy.burst_window_s > 0:
        _set_burst_timer(draft)
    else:
        _end_burst(draft)


def start_turn_if_files_read(draft: DecisionBuilder) -> None:
    """What the burst's files say is known now: nothing else is waited for."""
    c = draft.conversation
    if not c.held or c.awaited or not c.unanswered or c.turn is not None:
        return
    escalate_if_disabled(draft)
    if _may_assistant_answer(draft):
        start_turn(draft)


def file_reading_deadline(draft: DecisionBuilder) -> datetime:
    """Until when an answer waits for a file that came now. However many come one after another,
    it is not longer than for one that came at the end of the burst.
    """
    now, policy = draft.context.now, draft.context.policy
    since = draft.conversation.burst_since or now
    wait = timedelta(seconds=policy.reading_wait_s)
    return min(now + wait, since + timedelta(seconds=policy.burst_limit_s) + wait)


def _end_burst(draft: DecisionBuilder) -> None:
    """The customer has ended: the turn starts, once it is known what their files say."""
    c = draft.conversation
    if c.waits_for_files(draft.context.now):
        assert c.awaited_until is not None
        set_timer(draft, TimerName.READING, c.awaited_until)
    else:
        start_turn(draft)


def start_turn(draft: DecisionBuilder) -> None:
    """One run of the assistant over everything unanswered; none where nothing is."""
    c = draft.conversation
    if not c.unanswered:
        return
    turn = turn_id(c.id, c.version + 1)
    draft.emit(e.TurnStarted(turn, messages=c.unanswered))
    draft.add_effect(fx.RunTurn(turn, attempt=1, upto_version=draft.conversation.version))


def reassess_after_deletion(draft: DecisionBuilder) -> None:
    """Something was taken back: a turn that has nothing left to answer ends, and silence counts
    from now on.
    """
    c = draft.current
    if c is None or not (c.status is ConversationStatus.PENDING or c.after_hours):
        return
    if c.turn is not None and c.turn.messages <= 0:
        cancel_turn(draft, "deleted")
        schedule_turn(draft)
    c = draft.conversation
    if c.status is ConversationStatus.PENDING and c.turn is None and not c.unanswered:
        start_idle_timer(draft)


def hand_off(draft: DecisionBuilder, reason: str, team: str | None = None) -> None:
    """From the assistant to a team; what the assistant queued stays here."""
    cancel_turn(draft, reason)
    team = team or draft.context.policy.team
    draft.emit(e.ConversationHandedOff(team, reason))
    draft.add_effect(fx.CancelAssistantSends())
    draft.add_effect(fx.NotifyTeamQueue(team, waiting=True))


def escalate_if_disabled(draft: DecisionBuilder) -> None:
    """Where the assistant is off or its tenant suspended, what it holds goes to people."""
    c, policy = draft.current, draft.context.policy
    if c is None:
        return
    if c.after_hours and not (policy.assistant_answers and policy.serve_after_hours):
        stop_after_hours(draft, "switched_off")
    if c.status is ConversationStatus.PENDING and not policy.assistant_answers:
        hand_off(draft, "tenant_suspended" if policy.suspended else "assistant_disabled")


def fire_timer(draft: DecisionBuilder, command: FireTimer) -> None:
    """Only the newest generation counts, and only while the assistant may answer."""
    c = draft.current
    if c is None or c.timers.get(command.name) != command.generation:
        return
    if command.name == TimerName.OPENING:
        end_after_hours_if_staffed(draft)
    elif c.turn is not None:
        return
    elif command.name == TimerName.SNOOZE:
        unsnooze(draft, "due")
    elif command.name == TimerName.IDLE:
        _fire_idle_timer(draft, command)
    elif c.unanswered and (command.name != TimerName.READING or c.held):
        escalate_if_disabled(draft)
        if _may_assistant_answer(draft):
            _end_burst(draft)


def unsnooze(draft: DecisionBuilder, reason: str) -> None:
    """What was put off is back: with its agent, or in its team's queue."""
    c = draft.conversation
    if c.status is not ConversationStatus.SNOOZED:
        return
    draft.emit(e.ConversationUnsnoozed(reason))
    if draft.conversation.status is ConversationStatus.WAITING and c.team is not None:
        draft.add_effect(fx.NotifyTeamQueue(c.team, waiting=True))


def finish_turn(draft: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """Takes the answer of the current turn and attempt; any other came too late."""
    if not _is_current(draft, command):
        return
    draft.emit(e.TurnFinished(command.turn, command.attempt, command.outcome, command.code))
    draft.add_effect(_turn_settlement(command))
    if not draft.context.policy.assistant_answers:
        escalate_if_disabled(draft)
    elif draft.conversation.after_hours:
        _answer_after_hours(draft, command)
    elif command.outcome is not TurnOutcome.ANSWERED:
        _hand_off_failed_turn(draft, command)
    elif command.handoff is not None:
        _hand_off_with_note(draft, command, command.handoff)
    else:
        _answer(draft, command)


def _answer(draft: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """The conversation stays with the assistant, or ends with a farewell."""
    if command.close and not draft.conversation.unanswered:
        close_conversation(draft, "assistant", command.turn, *command.replies)
        return
    queue_messages(draft, Author.ASSISTANT, command.turn, *command.replies)
    if draft.conversation.unanswered:
        schedule_turn(draft)
    else:
        start_idle_timer(draft)


def _answer_after_hours(draft: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """The conversation stays with people, whatever the assistant does; nothing ends it, and no
    silence is measured.
    """
    c, handoff = draft.conversation, command.handoff
    if command.outcome is not TurnOutcome.ANSWERED:
        suspend_after_hours(draft, command.code or "model_failed")
        _send_unavailable_notice(draft, command)
    elif handoff is not None and handoff.reason in set(AssistantStopReason):
        suspend_after_hours(draft, handoff.reason)
        add_note(draft, command.turn, handoff.note)
        queue_messages(draft, Author.SYSTEM, command.turn, *command.replies)
    elif handoff is not None and c.status is ConversationStatus.WAITING and handoff.team != c.team:
        if c.team is not None:
            draft.add_effect(fx.NotifyTeamQueue(c.team, waiting=False))
        _hand_off_with_note(draft, command, handoff)
    else:
        add_note(draft, command.turn, handoff.note if handoff else "")
        queue_messages(draft, Author.ASSISTANT, command.turn, *command.replies)
        if draft.conversation.unanswered:
            schedule_turn(draft)


def close_conversation(
    draft: DecisionBuilder, reason: str, cause: UUID, *farewell: MessageContent
) -> None:
    """The visit is over. The farewell is the system's: the assistant holds nothing any more, and
    what it queued and could not send by now stays here.
    """
    draft.add_effect(fx.CancelAssistantSends())
    queue_messages(draft, Author.SYSTEM, cause, *farewell)
    draft.emit(e.ConversationResolved(reason))


def _hand_off_with_note(
    draft: DecisionBuilder, command: FinishAssistantTurn, handoff: HandoffRequest
) -> None:
    """To people, with what they should know. What is said now is said by the system: the
    assistant has lost the reply right in this very step.
    """
    hand_off(draft, handoff.reason, handoff.team)
    add_note(draft, command.turn, handoff.note)
    queue_messages(draft, Author.SYSTEM, command.turn, *command.replies)


def restart_turn(draft: DecisionBuilder, command: RestartTurn) -> None:
    """The runner of this attempt is gone: run again, but not for ever."""
    if not _is_current(draft, command):
        return
    if command.attempt >= MAX_TURN_ATTEMPTS:
        lost = FinishAssistantTurn(
            command.turn, command.attempt, TurnOutcome.FAILED, code="turn_lost"
        )
        finish_turn(draft, lost)
        return
    if not draft.context.policy.assistant_answers:
        escalate_if_disabled(draft)
        return
    draft.emit(e.TurnRestarted(command.turn, command.attempt + 1))
    draft.add_effect(
        fx.RunTurn(command.turn, command.attempt + 1, upto_version=draft.conversation.version)
    )


def settle_send(draft: DecisionBuilder, command: SettleSend) -> None:
    """What is known of a send is written once; evidence of delivery is never taken back."""
    send = draft.context.sends.get(command.outbox)
    if send is None or _is_settled(send, command.result) or _is_stale(send, command):
        return
    if send.change is not None:
        settle_message_change(draft, send, command)
        return
    status = _outbox_status(draft, send, command)
    draft.add_effect(
        fx.SettleOutbox(
            command.outbox, status, command.external_id, command.code, command.retry_in_s
        )
    )
    match command.result:
        case SendStatus.SENT:
            known = advance_status(
                draft, send.message, DeliveryStatus.SENT, external_id=command.external_id
            )
            apply_stored_updates(draft, command.external_id or "", known)
        case SendStatus.FAILED:
            advance_status(draft, send.message, DeliveryStatus.FAILED, command.code)
            if send.in_current_conversation and _is_pending(draft):
                hand_off(draft, "send_failed")
        case SendStatus.UNCERTAIN:
            advance_status(draft, send.message, DeliveryStatus.UNCERTAIN, command.code)
        case SendStatus.RETRY:
            if status == "cancelled":
                draft.add_effect(fx.UpdateMessage(send.message.id, code="cancelled"))


def _is_settled(send: StoredSend, result: SendStatus) -> bool:
    """Evidence of delivery beats everything but itself."""
    if result is SendStatus.SENT:
        return send.status == "sent"
    return send.status in ("sent", "cancelled", "failed")


def _is_stale(send: StoredSend, command: SettleSend) -> bool:
    """It left again since: what is told of an earlier start must not start it once more."""
    evidence = command.result is SendStatus.SENT
    return not evidence and command.attempt not in (None, send.attempts)


def _outbox_status(draft: DecisionBuilder, send: StoredSend, command: SettleSend) -> str:
    if command.result is not SendStatus.RETRY:
        return command.result.value
    lost = send.message.author is Author.ASSISTANT and not (
        send.in_current_conversation and draft.current is not None and _may_assistant_answer(draft)
    )
    return "cancelled" if lost else "queued"


def _is_pending(draft: DecisionBuilder) -> bool:
    c = draft.current
    return c is not None and c.status is ConversationStatus.PENDING


def _is_current(draft: DecisionBuilder, command: FinishAssistantTurn | RestartTurn) -> bool:
    """Whether the command speaks of the turn and the attempt that count."""
    turn = draft.current.turn if draft.current is not None else None
    return turn is not None and (turn.id, turn.attempt) == (command.turn, command.attempt)


def _may_assistant_answer(draft: DecisionBuilder) -> bool:
    c, context = draft.conversation, draft.context
    people_came = c.after_hours and context.staff.available
    return (
        context.policy.assistant_answers and c.assistant_may_reply(context.now) and not people_came
    )


def _set_burst_timer(draft: DecisionBuilder) -> None:
    c, now, policy = draft.conversation, draft.context.now, draft.context.policy
    limit = (c.burst_since or now) + timedelta(seconds=policy.burst_limit_s)
    due = min(now + timedelta(seconds=policy.burst_window_s), limit)
    set_timer(draft, TimerName.BURST, due)


def start_idle_timer(draft: DecisionBuilder) -> None:
    """Silence is measured from now on, or from the end of a pause; 0 seconds: it is not."""
    c, policy, now = draft.conversation, draft.context.policy, draft.context.now
    seconds = policy.close_after_s if c.reminded else policy.reminder_after_s
    if seconds > 0 and policy.reminder_after_s > 0:
        begins = max(now, c.paused_until or now)
        set_timer(draft, TimerName.IDLE, begins + timedelta(seconds=seconds))


def _fire_idle_timer(draft: DecisionBuilder, command: FireTimer) -> None:
    """Nobody is silent who could not hear us, or whom a person of the provider talks to."""
    c, policy = draft.conversation, draft.context.policy
    if c.unanswered or c.status is not ConversationStatus.PENDING or not policy.assistant_answers:
        return
    if command.unsent or not c.assistant_may_reply(draft.context.now):
        start_idle_timer(draft)
    else:
        _remind_or_close(draft, command)


def _remind_or_close(draft: DecisionBuilder, command: FireTimer) -> None:
    """The first silence brings a reminder, the next one the end of the visit."""
    c, policy = draft.conversation, draft.context.policy
    cause = timer_cause(c.id, command.name, command.generation)
    if c.reminded:
        close_conversation(draft, "inactivity", cause, render_text(draft, policy.close_text))
        return
    queue_messages(draft, Author.ASSISTANT, cause, render_text(draft, policy.reminder_text))
    draft.emit(e.CustomerReminded())
    start_idle_timer(draft)


def _hand_off_failed_turn(draft: DecisionBuilder, command: FinishAssistantTurn) -> None:
    """The model is away: one fixed, true sentence, and people take over."""
    handoff = command.handoff
    hand_off(draft, command.code or "model_failed", handoff.team if handoff else None)
    _send_unavailable_notice(draft, command)


def _send_unavailable_notice(draft: DecisionBuilder, command: FinishAssistantTurn) -> None:
    handoff = command.handoff
    add_note(draft, command.turn, handoff.note if handoff else "")
    said = render_text(draft, draft.context.policy.unavailable_text)
    promise = draft.context.staff.closed_notice(draft.context.policy)
    text = MessageContent(
        MessageKind.TEXT, "\n\n".join(part for part in (said.text, promise) if part)
    )
    queue_messages(draft, Author.SYSTEM, command.turn, text)


def _turn_settlement(command: FinishAssistantTurn) -> fx.SettleTurn:
    return fx.SettleTurn(
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
