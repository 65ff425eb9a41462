"""Plays the plan of one conversation: the customer, the assistant and the agents act in turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from niochat.cli.demo_history.agent_shifts import StaffedAgent
from niochat.cli.demo_history.day_plan import ConversationPath, ConversationPlan
from niochat.cli.demo_history.scripts.dialogue_script import Exchange, Topic
from niochat.cli.demo_history.scripts.topic_scripts import SCRIPTS
from niochat.cli.demo_history.simulation.after_resolution import play_after_resolution
from niochat.cli.demo_history.simulation.agent_service import AgentService
from niochat.cli.demo_history.simulation.assistant_turns import AssistantTurns, NextTurn
from niochat.cli.demo_history.simulation.conversation_simulator import SimulationEnded
from niochat.cli.demo_history.simulation.dialogue_actors import DialogueActors
from niochat.cli.demo_history.simulation.recorded_steps import SimulatedConversation
from niochat.domain.conversation import commands as cmd
from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.ids import TurnId
from niochat.domain.message import Author


@dataclass(frozen=True, slots=True)
class PlayedConversation:
    """A conversation and what its turns called, by turn."""

    plan: ConversationPlan
    simulated: SimulatedConversation
    tool_results: Mapping[TurnId, list[Mapping[str, Any]]]


class ConversationPlayer:
    """Plays one plan."""

    def __init__(self, actors: DialogueActors) -> None:
        self._actors, self._plan = actors, actors.plan
        self._simulator, self._random = actors.simulator, actors.random
        self._script = SCRIPTS[actors.plan.topic]
        self._turns = AssistantTurns(actors.simulator, actors.random)
        self._service = AgentService(actors, self._turns)

    def play(self) -> PlayedConversation | None:
        """Plays the plan to its end or up to the present; ``None`` if nothing of it has a place in
        the history.
        """
        try:
            self._play()
            self._simulator.finish()
        except SimulationEnded:
            pass
        simulated = self._simulator.result()
        if simulated is None:
            return None
        return PlayedConversation(self._plan, simulated, self._turns.tool_results)

    def _play(self) -> None:
        path = self._plan.path
        if path in (ConversationPath.CLOSED, ConversationPath.SILENT):
            self._play_solved(silent=path is ConversationPath.SILENT)
        else:
            self._play_with_people()
        if self._is_resolved():
            play_after_resolution(self._actors)

    def _play_with_people(self) -> None:
        """Without an agent who is online at once, the assistant begins."""
        who = self._staff_for_path()
        if who is None:
            self._play_handed_off()
            self._service.serve(None)
        elif self._plan.path is ConversationPath.STARTED_BY_AGENT:
            self._service.start_by(who)
        else:
            self._play_taken_over(who)
            self._service.serve(who)

    def _play_solved(self, *, silent: bool) -> None:
        dialogues = self._script.solved
        in_outage = self._plan.in_outage and self._plan.topic is Topic.NO_INTERNET
        exchanges = dialogues[-1] if in_outage else self._random.choice(dialogues)
        if silent:
            exchanges = exchanges[: max(len(exchanges) - 1, 1)]
        close = "" if silent else exchanges[-1].customer[-1]
        self._play_exchanges(exchanges, NextTurn(close=close))
        self._simulator.run_until(self._is_resolved, within=timedelta(hours=3))

    def _play_handed_off(self) -> None:
        dialogues = self._script.handed_off
        dialogue = self._random.choices(dialogues, [each.weight for each in dialogues])[0]
        path, first = self._plan.path, dialogue.exchanges[:1]
        if path is ConversationPath.FAILED_TURN:
            self._play_exchanges(first, NextTurn(fails=True))
        elif path is ConversationPath.FAILED_SEND:
            self._simulator.fails_next_send = Author.ASSISTANT
            self._play_exchanges(first, NextTurn())
            self._simulator.pass_time(timedelta(seconds=8))
        else:
            note = dialogue.note.format_map(self._actors.values)
            request = cmd.HandoffRequest(
                self._actors.known_team(dialogue.team), dialogue.reason, note
            )
            self._play_exchanges(dialogue.exchanges, NextTurn(handoff=request))

    def _play_exchanges(self, exchanges: tuple[Exchange, ...], last: NextTurn) -> None:
        """Plays exchanges with the assistant. ``last`` is how the last turn ends."""
        tools = list(self._script.tools)
        for number, exchange in enumerate(exchanges, 1):
            each = exchange.render(self._actors.values)
            planned = last if number == len(exchanges) else NextTurn()
            planned.replies = each.reply
            planned.intent = self._script.intent
            planned.tools = tuple(tools[:1]) if number < len(exchanges) else tuple(tools[:2])
            del tools[: len(planned.tools)]
            self._turns.next_turn = planned
            if number > 1:
                self._actors.wait_for_customer()
            self._actors.customer_writes(*each.customer)
            self._simulator.run_until(self._is_answered, within=timedelta(minutes=30))

    def _play_taken_over(self, who: StaffedAgent) -> None:
        exchange = self._script.handed_off[0].exchanges[0].render(self._actors.values)
        self._turns.next_turn = NextTurn(exchange.reply)
        self._actors.customer_writes(*exchange.customer)
        self._simulator.run_until(self._has_turn, within=timedelta(minutes=1))
        self._simulator.give(cmd.AssignConversation(who.id))

    def _staff_for_path(self) -> StaffedAgent | None:
        """Who is online now in the topic's team, if the path needs an agent at once."""
        if self._plan.path not in (ConversationPath.TAKEN_OVER, ConversationPath.STARTED_BY_AGENT):
            return None
        members = self._actors.context.staff.members(self._actors.known_team(self._script.team))
        online = [each for each in members if self._actors.is_online(each)]
        return self._random.choice(online) if online else None

    def _is_resolved(self) -> bool:
        return self._simulator.status is ConversationStatus.RESOLVED

    def _has_turn(self) -> bool:
        return self._simulator.state is not None and self._simulator.state.turn is not None

    def _is_answered(self) -> bool:
        state = self._simulator.state
        if state is None or state.turn is not None:
            return False
        return not state.unanswered or state.status is not ConversationStatus.PENDING
