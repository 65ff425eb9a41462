"""Handlers for the gateway's commands: messages, edits, reactions, deletions, receipts, echoes."""

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
from niochat.domain.conversation.handlers.send_settlement import settle_send
from niochat.domain.conversation.handlers.transitions import escalate_if_disabled, unsnooze
from niochat.domain.conversation.handlers.turns import (
    file_reading_deadline,
    reassess_after_deletion,
    schedule_turn,
    start_turn_if_files_read,
)
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.follow_up_handlers import end_follow_up
from niochat.domain.ids import (
    MessageId,
    OutboxId,
    conversation_id,
    file_id,
    inbound_message_id,
)
from niochat.domain.message import FILE_KINDS, Author, DeliveryStatus, MessageContent
from niochat.domain.opt_out.opt_out_handlers import take_opt_out
from niochat.domain.rating.rating_handlers import take_message, take_reaction

AUTOMATIC_REPLY_WINDOW = timedelta(seconds=2)
"""A phone message this soon after the conversation's first message is automatic, because nobody
reads and types that fast. WhatsApp's times are whole seconds.
"""
KNOWN_TEXT_WINDOW = timedelta(seconds=5)
"""The same after the customer's latest message, for texts that are known to be automatic."""
MessageCommand = cmd.ReceiveMessage | cmd.ReceiveProviderPhoneMessage | cmd.ReceiveEcho


def receive_message(builder: DecisionBuilder, command: cmd.ReceiveMessage) -> None:
    """A customer's message asks for no more messages, answers an open rating, continues the
    thread's conversation or opens a new one. A message of a blocked contact opens none and asks for
    no answer.
    """
    if take_opt_out(builder, command) or take_message(builder, command):
        return
    if _opens_nothing(builder, command):
        return
    if builder.active is None:
        open_conversation(builder)
    message = inbound_message_id(builder.context.thread, command.external_id)
    content = _with_file(builder, message, command)
    awaits = _request_file_reading(builder, message, content)
    builder.emit(e.MessageReceived(message, content.kind, command.sent_at, awaits))
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            Author.CUSTOMER,
            content,
            command.sent_at,
            command.external_id,
            command.reply_to,
            version=builder.conversation.version,
        )
    )
    stored = StoredMessage(
        message, Author.CUSTOMER, None, in_current_conversation=True, sent_at=command.sent_at
    )
    apply_stored_updates(builder, command.external_id, stored)
    end_follow_up(builder, "customer_wrote")
    _request_answer(builder)


def _request_answer(builder: DecisionBuilder) -> None:
    if builder.context.contact_blocked:
        return
    unsnooze(builder, "customer_wrote")
    escalate_if_disabled(builder)
    start_after_hours(builder)
    schedule_turn(builder)


def _opens_nothing(builder: DecisionBuilder, command: cmd.ReceiveMessage) -> bool:
    """Stores a message that opens no conversation, and returns whether it is one: none is open, and
    the contact is blocked or the deletion of the message arrived first.
    """
    updates = builder.context.unmatched.get(command.external_id, ())
    deleted = any(update.kind == "deletion" for update in updates)
    if builder.active is not None or not (deleted or builder.context.contact_blocked):
        return False
    message = inbound_message_id(builder.context.thread, command.external_id)
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            Author.CUSTOMER,
            _with_file(builder, message, command),
            command.sent_at,
            command.external_id,
            command.reply_to,
        )
    )
    stored = StoredMessage(
        message, Author.CUSTOMER, None, in_current_conversation=False, sent_at=command.sent_at
    )
    apply_stored_updates(builder, command.external_id, stored)
    return True


def settle_file(builder: DecisionBuilder, command: cmd.SettleFile) -> None:
    """Records that a file was stored or cannot be fetched. A turn that waited only for this file
    starts in the second case.
    """
    builder.add_effect(
        fx.SettleFileFetchEffect(
            command.file,
            command.mimetype,
            command.filename,
            command.size,
            command.sha256,
            command.code,
        )
    )
    c = builder.active
    if c is not None and c.id == command.conversation:
        builder.emit(e.FileFetchSettled(command.message, command.code))
        if command.code:
            start_turn_if_files_read(builder)


def settle_file_reading(builder: DecisionBuilder, command: cmd.SettleFileReading) -> None:
    """Records the result of reading a file, and starts the turn that waited only for it."""
    builder.add_effect(fx.StoreFileReadingEffect(command.message, command.reading))
    c = builder.active
    if c is not None and c.id == command.conversation:
        builder.emit(e.FileRead(command.message, command.reading.code))
        start_turn_if_files_read(builder)


def _request_file_reading(
    builder: DecisionBuilder, message: MessageId, content: MessageContent
) -> datetime | None:
    """Requests that the customer's file is read; returns until when an answer waits for it."""
    policy = builder.context.policy
    sort = policy.readable_kind(content.kind)
    if sort is None:
        return None
    seconds = content.details.get("seconds")
    length = float(seconds) if isinstance(seconds, int | float) else 0.0
    builder.add_effect(fx.RequestFileReadingEffect(file_id(message), message, sort, length))
    return file_reading_deadline(builder) if policy.reading_wait_s > 0 else None


def _with_file(
    builder: DecisionBuilder, message: MessageId, command: MessageCommand
) -> MessageContent:
    """Requests the message's file, if it has one; returns the content with the file's id."""
    content = command.content
    if content.kind not in FILE_KINDS:
        return content
    file, name = file_id(message), content.details.get("file_name")
    builder.add_effect(fx.FetchFileEffect(file, message, command.external_id, str(name or "")))
    return replace(content, details={**content.details, "attachment": str(file)})


