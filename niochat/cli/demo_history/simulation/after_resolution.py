"""What follows the resolution of a conversation by an agent or the assistant.

This is the place for whatever the product does after a resolution, such as ratings: give the
commands that lead to their events here. The simulator fires timers and settles sends by itself, and
stops at the present.
"""

from datetime import timedelta

from niochat.cli.demo_history.scripts import agent_phrases
from niochat.cli.demo_history.simulation.dialogue_actors import DialogueActors
from niochat.cli.demo_history.simulation.rating_player import RatingPlayer
from niochat.domain.conversation.commands import ReopenConversation, ResolveConversation

REOPEN_SHARE = 0.05
"""The share of conversations with an agent that the agent reopens."""


def play_after_resolution(actors: DialogueActors) -> None:
    """Plays what follows; the conversation is resolved before and after it, unless the simulation
    ends first.
    """
    if actors.random.random() < REOPEN_SHARE:
        _reopen(actors)
    RatingPlayer(actors).play()


def _reopen(actors: DialogueActors) -> None:
    """The agent reopens the conversation, asks, and resolves it again. A request for a rating that
    was sent meanwhile expires.
    """
    state, simulator = actors.simulator.state, actors.simulator
    assert state is not None
    who = actors.agent_with_id(state.agent)
    if who is None:
        return
    simulator.pass_time(timedelta(minutes=actors.random.uniform(12, 50)))
    if not actors.is_online(who):
        return
    simulator.give(ReopenConversation(who.id, state.id))
    actors.agent_replies(who, agent_phrases.REOPENED_MESSAGE)
    simulator.pass_time(timedelta(seconds=actors.random.uniform(20, 240)))
    actors.customer_writes(agent_phrases.REOPENED_ANSWER)
    actors.wait_for_agent(who)
    simulator.give(ResolveConversation(who.id))
