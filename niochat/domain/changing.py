"""What people do to messages that have left: edit, take back, react. It counts once the gateway
took it; until then the message stays as it was.
"""

from dataclasses import replace

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.draft import Draft, KnownMessage, KnownSend
from niochat.domain.errors import Refused
from niochat.domain.ids import change_id, person_cause
from niochat.domain.message import Author, Change
from niochat.domain.news import apply_news, edit_value

MAX_TRIES = 6
"""Times that a change leaves whose answer was lost; it may, as twice is once."""
OURS = frozenset({Author.AGENT, Author.ASSISTANT, Author.SYSTEM})


def edit(draft: Draft, command: cmd.EditReply) -> None:
    """Another text, for what a person of the provider has said."""
    known = _known(draft, command.target)
    if known.author is not Author.AGENT:
        raise Refused("Only messages of agents can be edited.", code="not_yours")
    _queue(draft, known, Change.EDIT, command.text)


def delete(draft: Draft, command: cmd.DeleteReply) -> None:
    """Taken back for everyone; only what was sent from here."""
    known = _known(draft, command.target)
    if known.author not in OURS:
        raise Refused("Only messages sent by the provider can be deleted.", code="not_yours")
    _queue(draft, known, Change.DELETION, "")


def react(draft: Draft, command: cmd.ReactToMessage) -> None:
    """An emoji on any message, or none."""
    known = _known(draft, command.target)
    _queue(draft, known, Change.REACTION, command.emoji)


def settle_change(draft: Draft, send: KnownSend, command: cmd.SettleSend) -> None:
    """The gateway took it: the message changes. A lost answer means once more."""
    assert send.change is not None
    result, code, retry_in_s = command.result, command.code, command.retry_in_s
    if result is cmd.SendResult.UNCERTAIN:
        again, retry_in_s = send.attempts < MAX_TRIES, 2.0**send.attempts
        result = cmd.SendResult.RETRY if again else cmd.SendResult.FAILED
    status = "queued" if result is cmd.SendResult.RETRY else result.value
    draft.also(fx.SettleOutbox(command.outbox, status, command.external_id, code, retry_in_s))
    known = replace(send.message, live=send.live)
    if result is cmd.SendResult.FAILED and send.live and draft.live is not None:
        draft.emit(e.ChangeFailed(known.id, send.change, code))
    elif result is cmd.SendResult.SENT:
        apply_news(draft, known, send.change.value, _news(draft, send.change, send.value))


def _news(draft: Draft, change: Change, value: str) -> str:
    match change:
        case Change.REACTION:
            return f"provider:{value}"
        case Change.EDIT:
            return edit_value(draft.context.now, value)
        case Change.DELETION:
            return value


def _known(draft: Draft, target: str) -> KnownMessage:
    draft.ongoing()
    known = draft.context.messages.get(target)
    if known is None:
        raise Refused("The message does not exist in this conversation.", code="no_message")
    return known


def _queue(draft: Draft, known: KnownMessage, change: Change, value: str) -> None:
    outbox = change_id(person_cause(draft.conversation.id, draft.context.cause))
    draft.also(fx.QueueChange(outbox, known.id, change, value))
