"""Whether an agent is there, and how a team's conversations find one."""

from enum import StrEnum


class AgentState(StrEnum):
    """Screens say: Disponível, Em pausa, Ausente. Only who is online is given conversations."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class Assignment(StrEnum):
    """Of a team: agents take what waits, or its queue gives it to them."""

    MANUAL = "manual"
    ROUND_ROBIN = "round_robin"
    """Who got one longest ago."""
    BALANCED = "balanced"
    """Who has most room, then who got one longest ago."""


NEW_TEAM = Assignment.BALANCED
"""Of a team that says nothing else: who comes online gets what waits."""


class OfflineRule(StrEnum):
    """Of a tenant: what becomes of an agent's conversations when they go."""

    GIVE_BACK_UNANSWERED = "give_back_unanswered"
    """Those whose customer waits for an answer go back to their team's queue."""
    KEEP = "keep"
