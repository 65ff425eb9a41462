"""Simulates a conversation with one customer: it decides commands in order and stores their effects
as the tables do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import effects as fx
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decide import decide
from niochat.domain.conversation.decision import (
    Decision,
    DecisionContext,
    StoredMessage,
    StoredSend,
    UnmatchedUpdate,
)
from niochat.domain.conversation.effects import Effect
from niochat.domain.conversation.evolve import replay
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationState, TimerName, TurnInProgress
from niochat.domain.ids import (
    ConversationId,
    MessageId,
    OutboxId,
    RatingId,
    ThreadId,
    TurnId,
)
from niochat.domain.message import (
    Author,
    DeliveryStatus,
    MessageContent,
    MessageKind,
    is_status_advance,
)
from niochat.domain.rating.rating_message import RatingOpinion

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
THREAD = ThreadId(UUID("0190a000-0000-7000-8000-000000000001"))


def build_text(words: str = "oi") -> MessageContent:
    return MessageContent(MessageKind.TEXT, words)


@dataclass
class MessageRow:
    """A row of ``messages``."""

    author: Author
    text: str
    conversation: ConversationId | None
    external: str | None
    status: DeliveryStatus | None
    kind: MessageKind = MessageKind.TEXT
    deleted: bool = False
    reactions: dict[str, str] = field(default_factory=dict)
    sent_at: datetime = START
    edited_at: datetime | None = None

    @property
    def edited(self) -> bool:
        return self.edited_at is not None


@dataclass
class OutboxRow:
    """A row of ``outbox``."""

    message: MessageId
    conversation: ConversationId
    origin: Author
    text: str
    status: str = "queued"


class ConversationSimulator:
    """Owns the clock and everything that a decision depends on, which changes only by effects."""

    def __init__(self, policy: ConversationPolicy | None = None) -> None:
        self.policy = policy or ConversationPolicy()
        self.people = StaffAvailability()
        self.now = START
        self.state: ConversationState | None = None
        self.logs: dict[ConversationId, list[e.Event]] = {}
        self.said: dict[MessageId, MessageRow] = {}
        self.sends: dict[OutboxId, OutboxRow] = {}
        self.unmatched: dict[str, list[UnmatchedUpdate]] = {}
        self.timers: dict[str, fx.SetTimerEffect] = {}
        self.turns: dict[TurnId, str] = {}
        self.automatic: set[str] = set()
        self.contact_blocked = False
        self.opted_out = False
        self.rating_requested_at: datetime | None = None
        self.ratings: dict[RatingId, fx.StoreRatingEffect] = {}
        self.follow_ups: list[fx.StoreFollowUpAttemptEffect] = []
        self._number = 0

    # -- commands ----------------------------------------------------------------------------

    def decide_command(
        self, command: cmd.Command, opinion: RatingOpinion | None = None
    ) -> Decision:
        """Decides, stores the result and checks the invariants of every decision."""
        self._number += 1
        before = self.state
        context = replace(self._context(), rating_opinion=opinion)
        decision = decide(before, command, context)
        assert decision == decide(before, command, context), "decide is not pure"
        self.state = decision.conversation
        self._keep_events(before, decision)
        for effect in decision.effects:
            self._keep(effect)
        return decision

    def receive_customer_message(self, words: str = "oi", external: str | None = None) -> Decision:
        name = external or f"in-{self._number}"
        return self.decide_command(cmd.ReceiveMessage(name, build_text(words), self.now))

    def receive_phone_message(self, words: str = "deixa comigo") -> Decision:
        """A person wrote on the provider's phone; within two seconds it would be automatic."""
        sent_at = self.now + timedelta(seconds=10)
        return self.decide_command(
            cmd.ReceiveProviderPhoneMessage(f"phone-{self._number}", build_text(words), sent_at)
        )

    def receive_edit(self, target: str, words: str, after_s: float = 0.0) -> Decision:
        """An edit with the time ``after_s`` seconds after the start."""
        at = START + timedelta(seconds=after_s)
        return self.decide_command(cmd.ReceiveEdit(f"edit-{self._number}", target, words, at))

    def receive_deletion(self, *targets: str) -> Decision:
        return self.decide_command(cmd.ReceiveDeletion(targets))

    def finish_turn(
        self,
        *texts: str,
        turn: TurnInProgress | None = None,
        handoff: cmd.HandoffRequest | None = None,
        close: str = "",
    ) -> Decision:
        turn = turn or self.turn
        says, outcome = tuple(build_text(words) for words in texts), cmd.TurnOutcome.ANSWERED
        return self.decide_command(
            cmd.FinishAssistantTurn(turn.id, turn.attempt, outcome, says, handoff, close)
        )

    def fail_turn(
        self, code: str = "model_away", handoff: cmd.HandoffRequest | None = None
    ) -> Decision:
        turn, outcome = self.turn, cmd.TurnOutcome.FAILED
        return self.decide_command(
            cmd.FinishAssistantTurn(turn.id, turn.attempt, outcome, handoff=handoff, code=code)
        )

    def settle_send(
        self, outbox: OutboxId, result: cmd.SendStatus, external: str | None = None
    ) -> Decision:
        return self.decide_command(cmd.SettleSend(outbox, result, external))

    def advance_clock(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def fire_timer(
        self, generation: int | None = None, name: TimerName = TimerName.BURST
    ) -> Decision:
        """Fires the timer, whether it is due or not."""
        return self.decide_command(cmd.FireTimer(name, generation or self.timers[name].generation))

    def fire_idle_timer(self) -> Decision:
        """Lets the time pass until the idle timer is due and fires it."""
        self.advance_clock(self.seconds_until_timer(TimerName.IDLE))
        return self.fire_timer(name=TimerName.IDLE)

    def start_turn(self) -> TurnInProgress:
        """Lets the customer write and starts the assistant's turn."""
        self.receive_customer_message()
        self.fire_timer()
        return self.turn

    def claim_send(self) -> OutboxId | None:
        """Claims the first queued row that may be sent, as statement 3 does in the database."""
        for outbox, send in self.sends.items():
            if send.status == "queued" and (
                send.origin is not Author.ASSISTANT or self.can_assistant_reply
            ):
                send.status = "sending"
                return outbox
        return None

    # -- state -------------------------------------------------------------------------------

    @property
    def active_conversation(self) -> ConversationState:
        assert self.state is not None
        return self.state

    @property
    def turn(self) -> TurnInProgress:
        assert self.active_conversation.turn is not None
        return self.active_conversation.turn

    @property
    def can_assistant_reply(self) -> bool:
        return self.state is not None and self.state.assistant_may_reply(self.now)

    def seconds_until_timer(self, name: TimerName = TimerName.BURST) -> float:
        return (self.timers[name].due_at - self.now).total_seconds()

    def queued_texts(self) -> list[str]:
        return [send.text for send in self.sends.values() if send.status == "queued"]

    def status_of(self, outbox: OutboxId) -> DeliveryStatus | None:
        return self.said[self.sends[outbox].message].status

    # -- tables ------------------------------------------------------------------------------

    def _context(self) -> DecisionContext:
        return DecisionContext(
            thread=THREAD,
            cause=f"cause:{self._number}",
            now=self.now,
            protocol=f"20260302{self._number:06d}",
            policy=self.policy,
            staff=self.people,
            contact_blocked=self.contact_blocked,
            timezone="America/Recife",
            opted_out=self.opted_out,
            rating_requested_at=self.rating_requested_at,
            messages={s.external: self._known(i) for i, s in self.said.items() if s.external},
            sends={
                outbox: StoredSend(
                    self._known(send.message),
                    send.status,
                    self.state is not None and send.conversation == self.state.id,
                )
                for outbox, send in self.sends.items()
            },
            unmatched={key: tuple(news) for key, news in self.unmatched.items()},
            phone_used_recently=any(
                said.author is Author.PHONE and self.now - said.sent_at < timedelta(hours=1)
                for said in self.said.values()
            ),
            automatic_texts=frozenset(self.automatic),
        )

    def _known(self, message: MessageId) -> StoredMessage:
        said = self.said[message]
        live = self.state is not None and said.conversation == self.state.id
        return StoredMessage(
            message, said.author, said.status, live, said.sent_at, said.edited_at, said.deleted
        )

    def _keep_events(self, before: ConversationState | None, decision: Decision) -> None:
        if not decision.events:
            assert decision.conversation == before
            return
        after = self.active_conversation
        log = self.logs.setdefault(after.id, [])
        log.extend(decision.events)
        assert after.version == len(log), "the version has a gap"
        assert replay(log) == after, "the log does not lead to the state"

    def _keep(self, effect: Effect) -> None:  # noqa: C901 - one branch for each effect
        match effect:
            case fx.StoreMessageEffect():
                conversation = self.active_conversation.id if effect.version is not None else None
                said = MessageRow(
                    effect.author,
                    effect.content.text,
                    conversation,
                    effect.external_id,
                    effect.status,
                    effect.content.kind,
                    sent_at=effect.sent_at,
                )
                self.said.setdefault(effect.message, said)
                self.unmatched.pop(effect.external_id or "", None)
            case fx.UpdateMessageEffect():
                self._change(self.said[effect.message], effect)
            case fx.QueueSendEffect(outbox=outbox):
                assert outbox not in self.sends, "queued twice"
                assert effect.origin is not Author.ASSISTANT or self.can_assistant_reply
                words = effect.content.text
                self.sends[outbox] = OutboxRow(
                    effect.message, self.active_conversation.id, effect.origin, words
                )
            case fx.SettleOutboxEffect(outbox=outbox):
                self.sends[outbox].status = effect.status
            case fx.CancelAssistantSendsEffect():
                for send in self._cancellable():
                    send.status = "cancelled"
            case fx.StoreUnmatchedUpdateEffect(external_id=external):
                news = UnmatchedUpdate(effect.kind, effect.value)
                self.unmatched.setdefault(external, []).append(news)
            case fx.SetTimerEffect(name=name):
                self.timers[name] = effect
            case fx.RunTurnEffect(turn=turn):
                self._check_turn()
                self.turns[turn] = "running"
            case fx.SettleTurnEffect(turn=turn):
                assert self.turns[turn] == "running", "settled twice"
                self.turns[turn] = effect.outcome
            case fx.CancelSendEffect(outbox=outbox):
                if self.sends[outbox].status == "queued":
                    self.sends[outbox].status = "cancelled"
            case fx.StoreRatingEffect(rating=rating):
                self.ratings[rating.id] = effect
            case fx.StoreFollowUpAttemptEffect():
                self.follow_ups.append(effect)
            case fx.OptOutEffect():
                self.opted_out = True
            case fx.NotifyTeamQueueEffect():
                pass

    def _check_turn(self) -> None:
        """Checks that a turn has a message of the customer to answer that was not deleted."""
        asked = [self.said[each] for each in self.active_conversation.in_hand if each in self.said]
        assert self.turn.messages == len(self.active_conversation.in_hand) > 0
        assert asked, "a turn begins without a message of the customer"
        assert all(said.author is Author.CUSTOMER and not said.deleted for said in asked)

    def _cancellable(self) -> Iterable[OutboxRow]:
        return (
            s for s in self.sends.values() if s.status == "queued" and s.origin is Author.ASSISTANT
        )

    def _change(self, said: MessageRow, change: fx.UpdateMessageEffect) -> None:
        if change.status is not None:
            assert is_status_advance(said.status, change.status), "a status moved backwards"
            said.status = change.status
        if change.external_id is not None:
            said.external = change.external_id
            self.unmatched.pop(change.external_id, None)
        if change.text is not None:
            said.text, said.edited_at = change.text, change.at or self.now
        said.deleted = said.deleted or change.deleted
        if change.reaction is not None:
            who, emoji = change.reaction
            said.reactions[who] = emoji
