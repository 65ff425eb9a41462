"""Plans one thread's step without I/O: it decides the thread's commands in order."""

from dataclasses import replace
from uuid import UUID

from niochat.conversations.step.step_loader import LoadedBatch, PendingRow
from niochat.conversations.step.step_types import (
    MemoryCommand,
    StepPlan,
    StepRequest,
    ThreadSnapshot,
    UnclearRatingMessage,
)
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation.commands import (
    Command,
    DeadLetterCommand,
    EndFollowUp,
    EndRating,
    FinishAssistantTurn,
    FireTimer,
    MergeThread,
    ReceiveMessage,
    RecordOptOut,
    ReopenConversation,
    RestartTurn,
    SendFollowUp,
    SettleFile,
    SettleFileReading,
    SettleSend,
    StartConversation,
)
from niochat.domain.conversation.decide import decide
from niochat.domain.conversation.decision import (
    Decision,
    DecisionContext,
    StoredMessage,
    UnmatchedUpdate,
)
from niochat.domain.conversation.protocol_number import format_protocol_number
from niochat.domain.conversation.state import ConversationState, ConversationStatus
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import inbound_message_id, inbox_cause
from niochat.domain.opt_out.opt_out_handlers import read_request
from niochat.domain.opt_out.opt_out_message import OptOutWording
from niochat.domain.rating.rating_message import MessageMeaning, RatingOpinion, read_message

_REASON_OF_END = {
    "receive_message": "customer_wrote",
    "start_conversation": "conversation_started",
    "reopen_conversation": "reopened",
}
"""Why a rating or the wait for an answer to a follow-up ends, by the command that begins or resumes
another conversation.
"""
MAX_STEP_FAILURES = 3
"""Failed steps after which a row becomes a dead letter."""


