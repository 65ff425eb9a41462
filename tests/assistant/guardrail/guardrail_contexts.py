"""A case as the guard sees it, without a database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.assistant.conversation_facts import ConversationFacts
from niochat.assistant.guardrail.output_guardrail import find_violation
from niochat.assistant.prompt.system_prompt import build_system_prompt
from niochat.assistant.prompt.transcript import TranscriptLine
from niochat.assistant.turn_context import TurnContext
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_snapshot import TurnSnapshot
from niochat.domain.conversation.commands import HandoffRequest
from niochat.domain.conversation.policy import ConversationPolicy, StaffAvailability
from niochat.domain.message import Author
from niochat.ports.erp import Contract, ContractStatus, ErpCapability

PROTOCOL = "20261122000001"
NOBODY = UUID(int=0)
PERSONA = {
    "name": "Nia",
    "company": "Rede Azul Fibra",
    "greeting": "Olá! Sou a Nia. Loja: Rua do Porto, 5. Site: https://redeazul.example.com.br",
}
HOLDER = ConversationFacts(
    name="MARIA DA SILVA",
    trusted=True,
    contracts=(Contract("5501", ContractStatus.ACTIVE, address="Rua das Acácias, 10 - Centro"),),
    contract="5501",
)


def build_turn_context(
    facts: ConversationFacts = HOLDER,
    *results: tuple[str, dict[str, Any]],
    lines: tuple[TranscriptLine, ...] = (TranscriptLine(Author.CUSTOMER, "oi"),),
    handoff: HandoffRequest | None = None,
) -> TurnContext:
    """A turn whose tools have given ``results``."""
    visit = TurnSnapshot(
        TurnRequest(NOBODY, NOBODY, NOBODY, 1, 1, PROTOCOL),
        lines,
        facts,
        True,
        False,
        "5581988887777",
        True,
        datetime(2026, 11, 22, 18, 51),
        ConversationPolicy(),
        StaffAvailability(),
        {},
        frozenset(),
        (),
    )
    made = TurnContext(visit, None, None, frozenset(ErpCapability), 0.0)  # type: ignore[arg-type]
    made.tool_results = list(results)
    made.handoff = handoff
    return made


def check_text(text: str, of: TurnContext | None = None) -> str | None:
    """Why the text must not leave; ``None``: it may."""
    prompt = build_system_prompt(PERSONA)
    refusal = find_violation(text, of or build_turn_context(), prompt.persona_text, prompt.rules)
    return refusal.code if refusal else None
