"""Settles sends: records the outcome of each once."""

from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import SendStatus, SettleSend
from niochat.domain.conversation.decision import DecisionBuilder, StoredSend
from niochat.domain.conversation.handlers.message_edits import settle_message_change
from niochat.domain.conversation.handlers.message_updates import (
    advance_status,
    apply_stored_updates,
)
from niochat.domain.conversation.handlers.transitions import hand_off
from niochat.domain.conversation.handlers.turns import may_assistant_answer
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.message import Author, DeliveryStatus
from niochat.domain.rating.rating_handlers import settle_request


def settle_send(builder: DecisionBuilder, command: SettleSend) -> None:
    """Records the outcome of a send once; evidence that it was sent is never taken back."""
    send = builder.context.sends.get(command.outbox)
    if send is None or _is_settled(send, command.result) or _is_stale(send, command):
        return
    if send.change is not None:
        settle_message_change(builder, send, command)
        return
    status = _outbox_status(builder, send, command)
    builder.add_effect(
        fx.SettleOutboxEffect(
            command.outbox, status, command.external_id, command.code, command.retry_in_s
        )
    )
    match command.result:
        case SendStatus.SENT:
            stored = advance_status(
                builder, send.message, DeliveryStatus.SENT, external_id=command.external_id
            )
            settle_request(builder, send.message.id, None)
            apply_stored_updates(builder, command.external_id or "", stored)
        case SendStatus.FAILED:
            advance_status(builder, send.message, DeliveryStatus.FAILED, command.code)
            settle_request(builder, send.message.id, command.code)
            if send.in_current_conversation and _is_pending(builder, send):
                hand_off(builder, "send_failed")
        case SendStatus.UNCERTAIN:
            advance_status(builder, send.message, DeliveryStatus.UNCERTAIN, command.code)
        case SendStatus.RETRY:
            if status == "cancelled":
                builder.add_effect(fx.UpdateMessageEffect(send.message.id, code="cancelled"))


def _is_settled(send: StoredSend, result: SendStatus) -> bool:
    """Whether the outcome is final. ``SENT`` still replaces every outcome but itself."""
    if result is SendStatus.SENT:
        return send.status == "sent"
    return send.status in ("sent", "cancelled", "failed")


def _is_stale(send: StoredSend, command: SettleSend) -> bool:
    """Whether a later attempt has started since: the outcome of an earlier one must not queue the
    send again.
    """
    evidence = command.result is SendStatus.SENT
    return not evidence and command.attempt not in (None, send.attempts)


def _outbox_status(builder: DecisionBuilder, send: StoredSend, command: SettleSend) -> str:
    if command.result is not SendStatus.RETRY:
        return command.result.value
    lost = send.message.author is Author.ASSISTANT and not (
        send.in_current_conversation
        and builder.current is not None
        and may_assistant_answer(builder)
    )
    return "cancelled" if lost else "queued"


def _is_pending(builder: DecisionBuilder, send: StoredSend) -> bool:
    """Whether the assistant's customer waits for the message. Nobody waits for a follow-up."""
    c = builder.current
    if c is None or c.status is not ConversationStatus.PENDING:
        return False
    return c.follow_up is None or c.follow_up.message != send.message.id