class ThreadStepPlanner:
    """Builds the plan of one thread from the loaded data."""

    def __init__(self, request: StepRequest, thread: ThreadSnapshot, loaded: LoadedBatch) -> None:
        tenant = loaded.tenants[thread.tenant_id]
        self._thread = thread
        self._request = request
        self._loaded = loaded
        self._conversation: ConversationState | None = thread.conversation
        self._messages = dict(loaded.messages[thread.id])
        self._sends = dict(loaded.sends[thread.id])
        self._unmatched = dict(loaded.unmatched[thread.id])
        number = loaded.numbers.get(thread.id)
        self._protocol = (
            format_protocol_number(loaded.now, tenant.timezone, number) if number else ""
        )
        self._policy = tenant.policy
        self._people = tenant.staff
        self._timezone = tenant.timezone
        self._plan = StepPlan(thread, request.epoch, loaded.now, thread.conversation)

    def build(self) -> StepPlan:
        """Returns the plan. Memory commands come first, because they are older than the inbox rows.
        Timers come last, because a message that arrived before the end of a burst belongs to it.
        """
        for number, command in enumerate(self._request.commands):
            self._decide(command, f"memory:{number}")
        self._take_rows(self._loaded.rows[self._thread.id])
        if self._plan.merge is None:
            self._fire_timers()
        self._plan.after = self._conversation
        self._notify_freed_agent()
        return self._plan

    def _notify_freed_agent(self) -> None:
        """Adds an effect if the conversation has left its agent, who has free capacity then."""
        had, has = (
            _assigned_agent(each) for each in (self._thread.conversation, self._conversation)
        )
        if had is not None and had != has:
            self._plan.effects.append(fx.NotifyAgentCapacityEffect(had))

    def _fire_timers(self) -> None:
        for timer in self._loaded.timers[self._thread.id]:
            self._decide(timer, f"timer:{timer.name}:{timer.generation}")
            self._plan.timers.append((timer.name, timer.generation))

    def _take_rows(self, rows: list[PendingRow]) -> None:
        self._plan.more = len(rows) > self._request.rows or self._thread.id in self._loaded.unread
        for row in rows[: self._request.rows]:
            first = self._plan.empty
            if isinstance(row.command, MergeThread) and row.failures < MAX_STEP_FAILURES:
                self._plan.more = True
                if first:
                    self._plan.merge = (row.id, UUID(row.command.other))
                return
            alone = isinstance(row.command, ReopenConversation | SendFollowUp)
            if not first and (row.failures or alone):
                self._plan.more = True  # the row gets a step of its own
                return
            if self._leaves_row(row):
                return
            if not self._take_row(row, first):
                return
            if row.failures or isinstance(row.command, SendFollowUp):
                self._plan.more = self._plan.more or len(rows) > 1
                return

    def _take_row(self, row: PendingRow, first: bool) -> bool:
        failed_too_often = row.failures >= MAX_STEP_FAILURES
        command = _dead_letter_command(row) if failed_too_often else row.command
        if isinstance(command, ReopenConversation | SendFollowUp):
            self._restore(self._loaded.over.get(self._thread.id))
        try:
            self._decide(command, inbox_cause(row.id), self._request.opinions.get(row.id))
        except OperationRefusedError as refusal:
            self._plan.rows.append((row.id, f"refused:{refusal.code}"))
            return True
        except Exception:
            self._plan.more = True
            if not first:
                return False  # earlier rows are committed; this row comes first in the next step
            self._plan.failed_row = row.id
            raise
        self._plan.rows.append((row.id, "parked:step_failed" if failed_too_often else "done"))
        return True

    def _restore(self, resolved: ConversationState | None) -> None:
        """Makes a resolved conversation the thread's current one, unless another one is open."""
        active = (
            self._conversation is not None
            and self._conversation.status is not ConversationStatus.RESOLVED
        )
        if resolved is not None and not active:
            self._conversation = resolved
            self._plan.before = replace(self._thread, conversation=resolved)

    def _leaves_row(self, row: PendingRow) -> bool:
        """Whether the row is left to a later step. A step writes events of one conversation only,
        so a row that begins or resumes another one than the resolved one needs a step of its own.
        A message waits until it is clear whether it belongs to the rating.
        """
        c, command = self._conversation, row.command
        if c is None or c.status is not ConversationStatus.RESOLVED:
            return False
        meaning = self._meaning(row)
        if meaning is MessageMeaning.UNCLEAR:
            assert isinstance(command, ReceiveMessage)
            self._plan.unclear = UnclearRatingMessage(row.id, command.content.text)
            return True
        if meaning is not MessageMeaning.OTHER:
            return False
        self._end_waits(row)
        if self._plan.empty:
            self._conversation = None
            self._plan.before = replace(self._thread, conversation=None)
            return False
        self._plan.more = True
        return True

    def _end_waits(self, row: PendingRow) -> None:
        """Nobody waits for an answer in the resolved conversation any longer. A request for no more
        messages is recorded there, because it answers a message of it.
        """
        c, command, cause = self._conversation, row.command, inbox_cause(row.id)
        reason = _REASON_OF_END[command.type]
        if isinstance(command, ReceiveMessage) and read_request(
            c, command.content, self._loaded.now
        ):
            message = inbound_message_id(self._thread.id, command.external_id)
            self._decide(RecordOptOut(message), cause)
        self._decide(EndRating(reason), cause, self._request.opinions.get(row.id))
        self._decide(EndFollowUp(reason), cause)

    def _meaning(self, row: PendingRow) -> MessageMeaning | None:
        """What the row's message is to the rating of the resolved conversation; ``OTHER`` for
        everything that begins or resumes another conversation.
        """
        c, command = self._conversation, row.command
        assert c is not None
        if isinstance(command, ReopenConversation):
            return None if command.conversation == c.id else MessageMeaning.OTHER
        if isinstance(command, StartConversation):
            return MessageMeaning.OTHER
        if not isinstance(command, ReceiveMessage):
            return None
        if row.failures >= MAX_STEP_FAILURES:
            return MessageMeaning.OTHER
        wording = read_request(c, command.content, self._loaded.now)
        if wording is not None:
            return None if wording is OptOutWording.WHOLE else MessageMeaning.OTHER
        if c.rating is None:
            return MessageMeaning.OTHER
        opinion = self._request.opinions.get(row.id)
        return read_message(c.rating, command.content, self._loaded.now, opinion).meaning

    def _decide(
        self,
        command: Command | MemoryCommand,
        cause: str,
        opinion: RatingOpinion | None = None,
    ) -> None:
        refused, asked_at = self._loaded.rating_histories.get(self._thread.id, (False, None))
        context = DecisionContext(
            thread=self._thread.id,
            cause=cause,
            now=self._loaded.now,
            protocol=self._protocol,
            policy=self._policy,
            staff=self._people,
            messages=self._messages,
            sends=self._sends,
            unmatched=self._unmatched,
            contact_blocked=self._thread.id in self._loaded.blocked,
            phone_used_recently=self._thread.id in self._loaded.phone_lately,
            automatic_texts=self._loaded.automatic.get(self._thread.id, frozenset()),
            timezone=self._timezone,
            opted_out=refused or self._thread.id in self._loaded.opted_out,
            rating_requested_at=asked_at,
            rating_opinion=opinion,
        )
        decision = decide(self._conversation, command, context)
        self._conversation = decision.conversation
        self._plan.events.extend(decision.events)
        self._plan.causes.extend([format_cause(command, cause)] * len(decision.events))
        self._plan.effects.extend(decision.effects)
        self._apply_effects(decision)

    def _apply_effects(self, decision: Decision) -> None:
        """Updates the loaded data, so that later commands of this step see the decided effects."""
        for effect in decision.effects:
            match effect:
                case fx.StoreMessageEffect(external_id=str(external)):
                    self._match(external)
                    self._messages[external] = StoredMessage(
                        effect.message,
                        effect.author,
                        effect.status,
                        effect.version is not None,
                        effect.sent_at,
                    )
                case fx.UpdateMessageEffect():
                    self._change(effect)
                case fx.StoreUnmatchedUpdateEffect(external_id=external):
                    update = UnmatchedUpdate(effect.kind, effect.value)
                    earlier = self._unmatched.get(external, ())
                    self._unmatched[external] = (*earlier, update)
                case fx.SettleOutboxEffect() if effect.outbox in self._sends:
                    send = self._sends[effect.outbox]
                    self._sends[effect.outbox] = replace(send, status=effect.status)
                    if effect.external_id is not None:
                        self._messages[effect.external_id] = send.message
                case _:
                    pass

    def _match(self, external: str) -> None:
        """The message arrived, and its stored updates were applied: they can be deleted."""
        if self._unmatched.pop(external, ()):
            self._plan.matched.append(external)

    def _change(self, change: fx.UpdateMessageEffect) -> None:
        if change.external_id is not None:
            self._match(change.external_id)
        for external, known in self._messages.items():
            if known.id == change.message:
                self._messages[external] = _changed(known, change)
        for outbox, send in self._sends.items():
            if send.message.id == change.message:
                self._sends[outbox] = replace(send, message=_changed(send.message, change))


