"""The case a turn works on: what it knows, what it will say, how it will end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from niochat.assistant.conversation_background import ConversationActivity, EarlierConversation
from niochat.assistant.conversation_facts import ConversationFacts, CustomerIntent
from niochat.assistant.retry import retry_until
from niochat.assistant.turn_snapshot import TurnSnapshot
from niochat.assistant.turn_store import AuditedToolCall, RejectedReply, TurnStore
from niochat.domain.conversation.commands import HandoffRequest
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.tenant.change_requests import (
    ChangeRequestKind,
    ChangeRequestRule,
    parse_change_request_rules,
)
from niochat.domain.tenant.provider_facts import EMPTY_FACTS, ProviderFacts
from niochat.ports.erp import (
    Contract,
    ErpCapability,
    ErpError,
    ErpRead,
    ErpWrite,
    ErpWriteResult,
    ErpWriteStatus,
    IdempotentErpWrite,
    ResultT,
    TenantErpClient,
)

ERP_READ_BUDGET_S = 60.0
"""Of one turn, all together: a customer waits no longer for a slow ERP."""
ERP_WRITE_TIMEOUT_S = 60.0
"""For one write and the looks at what became of it; it goes on when nobody waits any more."""

Stored = TypeVar("Stored")
ToolResult = dict[str, Any]
"""A tool's answer to the model: JSON with ``ok``."""


def tool_success(**fields: Any) -> ToolResult:
    """The tool did what was asked."""
    return {"ok": True, **fields}


def tool_refusal(code: str, guidance: str, **fields: Any) -> ToolResult:
    """The tool did nothing; ``guidance`` tells the model what to do instead."""
    return {"ok": False, "erro": code, **fields, "orientacao": guidance}


class Department(StrEnum):
    """Teams that providers usually have; who lacks one gets it in the policy's team."""

    GENERAL = "atendimento"
    BILLING = "financeiro"
    SUPPORT = "suporte"
    SALES = "vendas"


DEPARTMENT_BY_INTENT = {
    CustomerIntent.INVOICE: Department.BILLING,
    CustomerIntent.UNLOCK: Department.BILLING,
    CustomerIntent.NO_INTERNET: Department.SUPPORT,
    CustomerIntent.SLOW: Department.SUPPORT,
    CustomerIntent.TICKET: Department.SUPPORT,
    CustomerIntent.PLANS: Department.SALES,
}


