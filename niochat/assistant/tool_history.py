"""The results of all tools in all turns of a conversation, as evidence for a reply."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from niochat.assistant.turn_context import TurnContext

ANSWERED_STATUS = "answered"


@dataclass(frozen=True, slots=True)
class ToolCallRecord:
    """One tool result.

    ``contract``: the contract confirmed at that time, or empty. ``delivered``: whether the messages
    of the turn were sent; those of a cancelled turn were not.
    """

    tool: str
    result: Mapping[str, Any]
    contract: str
    delivered: bool

    @property
    def is_success(self) -> bool:
        """Whether the tool did what the model requested."""
        return bool(self.result.get("ok"))


_INVOICE_LISTING_TOOLS = (
    "consultar_faturas",
    "enviar_fatura",
    "escolher_contrato",
    "consultar_pagamento",
)
"""The tools that list open invoices."""


class ToolCallHistory:
    """All tool results of a conversation; :attr:`contract_records` are those of the confirmed
    contract.
    """

    def __init__(self, context: TurnContext) -> None:
        self.context = context
        self.records = tuple(_records_in_order(context))

    @cached_property
    def contract_records(self) -> tuple[ToolCallRecord, ...]:
        """The results for the confirmed contract, and those that belong to no contract."""
        contract = self.context.facts.contract
        return tuple(record for record in self.records if record.contract in ("", contract))

    def records_of(self, *tools: str) -> Iterator[ToolCallRecord]:
        """The results of these tools for the confirmed contract, newest first."""
        return (record for record in reversed(self.contract_records) if record.tool in tools)

    def has_succeeded(self, *tools: str) -> bool:
        """Whether one of these tools succeeded and its messages were, or will be, sent."""
        return any(record.is_success and record.delivered for record in self.records_of(*tools))

    def has_failed_with(self, *codes: str) -> bool:
        """Whether a tool failed with one of these codes."""
        return any(record.result.get("erro") in codes for record in self.contract_records)

    def has_value_for(self, *keys: str) -> bool:
        """Whether a result has a non-empty value under one of these keys."""
        return any(_has_value_for(record.result, keys) for record in self.contract_records)

    @property
    def open_invoices(self) -> list[Mapping[str, Any]] | None:
        """The contract's open invoices as last listed; ``None``: they were never listed."""
        for record in self.records_of(*_INVOICE_LISTING_TOOLS):
            if record.result.get("erro") == "sem_fatura":
                return []
            if record.is_success and "faturas" in record.result:
                return list(record.result["faturas"])
        return None

    @property
    def max_invoice_count(self) -> int:
        """The largest number of invoices that a list of open, sent or paid invoices had."""
        lists = ("faturas", "enviadas", "pagas", "consultadas")
        counts = (
            len(record.result.get(name) or ()) + int(record.result.get("fora_da_lista") or 0)
            for record in self.records_of(
                "consultar_faturas", "enviar_fatura", "consultar_pagamento"
            )
            for name in lists
        )
        return max(counts, default=0)

    @property
    def listed_plans(self) -> list[Mapping[str, Any]]:
        """The plans as last listed."""
        found = (d.result["planos"] for d in reversed(self.records) if d.result.get("planos"))
        return list(next(found, []))


def _records_in_order(context: TurnContext) -> Iterator[ToolCallRecord]:
    contract = ""
    for status, calls in context.snapshot.past_turns:
        for call in calls:
            tool, result = str(call.get("tool", "")), call.get("result") or {}
            contract = _contract_after(tool, result, contract)
            yield ToolCallRecord(tool, result, contract, status == ANSWERED_STATUS)
    contract = context.snapshot.facts.contract or contract
    for tool, result in context.tool_results:
        contract = _contract_after(tool, result, contract)
        yield ToolCallRecord(tool, result, contract, True)


def _contract_after(tool: str, result: Mapping[str, Any], contract: str) -> str:
    """The contract that is confirmed after this call."""
    if not result.get("ok"):
        return contract
    if tool == "identificar_cliente":
        return ""
    if tool == "escolher_contrato":
        chosen = result.get("contrato")
        return str(chosen.get("contrato", "")) if isinstance(chosen, Mapping) else contract
    return contract


def _has_value_for(value: object, keys: tuple[str, ...]) -> bool:
    if isinstance(value, Mapping):
        return any(
            (key in keys and bool(each)) or _has_value_for(each, keys)
            for key, each in value.items()
        )
    return isinstance(value, list) and any(_has_value_for(each, keys) for each in value)
