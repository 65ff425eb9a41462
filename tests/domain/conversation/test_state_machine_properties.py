"""Whatever is asked in whatever order: the log leads to the state, and nothing is said twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from niochat.domain.business_hours import END_OF_DAY
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.file_reading import FileReading
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.conversation.state import ConversationPriority, ConversationStatus, TimerName
from niochat.domain.errors import OperationRefusedError
from niochat.domain.follow_up.follow_up_policy import FollowUpPolicy
from niochat.domain.ids import OutboxId, TurnId, file_id
from niochat.domain.message import Author, DeliveryStatus, MessageContent, MessageKind
from niochat.domain.sla.sla_policy import SlaTarget
from tests.domain.conversation_simulator import ConversationSimulator, build_text

NAMES = st.sampled_from(["a", "b", "c", "out-1", "out-2"])
AGENTS = st.sampled_from(["ana", "bia"])
HANDOFFS = st.sampled_from(
    [None, None, cmd.HandoffRequest("vendas", "customer_asked", "Quer 500 mega.")]
)

ALL_DAY = FollowUpPolicy(
    enabled=True, days=tuple(range(7)), sends_from=time(), sends_until=END_OF_DAY
)


class AnyHistory(RuleBasedStateMachine):
    """``Talk`` checks each decision: pure, gap-free, replayable, forward only, no send twice."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = ConversationSimulator()
        self.turns: list[TurnId] = [TurnId(UUID(int=1))]
        self.sends: list[OutboxId] = []

    def ask(self, command: cmd.Command) -> None:
        with suppress(OperationRefusedError):
            self.talk.decide_command(command)
        if self.talk.state is not None and self.talk.state.turn is not None:
            self.turns.append(self.talk.state.turn.id)
        self.sends = list(self.talk.sends)

    @rule(seconds=st.sampled_from([0.5, 3.0, 10.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.talk.advance_clock(seconds)

    @rule(
        window=st.sampled_from([0.0, 2.5]),
        suspended=st.booleans(),
        enabled=st.booleans(),
        hears=st.booleans(),
    )
    def the_tenant_changes(
        self, window: float, suspended: bool, enabled: bool, hears: bool
    ) -> None:
        self.talk.policy = ConversationPolicy(
            burst_window_s=window, suspended=suspended, assistant_enabled=enabled, hears=hears
        )
        if suspended:
            self.ask(cmd.SuspendAssistant())

    @rule()
    def the_tenant_is_active(self) -> None:
        self.talk.policy = replace(self.talk.policy, suspended=False, assistant_enabled=True)

    @rule()
    def the_customer_writes(self) -> None:
        self.ask(cmd.ReceiveMessage(f"in-{self.talk._number}", build_text(), self.talk.now))

    @rule()
    def the_customer_speaks(self) -> None:
        voice = MessageContent(MessageKind.VOICE, "", {"seconds": 2})
        self.ask(cmd.ReceiveMessage(f"in-{self.talk._number}", voice, self.talk.now))

    @rule(back=st.integers(1, 3), code=st.sampled_from(["", "no_words"]), gone=st.booleans())
    def a_file_is_read(self, back: int, code: str, gone: bool) -> None:
        """Or will not come: of a message of this visit or of an earlier one."""
        spoken = [id for id, said in self.talk.said.items() if said.kind is MessageKind.VOICE]
        if not spoken:
            return
        message = spoken[-min(back, len(spoken))]
        visit = self.talk.said[message].conversation
        if gone:
            self.ask(cmd.SettleFile(file_id(message), message, visit, code="gone"))
        else:
            self.ask(cmd.SettleFileReading(message, visit, FileReading("oi", code=code)))

    @rule(back=st.integers(1, 3), kind=st.sampled_from(["edit", "deletion"]), early=st.booleans())
    def the_customer_changes_what_was_written(self, back: int, kind: str, early: bool) -> None:
        """One of the last messages, whether it waits, is being answered, or was answered."""
        written = [said.external for said in self.talk.said.values() if said.external]
        if not written:
            return
        target = written[-min(back, len(written))]
        if kind == "deletion":
            self.ask(cmd.ReceiveDeletion((target,)))
        else:
            at = self.talk.now - timedelta(seconds=30 if early else 0)
            self.ask(cmd.ReceiveEdit(f"e-{self.talk._number}", target, "novo", at))

    @rule(name=NAMES)
    def the_customer_writes_under_a_known_id(self, name: str) -> None:
        if name not in {said.external for said in self.talk.said.values()}:
            self.ask(cmd.ReceiveMessage(name, build_text(), self.talk.now))

    @rule()
    def somebody_types_on_the_phone(self) -> None:
        self.ask(
            cmd.ReceiveProviderPhoneMessage(f"ph-{self.talk._number}", build_text(), self.talk.now)
        )

    @rule(name=NAMES, track=st.sampled_from(["", "ours", "x"]))
    def an_echo_comes(self, name: str, track: str) -> None:
        ours = str(self.sends[-1]) if track == "ours" and self.sends else track
        self.ask(cmd.ReceiveEcho(name, ours, build_text(), self.talk.now))

    @rule(name=NAMES, status=st.sampled_from(list(DeliveryStatus)[3:]))
    def a_receipt_comes(self, name: str, status: DeliveryStatus) -> None:
        self.ask(cmd.ReceiveDeliveryReceipt((name, name), status))

    @rule(name=NAMES, kind=st.sampled_from(["edit", "reaction", "deletion"]))
    def news_come(self, name: str, kind: str) -> None:
        match kind:
            case "edit":
                self.ask(cmd.ReceiveEdit(f"e-{self.talk._number}", name, "novo"))
            case "reaction":
                self.ask(cmd.ReceiveReaction("r", name, "👍", from_provider=False))
            case _:
                self.ask(cmd.ReceiveDeletion((name,)))

    @rule(
        agent=AGENTS,
        what=st.sampled_from(
            [
                "assign",
                "give_back",
                "hand_over",
                "reply",
                "note",
                "team",
                "agent",
                "resolve",
                "park",
                "sla",
            ]
        ),
    )
    def a_person_acts(self, agent: str, what: str) -> None:
        match what:
            case "assign":
                self.ask(cmd.AssignConversation(agent))
            case "give_back":
                self.ask(cmd.ReturnConversationToAssistant(agent))
            case "hand_over":
                self.ask(cmd.HandOffConversation(agent))
            case "reply":
                self.ask(cmd.ReplyToCustomer(agent, "Pronto."))
            case "note":
                self.ask(cmd.AddNote(agent, "Ligar depois.", ("rui",)))
            case "team":
                self.ask(cmd.TransferConversation(agent, team="suporte", note="veja"))
            case "agent":
                self.ask(cmd.TransferConversation(agent, agent="rui"))
            case "resolve":
                self.ask(cmd.ResolveConversation(agent))
            case "sla" if self.talk.state is not None:
                due_at, policy = self.talk.now, "p1"
                self.ask(
                    cmd.RecordSlaMoment(
                        self.talk.state.id, SlaTarget.RESOLUTION, 1, policy, due_at, agent == "ana"
                    )
                )
            case _:
                self.ask(cmd.DeadLetterCommand(1, "step_failed", opens=agent == "ana"))

    @precondition(lambda self: self.talk.state is not None)
    @rule(number=st.integers(1, 3), behind=st.integers(0, 1), refuses=st.booleans())
    def a_follow_up_is_due(self, number: int, behind: int, refuses: bool) -> None:
        state = self.talk.active_conversation
        self.talk.policy = replace(self.talk.policy, follow_ups=ALL_DAY)
        self.talk.opted_out = refuses
        until = self.talk.now + timedelta(hours=1)
        version = state.version - behind
        self.ask(cmd.SendFollowUp(state.id, number, 1, 1, "Ainda quer?", version, until))

    @rule(words=st.sampled_from(["PARAR", "não me mande mais mensagens, e a internet caiu"]))
    def the_customer_opts_out(self, words: str) -> None:
        self.talk.receive_customer_message(words)

    @rule(blocked=st.booleans())
    def the_contact_is_blocked_or_not(self, blocked: bool) -> None:
        self.talk.contact_blocked = blocked

    @rule(agent=AGENTS)
    def an_agent_starts_a_conversation(self, agent: str) -> None:
        self.ask(cmd.StartConversation(agent, "Bom dia!"))

    @rule(agent=AGENTS, what=st.sampled_from(["snooze", "label", "more", "urgent", "reopen"]))
    def a_person_sorts(self, agent: str, what: str) -> None:
        match what:
            case "snooze":
                until = self.talk.now + timedelta(minutes=5)
                self.ask(cmd.SnoozeConversation(agent, until))
            case "label":
                self.ask(cmd.SetConversationLabels(agent, ("vip", agent)))
            case "more":
                self.ask(cmd.ChangeConversationLabels(agent, (agent,), ("vip",)))
            case "urgent":
                self.ask(cmd.SetConversationPriority(agent, ConversationPriority.URGENT))
            case "reopen":
                if self.talk.state is not None:
                    self.ask(cmd.ReopenConversation(agent, self.talk.state.id))

    @rule(name=st.sampled_from(TimerName), generation=st.integers(0, 3), newest=st.booleans())
    def a_timer_fires(self, name: TimerName, generation: int, newest: bool) -> None:
        timer = self.talk.timers.get(name)
        if newest and timer is not None:
            generation = timer.generation
        self.ask(cmd.FireTimer(name, generation))

    @precondition(lambda self: TimerName.IDLE in self.talk.timers)
    @rule(times=st.integers(1, 2))
    def the_customer_stays_silent(self, times: int) -> None:
        for _ in range(times):
            self.talk.advance_clock(max(self.talk.seconds_until_timer(TimerName.IDLE), 0.0))
            self.ask(cmd.FireTimer(TimerName.IDLE, self.talk.timers[TimerName.IDLE].generation))

    @rule(there=st.booleans())
    def people_come_and_go(self, there: bool) -> None:
        self.talk.people = StaffAvailability(there, None if there else self.talk.now)

    @rule(
        back=st.integers(1, 3),
        attempt=st.integers(1, 3),
        outcome=st.sampled_from(cmd.TurnOutcome),
        says=st.lists(st.just(build_text("Olá!")), max_size=2),
        handoff=HANDOFFS,
        close=st.sampled_from(["", "solved"]),
    )
    def a_turn_ends(
        self,
        back: int,
        attempt: int,
        outcome: cmd.TurnOutcome,
        says: list[MessageContent],
        handoff: cmd.HandoffRequest | None,
        close: str,
    ) -> None:
        turn = self.turns[-min(back, len(self.turns))]
        self.ask(cmd.FinishAssistantTurn(turn, attempt, outcome, tuple(says), handoff, close))

    @rule(handoff=HANDOFFS, close=st.sampled_from(["", "", "solved"]))
    def a_question_is_answered(self, handoff: cmd.HandoffRequest | None, close: str) -> None:
        """All of it in a row: by chance alone it hardly ever comes so far."""
        self.the_customer_writes()
        self.a_timer_fires(TimerName.BURST, 0, newest=True)
        turn = self.talk.state.turn if self.talk.state is not None else None
        if turn is not None:
            says, outcome = (build_text("Pronto!"),), cmd.TurnOutcome.ANSWERED
            self.ask(cmd.FinishAssistantTurn(turn.id, turn.attempt, outcome, says, handoff, close))

    @rule(attempt=st.integers(1, 3))
    def a_turn_is_lost(self, attempt: int) -> None:
        self.ask(cmd.RestartTurn(self.turns[-1], attempt))

    @rule()
    def a_send_starts(self) -> None:
        self.talk.claim_send()

    @precondition(lambda self: self.sends)
    @rule(data=st.data(), result=st.sampled_from(cmd.SendStatus))
    def a_send_ends(self, data: st.DataObject, result: cmd.SendStatus) -> None:
        outbox = data.draw(st.sampled_from(self.sends))
        external = "out-1" if result is cmd.SendStatus.SENT else None
        self.ask(cmd.SettleSend(outbox, result, external))

    @invariant()
    def queued_replies_may_leave(self) -> None:
        """Else they would block the thread, or leave after the next give-back."""
        waiting = [
            send
            for send in self.talk.sends.values()
            if send.status == "queued" and send.origin is Author.ASSISTANT
        ]
        c = self.talk.state
        assert not waiting or (
            c is not None and (c.status is ConversationStatus.PENDING or c.after_hours)
        )
        assert all(send.conversation == c.id for send in waiting if c is not None)

    @invariant()
    def nobody_is_spoken_over_after_hours(self) -> None:
        c = self.talk.state
        if c is not None and c.after_hours:
            assert c.status in (ConversationStatus.WAITING, ConversationStatus.OPEN)
            assert not c.spoken_for

    @invariant()
    def what_is_unanswered_was_said_and_not_taken_back(self) -> None:
        c = self.talk.state
        if c is None or c.status is ConversationStatus.RESOLVED:
            return
        assert c.unanswered == len(c.asked) == len(set(c.asked))
        for message in (*c.asked, *c.in_hand):
            said = self.talk.said[message]
            assert said.author is Author.CUSTOMER
            assert not said.deleted
        assert c.turn is None or c.turn.messages == len(c.in_hand) > 0

    @invariant()
    def notes_stay_here(self) -> None:
        """What is for people only has no row in the outbox."""
        said = self.talk.said
        assert all(
            said[send.message].kind is not MessageKind.NOTE for send in self.talk.sends.values()
        )

    @invariant()
    def a_turn_runs_only_with_the_reply_right(self) -> None:
        running = [turn for turn, status in self.talk.turns.items() if status == "running"]
        c = self.talk.state
        in_state = [c.turn.id] if c is not None and c.turn is not None else []
        assert running == in_state
        assert not in_state or self.talk.can_assistant_reply


AnyHistory.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)
TestAnyHistory = AnyHistory.TestCase