@dataclass(slots=True)
class TurnContext:
    """One turn's work. Changed by tools only; nothing of it counts before the turn finishes."""

    snapshot: TurnSnapshot
    store: TurnStore
    erp: TenantErpClient
    capabilities: frozenset[ErpCapability]
    retry_for_s: float
    """How long a part of ours may be away while the turn runs."""
    provider_facts: ProviderFacts = EMPTY_FACTS
    """What the provider told of itself; when it opens is in the visit's policy."""
    change_request_rules: Mapping[ChangeRequestKind, ChangeRequestRule] = field(
        default_factory=lambda: parse_change_request_rules({})
    )
    """What the provider does about requests for a change."""
    facts: ConversationFacts = field(init=False)
    trailing_contents: list[MessageContent] = field(default_factory=list)
    """Leaves after the model's own text, in this order."""
    fallback_text: str = ""
    """What is said when the model has no words for what its tools did."""
    handoff: HandoffRequest | None = None
    closing_quote: str = ""
    final_text: str = ""
    """Set by a tool that ends the turn with a text of its own."""
    erp_read_budget_s: float = ERP_READ_BUDGET_S
    tool_results: list[tuple[str, ToolResult]] = field(default_factory=list)
    """(tool, result) of this turn, reused ones included."""

    def __post_init__(self) -> None:
        self.facts = self.snapshot.facts

    @property
    def tenant_id(self) -> UUID:
        """Whose ERP is asked."""
        return self.snapshot.request.tenant_id

    def update_facts(self, **changes: Any) -> None:
        """The server found something out."""
        self.facts = replace(self.facts, **changes)

    async def read_erp(self, request: ErpRead[ResultT]) -> ResultT:
        """A question to the tenant's ERP. Raises ``ErpError`` or ``ErpRefusedError``."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.erp_read_budget_s):
                return await self._retry(lambda: self.erp.read(self.tenant_id, request))
        except TimeoutError:
            raise ErpError("the ERP was too slow for this turn", code="erp_timeout") from None
        finally:
            self.erp_read_budget_s -= time.monotonic() - began

    async def write_erp(self, key: str, request: ErpWrite) -> ErpWriteResult:
        """A write to the tenant's ERP, once for what ``key`` means in the business."""
        turn = self.snapshot.request
        order = IdempotentErpWrite(key, turn.turn_id, turn.attempt, request)
        try:
            async with asyncio.timeout(ERP_WRITE_TIMEOUT_S):
                return await self._retry(lambda: self.erp.write(self.tenant_id, order))
        except TimeoutError:
            return ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_write_unknown")

    async def add_attachment(
        self, name: str, kind: MessageKind, file: tuple[str, str, bytes], text: str
    ) -> None:
        """A file (mimetype, name, bytes) that leaves after the model's text, with a caption."""
        mimetype, filename, data = file
        attachment = await self._retry(
            lambda: self.store.add_attachment(self.snapshot.request, name, mimetype, filename, data)
        )
        details: Mapping[str, object] = {
            "attachment": str(attachment),
            "filename": filename,
            "mimetype": mimetype,
            "size": len(data),
        }
        self.trailing_contents.append(MessageContent(kind, text, details))

    def add_fallback_text(self, text: str) -> None:
        """What a tool has done, in words of the server's, after what others of this turn did."""
        self.fallback_text = f"{self.fallback_text} {text}".strip()

    def finish_with_text(self, text: str) -> None:
        """The same, and it ends the turn unless the customer waits for something else, too."""
        self.add_fallback_text(text)
        if not self.facts.waiting:
            self.final_text = self.fallback_text

    async def save_document(self, document: str) -> None:
        """A subscriber was found by this document: of who certainly is its holder it is kept."""
        trusted = self.facts.trusted
        held = await self._retry(
            lambda: self.store.save_document(self.snapshot.request, document, trusted=trusted)
        )
        self.update_facts(held=held and trusted)

    async def remember_contract(self, contract: str) -> None:
        """The contact's holder confirmed this contract: known in visits to come."""
        facts = self.facts
        if facts.trusted and (facts.held or facts.recognised):
            await self._retry(
                lambda: self.store.remember_contract(
                    self.snapshot.request, contract, facts.phone, written=facts.held
                )
            )

    async def load_activity_since_return(self) -> ConversationActivity:
        """The visit's pace since a person gave it back, or all of it."""
        visit = self.snapshot
        return await self._retry(
            lambda: self.store.load_activity_since_return(visit.request, visit.activity)
        )

    async def load_earlier_conversations(self) -> list[EarlierConversation]:
        """The visits before this one, the newest first."""
        return await self._retry(
            lambda: self.store.list_earlier_conversations(self.snapshot.request)
        )

    async def save_progress(
        self, *calls: Mapping[str, object], used: AuditedToolCall | None = None
    ) -> None:
        """Finished calls and what is known now go into the database.

        Raises ``Refused`` when the turn is over.
        """
        await self._retry(
            lambda: self.store.save_progress(
                self.snapshot.request, self.facts, *calls, audited=used
            )
        )

    async def save_rejected_reply(self, refused: RejectedReply) -> None:
        """A text of this turn that did not leave goes into the database."""
        await self._retry(lambda: self.store.save_rejected_reply(self.snapshot.request, refused))

    async def _retry(self, work: Callable[[], Awaitable[Stored]]) -> Stored:
        return await retry_until(work, time.monotonic() + self.retry_for_s)

    def hand_off(self, department: str, reason: str, note: str) -> None:
        """To the sector's team when the turn ends."""
        self.handoff = HandoffRequest(self.team_for_department(department), reason, note)

    def team_for_department(self, department: str) -> str:
        """The slug of the team that stands for a sector."""
        return (
            str(department) if department in self.snapshot.team_names else self.snapshot.policy.team
        )

    def team_name(self, slug: str) -> str:
        """What customers call it."""
        return self.snapshot.team_names.get(slug, slug)

    @property
    def department(self) -> Department:
        """Whose work the customer's wish is."""
        wish = self.facts.wish
        return (
            DEPARTMENT_BY_INTENT.get(wish, Department.GENERAL)
            if wish is not None
            else Department.GENERAL
        )

    def confirmed_contract(self) -> Contract:
        """The confirmed contract; only asked for where one certainly is."""
        chosen = self.facts.confirmed_contract
        assert chosen is not None
        return chosen
