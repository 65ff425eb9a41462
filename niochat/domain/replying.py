"""When the assistant runs, what becomes of its turns, and what leaves for the customer."""

from datetime import datetime, timedelta
from uuid import UUID

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.after_hours import people_are_back, rest, stop_serving
from niochat.domain.changing import settle_change
from niochat.domain.commands import (
    FinishAssistantTurn,
    FireTimer,
    Handoff,
    RestartTurn,
    SendResult,
    SettleSend,
    TurnOutcome,
)
from niochat.domain.conversation import Brake, Status, Timer
from niochat.domain.draft import Draft, KnownSend
from niochat.domain.ids import timer_cause, turn_id
from niochat.domain.message import Author, Content, DeliveryStatus, Kind
from niochat.domain.news import apply_unmatched, set_status
from niochat.domain.saying import filled, leave_note, say
from niochat.domain.under_way import cancel_turn, set_timer

MAX_CANCELS = 2
"""Turns that a customer may cancel in a row by writing on; the next one runs to its end."""
MAX_ATTEMPTS = 3
"""Runs of one turn; a turn that killed its runner so often is poison."""


def wake_assistant(draft: Draft) -> None:
    """The customer wants an answer: wait for the burst to end, or run at once."""
    c = draft.conversation
    if not _assistant_answers(draft) or not c.unanswered:
        return
    if c.turn is not None:
        if c.cancels >= MAX_CANCELS:
            return
        cancel_turn(draft, "customer_wrote")
    if draft.context.policy.burst_window_s > 0:
        _set_burst_timer(draft)
    else:
        _end_burst(draft)


def files_settled(draft: Draft) -> None:
    """What the burst's files say is known now: nothing else is waited for."""
    c = draft.conversation
    if not c.held or c.awaited or not c.unanswered or c.turn is not None:
        return
    let_go(draft)
    if _assistant_answers(draft):
        start_turn(draft)


def reading_until(draft: Draft) -> datetime:
    """Until when an answer waits for a file that came now. However many come one after another,
    it is not longer than for one that came at the end of the burst.
    """
    now, policy = draft.context.now, draft.context.policy
    since = draft.conversation.burst_since or now
    wait = timedelta(seconds=policy.reading_wait_s)
    return min(now + wait, since + timedelta(seconds=policy.burst_limit_s) + wait)


def _end_burst(draft: Draft) -> None:
    """The customer has ended: the turn starts, once it is known what their files say."""
    c = draft.conversation
    if c.waits_for_files(draft.context.now):
        assert c.awaited_until is not None
        set_timer(draft, Timer.READING, c.awaited_until)
    else:
        start_turn(draft)


def start_turn(draft: Draft) -> None:
    """One run of the assistant over everything unanswered; none where nothing is."""
    c = draft.conversation
    if not c.unanswered:
        return
    turn = turn_id(c.id, c.version + 1)
    draft.emit(e.TurnStarted(turn, messages=c.unanswered))
    draft.also(fx.RunTurn(turn, attempt=1, upto_version=draft.conversation.version))


def recount(draft: Draft) -> None:
    """Something was taken back: a turn that has nothing left to answer ends, and silence counts
    from now on.
    """
    c = draft.live
    if c is None or not (c.status is Status.PENDING or c.after_hours):
        return
    if c.turn is not None and c.turn.messages <= 0:
        cancel_turn(draft, "deleted")
        wake_assistant(draft)
    c = draft.conversation
    if c.status is Status.PENDING and c.turn is None and not c.unanswered:
        expect_customer(draft)


def hand_off(draft: Draft, reason: str, team: str | None = None) -> None:
    """From the assistant to a team; what the assistant queued stays here."""
    cancel_turn(draft, reason)
    team = team or draft.context.policy.team
    draft.emit(e.ConversationHandedOff(team, reason))
    draft.also(fx.CancelReplies())
    draft.also(fx.TellTeam(team, waiting=True))


def let_go(draft: Draft) -> None:
    """Where the assistant is off or its tenant suspended, what it holds goes to people."""
    c, policy = draft.live, draft.context.policy
    if c is None:
        return
    if c.after_hours and not (policy.assistant_answers and policy.serve_after_hours):
        stop_serving(draft, "switched_off")
    if c.status is Status.PENDING and not policy.assistant_answers:
        hand_off(draft, "tenant_suspended" if policy.suspended else "assistant_disabled")


def fire_timer(draft: Draft, command: FireTimer) -> None:
    """Only the newest generation counts, and only while the assistant may answer."""
    c = draft.live
    if c is None or c.timers.get(command.name) != command.generation:
        return
    if command.name == Timer.OPENING:
        people_are_back(draft)
    elif c.turn is not None:
        return
    elif command.name == Timer.SNOOZE:
        wake_up(draft, "due")
    elif command.name == Timer.IDLE:
        _fall_silent(draft, command)
    elif c.unanswered and (command.name != Timer.READING or c.held):
        let_go(draft)
        if _assistant_answers(draft):
            _end_burst(draft)


