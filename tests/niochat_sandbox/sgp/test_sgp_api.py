"""The simulated ERP's doors: tokens, bodies, slashes, missing routes, and its control API."""

from typing import Any

import pytest

from tests.niochat_sandbox.conftest import SandboxFixture
from tests.niochat_sandbox.sgp.sgp_client import SgpClientFixture

pytestmark = pytest.mark.asyncio

ROUTES = [
    ("POST", f"/api/ura/{name}/")
    for name in (
        "consultacliente",
        "clientes",
        "verificaacesso",
        "fatura2via",
        "titulos",
        "liberacaopromessa",
        "chamado",
        "ocorrencia/list",
        "viabilidade",
    )
] + [
    ("GET", "/api/ura/manutencao/list/"),
    ("GET", "/api/ura/consultaplano/"),
    ("GET", "/api/auth/info/"),
]
EXACT = [("POST", "/api/ura/pagamento/pix/9001"), ("POST", "/api/precadastro/F")]


@pytest.fixture
def erp(sandbox: SandboxFixture) -> SgpClientFixture:
    return SgpClientFixture(sandbox)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_the_slash_a_route_moves(
    erp: SgpClientFixture, method: str, path: str
) -> None:
    reply = await erp.sandbox.http.request(method, f"/sgp{path[:-1]}?x=1")
    assert reply.status_code == 301
    assert reply.headers["location"] == f"{erp.sandbox.origin}/sgp{path}?x=1"


@pytest.mark.parametrize(("method", "path"), ROUTES + EXACT)
@pytest.mark.parametrize(
    "signature",
    [{}, {"token": "other", "app": "niochat"}, {"token": "sandbox-x", "app": "other"}],
)
async def test_a_wrong_signature_is_forbidden(
    erp: SgpClientFixture, method: str, path: str, signature: dict[str, str]
) -> None:
    where = "params" if method == "GET" else "data"
    reply = await erp.sandbox.http.request(method, f"/sgp{path}", **{where: signature})  # type: ignore[arg-type]
    assert reply.status_code == 403
    assert set(reply.json()) == {"detail"}


@pytest.mark.parametrize(("method", "path"), ROUTES + EXACT)
async def test_asking_for_the_options_does_nothing(
    erp: SgpClientFixture, method: str, path: str
) -> None:
    url = f"/sgp{path}"
    assert (await erp.sandbox.http.options(url)).status_code == 200
    assert (await erp.sandbox.http.options(url, params=erp.signed({}))).status_code == 200
    assert (await erp.sandbox.http.options(url, params={"token": "no"})).status_code == 403
    assert (await erp.control("GET", "/calls"))["items"] == {}


@pytest.mark.parametrize("way", ["data", "json", "params"])
async def test_fields_come_as_form_json_or_query(erp: SgpClientFixture, way: str) -> None:
    fields: Any = erp.signed({"contrato": "5501"})
    path = "/sgp/api/ura/consultacliente/"
    reply = await erp.sandbox.http.post(path, **{way: fields})
    assert reply.json()["contratos"][0]["contratoId"] == 5501


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"\xff"])
async def test_a_broken_json_body_is_refused(erp: SgpClientFixture, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    path = "/sgp/api/ura/chamado/"
    reply = await erp.sandbox.http.post(path, content=body, headers=headers)
    assert (reply.status_code, reply.json()) == (400, {"detail": "JSON parse error"})


@pytest.mark.parametrize(
    "path", ["/", "/api/ura/outra/", "/api/ura/outra", "/api/", "/boleto/1.pdf", "/boleto/x"]
)
async def test_what_is_not_there_is_a_page_of_html(erp: SgpClientFixture, path: str) -> None:
    reply = await erp.get(path)
    assert reply.status_code == 404
    assert reply.headers["content-type"].startswith("text/html")
    assert "Not Found" in reply.text


async def test_a_read_of_the_wrong_method_is_not_served(erp: SgpClientFixture) -> None:
    assert (await erp.get("/api/ura/consultacliente/")).status_code == 405
    assert (await erp.post("ura/consultaplano/")).status_code == 405


async def test_a_subscriber_can_be_changed(erp: SgpClientFixture) -> None:
    two = await erp.of_case("two_contracts")
    path = f"/subscribers/{two['cpf']}"
    second = two["contracts"][1]["id"]
    change = {"status": 7, "line": "dark", "promises": 1, "contract": second}
    told = await erp.control("PUT", path, json=change)
    assert told["contracts"][0] == two["contracts"][0]
    [row] = (await erp.query_customer("consultacliente/", contrato=second))["contratos"]
    assert (row["contratoStatus"], row["promessasPagamentoMes"]) == (7, 1)
    assert (await erp.query_customer("verificaacesso/", contrato=second))["status"] == 2
    await erp.control("PUT", path, json={"line": "online", "contract": second})
    assert (await erp.query_customer("verificaacesso/", contrato=second))["status"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"contract": 5501},
        {"other": 1},
        {"status": 8},
        {"status": 0},
        {"status": "4"},
        {"status": True},
        {"status": None},
        {"line": "moon"},
        {"line": 1},
        {"line": []},
        {"promises": -1},
        {"paid": -1},
        {"paid": True},
        {"promises": 1.5},
        {"status": 4, "contract": 1},
        {"status": 4, "contract": "x"},
        {"status": 4, "promises": "x"},
    ],
)
async def test_a_bad_change_is_refused_and_changes_nothing(
    erp: SgpClientFixture, body: Any
) -> None:
    maria = await erp.of_case("active")
    path = f"/sandbox/sgp/{erp.token}/subscribers/{maria['cpf']}"
    reply = await erp.sandbox.http.put(path, json=body)
    assert reply.status_code == 400
    assert reply.json()["error"]
    assert await erp.of_case("active") == maria


async def test_bad_addresses_of_the_control_api_are_refused(erp: SgpClientFixture) -> None:
    http = erp.sandbox.http
    for path in ("ledger", "calls", "subscribers"):
        assert (await http.get(f"/sandbox/sgp/other/{path}")).status_code == 400
    assert (await http.get(f"/sandbox/sgp/sandbox-{'x' * 200}/ledger")).status_code == 400
    assert (await http.delete("/sandbox/sgp/other")).status_code == 400
    here = f"/sandbox/sgp/{erp.token}/subscribers"
    assert (await http.put(f"{here}/abc", json={"status": 1})).status_code == 400
    assert (await http.put(f"{here}/00000000000", json={"status": 1})).status_code == 404
    assert (await http.put(f"{here}/00000000000", content=b"{")).status_code == 404
    maria = (await erp.subscribers())[0]["cpf"]
    assert (await http.put(f"{here}/{maria}", content=b"{")).status_code == 400


async def test_the_page_shows_the_demo_installation_and_escapes_it(sandbox: SandboxFixture) -> None:
    demo = SgpClientFixture(sandbox, "sandbox-demo")
    await demo.control("DELETE", "")
    await demo.open_ticket(conteudo="<script>alert(1)</script>")
    page = (await sandbox.http.get("/sandbox")).text
    assert "<h2>SGP</h2>" in page
    assert "Maria da Silva" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in page
    await demo.control("DELETE", "")
    assert "Nada ainda." in (await sandbox.http.get("/sandbox")).text
