"""What the gateway tells us: messages, edits, reactions, deletions, receipts, echoes."""

from datetime import timedelta
from uuid import UUID

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.conversation import Status
from niochat.domain.draft import Draft, KnownMessage
from niochat.domain.ids import OutboxId, conversation_id, inbound_message_id
from niochat.domain.message import Author, DeliveryStatus
from niochat.domain.replying import (
    cancel_turn,
    hand_off,
    set_status,
    settle_send,
    wake_assistant,
)


def receive_message(draft: Draft, command: cmd.ReceiveMessage) -> None:
    """A customer's message opens the thread's conversation, or goes on with it."""
    if draft.live is None or draft.live.status is Status.RESOLVED:
        _open(draft)
    message = inbound_message_id(draft.context.thread, command.external_id)
    draft.emit(e.MessageReceived(message, command.content.kind))
    draft.also(
        fx.StoreMessage(
            message,
            Author.CUSTOMER,
            command.content,
            command.sent_at,
            command.external_id,
            command.reply_to,
            version=draft.conversation.version,
        )
    )
    _apply_unmatched(draft, command.external_id, message_of(draft, command.external_id))
    if draft.context.policy.suspended and draft.conversation.status is Status.PENDING:
        hand_off(draft, "tenant_suspended")
    wake_assistant(draft)


def receive_phone_message(draft: Draft, command: cmd.ReceivePhoneMessage) -> None:
    """A person answers by the provider's phone: the assistant pauses; nothing is opened."""
    _provider_spoke(draft, command, Author.PHONE)
    c = draft.live
    if c is None or c.status is not Status.PENDING:
        return
    cancel_turn(draft, "phone")
    until = draft.context.now + timedelta(seconds=draft.context.policy.phone_pause_s)
    draft.emit(e.AssistantPaused(until))
    draft.also(fx.CancelReplies())


def receive_echo(draft: Draft, command: cmd.ReceiveEcho) -> None:
    """Our own send is confirmed by its ``track_id``; a stranger's send is shown as such."""
    send = draft.context.sends.get(_outbox_of(command.track_id))
    if send is not None:
        outbox = _outbox_of(command.track_id)
        settle_send(draft, cmd.SettleSend(outbox, cmd.SendResult.SENT, command.external_id))
    elif command.external_id not in draft.context.messages:
        _provider_spoke(draft, command, Author.INTEGRATION)


def receive_reaction(draft: Draft, command: cmd.ReceiveReaction) -> None:
    """An emoji is put on a message or taken off; nobody is woken."""
    who = "provider" if command.from_provider else "customer"
    _apply_or_keep(draft, command.target, "reaction", f"{who}:{command.emoji}")


def receive_edit(draft: Draft, command: cmd.ReceiveEdit) -> None:
    """The text is replaced; the assistant reads the new one in its next turn."""
    _apply_or_keep(draft, command.target, "edit", command.text)


def receive_deletion(draft: Draft, command: cmd.ReceiveDeletion) -> None:
    """The messages are marked as deleted; what they said is kept by the tenant's rule."""
    for target in command.targets:
        _apply_or_keep(draft, target, "deletion", "")


def receive_receipt(draft: Draft, command: cmd.ReceiveReceipt) -> None:
    """Messages of ours got further; a receipt that came too early is kept."""
    for target in command.targets:
        _apply_or_keep(draft, target, "receipt", command.status.value)


def message_of(draft: Draft, external_id: str) -> KnownMessage:
    """The customer's message just received, as later commands of this step will see it."""
    message = inbound_message_id(draft.context.thread, external_id)
    return KnownMessage(message, Author.CUSTOMER, None, live=True)


def _open(draft: Draft) -> None:
    context = draft.context
    draft.reopen()
    opened = conversation_id(context.thread, context.cause)
    draft.emit(e.ConversationOpened(opened, context.protocol))
    if not context.policy.assistant_answers:
        reason = "tenant_suspended" if context.policy.suspended else "assistant_disabled"
        hand_off(draft, reason)


def _provider_spoke(
    draft: Draft, command: cmd.ReceivePhoneMessage | cmd.ReceiveEcho, author: Author
) -> None:
    message = inbound_message_id(draft.context.thread, command.external_id)
    live = draft.live is not None and draft.live.status is not Status.RESOLVED
    if live:
        draft.emit(e.ProviderSpoke(message, author))
    draft.also(
        fx.StoreMessage(
            message,
            author,
            command.content,
            command.sent_at,
            command.external_id,
            status=DeliveryStatus.SENT,
            version=draft.conversation.version if live else None,
        )
    )
    known = KnownMessage(message, author, DeliveryStatus.SENT, live)
    _apply_unmatched(draft, command.external_id, known)


def _outbox_of(track_id: str) -> OutboxId:
    """Our ``track_id`` is the outbox row's id; anything else is nobody's."""
    try:
        return OutboxId(UUID(track_id))
    except ValueError:
        return OutboxId(UUID(int=0))


def _apply_or_keep(draft: Draft, target: str, kind: str, value: str) -> None:
    known = draft.context.messages.get(target)
    if known is None:
        draft.also(fx.KeepUnmatched(target, kind, value))
    else:
        _apply(draft, known, kind, value)


def _apply_unmatched(draft: Draft, external_id: str, known: KnownMessage) -> None:
    for news in draft.context.unmatched.get(external_id, ()):
        _apply(draft, known, news.kind, news.value)


def _apply(draft: Draft, known: KnownMessage, kind: str, value: str) -> None:
    live = known.live and draft.live is not None
    match kind:
        case "receipt":
            if known.author is not Author.CUSTOMER:
                set_status(draft, known, DeliveryStatus(value))
        case "edit":
            if live:
                draft.emit(e.MessageEdited(known.id))
            draft.also(fx.ChangeMessage(known.id, text=value))
        case "deletion":
            if live:
                draft.emit(e.MessageDeleted(known.id))
            draft.also(fx.ChangeMessage(known.id, deleted=True))
        case "reaction":
            who, _, emoji = value.partition(":")
            if live:
                draft.emit(e.MessageReacted(known.id, by_provider=who == "provider"))
            draft.also(fx.ChangeMessage(known.id, reaction=(who, emoji)))
        case _:
            raise ValueError(f"unknown news of a message: {kind}")

