"""What the gateway tells us: messages, edits, reactions, deletions, receipts, echoes."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import DecisionBuilder, StoredMessage
from niochat.domain.conversation.handlers.after_hours_service import start_after_hours
from niochat.domain.conversation.handlers.message_updates import (
    apply_or_store_update,
    apply_stored_updates,
    format_edit,
)
from niochat.domain.conversation.handlers.scheduling import cancel_turn
from niochat.domain.conversation.handlers.turns import (
    escalate_if_disabled,
    file_reading_deadline,
    reassess_after_deletion,
    schedule_turn,
    settle_send,
    start_turn_if_files_read,
    unsnooze,
)
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.ids import (
    MessageId,
    OutboxId,
    conversation_id,
    file_id,
    inbound_message_id,
)
from niochat.domain.message import FILE_KINDS, Author, DeliveryStatus, MessageContent

AUTOMATIC_REPLY_WINDOW = timedelta(seconds=2)
"""Of the visit's first words; times are whole seconds, and nobody reads and types that fast."""
KNOWN_TEXT_WINDOW = timedelta(seconds=5)
"""Of the customer's last words, for a text that was seen to leave by itself."""
MessageCommand = cmd.ReceiveMessage | cmd.ReceiveProviderPhoneMessage | cmd.ReceiveEcho


def receive_message(draft: DecisionBuilder, command: cmd.ReceiveMessage) -> None:
    """A customer's message opens the thread's conversation, or goes on with it."""
    if _is_deleted_already(draft, command):
        return
    if draft.current is None or draft.current.status is ConversationStatus.RESOLVED:
        open_conversation(draft)
    message = inbound_message_id(draft.context.thread, command.external_id)
    content = _with_file(draft, message, command)
    awaits = _request_file_reading(draft, message, content)
    draft.emit(e.MessageReceived(message, content.kind, command.sent_at, awaits))
    draft.add_effect(
        fx.StoreMessage(
            message,
            Author.CUSTOMER,
            content,
            command.sent_at,
            command.external_id,
            command.reply_to,
            version=draft.conversation.version,
        )
    )
    known = StoredMessage(
        message, Author.CUSTOMER, None, in_current_conversation=True, sent_at=command.sent_at
    )
    apply_stored_updates(draft, command.external_id, known)
    _request_answer(draft)


def _request_answer(draft: DecisionBuilder) -> None:
    unsnooze(draft, "customer_wrote")
    escalate_if_disabled(draft)
    start_after_hours(draft)
    schedule_turn(draft)


def _is_deleted_already(draft: DecisionBuilder, command: cmd.ReceiveMessage) -> bool:
    """Its deletion came first, and no visit is going on: it is kept, and opens none."""
    live = draft.current is not None and draft.current.status is not ConversationStatus.RESOLVED
    kept = draft.context.unmatched.get(command.external_id, ())
    if live or not any(news.kind == "deletion" for news in kept):
        return False
    message = inbound_message_id(draft.context.thread, command.external_id)
    draft.add_effect(
        fx.StoreMessage(
            message,
            Author.CUSTOMER,
            _with_file(draft, message, command),
            command.sent_at,
            command.external_id,
            command.reply_to,
        )
    )
    known = StoredMessage(
        message, Author.CUSTOMER, None, in_current_conversation=False, sent_at=command.sent_at
    )
    apply_stored_updates(draft, command.external_id, known)
    return True


def settle_file(draft: DecisionBuilder, command: cmd.SettleFile) -> None:
    """The file is here, or will not come; screens show it."""
    draft.add_effect(
        fx.SettleFileFetch(
            command.file,
            command.mimetype,
            command.filename,
            command.size,
            command.sha256,
            command.code,
        )
    )
    c = draft.current
    if (
        c is not None
        and c.status is not ConversationStatus.RESOLVED
        and c.id == command.conversation
    ):
        draft.emit(e.FileFetchSettled(command.message, command.code))
        if command.code:
            start_turn_if_files_read(draft)


def settle_file_reading(draft: DecisionBuilder, command: cmd.SettleFileReading) -> None:
    """It is known what a file says, or that it will not be; whoever waited for it goes on."""
    draft.add_effect(fx.StoreFileReading(command.message, command.reading))
    c = draft.current
    if (
        c is not None
        and c.status is not ConversationStatus.RESOLVED
        and c.id == command.conversation
    ):
        draft.emit(e.FileRead(command.message, command.reading.code))
        start_turn_if_files_read(draft)


def _request_file_reading(
    draft: DecisionBuilder, message: MessageId, content: MessageContent
) -> datetime | None:
    """What the customer's file says is wanted; until when an answer waits for it."""
    policy = draft.context.policy
    sort = policy.readable_kind(content.kind)
    if sort is None:
        return None
    seconds = content.details.get("seconds")
    length = float(seconds) if isinstance(seconds, int | float) else 0.0
    draft.add_effect(fx.RequestFileReading(file_id(message), message, sort, length))
    return file_reading_deadline(draft) if policy.reading_wait_s > 0 else None


def _with_file(
    draft: DecisionBuilder, message: MessageId, command: MessageCommand
) -> MessageContent:
    """The content, naming the file that has to be fetched."""
    content = command.content
    if content.kind not in FILE_KINDS:
        return content
    file, name = file_id(message), content.details.get("file_name")
    draft.add_effect(fx.FetchFile(file, message, command.external_id, str(name or "")))
    return replace(content, details={**content.details, "attachment": str(file)})


