"""Events about the promises of SLA policies. They change nothing of a conversation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from niochat.domain.sla.sla_policy import SlaTarget


@dataclass(frozen=True, slots=True)
class SlaWarned:
    """The promise of the SLA policy ``policy`` is close to its time."""

    target: SlaTarget
    number: int
    policy: str
    due_at: datetime
    type: Literal["sla_warned"] = "sla_warned"


@dataclass(frozen=True, slots=True)
class SlaBreached:
    """The promise of the SLA policy ``policy`` was not kept: it was due at ``due_at``."""

    target: SlaTarget
    number: int
    policy: str
    due_at: datetime
    type: Literal["sla_breached"] = "sla_breached"


SlaEvent = SlaWarned | SlaBreached
