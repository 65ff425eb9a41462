"""The context of one turn: what its tools know and change, and how the turn will end."""

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
"""Seconds for all ERP reads of one turn; the customer does not wait longer for a slow ERP."""
ERP_WRITE_TIMEOUT_S = 60.0
"""Seconds for one write and the reads that reconcile it; the write continues after the timeout."""

Stored = TypeVar("Stored")
ToolResult = dict[str, Any]
"""A tool's answer to the model: a JSON object with ``ok``."""


def tool_success(**fields: Any) -> ToolResult:
    """The result of a tool that did what was requested."""
    return {"ok": True, **fields}


def tool_refusal(code: str, guidance: str, **fields: Any) -> ToolResult:
    """The result of a tool that did nothing; ``guidance`` tells the model what to do instead."""
    return {"ok": False, "erro": code, **fields, "orientacao": guidance}


class Department(StrEnum):
    """The departments that providers usually have; the policy's team stands in for a
    missing one.
    """

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
    """The state of one turn, which its tools change. Nothing takes effect before the turn finishes,
    except for ERP writes and saved progress.
    """

    snapshot: TurnSnapshot
    store: TurnStore
    erp: TenantErpClient
    capabilities: frozenset[ErpCapability]
    retry_for_s: float
    """Seconds for which the turn retries while the database is unavailable."""
    provider_facts: ProviderFacts = EMPTY_FACTS
    """The provider's facts; its opening hours are in the conversation's policy."""
    change_request_rules: Mapping[ChangeRequestKind, ChangeRequestRule] = field(
        default_factory=lambda: parse_change_request_rules({})
    )
    """How the tenant handles each kind of change request."""
    on_tool: Callable[[str, bool], None] = lambda tool, running: None
    """Is called with the name of a tool when it starts (true) and when it ends (false)."""
    facts: ConversationFacts = field(init=False)
    trailing_contents: list[MessageContent] = field(default_factory=list)
    """Messages that are sent after the model's own text, in this order."""
    fallback_text: str = ""
    """The reply if the model fails to describe what its tools did."""
    handoff: HandoffRequest | None = None
    closing_quote: str = ""
    final_text: str = ""
    """The reply of a tool that ends the turn with its own text."""
    erp_read_budget_s: float = ERP_READ_BUDGET_S
    tool_results: list[tuple[str, ToolResult]] = field(default_factory=list)
    """(tool, result) of this turn, restored calls included."""

    def __post_init__(self) -> None:
        self.facts = self.snapshot.facts

    @property
    def tenant_id(self) -> UUID:
        """The tenant whose ERP is used."""
        return self.snapshot.request.tenant_id

    def update_facts(self, **changes: Any) -> None:
        """Change the facts of the conversation."""
        self.facts = replace(self.facts, **changes)

    async def read_erp(self, request: ErpRead[ResultT]) -> ResultT:
        """Read from the tenant's ERP. Raises ``ErpError`` or ``ErpRefusedError``."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.erp_read_budget_s):
                return await self._retry(lambda: self.erp.read(self.tenant_id, request))
        except TimeoutError:
            raise ErpError("the ERP reads of this turn took too long", code="erp_timeout") from None
        finally:
            self.erp_read_budget_s -= time.monotonic() - began

    async def write_erp(self, key: str, request: ErpWrite) -> ErpWriteResult:
        """Write to the tenant's ERP once per ``key``, which identifies the business operation.

        A timeout returns the status ``UNKNOWN``.
        """
        turn = self.snapshot.request
        write = IdempotentErpWrite(key, turn.turn_id, turn.attempt, request)
        try:
            async with asyncio.timeout(ERP_WRITE_TIMEOUT_S):
                return await self._retry(lambda: self.erp.write(self.tenant_id, write))
        except TimeoutError:
            return ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_write_unknown")

    async def add_attachment(
        self, name: str, kind: MessageKind, file: tuple[str, str, bytes], text: str
    ) -> None:
        """Add a file (mimetype, name, bytes) that is sent after the model's text,
        with a caption.
        """
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
        """Append the server's description of what a tool did."""
        self.fallback_text = f"{self.fallback_text} {text}".strip()

    def finish_with_text(self, text: str) -> None:
        """Like :meth:`add_fallback_text`; also end the turn, unless another intent is waiting."""
        self.add_fallback_text(text)
        if not self.facts.waiting:
            self.final_text = self.fallback_text

    async def save_document(self, document: str) -> None:
        """Store the tax id by which a subscriber was found, if the writer is certainly
        its holder.
        """
        trusted = self.facts.trusted
        held = await self._retry(
            lambda: self.store.save_document(self.snapshot.request, document, trusted=trusted)
        )
        self.update_facts(held=held and trusted)

    async def remember_contract(self, contract: str) -> None:
        """Store the confirmed contract, so that later conversations recognize the customer."""
        facts = self.facts
        if facts.trusted and (facts.held or facts.recognised):
            await self._retry(
                lambda: self.store.remember_contract(
                    self.snapshot.request, contract, facts.phone, written=facts.held
                )
            )

    async def load_activity_since_return(self) -> ConversationActivity:
        """The activity since an agent returned the conversation to the assistant, or else all of
        it.
        """
        snapshot = self.snapshot
        return await self._retry(
            lambda: self.store.load_activity_since_return(snapshot.request, snapshot.activity)
        )

    async def load_earlier_conversations(self) -> list[EarlierConversation]:
        """The ended conversations before this one, the newest first."""
        return await self._retry(
            lambda: self.store.list_earlier_conversations(self.snapshot.request)
        )

    async def save_progress(
        self, *calls: Mapping[str, object], audited: AuditedToolCall | None = None
    ) -> None:
        """Save finished calls and the current facts.

        Raises ``OperationRefusedError`` if the turn is over.
        """
        await self._retry(
            lambda: self.store.save_progress(
                self.snapshot.request, self.facts, *calls, audited=audited
            )
        )

    async def save_rejected_reply(self, rejected: RejectedReply) -> None:
        """Save a reply of this turn that the guardrail rejected."""
        await self._retry(lambda: self.store.save_rejected_reply(self.snapshot.request, rejected))

    async def _retry(self, work: Callable[[], Awaitable[Stored]]) -> Stored:
        return await retry_until(work, time.monotonic() + self.retry_for_s)

    def hand_off(self, department: str, reason: str, note: str) -> None:
        """Hand the conversation to the department's team when the turn ends."""
        self.handoff = HandoffRequest(self.team_for_department(department), reason, note)

    def team_for_department(self, department: str) -> str:
        """The slug of the department's team, or of the policy's team if there is none."""
        return (
            str(department) if department in self.snapshot.team_names else self.snapshot.policy.team
        )

    def team_name(self, slug: str) -> str:
        """The name of the team for customers."""
        return self.snapshot.team_names.get(slug, slug)

    @property
    def department(self) -> Department:
        """The department that handles the customer's current intent."""
        wish = self.facts.wish
        return (
            DEPARTMENT_BY_INTENT.get(wish, Department.GENERAL)
            if wish is not None
            else Department.GENERAL
        )

    def confirmed_contract(self) -> Contract:
        """The confirmed contract; only called after a check that one is confirmed."""
        chosen = self.facts.confirmed_contract
        assert chosen is not None
        return chosen
