"""Writes to the ERP that agents order: unlocking a contract and opening a service order. Each is
executed once by the write journal.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog

from niochat.domain.errors import NiochatError, OperationRefusedError, UnavailableError
from niochat.domain.tenant.erp_values import find_similar_ticket
from niochat.domain.tenant.erp_write_keys import ticket_key, ticket_reference, unlock_key
from niochat.erp.write_journal import ErpWriteJournal, WriteJournalEntry
from niochat.ports.erp import (
    AgentErpClient,
    AgentErpOrder,
    Contract,
    ErpCapability,
    ErpError,
    ErpTicket,
    ErpWrite,
    ErpWriteResult,
    ErpWriteStatus,
    IdempotentErpWrite,
    ListTickets,
    OpenTicket,
    ReadContract,
    TicketCategory,
    Unlock,
)
from niochat.subscribers.subscriber_reader import ContractRef, SubscriberReader

_log = structlog.get_logger(__name__)

WRITE_WAIT_S = 25.0
"""How long a request waits for the outcome. The write continues afterwards."""


class WriteOutcome(StrEnum):
    """The outcome of a write as an agent sees it."""

    DONE = "done"
    ALREADY_DONE = "already_done"
    """It was done before, by another request or by the assistant, and was not done again."""
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    """It was sent and the ERP has not confirmed it. The product checks it; it is never repeated."""
    NOT_DONE = "not_done"
    """It was never sent. It may be ordered again."""


@dataclass(frozen=True, slots=True)
class AgentWriteResult:
    """``write_id`` names the write in the journal, if it came that far. ``until`` is the last day
    of an unlock. ``reason`` is the text of a refusal; ``code`` is ``erp_refused`` if it is the
    ERP's.
    """

    outcome: WriteOutcome
    write_id: UUID | None = None
    protocol: str = ""
    until: date | None = None
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A service order as an agent writes it. ``after`` is the number of an open order that it is
    opened in addition to.
    """

    category: TicketCategory
    text: str
    contact_phone: str
    after: str = ""


class AgentErpWriter:
    """Executes orders of agents for one tenant at a time."""

    def __init__(
        self,
        erp: AgentErpClient,
        journal: ErpWriteJournal,
        reader: SubscriberReader,
        *,
        wait_s: float = WRITE_WAIT_S,
    ) -> None:
        self._erp = erp
        self._journal = journal
        self._reader = reader
        self._wait_s = wait_s

    async def unlock(
        self, tenant_id: UUID, ref: ContractRef, order: AgentErpOrder
    ) -> AgentWriteResult:
        """Unlock the contract on trust, once a month.

        Raises ``UnavailableError`` if nothing was done, and ``OperationRefusedError`` if the ERP
        offers no unlock or the tenant is suspended.
        """
        _require(ref, ErpCapability.UNLOCK)
        contract, promises = ref.contract.id, 0
        key = unlock_key(contract, await self._reader.local_now(tenant_id))
        if await self._is_unsent(tenant_id, key):
            fresh = await self._reload_contract(tenant_id, contract)
            promises = fresh.promises
            needless = not fresh.status.blocked or promises
            # Another order may have unlocked it meanwhile; then the journal has the result.
            if needless and await self._is_unsent(tenant_id, key):
                return _needless_unlock(fresh)
        words = "Desbloqueio em confiança pelo atendimento"
        return await self._write(tenant_id, key, Unlock(contract, words, promises), order)

    async def open_ticket(
        self, tenant_id: UUID, ref: ContractRef, draft: TicketDraft, order: AgentErpOrder
    ) -> AgentWriteResult:
        """Open a service order, one per contract, category and conversation; raises as
        :meth:`unlock` does.
        """
        _require(ref, ErpCapability.OPEN_TICKET)
        contract, visit = ref.contract.id, order.conversation_id
        key = ticket_key(contract, draft.category, visit, draft.after)
        if await self._is_unsent(tenant_id, key):
            known = await self._find_open_ticket(tenant_id, ref, draft)
            if known is not None:
                return AgentWriteResult(WriteOutcome.ALREADY_DONE, protocol=known.number)
        request = OpenTicket(
            contract,
            draft.category,
            draft.text,
            ref.subscriber.name,
            draft.contact_phone,
            ticket_reference(draft.category, visit, draft.after),
        )
        return await self._write(tenant_id, key, request, order)

    async def load(
        self, tenant_id: UUID, conversation_id: UUID, write_id: UUID
    ) -> tuple[AgentWriteResult, Mapping[str, Any]] | None:
        """The present outcome of a write and its journalled request; ``None`` if the conversation
        has no such write. If the outcome is unknown, the ERP is read once.
        """
        entry = await self._journal.find_in_conversation(tenant_id, write_id, conversation_id)
        if entry is not None and entry.status == "sending":
            try:
                await self._erp.verify_write(tenant_id, entry.key)
            except NiochatError as error:
                _log.info("erp_write_not_verified", write=str(write_id), code=error.code)
            entry = await self._journal.find_in_conversation(tenant_id, write_id, conversation_id)
        return None if entry is None else (_result_from_entry(entry), entry.request)

    async def _write(
        self, tenant_id: UUID, key: str, request: ErpWrite, order: AgentErpOrder
    ) -> AgentWriteResult:
        write = IdempotentErpWrite(key, None, 0, request, order)
        try:
            async with asyncio.timeout(self._wait_s):
                result = await self._erp.write(tenant_id, write)
        except (TimeoutError, ErpError) as error:
            return await self._result_after_failure(tenant_id, key, error)
        entry = await self._journal.find(tenant_id, key)
        return _result(result, entry)

    async def _result_after_failure(
        self, tenant_id: UUID, key: str, error: TimeoutError | ErpError
    ) -> AgentWriteResult:
        """What the journal knows. A write that is not sent yet may still be, if nobody waits."""
        entry = await self._journal.find(tenant_id, key)
        may_be_sent = isinstance(error, TimeoutError) or error.maybe_sent
        if entry is None or (entry.status == "started" and not may_be_sent):
            raise _not_done_error(getattr(error, "code", "erp_timeout")) from error
        return _result_from_entry(replace(entry, abandoned=False))  # it may be sent just now

    async def _is_unsent(self, tenant_id: UUID, key: str) -> bool:
        entry = await self._journal.find(tenant_id, key)
        return entry is None or entry.status in ("started", "refused")

    async def _reload_contract(self, tenant_id: UUID, contract_id: str) -> Contract:
        read = await self._reader.read_not_older(tenant_id, ReadContract(contract_id), 0.0)
        contracts = read.value.contracts if read.value is not None else ()
        for contract in contracts:
            if contract.id == contract_id:
                return contract
        raise OperationRefusedError(
            "The ERP does not have the contract any more.", code="erp_contract_gone"
        )

    async def _find_open_ticket(
        self, tenant_id: UUID, ref: ContractRef, draft: TicketDraft
    ) -> ErpTicket | None:
        """A similar open order, unless the new one is opened in addition to one that is open."""
        if ErpCapability.TICKETS not in ref.capabilities:
            return None
        request = ListTickets(ref.contract.id)
        tickets = (await self._reader.read_not_older(tenant_id, request, 0.0)).value
        if not draft.after:
            return find_similar_ticket(tickets, draft.category)
        if all(ticket.number != draft.after for ticket in tickets):
            raise OperationRefusedError(
                "The contract has no service order with the number in_addition_to.",
                code="unknown_order",
            )
        return None


