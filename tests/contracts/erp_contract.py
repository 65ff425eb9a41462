"""What every ERP adapter must do, whatever its vendor's dialect.

A vendor passes by a harness that says, in its dialect, what the server answers. The server is a
real one on the loopback interface.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import pytest

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.ports.erp import (
    ErpAccount,
    ErpCapability,
    ErpConnector,
    ErpError,
    ErpRead,
    ErpRefusedError,
    FindSubscriber,
    ListInvoices,
    Unlock,
)
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp, refusing_account

CPF = "12345678909"
FIND, INVOICES = FindSubscriber(CPF), ListInvoices("5501")
UNLOCK = Unlock("5501", "Pago na sexta")
READS: tuple[ErpRead[Any], ...] = (FIND, INVOICES)


class ErpHarness(Protocol):
    """One vendor's dialect: JSON bodies of responses."""

    vendor: ErpVendor

    def subscriber(self, name: str, contract: str) -> object: ...
    def nobody(self) -> object: ...
    def invoices(self, *rows: tuple[str, str, str]) -> object:
        """(id, due day in ISO format, amount) of each; any may be unreadable."""
        ...

    def unlocked(self, protocol: str) -> object: ...
    def refused(self, reason: str) -> object: ...


async def read_error(
    client: ErpConnector, account: ErpAccount, request: ErpRead[Any], timeout_s: float = 5
) -> ErpError:
    with pytest.raises(ErpError) as error:
        await client.read(account, request, timeout_s)
    assert account.token not in str(error.value)
    assert CPF not in str(error.value)
    return error.value


async def write_error(client: ErpConnector, account: ErpAccount, timeout_s: float = 5) -> ErpError:
    with pytest.raises(ErpError) as error:
        await client.write(account, UNLOCK, timeout_s)
    return error.value


class ErpReadContract:
    """Reads: the whole answer, or an error with a code."""

    async def test_a_subscriber_is_found(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.subscriber("MARIA DA SILVA", "5501"))
        found = await client.read(server.account, FIND, 5)
        assert found is not None
        assert "maria" in found.name.lower()
        assert [contract.id for contract in found.contracts] == ["5501"]

    async def test_nobody_is_none(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.nobody())
        assert await client.read(server.account, FIND, 5) is None

    async def test_invoices_are_listed(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.invoices(("9001", "2026-11-10", "99.90")))
        (invoice,) = await client.read(server.account, INVOICES, 5)
        assert (invoice.id, invoice.due) == ("9001", date(2026, 11, 10))
        assert invoice.amount == Decimal("99.90")

    async def test_no_invoices_are_an_empty_list(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.invoices())
        assert await client.read(server.account, INVOICES, 5) == ()

    @pytest.mark.parametrize(
        "row", [("9002", "yesterday", "99.90"), ("9002", "2026-11-10", "much")]
    )
    async def test_an_unreadable_field_does_not_hide_an_invoice(
        self,
        harness: ErpHarness,
        server: ScriptedSgp,
        client: ErpConnector,
        row: tuple[str, str, str],
    ) -> None:
        server.set_response(harness.invoices(("9001", "2026-11-10", "99.90"), row))
        assert (await read_error(client, server.account, INVOICES)).code == "erp_malformed"

    @pytest.mark.parametrize("body", ["<html>login</html>", "", "7"])
    async def test_a_response_that_cannot_be_read_is_an_error(
        self, server: ScriptedSgp, client: ErpConnector, body: str
    ) -> None:
        server.set_response(body)
        error = await read_error(client, server.account, FIND)
        assert error.code in ("erp_malformed", "erp_missing", "erp_failed")

    @pytest.mark.parametrize(
        ("status", "code", "retryable"),
        [
            (401, "erp_unauthorized", False),
            (403, "erp_unauthorized", False),
            (404, "erp_missing", False),
            (429, "erp_busy", True),
            (503, "erp_busy", True),
            (500, "erp_failed", True),
            (302, "erp_address", False),
        ],
    )
    @pytest.mark.parametrize("request_", READS)
    async def test_a_status_has_its_code_and_is_not_repeated(
        self,
        server: ScriptedSgp,
        client: ErpConnector,
        request_: ErpRead[Any],
        status: int,
        code: str,
        retryable: bool,
    ) -> None:
        server.set_response("<html>", status=status, Location="/elsewhere/")
        error = await read_error(client, server.account, request_)
        assert (error.code, error.retryable) == (code, retryable)
        assert len(server.requests) == 1

    async def test_a_huge_response_is_not_read_to_its_end(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.answers["*"] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 20_000_000
        assert (await read_error(client, server.account, FIND)).code == "erp_too_big"

    async def test_a_response_that_does_not_come_ends_at_the_timeout(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.hangs = True
        error = await read_error(client, server.account, FIND, 0.3)
        assert (error.code, error.retryable) == ("erp_timeout", True)

    async def test_what_a_vendor_cannot_do_is_missing_from_its_probe_or_works(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.nobody())
        assert await client.probe(server.account, 5) <= frozenset(ErpCapability)

    async def test_a_probe_with_a_refused_token_says_so(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response({}, status=401)
        with pytest.raises(ErpError) as error:
            await client.probe(server.account, 5)
        assert error.value.code == "erp_unauthorized"


class ErpWriteContract:
    """Writes: done, refused, certainly not sent, or maybe sent; and never twice."""

    async def test_a_write_that_was_done_has_a_receipt(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.unlocked("2402"))
        assert (await client.write(server.account, UNLOCK, 5)).protocol == "2402"

    async def test_a_refusal_has_the_reason_of_the_erp(
        self, harness: ErpHarness, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response(harness.refused("Já usado este mês"))
        with pytest.raises(ErpRefusedError, match="Já usado este mês"):
            await client.write(server.account, UNLOCK, 5)
        assert len(server.requests) == 1

    async def test_a_refused_connection_sent_nothing(self, client: ErpConnector) -> None:
        error = await write_error(client, refusing_account())
        assert (error.code, error.maybe_sent, error.retryable) == ("erp_unreachable", False, True)

    async def test_an_unknown_host_sent_nothing(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        account = replace(server.account, base_url=f"http://{'a' * 60}.invalid")
        error = await write_error(client, account)
        assert (error.code, error.maybe_sent) == ("erp_unreachable", False)

    @pytest.mark.parametrize(
        "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"nonsense\r\n\r\n"]
    )
    async def test_a_connection_that_breaks_may_have_sent_it(
        self, server: ScriptedSgp, client: ErpConnector, answer: bytes
    ) -> None:
        server.answers["*"] = answer
        error = await write_error(client, server.account)
        assert (error.code, error.maybe_sent) == ("erp_lost", True)
        assert len(server.requests) == 1

    async def test_a_response_that_does_not_come_may_have_sent_it(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.hangs = True
        error = await write_error(client, server.account, 0.3)
        assert (error.code, error.maybe_sent) == ("erp_timeout", True)
        assert len(server.requests) == 1

    async def test_a_response_that_cannot_be_read_may_have_sent_it(
        self, server: ScriptedSgp, client: ErpConnector
    ) -> None:
        server.set_response("[")
        assert (await write_error(client, server.account)).maybe_sent

    @pytest.mark.parametrize(("status", "maybe_sent"), [(401, False), (429, False), (500, True)])
    async def test_a_status_says_whether_it_may_have_been_done(
        self, server: ScriptedSgp, client: ErpConnector, status: int, maybe_sent: bool
    ) -> None:
        server.set_response({}, status=status)
        assert (await write_error(client, server.account)).maybe_sent is maybe_sent
        assert len(server.requests) == 1
