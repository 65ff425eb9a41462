"""Whether an agent is there, and how a team's conversations find one."""

from enum import StrEnum


class AgentPresenceState(StrEnum):
    """The presence of an agent. Conversations are assigned only to agents who are ``online``.
    Screens show: Disponível, Em pausa, Ausente.
    """

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class AssignmentMode(StrEnum):
    """The assignment policy of a team: agents take waiting conversations, or the queue assigns
    them.
    """

    MANUAL = "manual"
    ROUND_ROBIN = "round_robin"
    """Who got one longest ago."""
    BALANCED = "balanced"
    """Who has most room, then who got one longest ago."""


DEFAULT_ASSIGNMENT_MODE = AssignmentMode.BALANCED
"""Of a team that says nothing else: who comes online gets what waits."""


class OfflineRule(StrEnum):
    """The policy for the conversations of an agent who goes offline."""

    GIVE_BACK_UNANSWERED = "give_back_unanswered"
    """Those whose customer waits for an answer go back to their team's queue."""
    KEEP = "keep"
