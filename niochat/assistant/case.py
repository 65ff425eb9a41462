"""The case a turn works on: what it knows, what it will say, how it will end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from niochat.assistant.context import EarlierVisit, Pace
from niochat.assistant.facts import Facts, Wish
from niochat.assistant.patience import patiently
from niochat.assistant.visit import RefusedText, Used, Visit, Visits
from niochat.domain.commands import HandoffRequest
from niochat.domain.erp import (
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
from niochat.domain.message import MessageContent, MessageKind
from niochat.domain.provider_facts import EMPTY_FACTS, ProviderFacts
from niochat.domain.requests import ChangeRequestKind, ChangeRequestRule, parse_change_request_rules

READS_WITHIN_S = 60.0
"""Of one turn, all together: a customer waits no longer for a slow ERP."""
WRITE_WITHIN_S = 60.0
"""For one write and the looks at what became of it; it goes on when nobody waits any more."""

Kept = TypeVar("Kept")
Result = dict[str, Any]
"""A tool's answer to the model: JSON with ``ok``."""


def done(**fields: Any) -> Result:
    """The tool did what was asked."""
    return {"ok": True, **fields}


def refused(code: str, guidance: str, **fields: Any) -> Result:
    """The tool did nothing; ``guidance`` tells the model what to do instead."""
    return {"ok": False, "erro": code, **fields, "orientacao": guidance}


class Sector(StrEnum):
    """Teams that providers usually have; who lacks one gets it in the policy's team."""

    GENERAL = "atendimento"
    BILLING = "financeiro"
    SUPPORT = "suporte"
    SALES = "vendas"


SECTOR_OF = {
    Wish.INVOICE: Sector.BILLING,
    Wish.UNLOCK: Sector.BILLING,
    Wish.NO_INTERNET: Sector.SUPPORT,
    Wish.SLOW: Sector.SUPPORT,
    Wish.TICKET: Sector.SUPPORT,
    Wish.PLANS: Sector.SALES,
}


