"""Caches reads of the ERP for some seconds, encrypted because they contain personal data."""

from datetime import datetime
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
"""The field with the subject of a contract's owner, a digest that identifies nobody."""
_PHONE = "phone"
"""The same for an owner who was found by phone."""

_CACHEABLE: dict[type[erp.ErpRead[Any]], TypeAdapter[Any]] = {
    erp.FindSubscriber: TypeAdapter(erp.Subscriber | None),
    erp.ListSubscribersByPhone: TypeAdapter(tuple[erp.Subscriber, ...]),
    erp.ReadContract: TypeAdapter(erp.Subscriber | None),
    erp.ListInvoices: TypeAdapter(tuple[erp.Invoice, ...]),
    erp.ListPaidInvoices: TypeAdapter(tuple[erp.PaidInvoice, ...]),
    erp.ListMaintenances: TypeAdapter(tuple[erp.NetworkMaintenance, ...]),
    erp.ListTickets: TypeAdapter(tuple[erp.ErpTicket, ...]),
    erp.ListServicePlans: TypeAdapter(tuple[erp.ServicePlan, ...]),
}
"""Reads whose result may be some seconds old. Access status and files are never cached."""


class ErpReadCache:
    """The cache of all tenants. The subject of an entry is a contract, a person or the provider."""

    def __init__(self, cache: RedisCache, encryptor: Encryptor, secret: bytes) -> None:
        """``secret`` (at most 64 bytes) makes keys unguessable to a reader of the cache."""
        self._cache = cache
        self._encryptor = encryptor
        self._secret = secret

    async def get(self, tenant_id: UUID, request: erp.ErpRead[Any]) -> tuple[Any, datetime] | None:
        """The cached result and when it was read, or ``None`` if the ERP must be called."""
        adapter = _CACHEABLE.get(type(request))
        if adapter is None:
            return None
        sealed = await self._cache.get(self._subject(tenant_id, request), type(request).__name__)
        if sealed is None:
            return None
        try:
            opened = self._encryptor.open(sealed, tenant_id=tenant_id, purpose=PURPOSE)
            read_at, _, plain = opened.partition("\n")
            return adapter.validate_json(plain), datetime.fromisoformat(read_at)
        except (NiochatError, ValueError):
            return None  # sealed with another key or written by another version

    async def put(
        self, tenant_id: UUID, request: erp.ErpRead[Any], result: object, read_at: datetime
    ) -> None:
        """Cache a result, if results of this kind of request may be cached."""
        adapter = _CACHEABLE.get(type(request))
        if adapter is None:
            return
        plain = f"{read_at.isoformat()}\n{adapter.dump_json(result).decode()}"
        sealed = self._encryptor.seal(plain, tenant_id=tenant_id, purpose=PURPOSE)
        subject = self._subject(tenant_id, request)
        await self._cache.put(subject, type(request).__name__, sealed)
        if isinstance(request, erp.FindSubscriber) and isinstance(result, erp.Subscriber):
            for contract in result.contracts:
                owner = self._key(tenant_id, f"owner:{contract.id}")
                await self._cache.put(owner, _PERSON, subject.encode())
        if isinstance(request, erp.ListSubscribersByPhone) and isinstance(result, tuple):
            for contract in (each for found in result for each in found.contracts):
                owner = self._key(tenant_id, f"owner:{contract.id}")
                await self._cache.put(owner, _PHONE, subject.encode())

    async def invalidate_contract(self, tenant_id: UUID, contract: str) -> None:
        """Remove what is cached about the contract and about its owner."""
        for field in (_PERSON, _PHONE):
            owner = await self._cache.get(self._key(tenant_id, f"owner:{contract}"), field)
            if owner is not None:
                await self._cache.delete(owner.decode())
        await self._cache.delete(self._key(tenant_id, f"contract:{contract}"))

    async def close(self) -> None:
        """Close the cache."""
        await self._cache.close()

    def _subject(self, tenant_id: UUID, request: erp.ErpRead[Any]) -> str:
        contract = getattr(request, "contract", None)
        if contract is not None:
            return self._key(tenant_id, f"contract:{contract}")
        if isinstance(request, erp.FindSubscriber):
            return self._key(tenant_id, f"person:{request.document}")
        if isinstance(request, erp.ListSubscribersByPhone):
            return self._key(tenant_id, f"phone:{request.phone}")
        return self._key(tenant_id, "provider")

    def _key(self, tenant_id: UUID, subject: str) -> str:
        """A key that reveals neither a document nor the number of a contract."""
        digest = blake2b(subject.encode(), key=self._secret, person=b"erp", digest_size=16)
        return f"niochat:erp:{tenant_id}:{digest.hexdigest()}"
