"""The tools of one turn: which are offered, whether a call is allowed, and what came of it."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from niochat.adapters.openai.model import ModelError, ToolCall
from niochat.assistant import memory
from niochat.assistant.case import Case, Result, refused
from niochat.assistant.facts import Wish
from niochat.assistant.masking import masked_arguments, with_documents
from niochat.assistant.tools.amounts import EXPLAIN_INVOICE
from niochat.assistant.tools.connection import CHECK_CONNECTION, CHECK_MAINTENANCE
from niochat.assistant.tools.coverage import CHECK_COVERAGE
from niochat.assistant.tools.ending import CLOSE, TRANSFER
from niochat.assistant.tools.identification import CHOOSE, IDENTIFY, not_identified
from niochat.assistant.tools.invoices import LIST_INVOICES, SEND_INVOICE
from niochat.assistant.tools.payments import CHECK_PAYMENT
from niochat.assistant.tools.plans import LIST_PLANS, REGISTER_INTEREST
from niochat.assistant.tools.requests import REQUEST_CHANGE
from niochat.assistant.tools.tickets import LIST_TICKETS, OPEN_TICKET
from niochat.assistant.tools.tool import Arguments, Tool
from niochat.assistant.tools.unlock import UNLOCK
from niochat.assistant.tools.wishes import NOTE_WISH
from niochat.assistant.visit import Used
from niochat.domain.document import find_tax_ids
from niochat.domain.errors import NiochatError

_log = structlog.get_logger(__name__)

TOOLS = (
    IDENTIFY, CHOOSE, LIST_INVOICES, SEND_INVOICE, CHECK_PAYMENT, EXPLAIN_INVOICE,
    CHECK_CONNECTION, CHECK_MAINTENANCE, UNLOCK, OPEN_TICKET, LIST_TICKETS, LIST_PLANS,
    REGISTER_INTEREST, CHECK_COVERAGE, REQUEST_CHANGE, NOTE_WISH, TRANSFER, CLOSE,
)  # fmt: skip
_OFFERS = {tool.name: tool.offer() for tool in TOOLS}
"""Made once: a schema costs a millisecond."""
_ALWAYS = (NOTE_WISH, TRANSFER, CLOSE)
_SERVES = {
    SEND_INVOICE.name: {Wish.INVOICE},
    UNLOCK.name: {Wish.UNLOCK},
    OPEN_TICKET.name: {Wish.TICKET, Wish.NO_INTERNET, Wish.SLOW},
    LIST_TICKETS.name: {Wish.TICKET},
    LIST_PLANS.name: {Wish.PLANS},
}
"""Wishes that a tool serves once it has done its work; the next one's turn comes then."""
_LONGEST_ARGUMENTS = 8_000
_KEPT_NAME, _KEPT_ARGUMENTS = 60, 500
"""Characters of a bad call that go into the turn's row."""


class FailedTool(NiochatError):
    """The provider's system failed under a tool; ``tool`` says whose work it was."""

    def __init__(self, tool: Tool, error: NiochatError) -> None:
        super().__init__(str(error), code=error.code)
        self.tool = tool


