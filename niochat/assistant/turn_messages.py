"""Request and report of a turn; a module with few imports, because every host loads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from niochat.domain.conversation.commands import FinishAssistantTurn


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """The request to run one turn."""

    tenant_id: UUID
    conversation_id: UUID
    turn_id: UUID
    attempt: int
    upto_version: int
    protocol: str


@dataclass(frozen=True, slots=True)
class TurnReport:
    """The result of a turn.

    ``throttle_s``: seconds for which the endpoint asked the whole tenant to wait. ``pressure``: the
    CPU pressure of the replica's machine, see :mod:`niochat.runtime.process.cpu_pressure`.
    ``violation_codes``: codes of the rejected replies.
    """

    finish: FinishAssistantTurn
    throttle_s: float = 0.0
    pressure: float = 0.0
    violation_codes: Sequence[str] = ()
