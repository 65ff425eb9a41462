"""Changes that agents make to sent messages: edits, deletions and reactions. The stored message
changes only after the gateway accepted the change.
"""

from dataclasses import replace

from niochat.domain.backoff import backoff_s
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, StoredMessage, StoredSend
from niochat.domain.conversation.handlers.message_updates import apply_update, format_edit
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import agent_action_cause, change_id
from niochat.domain.message import Author, MessageChange

MAX_CHANGE_ATTEMPTS = 6
"""Attempts to send a change whose answer was lost. Repeating it is safe: it is idempotent."""
OWN_AUTHORS = frozenset({Author.AGENT, Author.ASSISTANT, Author.SYSTEM})


def edit_message(builder: DecisionBuilder, command: cmd.EditReply) -> None:
    """Queues an edit. Raises ``OperationRefusedError`` unless an agent wrote the message."""
    stored = _require_message(builder, command.target)
    if stored.author is not Author.AGENT:
        raise OperationRefusedError("Only messages of agents can be edited.", code="not_yours")
    _queue(builder, stored, MessageChange.EDIT, command.text)


def delete_message(builder: DecisionBuilder, command: cmd.DeleteReply) -> None:
    """Queues a deletion for everyone. Raises ``OperationRefusedError`` unless NioChat sent the
    message.
    """
    stored = _require_message(builder, command.target)
    if stored.author not in OWN_AUTHORS:
        raise OperationRefusedError(
            "Only messages sent by the provider can be deleted.", code="not_yours"
        )
    _queue(builder, stored, MessageChange.DELETION, "")


def react_to_message(builder: DecisionBuilder, command: cmd.ReactToMessage) -> None:
    """Queues a reaction to any message; an empty emoji removes the reaction."""
    stored = _require_message(builder, command.target)
    _queue(builder, stored, MessageChange.REACTION, command.emoji)


def settle_message_change(
    builder: DecisionBuilder, send: StoredSend, command: cmd.SettleSend
) -> None:
    """Applies a change that the gateway accepted. A change whose answer was lost is sent again."""
    assert send.change is not None
    result, code, retry_in_s = command.result, command.code, command.retry_in_s
    if result is cmd.SendStatus.UNCERTAIN:
        again = send.attempts < MAX_CHANGE_ATTEMPTS
        retry_in_s = backoff_s(send.attempts, base_s=1.0, max_s=64.0)
        result = cmd.SendStatus.RETRY if again else cmd.SendStatus.FAILED
    status = "queued" if result is cmd.SendStatus.RETRY else result.value
    builder.add_effect(
        fx.SettleOutboxEffect(command.outbox, status, command.external_id, code, retry_in_s)
    )
    stored = replace(send.message, in_current_conversation=send.in_current_conversation)
    if (
        result is cmd.SendStatus.FAILED
        and send.in_current_conversation
        and builder.current is not None
    ):
        builder.emit(e.MessageChangeFailed(stored.id, send.change, code))
    elif result is cmd.SendStatus.SENT:
        apply_update(
            builder, stored, send.change.value, _update_value(builder, send.change, send.value)
        )


def _update_value(builder: DecisionBuilder, change: MessageChange, value: str) -> str:
    match change:
        case MessageChange.REACTION:
            return f"provider:{value}"
        case MessageChange.EDIT:
            return format_edit(builder.context.now, value)
        case MessageChange.DELETION:
            return value


def _require_message(builder: DecisionBuilder, target: str) -> StoredMessage:
    builder.require_unresolved()
    stored = builder.context.messages.get(target)
    if stored is None:
        raise OperationRefusedError(
            "The message does not exist in this conversation.", code="no_message"
        )
    return stored


def _queue(
    builder: DecisionBuilder, stored: StoredMessage, change: MessageChange, value: str
) -> None:
    outbox = change_id(agent_action_cause(builder.conversation.id, builder.context.cause))
    builder.add_effect(fx.QueueMessageChangeEffect(outbox, stored.id, change, value))
