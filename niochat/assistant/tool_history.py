"""What this visit's tools found out and did, of all its turns: what a text may rest on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from niochat.assistant.turn_context import TurnContext

ANSWERED_STATUS = "answered"


@dataclass(frozen=True, slots=True)
class ToolCallRecord:
    """A tool's result. ``contract``: the one that was confirmed then, empty before.
    ``told``: its turn's messages left; what a cancelled turn was about to send never did.
    """

    tool: str
    result: Mapping[str, Any]
    contract: str
    delivered: bool

    @property
    def is_success(self) -> bool:
        """It did what was asked."""
        return bool(self.result.get("ok"))


_INVOICE_LISTING_TOOLS = (
    "consultar_faturas",
    "enviar_fatura",
    "escolher_contrato",
    "consultar_pagamento",
)
"""Tools that read which invoices are open."""


class ToolCallHistory:
    """All results of a visit; :attr:`mine` are those of the contract that is talked about."""

    def __init__(self, context: TurnContext) -> None:
        self.context = context
        self.records = tuple(_records_in_order(context))

    @cached_property
    def contract_records(self) -> tuple[ToolCallRecord, ...]:
        """Of the confirmed contract, and what belongs to none."""
        contract = self.context.facts.contract
        return tuple(deed for deed in self.records if deed.contract in ("", contract))

    def records_of(self, *tools: str) -> Iterator[ToolCallRecord]:
        """Results of these tools for this contract, newest first."""
        return (deed for deed in reversed(self.contract_records) if deed.tool in tools)

    def has_succeeded(self, *tools: str) -> bool:
        """One of these tools has done its work, and what it sent has left or will."""
        return any(deed.is_success and deed.delivered for deed in self.records_of(*tools))

    def has_failed_with(self, *codes: str) -> bool:
        """Some tool refused for this reason."""
        return any(deed.result.get("erro") in codes for deed in self.contract_records)

    def has_value_for(self, *keys: str) -> bool:
        """A result has something under one of these keys."""
        return any(_has_value_for(deed.result, keys) for deed in self.contract_records)

    @property
    def open_invoices(self) -> list[Mapping[str, Any]] | None:
        """The contract's open invoices as they were last listed; ``None``: nobody has looked."""
        for deed in self.records_of(*_INVOICE_LISTING_TOOLS):
            if deed.result.get("erro") == "sem_fatura":
                return []
            if deed.is_success and "faturas" in deed.result:
                return list(deed.result["faturas"])
        return None

    @property
    def max_invoice_count(self) -> int:
        """How many there were at most, in a list of open ones, of sent or of paid ones."""
        lists = ("faturas", "enviadas", "pagas", "consultadas")
        there = (
            len(deed.result.get(name) or ()) + int(deed.result.get("fora_da_lista") or 0)
            for deed in self.records_of("consultar_faturas", "enviar_fatura", "consultar_pagamento")
            for name in lists
        )
        return max(there, default=0)

    @property
    def listed_plans(self) -> list[Mapping[str, Any]]:
        """The plans as they were last listed."""
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
    """The contract that is confirmed once this call is done."""
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
