"""``/conversations/…``: sending an invoice, unlocking a contract and opening a service order."""

import secrets
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import Field

from niochat.attachments.file_type import message_kind_for
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import NiochatError, NotFoundError, OperationRefusedError
from niochat.domain.permissions import PermissionAction
from niochat.domain.tenant.erp_values import TicketCategory
from niochat.http.api.schemas import RequestModel
from niochat.http.rest.conversation_access import (
    AccessibleConversation,
    CommandResponse,
    ConversationDependency,
)
from niochat.http.rest.conversations.conversation_routes import MAX_TEXT, ReplyableConversation
from niochat.http.rest.conversations.message_routes import attachments_for
from niochat.http.rest.dependencies import audit_actor_for, audit_read
from niochat.http.rest.subscribers.subscriber_access import (
    MAX_ID_CHARS,
    READ_ACTION,
    InvoiceId,
    subscribers_for,
)
from niochat.http.rest.subscribers.subscriber_schemas import ErpWriteResponse, SentInvoiceResponse
from niochat.ports.erp import AgentErpOrder
from niochat.subscribers.agent_writes import AgentWriteResult, TicketDraft, WriteOutcome
from niochat.subscribers.invoice_messages import InvoicePart, SendMethod
from niochat.subscribers.subscriber_reader import ContractRef
from niochat.subscribers.write_notes import format_write_note

_log = structlog.get_logger(__name__)
MAX_ORDER_TEXT = 2000

WritableConversation = Annotated[
    AccessibleConversation, Depends(ConversationDependency(PermissionAction.SUBSCRIBERS_WRITE))
]
ContractField = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]

router = APIRouter(prefix="/conversations/{conversation_id}", tags=["subscribers"])


class SendInvoiceRequest(RequestModel):
    """An invoice for the customer. ``text`` is the message before the codes; without it, the
    sentence of the assistant is used.
    """

    contract_id: ContractField
    method: SendMethod
    text: Annotated[str, Field(max_length=MAX_TEXT)] = ""


class UnlockRequest(RequestModel):
    """The contract to unlock on trust."""

    contract_id: ContractField


class OpenOrderRequest(RequestModel):
    """A service order. ``text`` is for the technician. ``in_addition_to`` is the number of a
    service order of the contract: without it, no second order of the same kind is opened.
    """

    contract_id: ContractField
    category: TicketCategory
    text: Annotated[str, Field(min_length=1, max_length=MAX_ORDER_TEXT)]
    in_addition_to: Annotated[
        str | None, Field(max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9./-]*$")
    ] = None


@router.post("/invoices/{invoice_id}/send")
async def send_invoice(
    invoice_id: InvoiceId,
    body: SendInvoiceRequest,
    conversation: ReplyableConversation,
    request: Request,
) -> SentInvoiceResponse:
    """Send an open invoice to the customer, as messages of the caller. Take over the conversation
    first. Everything is read from the ERP before the first message is sent.
    """
    conversation.caller.require(PermissionAction.SUBSCRIBERS_READ)
    ref = await _require_contract(request, conversation, body.contract_id)
    prepared = await subscribers_for(request).invoices.prepare(
        conversation.tenant_id, ref, invoice_id, body.method, body.text
    )
    key = conversation.idempotency_key or secrets.token_hex(8)
    click = f"{conversation.caller.id}:{key}:{ref.contract.id}:{invoice_id}:{body.method}"
    results = []
    for part in prepared.parts:
        command = await _reply_command(request, conversation, part)
        results.append(await _submit_part(conversation, command, f"{click}:{part.name}"))
    return SentInvoiceResponse(
        done=all(each.done for each in results),
        methods=list(prepared.methods),
        messages=len(prepared.parts),
        message_ids=[each.message_id for each in results],
    )


@router.post("/unlock")
async def unlock_contract(
    body: UnlockRequest, conversation: WritableConversation, request: Request
) -> ErpWriteResponse:
    """Unlock a blocked contract on trust, at most once a month. A note in the conversation tells
    colleagues the outcome.
    """
    ref = await _require_contract(request, conversation, body.contract_id)
    _require_unresolved(conversation)
    order = _build_order(request, conversation)
    result = await subscribers_for(request).writer.unlock(conversation.tenant_id, ref, order)
    written = {"kind": "Unlock", "contract": body.contract_id}
    return await _write_response(conversation, result, written)


