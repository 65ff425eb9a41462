"""Probing: what there is, without doing anything."""

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.ports.erp import ErpCapability, ErpError
from tests.adapters.erps.sgp.scripted_sgp import TOKEN, ScriptedSgp, refusing_account

pytestmark = pytest.mark.asyncio

ROUTES = {
    ErpCapability.INVOICES: "/sgp/api/ura/fatura2via/",
    ErpCapability.PAID: "/sgp/api/ura/titulos/",
    ErpCapability.PIX: "/sgp/api/ura/pagamento/pix/0",
    ErpCapability.LINE: "/sgp/api/ura/verificaacesso/",
    ErpCapability.OPTICS: "/sgp/api/ura/clientes/",
    ErpCapability.MAINTENANCE: "/sgp/api/ura/manutencao/list/",
    ErpCapability.TICKETS: "/sgp/api/ura/ocorrencia/list/",
    ErpCapability.PLANS: "/sgp/api/ura/consultaplano/",
    ErpCapability.COVERAGE: "/sgp/api/ura/viabilidade/",
    ErpCapability.UNLOCK: "/sgp/api/ura/liberacaopromessa/",
    ErpCapability.OPEN_TICKET: "/sgp/api/ura/chamado/",
    ErpCapability.LEADS: "/sgp/api/precadastro/F",
}
WRITES = {ErpCapability.UNLOCK, ErpCapability.OPEN_TICKET, ErpCapability.LEADS}
NOBODY = {"status": 0, "msg": "Nenhum contrato localizado", "contratos": []}


async def error_of(client: SgpClient, sgp: ScriptedSgp) -> str:
    with pytest.raises(ErpError) as error:
        await client.probe(sgp.account, 5)
    return error.value.code


async def test_a_whole_installation_can_everything(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response(NOBODY)
    assert await client.probe(sgp.account, 5) == frozenset(ErpCapability)


async def test_a_probe_names_nobody_and_never_posts_to_a_write(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response(NOBODY)
    await client.probe(sgp.account, 5)
    acting = {ROUTES[each] for each in WRITES}
    assert {
        asked.path: asked.method for asked in sgp.requests if asked.path in acting
    } == dict.fromkeys(acting, "OPTIONS")
    told = {str(value) for asked in sgp.requests for value in asked.summarize.values()}
    assert told <= {"0", "1", "00000000000", "00000000", "pagos"}
    assert all(asked.fields["token"] == TOKEN for asked in sgp.requests)
    invoices = next(a for a in sgp.requests if a.path == ROUTES[ErpCapability.INVOICES])
    assert invoices.summarize["nao_gerar_os"] == "1"


@pytest.mark.parametrize("missing", ErpCapability)
@pytest.mark.parametrize("status", [404, 401, 403, 301])
async def test_a_route_that_is_not_there_or_not_allowed_is_no_capability(
    client: SgpClient, sgp: ScriptedSgp, missing: ErpCapability, status: int
) -> None:
    sgp.set_response(NOBODY)
    sgp.set_response("<html>", status=status, route=ROUTES[missing])
    expected = frozenset(ErpCapability) - {missing}
    # A redirected OPTIONS still shows that something is there.
    kept = {missing} if status == 301 and missing in WRITES else set()
    assert await client.probe(sgp.account, 5) == expected | kept


@pytest.mark.parametrize(
    ("status", "body"), [(500, "<html>"), (200, "no json"), (200, "<html>"), (503, ""), (400, "{}")]
)
async def test_a_route_that_fails_for_nobody_is_there(
    client: SgpClient, sgp: ScriptedSgp, status: int, body: str
) -> None:
    sgp.set_response(body, status=status)
    assert await client.probe(sgp.account, 5) == frozenset(ErpCapability)


async def test_a_write_route_that_takes_no_options_is_there(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response(NOBODY)
    for capability in ErpCapability:
        sgp.set_response("", status=405, route=ROUTES[capability])
    assert await client.probe(sgp.account, 5) == WRITES


async def test_a_route_refused_under_200_is_no_capability(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response(NOBODY)
    sgp.set_response({"msg": "Token sem permissão"}, route=ROUTES[ErpCapability.PLANS])
    assert await client.probe(sgp.account, 5) == frozenset(ErpCapability) - {ErpCapability.PLANS}


async def test_a_huge_answer_to_a_probe_shows_that_the_route_is_there(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response(NOBODY)
    sgp.set_response(b" " * 2_100_000, route=ROUTES[ErpCapability.PLANS])
    assert await client.probe(sgp.account, 5) == frozenset(ErpCapability)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"detail": "no"}, "erp_unauthorized"),
        (403, "<html>", "erp_unauthorized"),
        (200, {"status": 0, "msg": "Token inválido"}, "erp_unauthorized"),
        (301, "", "erp_address"),
        (404, "<html>", "erp_missing"),
    ],
)
async def test_an_installation_where_nothing_works_says_why(
    client: SgpClient, sgp: ScriptedSgp, status: int, body: object, code: str
) -> None:
    sgp.set_response(body, status=status)
    assert await error_of(client, sgp) == code


async def test_a_probe_without_an_answer_tells_nothing(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.resets = True
    assert await error_of(client, sgp) == "erp_lost"
    with pytest.raises(ErpError) as error:
        await client.probe(refusing_account(), 5)
    assert error.value.code == "erp_unreachable"
