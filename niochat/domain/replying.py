"""When the assistant runs, what becomes of its turns, and what leaves for the customer."""

from datetime import timedelta
from uuid import UUID

from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.commands import (
    FinishAssistantTurn,
    FireTimer,
    RestartTurn,
    SendResult,
    SettleSend,
    TurnOutcome,
)
from niochat.domain.conversation import Status, Timer
from niochat.domain.draft import Draft, KnownSend
from niochat.domain.ids import outbound_message_id, outbox_id, turn_id
from niochat.domain.message import Author, Content, DeliveryStatus, Kind
from niochat.domain.news import apply_unmatched, set_status

MAX_CANCELS = 2
"""Turns that a customer may cancel in a row by writing on; the next one runs to its end."""
MAX_ATTEMPTS = 3
"""Runs of one turn; a turn that killed its runner so often is poison."""


def wake_assistant(draft: Draft) -> None:
    """The customer wants an answer: wait for the burst to end, or run at once."""
    c = draft.conversation
    if not _assistant_answers(draft):
        return
    if c.turn is not None:
        if c.cancels >= MAX_CANCELS:
            return
        cancel_turn(draft, "customer_wrote")
    if draft.context.policy.burst_window_s <= 0:
        start_turn(draft)
    else:
        _set_burst_timer(draft)


def start_turn(draft: Draft) -> None:
    """One run of the assistant over everything unanswered."""
    c = draft.conversation
    turn = turn_id(c.id, c.version + 1)
    draft.emit(e.TurnStarted(turn, messages=c.unanswered))
    draft.also(fx.RunTurn(turn, attempt=1, upto_version=draft.conversation.version))


def cancel_turn(draft: Draft, reason: str) -> None:
    """The turn in progress, if any, must not answer any more."""
    turn = draft.conversation.turn
    if turn is None:
        return
    draft.emit(e.TurnCancelled(turn.id, reason))
    draft.also(fx.SettleTurn(turn.id, "cancelled", code=reason))


def hand_off(draft: Draft, reason: str) -> None:
    """From the assistant to the tenant's team; what the assistant queued stays here."""
    cancel_turn(draft, reason)
    team = draft.context.policy.team
    draft.emit(e.ConversationHandedOff(team, reason))
    draft.also(fx.CancelReplies())
    draft.also(fx.TellTeam(team, waiting=True))


def let_go(draft: Draft) -> None:
    """Where the assistant is off or its tenant suspended, what it holds goes to people."""
    c, policy = draft.live, draft.context.policy
    if c is None or c.status is not Status.PENDING or policy.assistant_answers:
        return
    hand_off(draft, "tenant_suspended" if policy.suspended else "assistant_disabled")


def fire_timer(draft: Draft, command: FireTimer) -> None:
    """Only the newest generation counts, and only while the assistant may answer."""
    c = draft.live
    if c is None or c.timers.get(command.name) != command.generation:
        return
    if not c.unanswered or c.turn is not None:
        return
    let_go(draft)
    if _assistant_answers(draft):
        start_turn(draft)


def finish_turn(draft: Draft, command: FinishAssistantTurn) -> None:
    """Takes the answer of the current turn and attempt; any other came too late."""
    if not _is_current(draft, command):
        return
    draft.emit(e.TurnFinished(command.turn, command.attempt, command.outcome, command.code))
    draft.also(_settled(command))
    if command.outcome is TurnOutcome.ANSWERED and draft.context.policy.assistant_answers:
        for ordinal, text in enumerate(command.texts):
            _say(draft, Author.ASSISTANT, command.turn, ordinal, text)
        if draft.conversation.unanswered:
            wake_assistant(draft)
    elif not draft.context.policy.assistant_answers:
        let_go(draft)
    else:
        _apologise(draft, command)


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
    if send is None or _is_settled(send, command.result):
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
    c = draft.conversation
    return draft.context.policy.assistant_answers and c.assistant_may_reply(draft.context.now)


def _set_burst_timer(draft: Draft) -> None:
    c, now, policy = draft.conversation, draft.context.now, draft.context.policy
    limit = (c.burst_since or now) + timedelta(seconds=policy.burst_limit_s)
    due = min(now + timedelta(seconds=policy.burst_window_s), limit)
    generation = c.timers.get(Timer.BURST, 0) + 1
    draft.emit(e.TimerSet(Timer.BURST, generation, set_at=now, due_at=due))
    draft.also(fx.SetTimer(Timer.BURST, generation, due))


def _say(draft: Draft, author: Author, cause: UUID, ordinal: int, text: str) -> None:
    message = outbound_message_id(cause, ordinal)
    outbox = outbox_id(message)
    draft.emit(e.MessageQueued(message, outbox, author))
    draft.also(
        fx.StoreMessage(
            message,
            author,
            Content(Kind.TEXT, text),
            sent_at=draft.context.now,
            status=DeliveryStatus.QUEUED,
            version=draft.conversation.version,
        )
    )
    draft.also(fx.QueueSend(outbox, message, author, text))


def _apologise(draft: Draft, command: FinishAssistantTurn) -> None:
    """The model is away: one fixed, true sentence, and people take over."""
    c = draft.conversation
    text = draft.context.policy.unavailable_text.replace("{protocol}", c.protocol)
    hand_off(draft, command.code or "model_failed")
    _say(draft, Author.SYSTEM, command.turn, 0, text)


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
    )
