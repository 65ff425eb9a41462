"""The tools of one turn: offer them to the model, check each call and run it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from niochat.adapters.clock import database_clock
from niochat.adapters.models.openai.model_client import ModelError, ModelToolCall
from niochat.assistant import customer_recognition
from niochat.assistant.conversation_facts import CustomerIntent
from niochat.assistant.text.masking import mask_arguments, unmask_documents
from niochat.assistant.tools.billing.invoice_breakdown_tool import EXPLAIN_INVOICE
from niochat.assistant.tools.billing.invoice_tools import LIST_INVOICES, SEND_INVOICE
from niochat.assistant.tools.billing.payment_tools import CHECK_PAYMENT
from niochat.assistant.tools.billing.unlock_tool import UNLOCK
from niochat.assistant.tools.change_requests.change_request_tool import REQUEST_CHANGE
from niochat.assistant.tools.handoff_tools import CLOSE, TRANSFER
from niochat.assistant.tools.identification_tools import (
    CHOOSE_CONTRACT,
    IDENTIFY,
    refuse_unidentified,
)
from niochat.assistant.tools.intent_tools import NOTE_INTENT
from niochat.assistant.tools.sales.coverage_tool import CHECK_COVERAGE
from niochat.assistant.tools.sales.plan_tools import LIST_PLANS, REGISTER_INTEREST
from niochat.assistant.tools.support.connection_tools import CHECK_CONNECTION, CHECK_MAINTENANCE
from niochat.assistant.tools.support.ticket_tools import LIST_TICKETS, OPEN_TICKET
from niochat.assistant.tools.tool_definition import AssistantTool, ToolArguments
from niochat.assistant.turn_context import ToolResult, TurnContext, tool_refusal
from niochat.assistant.turn_store import AuditedToolCall
from niochat.domain.errors import NiochatError
from niochat.domain.tax_id import find_tax_ids

_log = structlog.get_logger(__name__)

TOOLS = (
    IDENTIFY,
    CHOOSE_CONTRACT,
    LIST_INVOICES,
    SEND_INVOICE,
    CHECK_PAYMENT,
    EXPLAIN_INVOICE,
    CHECK_CONNECTION,
    CHECK_MAINTENANCE,
    UNLOCK,
    OPEN_TICKET,
    LIST_TICKETS,
    LIST_PLANS,
    REGISTER_INTEREST,
    CHECK_COVERAGE,
    REQUEST_CHANGE,
    NOTE_INTENT,
    TRANSFER,
    CLOSE,
)
_FUNCTION_SCHEMAS = {tool.name: tool.function_schema() for tool in TOOLS}
"""Built once, because a schema takes a millisecond."""
_ALWAYS_AVAILABLE = (NOTE_INTENT, TRANSFER, CLOSE)
_INTENTS_SERVED_BY = {
    SEND_INVOICE.name: {CustomerIntent.INVOICE},
    UNLOCK.name: {CustomerIntent.UNLOCK},
    OPEN_TICKET.name: {CustomerIntent.TICKET, CustomerIntent.NO_INTERNET, CustomerIntent.SLOW},
    LIST_TICKETS.name: {CustomerIntent.TICKET},
    LIST_PLANS.name: {CustomerIntent.PLANS},
}
"""The intents that a tool serves when it succeeds; the next waiting intent is then served."""
_MAX_ARGUMENTS_CHARS = 8_000
_KEPT_NAME, _KEPT_ARGUMENTS = 60, 500
"""The maximum length of a rejected call's name and arguments in the turn's row."""


class ToolExecutionError(NiochatError):
    """The ERP failed while ``tool`` was running."""

    def __init__(self, tool: AssistantTool, error: NiochatError) -> None:
        super().__init__(str(error), code=error.code)
        self.tool = tool


class Toolbox:
    """Runs the calls of one turn, one after another."""

    def __init__(self, context: TurnContext) -> None:
        self._context = context
        self._available = {tool.name: tool for tool in TOOLS if self._is_available(tool)}
        self._rejected_names: set[str] = set()

    def function_schemas(self) -> list[dict[str, Any]]:
        """The schemas of the available tools for the model."""
        return [_FUNCTION_SCHEMAS[name] for name in self._available]

    async def call_tool(self, call: ModelToolCall) -> ToolResult:
        """Run a call and store its result in the turn's row.

        Raises ``ModelError`` for a second invalid call of the same tool, ``ToolExecutionError`` if
        the ERP failed, ``OperationRefusedError`` if the turn is over.
        """
        tool = self._available.get(call.name)
        if tool is None:
            return await self._reject_call(call, "esta ferramenta não existe aqui")
        try:
            arguments = _parse_arguments(tool, call.arguments)
        except ValueError as error:
            return await self._reject_call(call, _format_validation_error(error))
        result = await self._run(tool, arguments)
        follow_up = (
            tool.follow_up(self._context, arguments)
            if tool.follow_up and result.get("ok")
            else None
        )
        if follow_up is None or self._available.get(follow_up[0].name) is None:
            return result
        follow_up_result = await self._run(*follow_up)
        # The guidance of the last tool says how to continue.
        return {
            **result,
            follow_up[0].name: follow_up_result,
            "orientacao": follow_up_result.get("orientacao", ""),
        }

    async def _run(self, tool: AssistantTool, arguments: ToolArguments) -> ToolResult:
        stored = arguments.to_stored()
        started = database_clock.now()
        self._context.on_tool(tool.name, True)
        try:
            result = self._check_preconditions(tool) or await tool.run(self._context, arguments)
            self._advance_intents(tool, result)
        except NiochatError as error:
            if not error.code.startswith("erp_"):
                raise
            await self._save_call(tool.name, stored, {"ok": False, "erro": error.code}, started)
            raise ToolExecutionError(tool, error) from error
        finally:
            self._context.on_tool(tool.name, False)
        await self._save_call(tool.name, stored, result, started)
        return result

    async def restore_finished_calls(self) -> list[tuple[ModelToolCall, ToolResult]]:
        """Restore calls that an interrupted turn finished without reporting their results.

        The model continues from them and does not ask the customer again.
        """
        calls = [c for c in self._context.snapshot.reusable_calls if self._is_reusable(c)]
        for call in calls:
            self._context.tool_results.append((call["tool"], call["result"]))
            if call["tool"] == IDENTIFY.name:
                self._context.update_facts(shown_in=str(self._context.snapshot.request.turn_id))
        if calls:
            await self._context.save_progress()
        written = find_tax_ids("\n".join(self._context.snapshot.customer_texts))
        return [
            (
                ModelToolCall(
                    f"earlier_{n}",
                    call["tool"],
                    json.dumps(unmask_documents(call["arguments"], written)),
                ),
                call["result"],
            )
            for n, call in enumerate(calls)
        ]

    def _is_available(self, tool: AssistantTool) -> bool:
        capable = self._context.capabilities
        if tool.is_available is not None:
            return tool.is_available(self._context)
        return tool in _ALWAYS_AVAILABLE or (
            bool(capable) and tool.required_capabilities <= capable
        )

    def _check_preconditions(self, tool: AssistantTool) -> ToolResult | None:
        """Refuse a tool whose preconditions are not met, or which this customer must not use."""
        facts = self._context.facts
        if tool.has_side_effects and self._context.snapshot.has_only_files:
            return tool_refusal(
                "so_arquivo",
                "O cliente só enviou um arquivo, e um arquivo não pede nada: "
                "pergunte o que ele deseja e espere a resposta.",
            )
        if not tool.requires_contract:
            return None
        if not facts.is_identified:
            return refuse_unidentified()
        if facts.confirmed_contract is None:
            return tool_refusal(
                "nao_confirmado",
                "Espere o cliente confirmar o contrato e registre com escolher_contrato.",
            )
        if tool.requires_trust and not facts.trusted:
            return tool_refusal(
                "terceiro",
                "Quem escreve não é o titular cadastrado: ofereça só a segunda via da "
                "fatura, sem endereço nem outros dados.",
            )
        return customer_recognition.require_confirmation(self._context, tool)

    def _advance_intents(self, tool: AssistantTool, result: ToolResult) -> None:
        if result.get("ok"):
            self._context.facts = self._context.facts.with_served_intents(
                _INTENTS_SERVED_BY.get(tool.name, ())
            )

    async def _save_call(
        self, tool: str, arguments: object, result: ToolResult, started: datetime | None = None
    ) -> None:
        self._context.tool_results.append((tool, result))
        # A name that the model invented could contain anything, even a customer's tax id.
        audited_name = tool if tool in _FUNCTION_SCHEMAS else "unknown"
        audited = AuditedToolCall(
            audited_name, "done" if result.get("ok") else str(result.get("erro", ""))
        )
        record = {
            "tool": mask_arguments(tool),
            "arguments": mask_arguments(arguments),
            "result": result,
            "at": self._context.snapshot.now.isoformat(timespec="seconds"),
        }
        if started is not None:
            seconds = (database_clock.now() - started).total_seconds()
            record |= {"started_at": started.isoformat(), "duration_s": round(max(seconds, 0), 3)}
        await self._context.save_progress(record, audited=audited)
        _log.info(
            "tool_used",
            tool=audited_name,
            turn=str(self._context.snapshot.request.turn_id),
            code=result.get("erro", ""),
        )

    def _is_reusable(self, call: Mapping[str, Any]) -> bool:
        """Reads and the choice of the contract are reusable; what a cancelled turn was to send was
        dropped.
        """
        tool = self._available.get(str(call.get("tool")))
        return tool is not None and tool.is_repeatable and bool(call["result"].get("ok"))

    async def _reject_call(self, call: ModelToolCall, detail: str) -> ToolResult:
        """Return the error to the model; a second invalid call of the same tool ends the turn."""
        result = tool_refusal("argumento_invalido", "Corrija a chamada.", detalhe=detail)
        arguments = (
            "" if call.name == REQUEST_CHANGE.name else call.arguments
        )  # may contain a password
        await self._save_call(call.name[:_KEPT_NAME], arguments[:_KEPT_ARGUMENTS], result)
        if call.name in self._rejected_names:
            raise ModelError(
                "the model repeated an invalid call of a tool",
                code="model_bad_call",
                retryable=False,
            )
        self._rejected_names.add(call.name)
        return result


def _parse_arguments(tool: AssistantTool, text: str) -> ToolArguments:
    """Parse and validate the arguments; raises ``ValueError`` (pydantic's error is one)."""
    if len(text) > _MAX_ARGUMENTS_CHARS:
        raise ValueError("os argumentos são longos demais")
    try:
        value = json.loads(text or "{}")
    except RecursionError:
        raise ValueError("os argumentos são aninhados demais") from None
    if not isinstance(value, dict):
        raise ValueError("os argumentos devem ser um objeto JSON")
    return tool.arguments_model.model_validate(value)


def _format_validation_error(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "os argumentos não são JSON"
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5]
    )
