"""Installations of the simulated ERP: subscribers, ledger of writes and counts of calls."""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from niochat_sandbox.sgp.erp_subscribers import SgpContract, SgpSubscriber, erp_now
from niochat_sandbox.sgp.seed_subscribers import create_subscribers

TOKEN_PREFIX, MAX_TOKEN_CHARACTERS = "sandbox-", 128


class LedgerEntryType(StrEnum):
    """The kind of a ledger entry. The last one is a mistake that no client should cause."""

    UNLOCK = "unlock"
    TICKET = "ticket"
    LEAD = "lead"
    SERVICE_ORDER_BY_INVOICE = "service_order_by_invoice"


@dataclass(slots=True)
class SgpInstallation:
    """The ERP of one provider."""

    subscribers: list[SgpSubscriber] = field(default_factory=create_subscribers)
    ledger: list[dict[str, Any]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def record(self, entry_type: LedgerEntryType, contract: int | None, **content: Any) -> None:
        """Append an entry to the ledger; ``at`` is Unix seconds."""
        entry = {"id": len(self.ledger) + 1, "at": time.time(), "kind": entry_type.value}
        self.ledger.append({**entry, "contract": contract, **content})

    def next_protocol(self) -> str:
        """The protocol number for the next ledger entry."""
        return f"{erp_now():%y%m%d}{len(self.ledger) + 1:06d}"

    def find_contract(self, contract: int) -> tuple[SgpSubscriber, SgpContract] | None:
        """The contract with this number and its subscriber."""
        for subscriber in self.subscribers:
            for each in subscriber.contracts:
                if each.id == contract:
                    return subscriber, each
        return None

    def find_by_tax_id(self, document: str) -> SgpSubscriber | None:
        """The subscriber with this CPF or CNPJ, without separators."""
        return next((each for each in self.subscribers if each.document == document), None)


@dataclass(slots=True)
class SgpInstallationRegistry:
    """All installations by token; an unknown token creates a fresh installation."""

    by_token: dict[str, SgpInstallation] = field(default_factory=dict)

    def get_or_create(self, token: str) -> SgpInstallation | None:
        """Return the installation of ``token``; None if no ERP accepts the token."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        return self.by_token.setdefault(token, SgpInstallation())

    def remove(self, token: str) -> None:
        """Remove the installation; the next use of the token creates a fresh one."""
        self.by_token.pop(token, None)