def receive_provider_phone_message(
    builder: DecisionBuilder, command: cmd.ReceiveProviderPhoneMessage
) -> None:
    """A person wrote on the provider's phone: the assistant pauses, and no conversation is opened.

    An automatic message of the phone counts as no answer and pauses nothing.
    """
    if _is_automatic(builder, command):
        _observe_provider_message(builder, command, Author.AUTOMATIC)
        return
    c, policy = builder.current, builder.context.policy
    holds = c is not None and (c.status is ConversationStatus.PENDING or c.after_hours)
    if holds:
        cancel_turn(builder, "phone")  # first: the phone message answers the turn's messages too
    _observe_provider_message(builder, command, Author.PHONE)
    # With business hours set, after-hours service could begin while this person still writes.
    if holds or (builder.active is not None and policy.hours):
        until = builder.context.now + timedelta(seconds=policy.phone_pause_s)
        builder.emit(e.AssistantPaused(until))
    if holds:
        builder.add_effect(fx.CancelAssistantSendsEffect())


def _is_automatic(builder: DecisionBuilder, command: cmd.ReceiveProviderPhoneMessage) -> bool:
    """Whether the phone's app sent the message by itself; in doubt a person did.

    A greeting or away message follows the customer's first message within seconds. If a person
    wrote here within the last hour, that person may have written this message too. A text that is
    known to be automatic may also come later in a conversation.
    """
    c = builder.active
    if c is None or builder.context.phone_used_recently:
        return False
    if c.paused_until is not None and c.paused_until > builder.context.now:
        return False
    known_text = command.content.text.strip() in builder.context.automatic_texts
    heard_at = c.heard_at if known_text else c.first_heard_at
    window = KNOWN_TEXT_WINDOW if known_text else AUTOMATIC_REPLY_WINDOW
    return heard_at is not None and timedelta(0) <= command.sent_at - heard_at <= window


def receive_echo(builder: DecisionBuilder, command: cmd.ReceiveEcho) -> None:
    """Settles our own send, found by its ``track_id``. Any other send through the gateway's API is
    stored as a message of another system.
    """
    send = builder.context.sends.get(_parse_track_id(command.track_id))
    if send is not None:
        outbox = _parse_track_id(command.track_id)
        settle_send(builder, cmd.SettleSend(outbox, cmd.SendStatus.SENT, command.external_id))
    elif command.external_id not in builder.context.messages:
        _observe_provider_message(builder, command, Author.INTEGRATION)


def receive_reaction(builder: DecisionBuilder, command: cmd.ReceiveReaction) -> None:
    """Records a reaction. It neither starts a turn nor ends a snooze."""
    side = "provider" if command.from_provider else "customer"
    apply_or_store_update(builder, command.target, "reaction", f"{side}:{command.emoji}")
    target = builder.context.messages.get(command.target)
    if target is not None and not command.from_provider:
        take_reaction(builder, target.id, command.emoji)


def receive_edit(builder: DecisionBuilder, command: cmd.ReceiveEdit) -> None:
    """Replaces the text unless a newer edit was applied. An answered message becomes unanswered
    again.
    """
    before = builder.current.unanswered if builder.current is not None else 0
    value = format_edit(command.edited_at, command.text)
    apply_or_store_update(builder, command.target, "edit", value)
    if builder.current is not None and builder.current.unanswered > before:
        _request_answer(builder)


def receive_deletion(builder: DecisionBuilder, command: cmd.ReceiveDeletion) -> None:
    """Marks the messages as deleted; their text stays stored as the tenant's rule says. Those that
    were unanswered need no answer any more.
    """
    before = builder.current
    for target in dict.fromkeys(command.targets):
        apply_or_store_update(builder, target, "deletion", "")
    now = builder.current
    if before and now and (before.asked, before.in_hand) != (now.asked, now.in_hand):
        reassess_after_deletion(builder)


def receive_receipt(builder: DecisionBuilder, command: cmd.ReceiveDeliveryReceipt) -> None:
    """Advances the status of sent messages. A receipt that precedes its message is stored."""
    for target in dict.fromkeys(command.targets):
        apply_or_store_update(builder, target, "receipt", command.status.value)


def open_conversation(builder: DecisionBuilder) -> None:
    """Opens a conversation with the assistant, or with people if the assistant is off."""
    context = builder.context
    builder.start_new()
    opened = conversation_id(context.thread, context.cause)
    builder.emit(e.ConversationOpened(opened, context.protocol))
    escalate_if_disabled(builder)


def _observe_provider_message(
    builder: DecisionBuilder,
    command: cmd.ReceiveProviderPhoneMessage | cmd.ReceiveEcho,
    author: Author,
) -> None:
    message = inbound_message_id(builder.context.thread, command.external_id)
    active = builder.active is not None
    if active:
        builder.emit(e.ProviderMessageObserved(message, author))
    builder.add_effect(
        fx.StoreMessageEffect(
            message,
            author,
            _with_file(builder, message, command),
            command.sent_at,
            command.external_id,
            status=DeliveryStatus.SENT,
            version=builder.conversation.version if active else None,
        )
    )
    stored = StoredMessage(message, author, DeliveryStatus.SENT, active, command.sent_at)
    apply_stored_updates(builder, command.external_id, stored)


def _parse_track_id(track_id: str) -> OutboxId:
    """Returns the outbox row's id that a ``track_id`` of ours holds, else an id of no row."""
    try:
        return OutboxId(UUID(track_id))
    except ValueError:
        return OutboxId(UUID(int=0))