def _require(ref: ContractRef, capability: ErpCapability) -> None:
    if capability not in ref.capabilities:
        raise OperationRefusedError(
            "The ERP of the provider does not offer this function.", code="erp_missing"
        )


def _needless_unlock(contract: Contract) -> AgentWriteResult:
    if contract.status.blocked:
        reason, code = "Já houve um desbloqueio em confiança neste mês.", "already_used"
    else:
        reason, code = "O contrato não está bloqueado.", "not_blocked"
    return AgentWriteResult(WriteOutcome.REFUSED, reason=reason, code=code)


def _result(result: ErpWriteResult, entry: WriteJournalEntry | None) -> AgentWriteResult:
    write_id = entry.id if entry is not None else None
    match result.status:
        case ErpWriteStatus.DONE:
            outcome = WriteOutcome.ALREADY_DONE if result.earlier else WriteOutcome.DONE
            return AgentWriteResult(outcome, write_id, result.protocol, result.until)
        case ErpWriteStatus.REFUSED:
            return AgentWriteResult(
                WriteOutcome.REFUSED, write_id, reason=result.reason, code="erp_refused"
            )
        case ErpWriteStatus.NOT_SENT:
            raise _not_done_error(result.reason)
        case ErpWriteStatus.UNKNOWN:
            return AgentWriteResult(WriteOutcome.UNCERTAIN, write_id)


_OUTCOMES = {"done": WriteOutcome.DONE, "refused": WriteOutcome.REFUSED}


def _result_from_entry(entry: WriteJournalEntry) -> AgentWriteResult:
    result = entry.result or {}
    until = result.get("until")
    outcome = _OUTCOMES.get(entry.status, WriteOutcome.UNCERTAIN)
    if entry.status == "started" and entry.abandoned:
        outcome = WriteOutcome.NOT_DONE
    return AgentWriteResult(
        outcome,
        entry.id,
        result.get("protocol") or "",
        date.fromisoformat(until) if until else None,
        result.get("reason") or "",
        "erp_refused" if outcome is WriteOutcome.REFUSED else "",
    )


def _not_done_error(code: str) -> UnavailableError:
    return UnavailableError(
        "The ERP does not answer now, and nothing was done. Try again.", code=code
    )
