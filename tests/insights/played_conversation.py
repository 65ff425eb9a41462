"""Conversations that the real decisions lead to, at the times that a test says, stored as a step
would store them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

from niochat.adapters.postgres.domain_json_codec import event_to_json, state_to_json
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation import events as e
from niochat.domain.conversation.decision import Decision, DecisionBuilder, DecisionContext
from niochat.domain.conversation.evolve import evolve
from niochat.domain.conversation.handlers.thread_merge import merge_conversations
from niochat.domain.conversation.policy import StaffAvailability
from niochat.domain.conversation.state import (
    SCHEMA_VERSION,
    ConversationPriority,
    ConversationState,
    TimerName,
)
from niochat.domain.ids import ConversationId
from niochat.domain.message import DeliveryStatus, MessageContent, MessageKind
from niochat.domain.rating.rating_message import RatingOpinion
from tests.builders import Admin
from tests.domain.conversation_simulator import THREAD, ConversationSimulator

_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


@dataclass
class PlayedEvent:
    """An event with its time, and the agent who wrote its message."""

    conversation: ConversationId
    version: int
    at: datetime
    event: e.Event
    agent: str | None


@dataclass
class PlayedThread:
    """One customer's conversations. ``at`` moves the clock; all times are local ones of ``zone``.
    ``people`` are the ids of agents by name.
    """

    zone: ZoneInfo
    people: dict[str, str]
    is_staffed: Callable[[datetime], bool] = lambda moment: True
    id: UUID = field(default_factory=uuid4)
    played: list[PlayedEvent] = field(default_factory=list)
    states: dict[ConversationId, ConversationState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.talk = ConversationSimulator()
        self._outbox: Any = None
        self._externals = 0

    def at(self, moment: str) -> "PlayedThread":
        """``2026-04-20 09:00``, or only the time of the same day."""
        if len(moment) == 5:
            moment = f"{self.talk.now.astimezone(self.zone):%Y-%m-%d} {moment}"
        local = datetime.fromisoformat(moment).replace(tzinfo=self.zone)
        self.talk.now = datetime.fromtimestamp(local.timestamp(), ZoneInfo("UTC"))
        self.talk.people = StaffAvailability(self.is_staffed(local))
        return self

    def later(self, hours: int) -> "PlayedThread":
        """So many hours later, whatever clocks show."""
        self.talk.advance_clock(hours * 3600)
        return self

    def writes(self) -> "PlayedThread":
        self._externals += 1
        return self._keep(self.talk.receive_customer_message(external=f"in-{self._externals}"))

    def edits(self) -> "PlayedThread":
        """The customer edits the latest message."""
        self._externals += 1
        edit = cmd.ReceiveEdit(
            f"edit-{self._externals}",
            f"in-{self._externals - 1}",
            "outra coisa",
            self.talk.now,
        )
        return self._keep(self.talk.decide_command(edit))

    def answers(self, **options: Any) -> "PlayedThread":
        """The assistant answers what the customer wrote."""
        self._keep(self.talk.fire_timer())
        return self._keep(self.talk.finish_turn("Olá!", **options))

    def closes(self) -> "PlayedThread":
        return self.answers(close="obrigada")

    def hands_off(self, team: str, reason: str = "customer_asked") -> "PlayedThread":
        return self.answers(handoff=cmd.HandoffRequest(team, reason, "Resumo."))

    def fails(self) -> "PlayedThread":
        """The model does not answer."""
        self._keep(self.talk.fire_timer())
        return self._keep(self.talk.fail_turn())

    def idles(self) -> "PlayedThread":
        """The idle timer fires now."""
        return self._keep(self.talk.fire_timer(name=TimerName.IDLE))

    def wakes(self) -> "PlayedThread":
        return self._keep(self.talk.fire_timer(name=TimerName.SNOOZE))

    def phones(self) -> "PlayedThread":
        """Somebody writes on the provider's phone."""
        return self._keep(self.talk.receive_phone_message())

    def settles(self, *results: cmd.SendStatus, external: str | None = None) -> "PlayedThread":
        """The next queued message gets these results, and perhaps the gateway's id."""
        outbox = self.talk.claim_send()
        assert outbox is not None
        for result in results:
            self._keep(self.talk.settle_send(outbox, result, external))
        return self

    def gets_receipt(self, external: str, status: DeliveryStatus) -> "PlayedThread":
        """The gateway tells how far the message of that id has come."""
        return self._keep(self.talk.decide_command(cmd.ReceiveDeliveryReceipt((external,), status)))

    def assigned(self, agent: str) -> "PlayedThread":
        return self.do(cmd.AssignConversation(self.people[agent]))

    def replies(self, agent: str) -> "PlayedThread":
        return self.do(cmd.ReplyToCustomer(self.people[agent], "Bom dia!"), agent)

    def starts(self, agent: str) -> "PlayedThread":
        return self.do(cmd.StartConversation(self.people[agent], "Bom dia!"), agent)

    def transfers(self, by: str, team: str | None = None, to: str | None = None) -> "PlayedThread":
        agent = None if to is None else self.people[to]
        return self.do(cmd.TransferConversation(self.people[by], team, agent))

    def leaves(self, agent: str, team: str) -> "PlayedThread":
        """The agent goes offline, and the product returns the conversation."""
        id = self.people[agent]
        return self.do(cmd.TransferConversation(id, team, left_by=id))

    def returns(self, agent: str) -> "PlayedThread":
        return self.do(cmd.ReturnConversationToAssistant(self.people[agent]))

    def snoozes(self, agent: str, minutes: int) -> "PlayedThread":
        until = self.talk.now + timedelta(minutes=minutes)
        return self.do(cmd.SnoozeConversation(self.people[agent], until))

    def labels(self, agent: str, *labels: str) -> "PlayedThread":
        return self.do(cmd.SetConversationLabels(self.people[agent], labels))

    def urgent(self, agent: str) -> "PlayedThread":
        """The agent raises the priority."""
        urgent = ConversationPriority.URGENT
        return self.do(cmd.SetConversationPriority(self.people[agent], urgent))

    def resolves(self, agent: str) -> "PlayedThread":
        return self.do(cmd.ResolveConversation(self.people[agent]))

    def reopens(self, agent: str) -> "PlayedThread":
        id = self.talk.active_conversation.id
        return self.do(cmd.ReopenConversation(self.people[agent], id))

    def is_asked(self) -> "PlayedThread":
        """The request for a rating is due."""
        return self._keep(self.talk.fire_timer(name=TimerName.RATING))

    def rates(self, text: str, opinion: RatingOpinion | None = None) -> "PlayedThread":
        """The customer answers the request."""
        self._externals += 1
        content = MessageContent(MessageKind.TEXT, text)
        message = cmd.ReceiveMessage(f"in-{self._externals}", content, self.talk.now)
        return self._keep(self.talk.decide_command(message, opinion))

    def merges(self, other: "PlayedThread") -> "PlayedThread":
        """The other thread turns out to belong to the same person; its conversation is newer."""
        newer = other.talk.active_conversation
        other_id = ConversationId(other.own_id(newer.id))
        resolved = e.ConversationResolved("merged")
        other.talk.now = self.talk.now
        other.talk.state = evolve(newer, resolved)
        other.add([resolved], newer.id)
        builder = DecisionBuilder(
            self.talk.active_conversation,
            DecisionContext(THREAD, "link", self.talk.now, "", self.talk.policy),
        )
        merge_conversations(builder, newer)
        decision = builder.build()
        self.talk.state = decision.conversation
        self.talk._keep_events(None, decision)
        for effect in decision.effects:
            self.talk._keep(effect)
        events = [
            e.ThreadsMerged(other_id, each.unanswered, ())
            if isinstance(each, e.ThreadsMerged)
            else each
            for each in decision.events
        ]
        return self.add(events, self.talk.active_conversation.id)

    def do(self, command: cmd.Command, author: str | None = None) -> "PlayedThread":
        return self._keep(self.talk.decide_command(command), author)

    def _keep(self, decision: Decision, author: str | None = None) -> "PlayedThread":
        assert decision.events, "nothing happened"
        agent = None if author is None else self.people[author]
        return self.add(decision.events, self.talk.active_conversation.id, agent)

    def add(
        self, events: Any, conversation: ConversationId, agent: str | None = None
    ) -> "PlayedThread":
        """These events happened now."""
        version = sum(each.conversation == conversation for each in self.played)
        for number, event in enumerate(events, version + 1):
            self.played.append(PlayedEvent(conversation, number, self.talk.now, event, agent))
        assert self.talk.state is not None
        self.states[conversation] = self.talk.state
        return self

    def own_id(self, id: UUID) -> UUID:
        """Simulated threads share their id, and so do all ids that derive from it."""
        return uuid5(self.id, str(id))

    async def store(self, admin: Admin, tenant: UUID, channel: UUID) -> None:
        """Stores conversations, events, messages of agents, and turns."""
        contact = await admin.fetchval(
            "INSERT INTO contacts (tenant_id) VALUES ($1) RETURNING id", tenant
        )
        await admin.execute(
            "INSERT INTO threads (tenant_id, id, channel_id, contact_id) VALUES ($1, $2, $3, $4)",
            tenant,
            self.id,
            channel,
            contact,
        )
        for id, state in self.states.items():
            await self._store_conversation(admin, tenant, id, state)
        for each in self.played:
            await self._store_event(admin, tenant, each)

    async def _store_conversation(
        self, admin: Admin, tenant: UUID, id: ConversationId, state: ConversationState
    ) -> None:
        times = [each.at for each in self.played if each.conversation == id]
        ends = [
            each.at
            for each in self.played
            if each.conversation == id and isinstance(each.event, e.ConversationResolved)
        ]
        resolved = ends[-1] if state.status == "resolved" else None
        await admin.execute(
            "INSERT INTO conversations (tenant_id, id, thread_id, protocol, status, team, agent,"
            " version, state, schema_version, opened_at, changed_at, resolved_at, waiting_since)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            tenant,
            self.own_id(id),
            self.id,
            str(self.own_id(id).int)[:20],
            str(state.status),
            state.team,
            state.agent,
            state.version,
            state_to_json(state),
            SCHEMA_VERSION,
            times[0],
            times[-1],
            resolved,
            times[-1] if state.waits else None,
        )

    async def _store_event(self, admin: Admin, tenant: UUID, each: PlayedEvent) -> None:
        body = self._with_own_ids(event_to_json(each.event))
        own = self.own_id(each.conversation)
        if each.agent is not None and isinstance(each.event, e.MessageQueued):
            await admin.execute(
                "INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author,"
                " kind, text, details, sent_at)"
                " VALUES ($1, $2, $3, $4, $5, 'agent', 'text', 'x', $6, $7)",
                tenant,
                UUID(body["message"]),
                self.id,
                own,
                each.version,
                {"agent": each.agent},
                each.at,
            )
        if isinstance(each.event, e.TurnFinished):
            await admin.execute(
                "INSERT INTO turns (tenant_id, id, conversation_id, thread_id, shard, attempt,"
                " upto_version, status, host, tokens_in, tokens_out, cost, started_at)"
                " VALUES ($1, $2, $3, $4, 0, 1, 1, $5, 'h', 100, 20, 0.01, $6)",
                tenant,
                UUID(body["turn"]),
                own,
                self.id,
                body["outcome"],
                each.at,
            )
        await admin.execute(
            "INSERT INTO events (tenant_id, conversation_id, version, thread_id, type, body,"
            " schema_version, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            tenant,
            own,
            each.version,
            self.id,
            body["type"],
            body,
            SCHEMA_VERSION,
            each.at,
        )

    def _with_own_ids(self, body: dict[str, Any]) -> dict[str, Any]:
        derived = ("conversation", "message", "outbox", "turn")
        return {
            name: str(self.own_id(UUID(value)))
            if name in derived and isinstance(value, str) and _UUID.match(value)
            else value
            for name, value in body.items()
        }
