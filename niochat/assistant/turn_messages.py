"""What the pool is asked and answers; light, because every host carries it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.domain.conversation.commands import FinishAssistantTurn


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What the pool is asked to run."""

    tenant_id: UUID
    conversation_id: UUID
    turn_id: UUID
    attempt: int
    upto_version: int
    protocol: str


@dataclass(frozen=True, slots=True)
class TurnReport:
    """What came of it. ``throttle_s``: the model asked the whole tenant to wait so long.
    ``pressure``: how busy the replica's machine is, see
    :mod:`niochat.runtime.process.cpu_pressure`. ``refused``: codes of texts that did not leave.
    """

    finish: FinishAssistantTurn
    throttle_s: float = 0.0
    pressure: float = 0.0
    violation_codes: Sequence[str] = ()
