"""The invoice's PDF: from the ERP only, and without the token."""

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.erps.sgp.urls import require_own_link
from niochat.ports.erp import ErpError, FetchInvoicePdf
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp

PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("https://isp.sgp.net.br", "https://isp.sgp.net.br/boleto/1"),
        ("https://isp.sgp.net.br", "http://isp.sgp.net.br/boleto/1"),
        ("https://isp.sgp.net.br", "https://files.sgp.tsmx.com.br/1"),
        ("https://sgp.isp.net.br", "https://boleto.isp.net.br/1"),
        ("https://sgp.isp.net.br:8443", "https://sgp.isp.net.br:8443/1"),
        ("https://sgp.isp.net.br:8443", "https://isp.net.br/1"),
        ("https://erp.isp.example", "https://BOLETO.isp.example/1"),
        ("http://127.0.0.1:99/sgp", "http://127.0.0.1:99/sgp/boleto/1.pdf"),
    ],
)
def test_a_link_to_the_erp_may_be_followed(base: str, link: str) -> None:
    assert require_own_link(base, link).lower() == link.lower()


@pytest.mark.parametrize(
    ("base", "link"),
    [
        ("https://isp.sgp.net.br", "https://evil.example/boleto"),
        ("https://isp.sgp.net.br", "https://sgp.net.br.evil.example/"),
        ("https://isp.sgp.net.br", "https://evilsgp.net.br/"),
        ("https://sgp.isp.net.br", "https://other.net.br/"),
        ("https://isp.net.br", "https://net.br/"),
        ("https://isp.sgp.net.br", "https://isp.sgp.net.br@evil.example/"),
        ("https://isp.sgp.net.br", "https://u:p@isp.sgp.net.br/"),
        ("https://isp.sgp.net.br", "https://evil.example\\.sgp.net.br/"),
        ("https://isp.sgp.net.br", "https://evil.example\t.sgp.net.br/"),
        ("https://isp.sgp.net.br", "https://isp.sgp.net.br:22/"),
        ("https://isp.sgp.net.br", "file:///etc/hostname"),
        ("https://isp.sgp.net.br", "ftp://isp.sgp.net.br/1"),
        ("https://isp.sgp.net.br", "//isp.sgp.net.br/1"),
        ("https://isp.sgp.net.br", "javascript:alert(1)"),
        ("https://isp.sgp.net.br", ""),
        ("http://127.0.0.1:99", "http://127.0.0.1:98/"),
        ("http://127.0.0.1", "http://10.0.0.1/"),
        ("http://10.0.0.1", "http://9.0.0.1/"),
        ("http://localhost", "http://x.localhost/"),
        ("", "https://isp.sgp.net.br/1"),
    ],
)
def test_a_link_elsewhere_is_refused(base: str, link: str) -> None:
    with pytest.raises(ErpError) as error:
        require_own_link(base, link)
    assert (error.value.code, error.value.maybe_sent) == ("erp_foreign_link", False)


def asked_of(sgp: ScriptedSgp) -> FetchInvoicePdf:
    return FetchInvoicePdf("5501", sgp.base_url + "boleto/1.pdf?h=k%2Bz")


@pytest.mark.asyncio
@pytest.mark.parametrize("body", [PDF, b"\r\n \t" + PDF])
async def test_a_pdf_comes_whole_and_its_link_learns_no_token(
    client: SgpClient, sgp: ScriptedSgp, body: bytes
) -> None:
    sgp.set_response(body, kind="application/octet-stream")
    assert await client.read(sgp.account, asked_of(sgp), 5) == PDF
    (asked,) = sgp.requests
    assert (asked.method, asked.path, asked.fields) == ("GET", "/sgp/boleto/1.pdf", {"h": "k+z"})
    assert "marked-token" not in str(asked.headers)


@pytest.mark.asyncio
async def test_a_pdf_may_be_larger_than_other_answers(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response(PDF + b"x" * 3_000_000)
    content = await client.read(sgp.account, asked_of(sgp), 5)
    assert len(content) > 3_000_000


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>login</html>", "erp_not_pdf"),
        (200, b"", "erp_not_pdf"),
        (200, b"{}", "erp_not_pdf"),
        (200, b"x %PDF", "erp_not_pdf"),
        (200, b"%PDF" + b"x" * 10_000_001, "erp_too_big"),
        (403, b"", "erp_not_pdf"),
        (302, b"", "erp_address"),
        (404, b"", "erp_missing"),
        (500, PDF, "erp_failed"),
        (503, b"", "erp_busy"),
    ],
)
async def test_a_response_that_is_no_pdf_is_an_error(
    client: SgpClient, sgp: ScriptedSgp, status: int, body: bytes, code: str
) -> None:
    sgp.set_response(body, status=status)
    with pytest.raises(ErpError) as error:
        await client.read(sgp.account, asked_of(sgp), 5)
    assert error.value.code == code


@pytest.mark.asyncio
async def test_a_foreign_link_is_never_asked(client: SgpClient, sgp: ScriptedSgp) -> None:
    link = sgp.base_url.replace("127.0.0.1", "localhost")
    with pytest.raises(ErpError) as error:
        await client.read(sgp.account, FetchInvoicePdf("5501", link), 5)
    assert error.value.code == "erp_foreign_link"
    assert not sgp.requests
