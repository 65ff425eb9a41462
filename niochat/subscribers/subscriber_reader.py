"""Finds the subscriber of a contact in the ERP, and reads what belongs to its contracts."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from niochat.adapters.clock import database_clock
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.contacts import ContactStore
from niochat.domain.errors import (
    NiochatError,
    NotFoundError,
    OperationRefusedError,
    UnavailableError,
)
from niochat.ports.erp import (
    AgentErpClient,
    Contract,
    ErpCapability,
    ErpError,
    ErpRead,
    ErpRefusedError,
    FindSubscriber,
    ListSubscribersByPhone,
    ResultT,
    Subscriber,
    TimedErpRead,
)
from niochat.tenants.config_records import ErpRecord

_SQL = queries("subscribers")
REFRESHED_MAX_AGE_S = 3.0
"""The age of a result after a refresh: several clicks at once cause one call."""
DEFAULT_RETRY_S = 5.0
_MAX_MERGES = 10

LoadErp = Callable[[UUID], Awaitable[ErpRecord | None]]


class LookupStatus(StrEnum):
    """The result of looking for a contact's subscriber."""

    OK = "ok"
    NOT_CONFIGURED = "not_configured"
    """The provider has no ERP."""
    NOT_IDENTIFIED = "not_identified"
    """The contact has no CPF or CNPJ, and the ERP does not know its phone number."""
    NOT_FOUND = "not_found"
    """The ERP has no subscriber with this CPF or CNPJ."""
    UNAVAILABLE = "unavailable"
    """The ERP does not answer now."""


@dataclass(frozen=True, slots=True)
class SubscriberLookup:
    """What the ERP knows of a contact. ``document`` is the CPF or CNPJ that was looked for; without
    it, the subscribers were found by phone. ``code`` says why the ERP is unavailable.
    """

    status: LookupStatus
    document: str | None = None
    subscribers: tuple[Subscriber, ...] = ()
    capabilities: frozenset[ErpCapability] = frozenset()
    read_at: datetime | None = None
    retry_after_s: float | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class ContractRef:
    """A contract of a contact's subscriber."""

    subscriber: Subscriber
    contract: Contract
    capabilities: frozenset[ErpCapability]


