"""What an ERP says of passwords ends in its adapter."""

import json
import pickle
import traceback
from typing import Any

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.adapters.erps.sgp.request_builder import build_read_request
from niochat.ports.erp import ErpAccount, ErpError, ErpRead, ErpRefusedError, ErpWrite
from tests.adapters.erps.sgp.sample_responses import (
    CPF,
    FIND,
    INVOICES,
    LINE,
    MAINTENANCES,
    PIX_READ,
    PLANS,
    READS,
    SECRET,
    SECRETS,
    TICKETS,
    WRITES,
    build_client_row,
    build_contract_row,
    build_invoice_row,
    build_invoices_response,
    build_maintenance_row,
    build_subscriber_response,
    build_ticket_row,
    parse_reply,
    parse_value,
)
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp

GOOD: list[tuple[object, object]] = [
    (
        FIND,
        build_subscriber_response(
            build_contract_row(telefones=[{"contato": f"{SECRET}@x.example", "tipo": SECRET}])
        ),
    ),
    (INVOICES, {**build_invoices_response(build_invoice_row(**SECRETS)), **SECRETS}),
    (PIX_READ, SECRETS),
    (LINE, [{"status": 1, **SECRETS}]),
    (MAINTENANCES, [build_maintenance_row(**SECRETS)]),
    (TICKETS, [build_ticket_row(**SECRETS)]),
    (PLANS, [{"id": 1, "descricao": "F", "preco": 1, **SECRETS}]),
]


@pytest.mark.parametrize(("request_", "answer"), GOOD, ids=lambda v: type(v).__name__)
def test_no_secret_is_in_what_was_read(request_: object, answer: object) -> None:
    value = parse_value(request_, answer)
    assert SECRET in json.dumps(answer)
    assert SECRET not in repr(value)
    assert SECRET.encode() not in pickle.dumps(value)


def test_no_secret_is_in_the_light() -> None:
    answer = build_client_row({"rx": "-20", **SECRETS})
    assert SECRET not in repr(parse_value(READS[5], answer))


BROKEN = [
    json.dumps({**SECRETS, "contratos": [SECRETS], "links": [SECRETS], "planos": [SECRETS]}),
    json.dumps({**SECRETS, "clientes": SECRET, "ocorrencias": [SECRETS], "data": [SECRET]}),
    json.dumps({"senha": SECRET})[:-1],
    f"<html>{SECRET}</html>",
    f"<root><senha>{SECRET}</root>",
    f"<!DOCTYPE {SECRET.replace('-', '')} [<!ENTITY a '{SECRET}'>]><r/>",
]


def shown(error: BaseException) -> str:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
@pytest.mark.parametrize("body", BROKEN)
@pytest.mark.parametrize("request_", [*READS, *WRITES], ids=lambda r: type(r).__name__)
def test_no_answer_brings_a_secret_into_a_value_or_an_error(
    request_: ErpRead[Any] | ErpWrite, body: str, status: int
) -> None:
    try:
        said = repr(parse_reply(request_, body, status))
    except (ErpError, ErpRefusedError) as error:
        said = shown(error)
    assert SECRET not in said


@pytest.mark.asyncio
@pytest.mark.parametrize("body", BROKEN[:3])
@pytest.mark.parametrize("request_", [FIND, PLANS, PIX_READ])
async def test_no_error_shows_the_token_or_the_cpf(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpRead[Any], body: str
) -> None:
    sgp.set_response(body, status=500)
    with pytest.raises(ErpError) as error:
        await client.read(sgp.account, request_, 5)
    for private in (SECRET, "marked-token", CPF):
        assert private not in shown(error.value)


def test_an_account_and_a_call_do_not_show_what_is_private() -> None:
    account = ErpAccount("https://isp.sgp.net.br", "app", SECRET)
    for request in (FIND, PLANS, PIX_READ, LINE):
        question = build_read_request(request).to_http_request(account)
        assert SECRET in question.url + question.content.decode()
        assert not {SECRET, CPF} & set(
            repr((account, build_read_request(request), question)).split("'")
        )
