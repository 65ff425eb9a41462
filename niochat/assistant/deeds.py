"""What this visit's tools found out and did, of all its turns: what a text may rest on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from niochat.assistant.case import Case

ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Deed:
    """A tool's result. ``contract``: the one that was confirmed then, empty before.
    ``told``: its turn's messages left; what a cancelled turn was about to send never did.
    """

    tool: str
    result: Mapping[str, Any]
    contract: str
    told: bool

    @property
    def ok(self) -> bool:
        """It did what was asked."""
        return bool(self.result.get("ok"))


_LISTING = ("consultar_faturas", "enviar_fatura", "escolher_contrato", "consultar_pagamento")
"""Tools that read which invoices are open."""


class Deeds:
    """All results of a visit; :attr:`mine` are those of the contract that is talked about."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.all = tuple(_in_order(case))

    @cached_property
    def mine(self) -> tuple[Deed, ...]:
        """Of the confirmed contract, and what belongs to none."""
        contract = self.case.facts.contract
        return tuple(deed for deed in self.all if deed.contract in ("", contract))

    def of(self, *tools: str) -> Iterator[Deed]:
        """Results of these tools for this contract, newest first."""
        return (deed for deed in reversed(self.mine) if deed.tool in tools)

    def did(self, *tools: str) -> bool:
        """One of these tools has done its work, and what it sent has left or will."""
        return any(deed.ok and deed.told for deed in self.of(*tools))

    def failed_with(self, *codes: str) -> bool:
        """Some tool refused for this reason."""
        return any(deed.result.get("erro") in codes for deed in self.mine)

    def says(self, *keys: str) -> bool:
        """A result has something under one of these keys."""
        return any(_has(deed.result, keys) for deed in self.mine)

    @property
    def invoices(self) -> list[Mapping[str, Any]] | None:
        """The contract's open invoices as they were last listed; ``None``: nobody has looked."""
        for deed in self.of(*_LISTING):
            if deed.result.get("erro") == "sem_fatura":
                return []
            if deed.ok and "faturas" in deed.result:
                return list(deed.result["faturas"])
        return None

    @property
    def most_invoices(self) -> int:
        """How many there were at most, in a list of open ones, of sent or of paid ones."""
        lists = ("faturas", "enviadas", "pagas", "consultadas")
        there = (
            len(deed.result.get(name) or ()) + int(deed.result.get("fora_da_lista") or 0)
            for deed in self.of("consultar_faturas", "enviar_fatura", "consultar_pagamento")
            for name in lists
        )
        return max(there, default=0)

    @property
    def plans(self) -> list[Mapping[str, Any]]:
        """The plans as they were last listed."""
        found = (d.result["planos"] for d in reversed(self.all) if d.result.get("planos"))
        return list(next(found, []))


def _in_order(case: Case) -> Iterator[Deed]:
    contract = ""
    for status, calls in case.visit.past:
        for call in calls:
            tool, result = str(call.get("tool", "")), call.get("result") or {}
            contract = _confirmed(tool, result, contract)
            yield Deed(tool, result, contract, status == ANSWERED)
    contract = case.visit.facts.contract or contract
    for tool, result in case.results:
        contract = _confirmed(tool, result, contract)
        yield Deed(tool, result, contract, True)


def _confirmed(tool: str, result: Mapping[str, Any], contract: str) -> str:
    """The contract that is confirmed once this call is done."""
    if not result.get("ok"):
        return contract
    if tool == "identificar_cliente":
        return ""
    if tool == "escolher_contrato":
        chosen = result.get("contrato")
        return str(chosen.get("contrato", "")) if isinstance(chosen, Mapping) else contract
    return contract


def _has(value: object, keys: tuple[str, ...]) -> bool:
    if isinstance(value, Mapping):
        return any((key in keys and bool(each)) or _has(each, keys) for key, each in value.items())
    return isinstance(value, list) and any(_has(each, keys) for each in value)
