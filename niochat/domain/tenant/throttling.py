"""Throttles: limits of a tenant that make it wait, as operators see them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ThrottleReason(StrEnum):
    """The limit that a tenant reached."""

    FLOOD = "flood"
    """More webhooks than a provider can plausibly have; they are answered with 429."""
    TURNS = "turns"
    """The tenant's limit of concurrent turns, or of turns started per minute."""
    MODEL_THROTTLED = "model_throttled"
    """The tenant's model answered that it is rate limited."""
    BUSY = "busy"
    """The machines are busy and the tenant's load would slow others down: its turns start later,
    its webhooks wait or are answered with 503.
    """
    ERP = "erp"
    """The limit of calls to the tenant's ERP, or its circuit breaker is open after failures."""
    GATEWAY = "gateway"
    """The limit of concurrent sends of one channel."""


@dataclass(frozen=True, slots=True)
class TenantThrottleStatus:
    """One tenant's throttle in one process. ``waiting`` counts the turns and conversations, calls,
    sends or webhooks that waited or were rejected since it began.
    """

    tenant_id: UUID
    reason: ThrottleReason
    since: datetime
    waiting: int