class SubscriberReader:
    """Reads of one tenant at a time, within the limits of agents."""

    def __init__(
        self,
        database: Database,
        contacts: ContactStore,
        erp: AgentErpClient,
        load_erp: LoadErp,
    ) -> None:
        self._database = database
        self._contacts = contacts
        self._erp = erp
        self._load_erp = load_erp

    async def look_up(
        self, tenant_id: UUID, contact_id: UUID, *, refresh: bool = False
    ) -> SubscriberLookup:
        """Find the contact's subscriber. Raises ``NotFoundError`` if there is no such contact."""
        contact = await self._load_contact(tenant_id, contact_id)
        record = await self._load_erp(tenant_id)
        if record is None:
            return SubscriberLookup(LookupStatus.NOT_CONFIGURED)
        capabilities = record.capabilities
        if capabilities is None:
            capabilities = frozenset(ErpCapability)
        document, max_age_s = contact["document"], _max_age(refresh=refresh)
        try:
            if document:
                return await self._find_by_document(tenant_id, document, capabilities, max_age_s)
            return await self._find_by_phone(tenant_id, contact["phone"], capabilities, max_age_s)
        except (ErpError, ErpRefusedError, UnavailableError) as error:
            return _unavailable(error, document, capabilities)

    async def _find_by_document(
        self,
        tenant_id: UUID,
        document: str,
        capabilities: frozenset[ErpCapability],
        max_age_s: float | None,
    ) -> SubscriberLookup:
        found = await self._erp.read_timed(tenant_id, FindSubscriber(document), max_age_s)
        if found.value is None:
            return SubscriberLookup(
                LookupStatus.NOT_FOUND, document, (), capabilities, found.read_at
            )
        return SubscriberLookup(
            LookupStatus.OK, document, (found.value,), capabilities, found.read_at
        )

    async def _find_by_phone(
        self,
        tenant_id: UUID,
        phone: str | None,
        capabilities: frozenset[ErpCapability],
        max_age_s: float | None,
    ) -> SubscriberLookup:
        """By the number in use only: an earlier number may belong to somebody else by now."""
        unknown = SubscriberLookup(LookupStatus.NOT_IDENTIFIED, capabilities=capabilities)
        if not phone:
            return unknown
        try:
            found = await self._erp.read_timed(tenant_id, ListSubscribersByPhone(phone), max_age_s)
        except ErpRefusedError:
            return unknown
        except ErpError as error:
            if error.code == "erp_missing":  # this ERP does not search by phone
                return unknown
            raise
        if not found.value:
            return unknown
        return SubscriberLookup(LookupStatus.OK, None, found.value, capabilities, found.read_at)

    async def require_contract(
        self, tenant_id: UUID, contact_id: UUID, contract_id: str
    ) -> ContractRef:
        """Return a contract of the contact's subscriber. Raises ``NotFoundError`` for any other
        contract, ``UnavailableError`` if the ERP does not answer.
        """
        found = await self.look_up(tenant_id, contact_id)
        if found.status is LookupStatus.UNAVAILABLE:
            raise _unavailable_error(found.code, found.retry_after_s)
        for subscriber in found.subscribers:
            for contract in subscriber.contracts:
                if contract.id == contract_id:
                    return ContractRef(subscriber, contract, found.capabilities)
        raise NotFoundError("The contact has no such contract.")

    async def read(
        self, tenant_id: UUID, request: ErpRead[ResultT], *, refresh: bool = False
    ) -> TimedErpRead[ResultT]:
        """Read from the ERP or its cache. Raises ``UnavailableError``, or
        ``OperationRefusedError`` with the ERP's reason.
        """
        return await self.read_not_older(tenant_id, request, _max_age(refresh=refresh))

    async def read_not_older(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None
    ) -> TimedErpRead[ResultT]:
        """The same; a cached result is at most ``max_age_s`` old."""
        try:
            return await self._erp.read_timed(tenant_id, request, max_age_s)
        except ErpRefusedError as error:
            raise OperationRefusedError(str(error), code="erp_refused") from error
        except ErpError as error:
            raise _unavailable_error(error.code, error.retry_after_s) from error

    async def local_now(self, tenant_id: UUID) -> datetime:
        """The time in the tenant's time zone."""
        async with self._database.as_tenant(tenant_id) as connection:
            zone = await connection.fetchval(_SQL["timezone"], tenant_id)
        return database_clock.now().astimezone(ZoneInfo(zone))

    async def _load_contact(self, tenant_id: UUID, contact_id: UUID) -> dict[str, Any]:
        """The contact, or the contact into which it was merged."""
        contact = await self._contacts.get_contact(tenant_id, contact_id)
        for _ in range(_MAX_MERGES):
            if contact["merged_into"] is None:
                break
            contact = await self._contacts.get_contact(tenant_id, contact["merged_into"])
        return contact


def _max_age(*, refresh: bool) -> float | None:
    return REFRESHED_MAX_AGE_S if refresh else None


def _unavailable(
    error: NiochatError, document: str, capabilities: frozenset[ErpCapability]
) -> SubscriberLookup:
    retry_after_s = getattr(error, "retry_after_s", None) or DEFAULT_RETRY_S
    return SubscriberLookup(
        LookupStatus.UNAVAILABLE,
        document,
        capabilities=capabilities,
        retry_after_s=retry_after_s,
        code=error.code,
    )


def _unavailable_error(code: str, retry_after_s: float | None) -> UnavailableError:
    return UnavailableError(
        "The ERP does not answer now. Try again later.",
        code=code,
        retry_after_s=retry_after_s or DEFAULT_RETRY_S,
    )
