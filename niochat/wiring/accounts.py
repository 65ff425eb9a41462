"""Providers and what belongs to them, put together for the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from niochat.accounts.tenancy import Tenancy
from niochat.adapters.postgres.database import Database
from niochat.domain.sealing import Seals

Announce = Callable[[UUID], Awaitable[object]]
"""Tells all processes that a tenant is another one now; after the commit."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The room's parts on one database."""

    tenancy: Tenancy
    announce: Announce


def open_accounts(database: Database, seals: Seals, announce: Announce) -> Accounts:
    """Nothing is asked before it is used."""
    return Accounts(tenancy=Tenancy(database, seals), announce=announce)
