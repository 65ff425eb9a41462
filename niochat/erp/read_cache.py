"""Answers of the ERP on a shelf: sealed, because they are about people, and for seconds only."""

from hashlib import blake2b
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from niochat.adapters.redis.redis_cache import RedisCache
from niochat.domain.errors import NiochatError
from niochat.ports import erp
from niochat.ports.encryption import Encryptor

PURPOSE = "erp answer"
_PERSON = "person"
"""Under a contract's owner: the subject of the person, which is a digest and names nobody."""

_CACHEABLE: dict[type[erp.ErpRead[Any]], TypeAdapter[Any]] = {
    erp.FindSubscriber: TypeAdapter(erp.Subscriber | None),
    erp.ReadContract: TypeAdapter(erp.Subscriber | None),
    erp.ListInvoices: TypeAdapter(tuple[erp.Invoice, ...]),
    erp.ListPaidInvoices: TypeAdapter(tuple[erp.PaidInvoice, ...]),
    erp.ListMaintenances: TypeAdapter(tuple[erp.NetworkMaintenance, ...]),
    erp.ListTickets: TypeAdapter(tuple[erp.ErpTicket, ...]),
    erp.ListServicePlans: TypeAdapter(tuple[erp.ServicePlan, ...]),
}
"""What may be some seconds old. A line's state and an invoice's file are always read anew."""


class ErpReadCache:
    """The shelf of all tenants. Subjects are a contract, a person, or the provider."""

    def __init__(self, shelf: RedisCache, seals: Encryptor, secret: bytes) -> None:
        """``secret`` (64 bytes at most) keeps whoever sees the shelf's keys from guessing."""
        self._shelf = shelf
        self._seals = seals
        self._secret = secret

    async def get(self, tenant_id: UUID, request: erp.ErpRead[Any]) -> tuple[Any] | None:
        """The answer in a tuple; ``None``: ask the ERP."""
        kind = _CACHEABLE.get(type(request))
        if kind is None:
            return None
        sealed = await self._shelf.get(self._subject(tenant_id, request), type(request).__name__)
        if sealed is None:
            return None
        try:
            opened = self._seals.open(sealed, tenant_id=tenant_id, purpose=PURPOSE)
            return (kind.validate_json(opened),)
        except (NiochatError, ValueError):
            return None  # another key or another version put it there

    async def put(self, tenant_id: UUID, request: erp.ErpRead[Any], answer: object) -> None:
        """Put an answer on the shelf, if it is one that may stand there."""
        kind = _CACHEABLE.get(type(request))
        if kind is None:
            return
        plain = kind.dump_json(answer).decode()
        sealed = self._seals.seal(plain, tenant_id=tenant_id, purpose=PURPOSE)
        subject = self._subject(tenant_id, request)
        await self._shelf.put(subject, type(request).__name__, sealed)
        if isinstance(request, erp.FindSubscriber) and isinstance(answer, erp.Subscriber):
            for contract in answer.contracts:
                owner = self._key(tenant_id, f"owner:{contract.id}")
                await self._shelf.put(owner, _PERSON, subject.encode())

    async def invalidate_contract(self, tenant_id: UUID, contract: str) -> None:
        """Something of the contract changed, and with it what is told of whose it is."""
        person = await self._shelf.get(self._key(tenant_id, f"owner:{contract}"), _PERSON)
        if person is not None:
            await self._shelf.delete(person.decode())
        await self._shelf.delete(self._key(tenant_id, f"contract:{contract}"))

    async def close(self) -> None:
        """Close the shelf."""
        await self._shelf.close()

    def _subject(self, tenant_id: UUID, request: erp.ErpRead[Any]) -> str:
        contract = getattr(request, "contract", None)
        if contract is not None:
            return self._key(tenant_id, f"contract:{contract}")
        if isinstance(request, erp.FindSubscriber):
            return self._key(tenant_id, f"person:{request.document}")
        return self._key(tenant_id, "provider")

    def _key(self, tenant_id: UUID, subject: str) -> str:
        """A key that shows neither a document nor a contract's number."""
        digest = blake2b(subject.encode(), key=self._secret, person=b"erp", digest_size=16)
        return f"niochat:erp:{tenant_id}:{digest.hexdigest()}"
