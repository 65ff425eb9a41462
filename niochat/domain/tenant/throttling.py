"""A tenant that is kept waiting by a limit of its own, as operators see it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ThrottleReason(StrEnum):
    """Which limit it is."""

    FLOOD = "flood"
    """More webhooks than any provider has: the door answers 429."""
    TURNS = "turns"
    """As many turns as the tenant may run at once or begin in a minute."""
    MODEL_THROTTLED = "model_throttled"
    """The tenant's model asked to wait."""
    BUSY = "busy"
    """The machines are busy and others would notice: its turns begin slower, its webhooks wait or
    hear 503.
    """
    ERP = "erp"
    """As many calls of the tenant's ERP as it may get, or it rests after failures."""
    GATEWAY = "gateway"
    """As many sends at once as one channel may have."""


@dataclass(frozen=True, slots=True)
class TenantThrottle:
    """One tenant and one limit, in one process. ``waiting``: turns and conversations, calls,
    sends, or webhooks that waited or were refused since it began."""

    tenant_id: UUID
    reason: ThrottleReason
    since: datetime
    waiting: int
