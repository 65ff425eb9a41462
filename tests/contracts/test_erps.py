"""Every ERP passes the same contract: the product's own, and a second one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from niochat.adapters.erps.registry import ERPS
from niochat.adapters.erps.sgp.sgp_vendor import SGP
from niochat.ports.erp import ErpConnector
from tests.adapters.erps.sgp.sample_responses import (
    build_contract_row,
    build_invoice_row,
    build_invoices_response,
    build_subscriber_response,
)
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp, start_scripted_sgp
from tests.contracts.erp_contract import ErpHarness, ErpReadContract, ErpWriteContract
from tests.contracts.second_erp import LEDGER


class SgpHarness:
    vendor = SGP

    def subscriber(self, name: str, contract: str) -> object:
        row = build_contract_row(razaoSocial=name, contratoId=int(contract))
        return build_subscriber_response(row)

    def nobody(self) -> object:
        return {"msg": "Nenhum contrato localizado", "contratos": []}

    def invoices(self, *rows: tuple[str, str, str]) -> object:
        return build_invoices_response(
            *(
                build_invoice_row(id=number, fatura=number, vencimento=due, valor=amount)
                for number, due, amount in rows
            )
        )

    def unlocked(self, protocol: str) -> object:
        return {"status": 1, "liberado": True, "protocolo": protocol}

    def refused(self, reason: str) -> object:
        return {"status": 0, "msg": reason}


class LedgerHarness:
    vendor = LEDGER

    def subscriber(self, name: str, contract: str) -> object:
        return {"person": name, "contract": contract}

    def nobody(self) -> object:
        return {"person": None}

    def invoices(self, *rows: tuple[str, str, str]) -> object:
        named = [{"id": number, "due": due, "amount": amount} for number, due, amount in rows]
        return {"items": named}

    def unlocked(self, protocol: str) -> object:
        return {"done": protocol}

    def refused(self, reason: str) -> object:
        return {"no": reason}


HARNESSES: list[ErpHarness] = [SgpHarness(), LedgerHarness()]


@pytest.fixture(params=HARNESSES, ids=lambda each: each.vendor.kind)
def harness(request: pytest.FixtureRequest) -> ErpHarness:
    found: ErpHarness = request.param
    return found


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ScriptedSgp]:
    async with start_scripted_sgp() as scripted:
        yield scripted


@pytest_asyncio.fixture
async def client(harness: ErpHarness) -> AsyncIterator[ErpConnector]:
    opened = harness.vendor.open_client(None)
    yield opened
    await opened.close()


def test_every_registered_erp_is_tested_here() -> None:
    assert set(ERPS.kinds) <= {each.vendor.kind for each in HARNESSES}


@pytest.mark.asyncio
class TestErpReads(ErpReadContract):
    """See the contract."""


@pytest.mark.asyncio
class TestErpWrites(ErpWriteContract):
    """See the contract."""
