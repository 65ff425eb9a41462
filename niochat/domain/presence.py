"""Agent presence, and the rules that assign a team's conversations to agents."""

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
    """Assigns to the agent who has waited longest since their last assignment."""
    BALANCED = "balanced"
    """Assigns to the agent with most free capacity, then to the one who has waited longest."""


DEFAULT_ASSIGNMENT_MODE = AssignmentMode.BALANCED
"""Mode of a team that configures none: waiting conversations go to agents who come online."""


class OfflineRule(StrEnum):
    """The policy for the conversations of an agent who goes offline."""

    GIVE_BACK_UNANSWERED = "give_back_unanswered"
    """Conversations whose customer waits for an answer return to their team's queue."""
    KEEP = "keep"
