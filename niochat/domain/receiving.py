"""What the gateway tells us: messages, edits, reactions, deletions, receipts, echoes."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from niochat.domain import commands as cmd
from niochat.domain import effects as fx
from niochat.domain import events as e
from niochat.domain.after_hours import serve_on
from niochat.domain.conversation import Status
from niochat.domain.draft import Draft, KnownMessage
from niochat.domain.ids import (
    MessageId,
    OutboxId,
    conversation_id,
    file_id,
    inbound_message_id,
)
from niochat.domain.message import FILES, Author, Content, DeliveryStatus
from niochat.domain.news import apply_or_keep, apply_unmatched, edit_value
from niochat.domain.replying import (
    files_settled,
    let_go,
    reading_until,
    recount,
    settle_send,
    wake_assistant,
    wake_up,
)
from niochat.domain.under_way import cancel_turn

AUTOMATIC_WITHIN = timedelta(seconds=2)
"""Of the visit's first words; times are whole seconds, and nobody reads and types that fast."""
KNOWN_TEXT_WITHIN = timedelta(seconds=5)
"""Of the customer's last words, for a text that was seen to leave by itself."""
Told = cmd.ReceiveMessage | cmd.ReceivePhoneMessage | cmd.ReceiveEcho


def receive_message(draft: Draft, command: cmd.ReceiveMessage) -> None:
    """A customer's message opens the thread's conversation, or goes on with it."""
    if _is_taken_back(draft, command):
        return
    if draft.live is None or draft.live.status is Status.RESOLVED:
        open_conversation(draft)
    message = inbound_message_id(draft.context.thread, command.external_id)
    content = _with_file(draft, message, command)
    awaits = _reading(draft, message, content)
    draft.emit(e.MessageReceived(message, content.kind, command.sent_at, awaits))
    draft.also(
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
    known = KnownMessage(message, Author.CUSTOMER, None, live=True, sent_at=command.sent_at)
    apply_unmatched(draft, command.external_id, known)
    _customer_wants_an_answer(draft)


def _customer_wants_an_answer(draft: Draft) -> None:
    wake_up(draft, "customer_wrote")
    let_go(draft)
    serve_on(draft)
    wake_assistant(draft)


def _is_taken_back(draft: Draft, command: cmd.ReceiveMessage) -> bool:
    """Its deletion came first, and no visit is going on: it is kept, and opens none."""
    live = draft.live is not None and draft.live.status is not Status.RESOLVED
    kept = draft.context.unmatched.get(command.external_id, ())
    if live or not any(news.kind == "deletion" for news in kept):
        return False
    message = inbound_message_id(draft.context.thread, command.external_id)
    draft.also(
        fx.StoreMessage(
            message, Author.CUSTOMER, _with_file(draft, message, command), command.sent_at,
            command.external_id, command.reply_to,
        )
    )  # fmt: skip
    known = KnownMessage(message, Author.CUSTOMER, None, live=False, sent_at=command.sent_at)
    apply_unmatched(draft, command.external_id, known)
    return True


def settle_file(draft: Draft, command: cmd.SettleFile) -> None:
    """The file is here, or will not come; screens show it."""
    draft.also(
        fx.SettleFetch(
            command.file, command.mimetype, command.filename, command.size, command.sha256,
            command.code,
        )
    )  # fmt: skip
    c = draft.live
    if c is not None and c.status is not Status.RESOLVED and c.id == command.conversation:
        draft.emit(e.FileSettled(command.message, command.code))
        if command.code:
            files_settled(draft)


def settle_reading(draft: Draft, command: cmd.SettleReading) -> None:
    """It is known what a file says, or that it will not be; whoever waited for it goes on."""
    draft.also(fx.KeepReading(command.message, command.reading))
    c = draft.live
    if c is not None and c.status is not Status.RESOLVED and c.id == command.conversation:
        draft.emit(e.FileRead(command.message, command.reading.code))
        files_settled(draft)


def _reading(draft: Draft, message: MessageId, content: Content) -> datetime | None:
    """What the customer's file says is wanted; until when an answer waits for it."""
    policy = draft.context.policy
    sort = policy.reads(content.kind)
    if sort is None:
        return None
    seconds = content.details.get("seconds")
    length = float(seconds) if isinstance(seconds, int | float) else 0.0
    draft.also(fx.ReadFile(file_id(message), message, sort, length))
    return reading_until(draft) if policy.reading_wait_s > 0 else None


def _with_file(draft: Draft, message: MessageId, command: Told) -> Content:
    """The content, naming the file that has to be fetched."""
    content = command.content
    if content.kind not in FILES:
        return content
    file, name = file_id(message), content.details.get("file_name")
    draft.also(fx.FetchFile(file, message, command.external_id, str(name or "")))
    return replace(content, details={**content.details, "attachment": str(file)})


def receive_phone_message(draft: Draft, command: cmd.ReceivePhoneMessage) -> None:
    """A person answers by the provider's phone: the assistant pauses; nothing is opened. What the
    phone says by itself answers nobody, and silences nobody.
    """
    if _is_automatic(draft, command):
        _provider_spoke(draft, command, Author.AUTOMATIC)
        return
    c, policy = draft.live, draft.context.policy
    holds = c is not None and (c.status is Status.PENDING or c.after_hours)
    if holds:
        cancel_turn(draft, "phone")  # first: what the turn had in hand is answered now
    _provider_spoke(draft, command, Author.PHONE)
    # Where people have hours, who types at their end is not to be spoken over right after it.
    goes_on = c is not None and c.status is not Status.RESOLVED and bool(policy.hours)
    if holds or goes_on:
        until = draft.context.now + timedelta(seconds=policy.phone_pause_s)
        draft.emit(e.AssistantPaused(until))
    if holds:
        draft.also(fx.CancelReplies())


def _is_automatic(draft: Draft, command: cmd.ReceivePhoneMessage) -> bool:
    """Whether the app sent it, not a person; where in doubt, a person did.

    A greeting or away message leaves within moments of the customer's first words. Who has typed
    here within the hour may well go on typing at that very moment. A text that the app is known
    for may also come later in a visit.
    """
    c = draft.live
    if c is None or c.status is Status.RESOLVED or draft.context.phone_lately:
        return False
    if c.paused_until is not None and c.paused_until > draft.context.now:
        return False
    known = command.content.text.strip() in draft.context.automatic
    heard_at = c.heard_at if known else c.first_heard_at
    within = KNOWN_TEXT_WITHIN if known else AUTOMATIC_WITHIN
    return heard_at is not None and timedelta(0) <= command.sent_at - heard_at <= within


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
    apply_or_keep(draft, command.target, "reaction", f"{who}:{command.emoji}")


def receive_edit(draft: Draft, command: cmd.ReceiveEdit) -> None:
    """The text is replaced, unless a newer edit is here. What had been answered is unanswered
    again.
    """
    before = draft.live.unanswered if draft.live is not None else 0
    value = edit_value(command.edited_at, command.text)
    apply_or_keep(draft, command.target, "edit", value)
    if draft.live is not None and draft.live.unanswered > before:
        _customer_wants_an_answer(draft)


def receive_deletion(draft: Draft, command: cmd.ReceiveDeletion) -> None:
    """The messages are marked as deleted; what they said is kept by the tenant's rule. What
    nobody had answered wants no answer any more.
    """
    before = draft.live
    for target in dict.fromkeys(command.targets):
        apply_or_keep(draft, target, "deletion", "")
    now = draft.live
    if before and now and (before.asked, before.in_hand) != (now.asked, now.in_hand):
        recount(draft)


def receive_receipt(draft: Draft, command: cmd.ReceiveReceipt) -> None:
    """Messages of ours got further; a receipt that came too early is kept."""
    for target in dict.fromkeys(command.targets):
        apply_or_keep(draft, target, "receipt", command.status.value)


def open_conversation(draft: Draft) -> None:
    """A visit begins: with the assistant, or with people where it does not answer."""
    context = draft.context
    draft.reopen()
    opened = conversation_id(context.thread, context.cause)
    draft.emit(e.ConversationOpened(opened, context.protocol))
    let_go(draft)


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
            _with_file(draft, message, command),
            command.sent_at,
            command.external_id,
            status=DeliveryStatus.SENT,
            version=draft.conversation.version if live else None,
        )
    )
    known = KnownMessage(message, author, DeliveryStatus.SENT, live, command.sent_at)
    apply_unmatched(draft, command.external_id, known)


def _outbox_of(track_id: str) -> OutboxId:
    """Our ``track_id`` is the outbox row's id; anything else is nobody's."""
    try:
        return OutboxId(UUID(track_id))
    except ValueError:
        return OutboxId(UUID(int=0))