@router.post("/orders")
async def open_order(
    body: OpenOrderRequest, conversation: WritableConversation, request: Request
) -> ErpWriteResponse:
    """Open a service order in the ERP. A note in the conversation tells colleagues the outcome."""
    ref = await _require_contract(request, conversation, body.contract_id)
    _require_unresolved(conversation)
    row, caller = conversation.row, conversation.caller
    text = f"{body.text}\nAberto por {caller.name}, atendimento {row['protocol']}."
    draft = TicketDraft(body.category, text, row["phone"] or "", body.in_addition_to or "")
    order = _build_order(request, conversation)
    result = await subscribers_for(request).writer.open_ticket(
        conversation.tenant_id, ref, draft, order
    )
    written = {"kind": "OpenTicket", "contract": body.contract_id, "category": body.category}
    return await _write_response(conversation, result, written)


@router.get("/erp-writes/{write_id}")
async def get_erp_write(
    write_id: UUID, conversation: WritableConversation, request: Request
) -> ErpWriteResponse:
    """Return the outcome of a write that was requested in this conversation. If it is not known
    yet, the ERP is asked once.
    """
    found = await subscribers_for(request).writer.load(
        conversation.tenant_id, conversation.id, write_id
    )
    if found is None:
        raise NotFoundError("The conversation has no such write.")
    target = f"conversation:{conversation.id}"
    await audit_read(request, conversation.caller, READ_ACTION, target, {"write": str(write_id)})
    result, written = found
    return await _write_response(conversation, result, written)


async def _require_contract(
    request: Request, conversation: AccessibleConversation, contract_id: str
) -> ContractRef:
    return await subscribers_for(request).reader.require_contract(
        conversation.tenant_id, conversation.row["contact_id"], contract_id
    )


def _require_unresolved(conversation: AccessibleConversation) -> None:
    """Colleagues could not see in a resolved conversation what was done."""
    if conversation.row["status"] == "resolved":
        raise OperationRefusedError(
            "The conversation is resolved. Reopen it first.", code="resolved"
        )


def _build_order(request: Request, conversation: AccessibleConversation) -> AgentErpOrder:
    """Repeats of a request with the same idempotency key are one order."""
    key, caller = conversation.idempotency_key, conversation.caller
    order_id = uuid4() if key is None else uuid5(conversation.id, f"{caller.id}:{key}")
    return AgentErpOrder(order_id, conversation.id, audit_actor_for(request, caller))


async def _submit_part(
    conversation: AccessibleConversation, command: cmd.ReplyToCustomer, dedupe_key: str
) -> CommandResponse:
    """Submit a message once. Of a repeated request the files and codes may differ from those that
    the first one stored, which are sent.
    """
    try:
        return await conversation.submit(command, dedupe_key=dedupe_key)
    except OperationRefusedError as error:
        if error.code != "key_reused":
            raise
        return CommandResponse(done=True)


async def _reply_command(
    request: Request, conversation: AccessibleConversation, part: InvoicePart
) -> cmd.ReplyToCustomer:
    agent = str(conversation.caller.id)
    if part.file is None:
        return cmd.ReplyToCustomer(agent, part.text)
    file = await attachments_for(request).upload(
        conversation.tenant_id, conversation.caller.id, *part.file
    )
    attached = cmd.AttachedFile(
        str(file.id), message_kind_for(file.mimetype), file.filename, file.mimetype, file.size
    )
    return cmd.ReplyToCustomer(agent, part.text, file=attached)


async def _write_response(
    conversation: AccessibleConversation, result: AgentWriteResult, written: Mapping[str, Any]
) -> ErpWriteResponse:
    await _leave_note(conversation, result, written)
    conversation.response.status_code = 202 if result.outcome is WriteOutcome.UNCERTAIN else 200
    return ErpWriteResponse(
        outcome=result.outcome,
        write_id=result.write_id,
        protocol=result.protocol or None,
        until=result.until,
        reason=result.reason or None,
        code=result.code or None,
    )


async def _leave_note(
    conversation: AccessibleConversation, result: AgentWriteResult, written: Mapping[str, Any]
) -> None:
    """Leave one note for each outcome of a write. The write counts even if the note fails."""
    text = format_write_note(result, written, conversation.caller.name)
    if text is None or result.write_id is None:
        return
    note = cmd.AddNote(str(conversation.caller.id), text)
    try:
        await conversation.submit(note, dedupe_key=f"erp:{result.write_id}:{result.outcome}")
    except NiochatError as error:
        _log.warning("erp_write_not_noted", write=str(result.write_id), code=error.code)
