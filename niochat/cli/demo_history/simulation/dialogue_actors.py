"""What customers and agents do in a simulated conversation, with the time that it takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import uuid5
from zoneinfo import ZoneInfo

from niochat.cli.demo_history.agent_shifts import HistoryStaff, StaffedAgent
from niochat.cli.demo_history.day_plan import ConversationPlan
from niochat.cli.demo_history.simulation.conversation_simulator import ConversationSimulator
from niochat.domain.conversation import commands as cmd
from niochat.domain.ids import MessageId, ThreadId
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.rating.rating_message import RatingOpinion

MAX_OVERTIME = timedelta(minutes=90)
"""An agent who would have to leave a customer for longer than this stays and replies."""


@dataclass(frozen=True, slots=True)
class PlayerContext:
    """What is equal for all conversations of a history. ``teams`` are those of the tenant, and
    ``default_team`` is one of them.
    """

    staff: HistoryStaff
    teams: frozenset[str]
    default_team: str
    timezone: ZoneInfo


class DialogueActors:
    """Acts for the customer and the agents of one conversation. ``values`` replace the ``{names}``
    in texts.
    """

    def __init__(
        self,
        plan: ConversationPlan,
        thread: ThreadId,
        simulator: ConversationSimulator,
        context: PlayerContext,
        random: Random,
        values: Mapping[str, str],
    ) -> None:
        self.plan, self.simulator, self.context = plan, simulator, context
        self.random, self.values = random, dict(values)
        self._thread = thread
        self._messages = 0

    def customer_writes(self, *texts: str, opinion: RatingOpinion | None = None) -> None:
        """The customer sends these messages now, a few seconds apart. ``opinion`` is what a model
        says of them, if they are about a rating.
        """
        for number, text in enumerate(texts):
            if number:
                self.simulator.pass_time(timedelta(seconds=self.random.uniform(1.2, 2.4)))
            external = self._next_external_id()
            content = MessageContent(MessageKind.TEXT, text)
            sent_at = self.simulator.now.replace(microsecond=0)
            self.simulator.give(cmd.ReceiveMessage(external, content, sent_at), opinion)

    def customer_reacts(self, message: MessageId, emoji: str) -> None:
        """The customer reacts to a message that was sent."""
        target = self.simulator.external_id_of(message)
        self.simulator.give(cmd.ReceiveReaction(self._next_external_id(), target, emoji, False))

    def agent_replies(self, who: StaffedAgent, *texts: str) -> None:
        """The agent reads, types and sends these messages."""
        for number, text in enumerate(texts):
            if number:
                self.simulator.pass_time(timedelta(seconds=self.random.uniform(8, 40)))
            else:
                self.wait_for_agent(who)
            self.simulator.give(cmd.ReplyToCustomer(who.id, self.render(text, who)))

    def wait_for_agent(self, who: StaffedAgent) -> None:
        """Lets the time pass that the agent needs, pauses included."""
        factor = 1.7 if self.plan.in_outage else 1.0
        seconds = who.agent.speed_s * factor * self.random.lognormvariate(0, 0.55)
        ready = self.simulator.now + timedelta(seconds=seconds)
        online = self.context.staff.next_online(who, ready)
        self.simulator.advance_to(online if online - ready < MAX_OVERTIME else ready)

    def is_online(self, who: StaffedAgent) -> bool:
        """Whether the agent is online now."""
        return self.context.staff.next_online(who, self.simulator.now) == self.simulator.now

    def agent_with_id(self, user_id: str | None) -> StaffedAgent | None:
        """The agent with this id, as in states."""
        return next((each for each in self.context.staff.agents if each.id == user_id), None)

    def wait_for_customer(self) -> None:
        """Lets the time pass in which the customer reads and types."""
        seconds = 9 + min(self.random.expovariate(1 / 38), 420)
        self.simulator.pass_time(timedelta(seconds=seconds))

    def known_team(self, team: str) -> str:
        """Returns ``team``, or the default team if the tenant has no such team."""
        return team if team in self.context.teams else self.context.default_team

    def _next_external_id(self) -> str:
        self._messages += 1
        return f"3A{uuid5(self._thread, f'{self.plan.name}:{self._messages}').hex[:18].upper()}"

    def render(self, text: str, who: StaffedAgent) -> str:
        """Returns the text as this agent writes it."""
        return text.format_map({**self.values, "agent": who.agent.first_name})
