"""What people do to messages that have left: edit, take back, react. It counts once the gateway
took it; until then the message stays as it was.
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
"""Times that a change leaves whose answer was lost; it may, as twice is once."""
OWN_AUTHORS = frozenset({Author.AGENT, Author.ASSISTANT, Author.SYSTEM})


def edit_message(draft: DecisionBuilder, command: cmd.EditReply) -> None:
    """Another text, for what a person of the provider has said."""
    known = _require_message(draft, command.target)
    if known.author is not Author.AGENT:
        raise OperationRefusedError("Only messages of agents can be edited.", code="not_yours")
    _queue(draft, known, MessageChange.EDIT, command.text)


def delete_message(draft: DecisionBuilder, command: cmd.DeleteReply) -> None:
    """Taken back for everyone; only what was sent from here."""
    known = _require_message(draft, command.target)
    if known.author not in OWN_AUTHORS:
        raise OperationRefusedError(
            "Only messages sent by the provider can be deleted.", code="not_yours"
        )
    _queue(draft, known, MessageChange.DELETION, "")


def react_to_message(draft: DecisionBuilder, command: cmd.ReactToMessage) -> None:
    """An emoji on any message, or none."""
    known = _require_message(draft, command.target)
    _queue(draft, known, MessageChange.REACTION, command.emoji)


def settle_message_change(
    draft: DecisionBuilder, send: StoredSend, command: cmd.SettleSend
) -> None:
    """The gateway took it: the message changes. A lost answer means once more."""
    assert send.change is not None
    result, code, retry_in_s = command.result, command.code, command.retry_in_s
    if result is cmd.SendStatus.UNCERTAIN:
        again = send.attempts < MAX_CHANGE_ATTEMPTS
        retry_in_s = backoff_s(send.attempts, base_s=1.0, max_s=64.0)
        result = cmd.SendStatus.RETRY if again else cmd.SendStatus.FAILED
    status = "queued" if result is cmd.SendStatus.RETRY else result.value
    draft.add_effect(fx.SettleOutbox(command.outbox, status, command.external_id, code, retry_in_s))
    known = replace(send.message, in_current_conversation=send.in_current_conversation)
    if (
        result is cmd.SendStatus.FAILED
        and send.in_current_conversation
        and draft.current is not None
    ):
        draft.emit(e.MessageChangeFailed(known.id, send.change, code))
    elif result is cmd.SendStatus.SENT:
        apply_update(draft, known, send.change.value, _update_value(draft, send.change, send.value))


def _update_value(draft: DecisionBuilder, change: MessageChange, value: str) -> str:
    match change:
        case MessageChange.REACTION:
            return f"provider:{value}"
        case MessageChange.EDIT:
            return format_edit(draft.context.now, value)
        case MessageChange.DELETION:
            return value


def _require_message(draft: DecisionBuilder, target: str) -> StoredMessage:
    draft.require_unresolved()
    known = draft.context.messages.get(target)
    if known is None:
        raise OperationRefusedError(
            "The message does not exist in this conversation.", code="no_message"
        )
    return known


def _queue(draft: DecisionBuilder, known: StoredMessage, change: MessageChange, value: str) -> None:
    outbox = change_id(agent_action_cause(draft.conversation.id, draft.context.cause))
    draft.add_effect(fx.QueueMessageChange(outbox, known.id, change, value))