def receive_provider_phone_message(
    draft: DecisionBuilder, command: cmd.ReceiveProviderPhoneMessage
) -> None:
    """A person answers by the provider's phone: the assistant pauses; nothing is opened. What the
    phone says by itself answers nobody, and silences nobody.
    """
    if _is_automatic(draft, command):
        _observe_provider_message(draft, command, Author.AUTOMATIC)
        return
    c, policy = draft.current, draft.context.policy
    holds = c is not None and (c.status is ConversationStatus.PENDING or c.after_hours)
    if holds:
        cancel_turn(draft, "phone")  # first: what the turn had in hand is answered now
    _observe_provider_message(draft, command, Author.PHONE)
    # Where people have hours, who types at their end is not to be spoken over right after it.
    goes_on = c is not None and c.status is not ConversationStatus.RESOLVED and bool(policy.hours)
    if holds or goes_on:
        until = draft.context.now + timedelta(seconds=policy.phone_pause_s)
        draft.emit(e.AssistantPaused(until))
    if holds:
        draft.add_effect(fx.CancelAssistantSends())


def _is_automatic(draft: DecisionBuilder, command: cmd.ReceiveProviderPhoneMessage) -> bool:
    """Whether the app sent it, not a person; where in doubt, a person did.

    A greeting or away message leaves within moments of the customer's first words. Who has typed
    here within the hour may well go on typing at that very moment. A text that the app is known
    for may also come later in a visit.
    """
    c = draft.current
    if c is None or c.status is ConversationStatus.RESOLVED or draft.context.phone_used_recently:
        return False
    if c.paused_until is not None and c.paused_until > draft.context.now:
        return False
    known = command.content.text.strip() in draft.context.automatic_texts
    heard_at = c.heard_at if known else c.first_heard_at
    within = KNOWN_TEXT_WINDOW if known else AUTOMATIC_REPLY_WINDOW
    return heard_at is not None and timedelta(0) <= command.sent_at - heard_at <= within


def receive_echo(draft: DecisionBuilder, command: cmd.ReceiveEcho) -> None:
    """Our own send is confirmed by its ``track_id``; a stranger's send is shown as such."""
    send = draft.context.sends.get(_parse_track_id(command.track_id))
    if send is not None:
        outbox = _parse_track_id(command.track_id)
        settle_send(draft, cmd.SettleSend(outbox, cmd.SendStatus.SENT, command.external_id))
    elif command.external_id not in draft.context.messages:
        _observe_provider_message(draft, command, Author.INTEGRATION)


def receive_reaction(draft: DecisionBuilder, command: cmd.ReceiveReaction) -> None:
    """An emoji is put on a message or taken off; nobody is woken."""
    who = "provider" if command.from_provider else "customer"
    apply_or_store_update(draft, command.target, "reaction", f"{who}:{command.emoji}")


def receive_edit(draft: DecisionBuilder, command: cmd.ReceiveEdit) -> None:
    """The text is replaced, unless a newer edit is here. What had been answered is unanswered
    again.
    """
    before = draft.current.unanswered if draft.current is not None else 0
    value = format_edit(command.edited_at, command.text)
    apply_or_store_update(draft, command.target, "edit", value)
    if draft.current is not None and draft.current.unanswered > before:
        _request_answer(draft)


def receive_deletion(draft: DecisionBuilder, command: cmd.ReceiveDeletion) -> None:
    """The messages are marked as deleted; what they said is kept by the tenant's rule. What
    nobody had answered wants no answer any more.
    """
    before = draft.current
    for target in dict.fromkeys(command.targets):
        apply_or_store_update(draft, target, "deletion", "")
    now = draft.current
    if before and now and (before.asked, before.in_hand) != (now.asked, now.in_hand):
        reassess_after_deletion(draft)


def receive_receipt(draft: DecisionBuilder, command: cmd.ReceiveReceipt) -> None:
    """Messages of ours got further; a receipt that came too early is kept."""
    for target in dict.fromkeys(command.targets):
        apply_or_store_update(draft, target, "receipt", command.status.value)


def open_conversation(draft: DecisionBuilder) -> None:
    """A visit begins: with the assistant, or with people where it does not answer."""
    context = draft.context
    draft.start_new()
    opened = conversation_id(context.thread, context.cause)
    draft.emit(e.ConversationOpened(opened, context.protocol))
    escalate_if_disabled(draft)


def _observe_provider_message(
    draft: DecisionBuilder,
    command: cmd.ReceiveProviderPhoneMessage | cmd.ReceiveEcho,
    author: Author,
) -> None:
    message = inbound_message_id(draft.context.thread, command.external_id)
    live = draft.current is not None and draft.current.status is not ConversationStatus.RESOLVED
    if live:
        draft.emit(e.ProviderMessageObserved(message, author))
    draft.add_effect(
        fx.StoreMessage(
            message,
            author,
            _with_file(draft, message, command),
            command.sent_at,
            command.external_id,
            status=DeliveryStatus.SENT,
            version=draft.conversation.version if live else None,
        )
    )
    known = StoredMessage(message, author, DeliveryStatus.SENT, live, command.sent_at)
    apply_stored_updates(draft, command.external_id, known)


def _parse_track_id(track_id: str) -> OutboxId:
    """Our ``track_id`` is the outbox row's id; anything else is nobody's."""
    try:
        return OutboxId(UUID(track_id))
    except ValueError:
        return OutboxId(UUID(int=0))