@dataclass(slots=True)
class Case:
    """One turn's work. Changed by tools only; nothing of it counts before the turn finishes."""

    visit: Visit
    visits: Visits
    erp: TenantErpClient
    capabilities: frozenset[ErpCapability]
    back_within_s: float
    """How long a part of ours may be away while the turn runs."""
    provider: ProviderFacts = EMPTY_FACTS
    """What the provider told of itself; when it opens is in the visit's policy."""
    requests: Mapping[ChangeRequestKind, ChangeRequestRule] = field(
        default_factory=lambda: parse_change_request_rules({})
    )
    """What the provider does about requests for a change."""
    facts: Facts = field(init=False)
    after_text: list[MessageContent] = field(default_factory=list)
    """Leaves after the model's own text, in this order."""
    instead: str = ""
    """What is said when the model has no words for what its tools did."""
    handoff: HandoffRequest | None = None
    close: str = ""
    final: str = ""
    """Set by a tool that ends the turn with a text of its own."""
    reads_left_s: float = READS_WITHIN_S
    results: list[tuple[str, Result]] = field(default_factory=list)
    """(tool, result) of this turn, reused ones included."""

    def __post_init__(self) -> None:
        self.facts = self.visit.facts

    @property
    def tenant_id(self) -> UUID:
        """Whose ERP is asked."""
        return self.visit.request.tenant_id

    def learn(self, **changes: Any) -> None:
        """The server found something out."""
        self.facts = replace(self.facts, **changes)

    async def read(self, request: ErpRead[ResultT]) -> ResultT:
        """A question to the tenant's ERP. Raises ``ErpError`` or ``ErpRefusedError``."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.reads_left_s):
                return await self._patiently(lambda: self.erp.read(self.tenant_id, request))
        except TimeoutError:
            raise ErpError("the ERP was too slow for this turn", code="erp_timeout") from None
        finally:
            self.reads_left_s -= time.monotonic() - began

    async def write(self, key: str, request: ErpWrite) -> ErpWriteResult:
        """A write to the tenant's ERP, once for what ``key`` means in the business."""
        turn = self.visit.request
        order = IdempotentErpWrite(key, turn.turn_id, turn.attempt, request)
        try:
            async with asyncio.timeout(WRITE_WITHIN_S):
                return await self._patiently(lambda: self.erp.write(self.tenant_id, order))
        except TimeoutError:
            return ErpWriteResult(ErpWriteStatus.UNKNOWN, reason="erp_write_unknown")

    async def attach(
        self, name: str, kind: MessageKind, file: tuple[str, str, bytes], text: str
    ) -> None:
        """A file (mimetype, name, bytes) that leaves after the model's text, with a caption."""
        mimetype, filename, data = file
        attachment = await self._patiently(
            lambda: self.visits.attach(self.visit.request, name, mimetype, filename, data)
        )
        details: Mapping[str, object] = {
            "attachment": str(attachment), "filename": filename, "mimetype": mimetype,
            "size": len(data),
        }  # fmt: skip
        self.after_text.append(MessageContent(kind, text, details))

    def did(self, text: str) -> None:
        """What a tool has done, in words of the server's, after what others of this turn did."""
        self.instead = f"{self.instead} {text}".strip()

    def tell(self, text: str) -> None:
        """The same, and it ends the turn unless the customer waits for something else, too."""
        self.did(text)
        if not self.facts.waiting:
            self.final = self.instead

    async def hold(self, document: str) -> None:
        """A subscriber was found by this document: of who certainly is its holder it is kept."""
        trusted = self.facts.trusted
        held = await self._patiently(
            lambda: self.visits.hold(self.visit.request, document, trusted=trusted)
        )
        self.learn(held=held and trusted)

    async def remember(self, contract: str) -> None:
        """The contact's holder confirmed this contract: known in visits to come."""
        facts = self.facts
        if facts.trusted and (facts.held or facts.recognised):
            await self._patiently(
                lambda: self.visits.remember(
                    self.visit.request, contract, facts.phone, written=facts.held
                )
            )

    async def pace_since_given_back(self) -> Pace:
        """The visit's pace since a person gave it back, or all of it."""
        visit = self.visit
        return await self._patiently(
            lambda: self.visits.pace_since_given_back(visit.request, visit.pace)
        )

    async def earlier(self) -> list[EarlierVisit]:
        """The visits before this one, the newest first."""
        return await self._patiently(lambda: self.visits.earlier(self.visit.request))

    async def keep(self, *calls: Mapping[str, object], used: Used | None = None) -> None:
        """Finished calls and what is known now go into the database.

        Raises ``Refused`` when the turn is over.
        """
        await self._patiently(
            lambda: self.visits.record(self.visit.request, self.facts, *calls, used=used)
        )

    async def keep_refused(self, refused: RefusedText) -> None:
        """A text of this turn that did not leave goes into the database."""
        await self._patiently(lambda: self.visits.keep_refused(self.visit.request, refused))

    async def _patiently(self, work: Callable[[], Awaitable[Kept]]) -> Kept:
        return await patiently(work, time.monotonic() + self.back_within_s)

    def hand_over(self, sector: str, reason: str, note: str) -> None:
        """To the sector's team when the turn ends."""
        self.handoff = HandoffRequest(self.team_of(sector), reason, note)

    def team_of(self, sector: str) -> str:
        """The slug of the team that stands for a sector."""
        return str(sector) if sector in self.visit.teams else self.visit.policy.team

    def team_name(self, slug: str) -> str:
        """What customers call it."""
        return self.visit.teams.get(slug, slug)

    @property
    def sector(self) -> Sector:
        """Whose work the customer's wish is."""
        wish = self.facts.wish
        return SECTOR_OF.get(wish, Sector.GENERAL) if wish is not None else Sector.GENERAL

    def contract(self) -> Contract:
        """The confirmed contract; only asked for where one certainly is."""
        chosen = self.facts.chosen
        assert chosen is not None
        return chosen
