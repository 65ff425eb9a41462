"""Agents serve a customer in a simulated conversation."""

from datetime import time, timedelta

from niochat.cli.demo_history.agent_shifts import StaffedAgent
from niochat.cli.demo_history.day_plan import ConversationPath, StopPoint
from niochat.cli.demo_history.scripts import agent_phrases
from niochat.cli.demo_history.scripts.dialogue_script import Exchange, Topic
from niochat.cli.demo_history.scripts.topic_scripts import SCRIPTS
from niochat.cli.demo_history.simulation.assistant_turns import AssistantTurns, NextTurn
from niochat.cli.demo_history.simulation.dialogue_actors import DialogueActors
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationPriority

TRANSFER_SHARE, SNOOZE_SHARE, NOTE_SHARE, LABEL_SHARE = 0.1, 0.06, 0.22, 0.88
PHONED_SHARE = 0.4
"""The share of customers without any reply whom the agent phones instead of writing."""
IMPATIENT_AFTER = timedelta(minutes=6)
"""A customer who waits longer may ask again."""
OUTAGE_WAIT_FACTOR, PEAK_WAIT_FACTOR = 5.0, 1.9
PEAK_HOURS = frozenset({9, 10, 18, 19, 20})
MEAN_QUEUE_WAIT_S = 75.0