def _changed(known: StoredMessage, change: fx.UpdateMessageEffect) -> StoredMessage:
    return replace(
        known,
        status=change.status or known.status,
        edited_at=known.edited_at if change.text is None else change.at,
        deleted=known.deleted or change.deleted,
    )


def _assigned_agent(conversation: ConversationState | None) -> str | None:
    """Returns the agent whose capacity an open conversation uses."""
    if conversation is None or conversation.status is not ConversationStatus.OPEN:
        return None
    return conversation.agent


def format_cause(command: Command | MemoryCommand, place: str) -> str:
    """Formats the cause of an event for operators: ids and names, never message text.

    A durable command is named by its inbox row (``receive_message:1234``), any other command by the
    turn, send, file or timer that it stands for.
    """
    match command:
        case FinishAssistantTurn(turn=turn, attempt=attempt):
            return f"finish_assistant_turn:{turn}:{attempt}"
        case RestartTurn(turn=turn, attempt=attempt):
            return f"restart_turn:{turn}:{attempt}"
        case SettleSend(outbox=outbox, result=result):
            return f"settle_send:{outbox}:{result}"
        case SettleFile(file=file):
            return f"settle_file:{file}"
        case SettleFileReading(message=message):
            return f"settle_reading:{message}"
        case FireTimer(name=name, generation=generation):
            return f"fire_timer:{name}:{generation}"
        case _:
            return f"{command.type}:{place.removeprefix('inbox:')}"


def _dead_letter_command(row: PendingRow) -> DeadLetterCommand:
    return DeadLetterCommand(row.id, "step_failed", opens=isinstance(row.command, ReceiveMessage))