class Toolbox:
    """Runs the calls of one turn, one after another."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._offered = {tool.name: tool for tool in TOOLS if self._fits(tool)}
        self._corrected: set[str] = set()

    def offers(self) -> list[dict[str, Any]]:
        """The tools as the model is told of them."""
        return [_OFFERS[name] for name in self._offered]

    async def use(self, call: ToolCall) -> Result:
        """The result of a call, kept in the turn's row before anybody acts on it.

        Raises ``ModelError`` for a second bad call of the same tool, ``FailedTool`` when the
        ERP failed, ``Refused`` when the turn is over.
        """
        tool = self._offered.get(call.name)
        if tool is None:
            return await self._wrong(call, "esta ferramenta não existe aqui")
        try:
            arguments = _arguments(tool, call.arguments)
        except ValueError as error:
            return await self._wrong(call, _reason(error))
        result = await self._run(tool, arguments)
        follows = tool.then(self._case, arguments) if tool.then and result.get("ok") else None
        if follows is None or self._offered.get(follows[0].name) is None:
            return result
        followed = await self._run(*follows)
        # What comes next is said by what was done last.
        return {**result, follows[0].name: followed, "orientacao": followed.get("orientacao", "")}

    async def _run(self, tool: Tool, arguments: Arguments) -> Result:
        said = arguments.kept()
        try:
            result = self._gate(tool) or await tool.run(self._case, arguments)
            self._serve_next(tool, result)
        except NiochatError as error:
            if not error.code.startswith("erp_"):
                raise
            await self._keep(tool.name, said, {"ok": False, "erro": error.code})
            raise FailedTool(tool, error) from error
        await self._keep(tool.name, said, result)
        return result

    async def finished(self) -> list[tuple[ToolCall, Result]]:
        """Calls that a kill or the customer cut off before anybody told what came of them. The
        model goes on from there instead of asking everything again.
        """
        calls = [c for c in self._case.visit.earlier if self._still_good(c)]
        for call in calls:
            self._case.results.append((call["tool"], call["result"]))
            if call["tool"] == IDENTIFY.name:
                self._case.learn(shown_in=str(self._case.visit.request.turn_id))
        if calls:
            await self._case.keep()
        written = find_tax_ids("\n".join(self._case.visit.customer_texts))
        return [
            (
                ToolCall(f"earlier_{n}", call["tool"],
                         json.dumps(with_documents(call["arguments"], written))),
                call["result"],
            )
            for n, call in enumerate(calls)
        ]  # fmt: skip

    def _fits(self, tool: Tool) -> bool:
        capable = self._case.capabilities
        if tool.fits is not None:
            return tool.fits(self._case)
        return tool in _ALWAYS or (bool(capable) and tool.needs <= capable)

    def _gate(self, tool: Tool) -> Result | None:
        """What a tool may not do yet, or not for who is writing."""
        facts = self._case.facts
        if tool.acts and self._case.visit.only_files:
            return refused(
                "so_arquivo", "O cliente só enviou um arquivo, e um arquivo não pede nada: "
                "pergunte o que ele deseja e espere a resposta.",
            )  # fmt: skip
        if not tool.contract:
            return None
        if not facts.identified:
            return not_identified()
        if facts.chosen is None:
            return refused("nao_confirmado", "Espere o cliente confirmar o contrato e registre com "
                           "escolher_contrato.")  # fmt: skip
        if tool.trusted and not facts.trusted:
            return refused(
                "terceiro", "Quem escreve não é o titular cadastrado: ofereça só a segunda via da "
                "fatura, sem endereço nem outros dados.",
            )  # fmt: skip
        return memory.unconfirmed(self._case, tool)

    def _serve_next(self, tool: Tool, result: Result) -> None:
        if result.get("ok"):
            self._case.facts = self._case.facts.without(_SERVES.get(tool.name, ()))

    async def _keep(self, tool: str, said: object, result: Result) -> None:
        self._case.results.append((tool, result))
        # A name that the model made up could be anything, a customer's document too.
        known = tool if tool in _OFFERS else "unknown"
        used = Used(known, "done" if result.get("ok") else str(result.get("erro", "")))
        kept = {
            "tool": masked_arguments(tool), "arguments": masked_arguments(said), "result": result,
            "at": self._case.visit.now.isoformat(timespec="seconds"),
        }  # fmt: skip
        await self._case.keep(kept, used=used)
        _log.info(
            "tool_used", tool=known, turn=str(self._case.visit.request.turn_id),
            code=result.get("erro", ""),
        )  # fmt: skip

    def _still_good(self, call: Mapping[str, Any]) -> bool:
        """Reads, and the contract's choice; what was to be sent was dropped with its turn."""
        tool = self._offered.get(str(call.get("tool")))
        return tool is not None and tool.repeatable and bool(call["result"].get("ok"))

    async def _wrong(self, call: ToolCall, detail: str) -> Result:
        """A bad call goes back once, with what is wrong; a model that repeats it cannot go on."""
        result = refused("argumento_invalido", "Corrija a chamada.", detalhe=detail)
        said = "" if call.name == REQUEST_CHANGE.name else call.arguments  # may be a password
        await self._keep(call.name[:_KEPT_NAME], said[:_KEPT_ARGUMENTS], result)
        if call.name in self._corrected:
            raise ModelError(
                "the model calls a tool wrongly again", code="model_bad_call", retryable=False
            )
        self._corrected.add(call.name)
        return result


def _arguments(tool: Tool, text: str) -> Arguments:
    """Raises ``ValueError`` (pydantic's is one)."""
    if len(text) > _LONGEST_ARGUMENTS:
        raise ValueError("os argumentos são longos demais")
    try:
        value = json.loads(text or "{}")
    except RecursionError:
        raise ValueError("os argumentos são aninhados demais") from None
    if not isinstance(value, dict):
        raise ValueError("os argumentos devem ser um objeto JSON")
    return tool.arguments.model_validate(value)


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "os argumentos não são JSON"
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5]
    )
