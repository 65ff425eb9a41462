"""A second vendor of ERPs, as small as the port allows: it proves that one plugs in."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import aiohttp
import orjson

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.adapters.http_pool import open_shared_session
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.erp import (
    Contract,
    ContractStatus,
    ErpAccount,
    ErpCapability,
    ErpConnector,
    ErpError,
    ErpRead,
    ErpRefusedError,
    ErpWrite,
    ErpWriteReceipt,
    FindSubscriber,
    Invoice,
    ListInvoices,
    ResultT,
    Subscriber,
    Unlock,
)

MAX_BYTES = 2_000_000
_STATUS = {401: "erp_unauthorized", 403: "erp_unauthorized", 404: "erp_missing"}
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.InvalidURL)
_BROKEN = (aiohttp.ClientError, OSError, ValueError)


class LedgerErp(ErpConnector):
    """One route that takes and gives JSON."""

    def __init__(self, guard: SsrfGuard | None) -> None:
        self._guard = guard
        self._session: aiohttp.ClientSession | None = None

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        match request:
            case FindSubscriber(document=document):
                found = await self._call(account, {"person": document}, timeout_s)
                return cast(ResultT, _subscriber(found))
            case ListInvoices(contract=contract):
                found = await self._call(account, {"invoices": contract}, timeout_s)
                return cast(ResultT, tuple(_invoice(each) for each in found["items"]))
        raise ErpError("this ERP has no such route", code="erp_missing", left=False)

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        if not isinstance(request, Unlock):
            raise ErpError("this ERP has no such route", code="erp_missing", left=False)
        found = await self._call(account, {"unlock": request.contract}, timeout_s)
        if "no" in found:
            raise ErpRefusedError(str(found["no"]))
        return ErpWriteReceipt(str(found["done"]))

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        await self._call(account, {"person": "0"}, timeout_s)
        return frozenset({ErpCapability.INVOICES, ErpCapability.UNLOCK})

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _call(
        self, account: ErpAccount, body: Mapping[str, object], timeout_s: float
    ) -> dict[str, Any]:
        if self._session is None:
            self._session = open_shared_session(10, guard=self._guard)
        try:
            return await self._exchange(account, body, timeout_s)
        except _NEVER_SENT:
            raise ErpError(
                "cannot be reached", code="erp_unreachable", retryable=True, left=False
            ) from None
        except TimeoutError:
            raise ErpError("no answer in time", code="erp_timeout", retryable=True) from None
        except _BROKEN:
            raise ErpError("the answer was lost", code="erp_lost", retryable=True) from None

    async def _exchange(
        self, account: ErpAccount, body: Mapping[str, object], timeout_s: float
    ) -> dict[str, Any]:
        assert self._session is not None
        async with self._session.post(
            account.base_url,
            data=orjson.dumps(body),
            headers={"x-token": account.token.encode().hex(), "content-type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            allow_redirects=False,
        ) as answer:
            text = bytearray()
            async for chunk in answer.content.iter_chunked(64 * 1024):
                text += chunk
                if len(text) > MAX_BYTES:
                    raise ErpError("the answer is too big", code="erp_too_big")
            return _fields(answer.status, bytes(text))


def _fields(status: int, text: bytes) -> dict[str, Any]:
    if 300 <= status < 400:
        raise ErpError("the address is wrong", code="erp_address", left=False)
    if status in (429, 503):
        raise ErpError("the ERP is busy", code="erp_busy", retryable=True, left=False)
    if status != 200:
        code = _STATUS.get(status, "erp_failed")
        raise ErpError("no", code=code, retryable=status >= 500, left=status >= 500)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not value:
        raise ErpError("cannot be read", code="erp_malformed")
    return value


def _subscriber(found: Mapping[str, Any]) -> Subscriber | None:
    if found.get("person") is None:
        return None
    contract = Contract(
        id=str(found["contract"]), status=ContractStatus.ACTIVE, plan=str(found.get("plan", ""))
    )
    return Subscriber(name=str(found["person"]), phones=(), contracts=(contract,))


def _invoice(row: Mapping[str, Any]) -> Invoice:
    try:
        return Invoice(
            id=str(row["id"]), amount=Decimal(row["amount"]), due=date.fromisoformat(row["due"])
        )
    except (InvalidOperation, KeyError, TypeError, ValueError):
        raise ErpError("an invoice cannot be read", code="erp_malformed") from None


LEDGER = ErpVendor(kind="ledger", display_name="Ledger", open_client=LedgerErp)