def wake_up(draft: Draft, reason: str) -> None:
    """What was put off is back: with its agent, or in its team's queue."""
    c = draft.conversation
    if c.status is not Status.SNOOZED:
        return
    draft.emit(e.ConversationWoken(reason))
    if draft.conversation.status is Status.WAITING and c.team is not None:
        draft.also(fx.TellTeam(c.team, waiting=True))


def finish_turn(draft: Draft, command: FinishAssistantTurn) -> None:
    """Takes the answer of the current turn and attempt; any other came too late."""
    if not _is_current(draft, command):
        return
    draft.emit(e.TurnFinished(command.turn, command.attempt, command.outcome, command.code))
    draft.also(_settled(command))
    if not draft.context.policy.assistant_answers:
        let_go(draft)
    elif draft.conversation.after_hours:
        _answer_after_hours(draft, command)
    elif command.outcome is not TurnOutcome.ANSWERED:
        _apologise(draft, command)
    elif command.handoff is not None:
        _pass_on(draft, command, command.handoff)
    else:
        _answer(draft, command)


def _answer(draft: Draft, command: FinishAssistantTurn) -> None:
    """The conversation stays with the assistant, or ends with a farewell."""
    if command.close and not draft.conversation.unanswered:
        _part(draft, "assistant", command.turn, *command.says)
        return
    say(draft, Author.ASSISTANT, command.turn, *command.says)
    if draft.conversation.unanswered:
        wake_assistant(draft)
    else:
        expect_customer(draft)


def _answer_after_hours(draft: Draft, command: FinishAssistantTurn) -> None:
    """The conversation stays with people, whatever the assistant does; nothing ends it, and no
    silence is measured.
    """
    c, handoff = draft.conversation, command.handoff
    if command.outcome is not TurnOutcome.ANSWERED:
        rest(draft, command.code or "model_failed")
        _say_unavailable(draft, command)
    elif handoff is not None and handoff.reason in set(Brake):
        rest(draft, handoff.reason)
        leave_note(draft, command.turn, handoff.note)
        say(draft, Author.SYSTEM, command.turn, *command.says)
    elif handoff is not None and c.status is Status.WAITING and handoff.team != c.team:
        if c.team is not None:
            draft.also(fx.TellTeam(c.team, waiting=False))
        _pass_on(draft, command, handoff)
    else:
        leave_note(draft, command.turn, handoff.note if handoff else "")
        say(draft, Author.ASSISTANT, command.turn, *command.says)
        if draft.conversation.unanswered:
            wake_assistant(draft)


def _part(draft: Draft, reason: str, cause: UUID, *farewell: Content) -> None:
    """The visit is over. The farewell is the system's: the assistant holds nothing any more, and
    what it queued and could not send by now stays here.
    """
    draft.also(fx.CancelReplies())
    say(draft, Author.SYSTEM, cause, *farewell)
    draft.emit(e.ConversationResolved(reason))


def _pass_on(draft: Draft, command: FinishAssistantTurn, handoff: Handoff) -> None:
    """To people, with what they should know. What is said now is said by the system: the
    assistant has lost the reply right in this very step.
    """
    hand_off(draft, handoff.reason, handoff.team)
    leave_note(draft, command.turn, handoff.note)
    say(draft, Author.SYSTEM, command.turn, *command.says)


def restart_turn(draft: Draft, command: RestartTurn) -> None:
    """The runner of this attempt is gone: run again, but not for ever."""
    if not _is_current(draft, command):
        return
    if command.attempt >= MAX_ATTEMPTS:
        lost = FinishAssistantTurn(
            command.turn, command.attempt, TurnOutcome.FAILED, code="turn_lost"
        )
        finish_turn(draft, lost)
        return
    if not draft.context.policy.assistant_answers:
        let_go(draft)
        return
    draft.emit(e.TurnRestarted(command.turn, command.attempt + 1))
    draft.also(
        fx.RunTurn(command.turn, command.attempt + 1, upto_version=draft.conversation.version)
    )