class AgentService:
    """The part of a conversation that agents play."""

    def __init__(self, actors: DialogueActors, turns: AssistantTurns) -> None:
        self._actors, self._turns = actors, turns
        self._simulator, self._random = actors.simulator, actors.random
        self._plan, self._script = actors.plan, SCRIPTS[actors.plan.topic]

    def start_by(self, who: StaffedAgent) -> None:
        """The agent starts the conversation, and resolves it once the customer has answered."""
        text = self._actors.render(agent_phrases.AGENT_OPENING, who)
        self._simulator.give(cmd.StartConversation(who.id, text))
        self._actors.wait_for_customer()
        self._actors.customer_writes(agent_phrases.AGENT_OPENING_ANSWER)
        self._actors.wait_for_agent(who)
        self._simulator.give(cmd.ResolveConversation(who.id))

    def serve(self, who: StaffedAgent | None) -> None:
        """Agents serve the customer, beginning with ``who`` or whom the queue assigns."""
        # The provider may close while the customer waits; then the assistant answers for a while.
        reply = agent_phrases.AFTER_HOURS_REPLY.format_map(self._actors.values)
        self._turns.next_turn = NextTurn((reply,))
        stop = self._plan.stop_point
        if stop is StopPoint.WAITING:
            return
        who = who or self._assign()
        if self._plan.path is ConversationPath.FAILED_TURN and self._random.random() < PHONED_SHARE:
            self._phone(who)
            return
        transfers = stop is None and self._random.random() < TRANSFER_SHARE
        exchanges = self._service_exchanges()
        for number, exchange in enumerate(exchanges):
            if exchange.customer:
                self._actors.wait_for_customer()
                self._actors.customer_writes(*exchange.render(self._actors.values).customer)
            self._actors.agent_replies(who, *exchange.reply)
            if number == 0:
                self._take_notes(who)
                if transfers and len(self._actors.context.teams) > 1:
                    who = self._transfer(who)
                if stop is StopPoint.OPEN:
                    self._leave_open(exchanges[1:2])
                    return
        if stop is StopPoint.SNOOZED or self._random.random() < SNOOZE_SHARE:
            self._snooze(who)
            if stop is StopPoint.SNOOZED:
                return
        self._actors.wait_for_agent(who)
        self._simulator.give(cmd.ResolveConversation(who.id))

    def _phone(self, who: StaffedAgent) -> None:
        """The agent resolves the conversation without writing to the customer."""
        self._actors.wait_for_agent(who)
        self._simulator.pass_time(timedelta(minutes=self._random.uniform(2, 6)))
        self._simulator.give(cmd.AddNote(who.id, agent_phrases.PHONED_NOTE))
        self._simulator.give(cmd.ResolveConversation(who.id))

    def _service_exchanges(self) -> tuple[Exchange, ...]:
        if self._plan.in_outage and self._plan.topic is Topic.NO_INTERNET:
            return (Exchange((), (agent_phrases.OUTAGE_NOTICE,)),)
        return self._random.choice(self._script.served)

    def _assign(self) -> StaffedAgent:
        """The queue of the conversation's team assigns an agent; the customer may ask meanwhile."""
        team = self._waiting_team()
        who, wait = self._choose_agent(team)
        if not self._simulator.staff.available and self._random.random() < 0.5:
            self._ask_after_hours()
        elif wait > IMPATIENT_AFTER and self._random.random() < 0.4:
            self._simulator.pass_time(IMPATIENT_AFTER)
            wait -= IMPATIENT_AFTER
            self._actors.customer_writes(agent_phrases.AFTER_HOURS_QUESTION)
        self._simulator.advance_to(
            max(
                self._simulator.now + wait,
                self._actors.context.staff.next_online(who, self._simulator.now),
            )
        )
        self._simulator.give(cmd.AssignConversation(who.id, queue=team))
        return who

    def _waiting_team(self) -> str:
        state = self._simulator.state
        assert state is not None
        assert state.team is not None
        return state.team

    def _choose_agent(self, team: str) -> tuple[StaffedAgent, timedelta]:
        """Returns who gets the conversation, and how long it waits from now on."""
        now, staff = self._simulator.now, self._actors.context.staff
        online = {each: staff.next_online(each, now) for each in staff.members(team)}
        here = [each for each, at in online.items() if at == now]
        if here:
            hour = now.astimezone(self._actors.context.timezone).hour
            factor = PEAK_WAIT_FACTOR if hour in PEAK_HOURS else 1.0
            factor *= OUTAGE_WAIT_FACTOR if self._plan.in_outage else 1.0
            weights = [1 / each.agent.speed_s for each in here]
            wait = self._random.expovariate(1 / (MEAN_QUEUE_WAIT_S * factor))
            return self._random.choices(here, weights)[0], timedelta(seconds=wait)
        first = min(online, key=lambda each: online[each])
        later = timedelta(seconds=self._random.uniform(20, 900))
        return first, online[first] - now + later

    def _ask_after_hours(self) -> None:
        self._simulator.pass_time(timedelta(seconds=self._random.uniform(60, 420)))
        self._actors.customer_writes(agent_phrases.AFTER_HOURS_QUESTION)

    def _take_notes(self, who: StaffedAgent) -> None:
        give, draw = self._simulator.give, self._random.random
        if draw() < LABEL_SHARE:
            labels = (self._plan.topic.value, *(("reincidente",) if draw() < 0.1 else ()))
            give(cmd.SetConversationLabels(who.id, labels))
        if self._plan.topic is Topic.NO_INTERNET and draw() < 0.4:
            give(cmd.SetConversationPriority(who.id, ConversationPriority.HIGH))
        if draw() < NOTE_SHARE:
            self._simulator.pass_time(timedelta(seconds=self._random.uniform(10, 60)))
            give(cmd.AddNote(who.id, self._random.choice(agent_phrases.NOTES)))

    def _transfer(self, who: StaffedAgent) -> StaffedAgent:
        others = self._actors.context.teams - {self._script.team}
        wished = self._script.other_team
        team = wished if wished in others else min(others)
        note = agent_phrases.TRANSFER_NOTE
        self._simulator.pass_time(timedelta(seconds=self._random.uniform(15, 90)))
        self._simulator.give(cmd.TransferConversation(who.id, team=team, note=note))
        return self._assign()

    def _snooze(self, who: StaffedAgent) -> None:
        """Snoozes the conversation, and goes on with it unless it is to stay snoozed."""
        self._actors.agent_replies(who, agent_phrases.SNOOZE_MESSAGE)
        self._simulator.pass_time(timedelta(seconds=20))
        now, local = (
            self._simulator.now,
            self._simulator.now.astimezone(self._actors.context.timezone),
        )
        tomorrow = local.replace(hour=9, minute=30, second=0, microsecond=0) + timedelta(days=1)
        later = now + timedelta(minutes=self._random.uniform(40, 150))
        lasts = self._plan.stop_point is StopPoint.SNOOZED or local.time() > time(16, 0)
        until = tomorrow if lasts else later
        self._simulator.give(cmd.SnoozeConversation(who.id, until))
        if self._plan.stop_point is not StopPoint.SNOOZED:
            self._simulator.advance_to(until + timedelta(seconds=1))
            self._actors.agent_replies(who, agent_phrases.RETURN_MESSAGE)
            self._actors.wait_for_customer()
            self._actors.customer_writes(agent_phrases.RETURN_ANSWER)

    def _leave_open(self, following: tuple[Exchange, ...]) -> None:
        """The customer may have written last; nobody has answered yet."""
        if following and self._random.random() < 0.6:
            self._actors.wait_for_customer()
            self._actors.customer_writes(*following[0].render(self._actors.values).customer)
