"""A case as the guard sees it, without a database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.assistant.case import Case
from niochat.assistant.facts import Facts
from niochat.assistant.guard import untrue
from niochat.assistant.prompt import system_prompt
from niochat.assistant.report import TurnRequest
from niochat.assistant.transcript import Line
from niochat.assistant.visit import Visit
from niochat.domain.commands import HandoffRequest
from niochat.domain.erp import Contract, ContractStatus, ErpCapability
from niochat.domain.message import Author
from niochat.domain.policy import ConversationPolicy, StaffAvailability

PROTOCOL = "20261122000001"
NOBODY = UUID(int=0)
PERSONA = {
    "name": "Nia",
    "company": "Rede Azul Fibra",
    "greeting": "Olá! Sou a Nia. Loja: Rua do Porto, 5. Site: https://redeazul.example.com.br",
}
HOLDER = Facts(
    name="MARIA DA SILVA",
    trusted=True,
    contracts=(Contract("5501", ContractStatus.ACTIVE, address="Rua das Acácias, 10 - Centro"),),
    contract="5501",
)


def case(
    facts: Facts = HOLDER,
    *results: tuple[str, dict[str, Any]],
    lines: tuple[Line, ...] = (Line(Author.CUSTOMER, "oi"),),
    handoff: HandoffRequest | None = None,
) -> Case:
    """A turn whose tools have given ``results``."""
    visit = Visit(
        TurnRequest(NOBODY, NOBODY, NOBODY, 1, 1, PROTOCOL), lines, facts, True, False,
        "5581988887777", True, datetime(2026, 11, 22, 18, 51), ConversationPolicy(), StaffAvailability(), {},
        frozenset(), (),
    )  # fmt: skip
    made = Case(visit, None, None, frozenset(ErpCapability), 0.0)  # type: ignore[arg-type]
    made.results = list(results)
    made.handoff = handoff
    return made


def judged(text: str, of: Case | None = None) -> str | None:
    """Why the text must not leave; ``None``: it may."""
    prompt = system_prompt(PERSONA)
    refusal = untrue(text, of or case(), prompt.told, prompt.rules)
    return refusal.code if refusal else None
