"""Installations of the simulated ERP: subscribers, what was done to them, what was asked."""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from niochat_sandbox.sgp.erp_subscribers import SgpContract, SgpSubscriber, erp_now
from niochat_sandbox.sgp.seed_subscribers import create_subscribers

TOKEN_PREFIX, MAX_TOKEN_CHARACTERS = "sandbox-", 128


class LedgerEntryType(StrEnum):
    """What a line of the ledger tells. The last one is what nobody should ever cause."""

    UNLOCK = "unlock"
    TICKET = "ticket"
    LEAD = "lead"
    SERVICE_ORDER_BY_INVOICE = "service_order_by_invoice"


@dataclass(slots=True)
class SgpInstallation:
    """One provider's ERP."""

    subscribers: list[SgpSubscriber] = field(default_factory=create_subscribers)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def record(self, deed: LedgerEntryType, contract: int | None, **content: Any) -> None:
        """Keeps that something was done; `at` is Unix seconds."""
        line = {"id": len(self.ledger) + 1, "at": time.time(), "kind": deed.value}
        self.ledger.append({**line, "contract": contract, **content})

    def next_protocol(self) -> str:
        """Protocol number for the next line of the ledger."""
        return f"{erp_now():%y%m%d}{len(self.ledger) + 1:06d}"

    def find_contract(self, contract: int) -> tuple[SgpSubscriber, SgpContract] | None:
        """The contract with this number and whose it is."""
        for subscriber in self.subscribers:
            for each in subscriber.contracts:
                if each.id == contract:
                    return subscriber, each
        return None

    def find_by_tax_id(self, document: str) -> SgpSubscriber | None:
        """The subscriber with this CPF or CNPJ, digits only."""
        return next((each for each in self.subscribers if each.document == document), None)


@dataclass(slots=True)
class SgpInstallationRegistry:
    """Every installation by its token; one that is named for the first time is fresh."""

    by_token: dict[str, SgpInstallation] = field(default_factory=dict)

    def get_or_create(self, token: str) -> SgpInstallation | None:
        """The installation behind `token`; None for a token no ERP here accepts."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        return self.by_token.setdefault(token, SgpInstallation())

    def remove(self, token: str) -> None:
        """The next who names it finds it fresh."""
        self.by_token.pop(token, None)