def settle_send(draft: Draft, command: SettleSend) -> None:
    """What is known of a send is written once; evidence of delivery is never taken back."""
    send = draft.context.sends.get(command.outbox)
    if send is None or _is_settled(send, command.result) or _is_stale(send, command):
        return
    if send.change is not None:
        settle_change(draft, send, command)
        return
    status = _outbox_status(draft, send, command)
    draft.also(
        fx.SettleOutbox(
            command.outbox, status, command.external_id, command.code, command.retry_in_s
        )
    )
    match command.result:
        case SendResult.SENT:
            known = set_status(
                draft, send.message, DeliveryStatus.SENT, external_id=command.external_id
            )
            apply_unmatched(draft, command.external_id or "", known)
        case SendResult.FAILED:
            set_status(draft, send.message, DeliveryStatus.FAILED, command.code)
            if send.live and _assistant_holds(draft):
                hand_off(draft, "send_failed")
        case SendResult.UNCERTAIN:
            set_status(draft, send.message, DeliveryStatus.UNCERTAIN, command.code)
        case SendResult.RETRY:
            if status == "cancelled":
                draft.also(fx.ChangeMessage(send.message.id, code="cancelled"))


def _is_settled(send: KnownSend, result: SendResult) -> bool:
    """Evidence of delivery beats everything but itself."""
    if result is SendResult.SENT:
        return send.status == "sent"
    return send.status in ("sent", "cancelled", "failed")


def _is_stale(send: KnownSend, command: SettleSend) -> bool:
    """It left again since: what is told of an earlier start must not start it once more."""
    evidence = command.result is SendResult.SENT
    return not evidence and command.attempt not in (None, send.attempts)


def _outbox_status(draft: Draft, send: KnownSend, command: SettleSend) -> str:
    if command.result is not SendResult.RETRY:
        return command.result.value
    lost = send.message.author is Author.ASSISTANT and not (
        send.live and draft.live is not None and _assistant_answers(draft)
    )
    return "cancelled" if lost else "queued"


def _assistant_holds(draft: Draft) -> bool:
    c = draft.live
    return c is not None and c.status is Status.PENDING


def _is_current(draft: Draft, command: FinishAssistantTurn | RestartTurn) -> bool:
    """Whether the command speaks of the turn and the attempt that count."""
    turn = draft.live.turn if draft.live is not None else None
    return turn is not None and (turn.id, turn.attempt) == (command.turn, command.attempt)


def _assistant_answers(draft: Draft) -> bool:
    c, context = draft.conversation, draft.context
    people_came = c.after_hours and context.people.there
    return (
        context.policy.assistant_answers and c.assistant_may_reply(context.now) and not people_came
    )


def _set_burst_timer(draft: Draft) -> None:
    c, now, policy = draft.conversation, draft.context.now, draft.context.policy
    limit = (c.burst_since or now) + timedelta(seconds=policy.burst_limit_s)
    due = min(now + timedelta(seconds=policy.burst_window_s), limit)
    set_timer(draft, Timer.BURST, due)


def expect_customer(draft: Draft) -> None:
    """Silence is measured from now on, or from the end of a pause; 0 seconds: it is not."""
    c, policy, now = draft.conversation, draft.context.policy, draft.context.now
    seconds = policy.close_after_s if c.reminded else policy.reminder_after_s
    if seconds > 0 and policy.reminder_after_s > 0:
        begins = max(now, c.paused_until or now)
        set_timer(draft, Timer.IDLE, begins + timedelta(seconds=seconds))


def _fall_silent(draft: Draft, command: FireTimer) -> None:
    """Nobody is silent who could not hear us, or whom a person of the provider talks to."""
    c, policy = draft.conversation, draft.context.policy
    if c.unanswered or c.status is not Status.PENDING or not policy.assistant_answers:
        return
    if command.unsent or not c.assistant_may_reply(draft.context.now):
        expect_customer(draft)
    else:
        _end_silence(draft, command)


def _end_silence(draft: Draft, command: FireTimer) -> None:
    """The first silence brings a reminder, the next one the end of the visit."""
    c, policy = draft.conversation, draft.context.policy
    cause = timer_cause(c.id, command.name, command.generation)
    if c.reminded:
        _part(draft, "inactivity", cause, filled(draft, policy.close_text))
        return
    say(draft, Author.ASSISTANT, cause, filled(draft, policy.reminder_text))
    draft.emit(e.CustomerReminded())
    expect_customer(draft)


def _apologise(draft: Draft, command: FinishAssistantTurn) -> None:
    """The model is away: one fixed, true sentence, and people take over."""
    handoff = command.handoff
    hand_off(draft, command.code or "model_failed", handoff.team if handoff else None)
    _say_unavailable(draft, command)


def _say_unavailable(draft: Draft, command: FinishAssistantTurn) -> None:
    handoff = command.handoff
    leave_note(draft, command.turn, handoff.note if handoff else "")
    said = filled(draft, draft.context.policy.unavailable_text)
    promise = draft.context.people.promise(draft.context.policy)
    text = Content(Kind.TEXT, "\n\n".join(part for part in (said.text, promise) if part))
    say(draft, Author.SYSTEM, command.turn, text)


def _settled(command: FinishAssistantTurn) -> fx.SettleTurn:
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
