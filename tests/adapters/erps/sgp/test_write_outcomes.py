"""Writes: done, refused, or not known; and nothing in between."""

from datetime import date

import pytest

from niochat.adapters.erps.sgp.client import SgpClient
from niochat.ports.erp import ErpError, ErpRefusedError, ErpWrite, ErpWriteReceipt
from tests.adapters.erps.sgp.sample_responses import LEAD, TICKET, UNLOCK, WRITES, parse_reply
from tests.adapters.erps.sgp.scripted_sgp import ScriptedSgp, as_text

pytestmark = pytest.mark.asyncio

Answers = dict[str, object]


async def error_of(client: SgpClient, sgp: ScriptedSgp, request: ErpWrite) -> ErpError:
    with pytest.raises(ErpError) as error:
        await client.write(sgp.account, request, 5)
    assert len(sgp.requests) == 1, "a write leaves once"
    return error.value


@pytest.mark.parametrize(
    ("request_", "answer", "expected"),
    [
        (
            UNLOCK,
            {"status": 1, "liberado": True, "data_promessa": "2026-11-25", "protocolo": 2402},
            ErpWriteReceipt("2402", date(2026, 11, 25)),
        ),
        (UNLOCK, {"status": "2", "liberado": "1", "liberado_dias": 3}, ErpWriteReceipt()),
        (
            UNLOCK,
            [{"liberado": 1, "data_promessa": "25/11/2026"}],
            ErpWriteReceipt("", date(2026, 11, 25)),
        ),
        (UNLOCK, {"status": 1, "liberado": True, "data_promessa": "None"}, ErpWriteReceipt()),
        (TICKET, {"status": 1, "protocolo": "260111"}, ErpWriteReceipt("260111")),
        (TICKET, [{"status": "1", "protocolo": 260111, "msg": "ok"}], ErpWriteReceipt("260111")),
        (TICKET, {"protocolo": "260111"}, ErpWriteReceipt("260111")),
        (TICKET, {"status": 1}, ErpWriteReceipt()),
        (LEAD, {"status": 1, "id": 88}, ErpWriteReceipt("88")),
        (LEAD, {"success": True, "message": "ok"}, ErpWriteReceipt()),
        (LEAD, {"cliente_id": 9}, ErpWriteReceipt("9")),
    ],
)
async def test_a_write_that_was_done(
    client: SgpClient,
    sgp: ScriptedSgp,
    request_: ErpWrite,
    answer: object,
    expected: ErpWriteReceipt,
) -> None:
    sgp.set_response(answer)
    assert await client.write(sgp.account, request_, 5) == expected


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (UNLOCK, {"status": 1, "liberado": False, "msg": "Já usado este mês", "protocolo": "1"}),
        (UNLOCK, {"liberado": "0", "msg": "Já usado este mês"}),
        (UNLOCK, [{"status": 0, "msg": "<b>Já usado</b>\neste\tmês"}]),
        (UNLOCK, {"status": 0, "msg": "&lt;i&gt;Já usado&lt;/i&gt; este mês"}),
        (TICKET, {"status": 0, "msg": "Já usado este mês"}),
        (LEAD, {"status": "0", "msg": "Já usado este mês"}),
        (LEAD, {"success": False, "message": "Já usado este mês"}),
        (LEAD, {"error": "Já usado este mês"}),
    ],
)
async def test_a_refusal_is_told_in_one_clean_line(
    client: SgpClient, sgp: ScriptedSgp, request_: ErpWrite, answer: object
) -> None:
    sgp.set_response(answer)
    with pytest.raises(ErpRefusedError) as refused:
        await client.write(sgp.account, request_, 5)
    assert str(refused.value) == "Já usado este mês"


@pytest.mark.parametrize("status", [400, 402, 409, 422])
async def test_a_client_error_with_a_reason_is_a_refusal(
    client: SgpClient, sgp: ScriptedSgp, status: int
) -> None:
    sgp.set_response({"error": "Já existe um cliente com o CPF informado."}, status=status)
    with pytest.raises(ErpRefusedError, match="Já existe"):
        await client.write(sgp.account, LEAD, 5)


@pytest.mark.parametrize("body", ["", "<html>no</html>", "{}", '{"contrato": ["x"]}'])
async def test_a_client_error_without_a_reason_is_not_known(
    client: SgpClient, sgp: ScriptedSgp, body: str
) -> None:
    sgp.set_response(body, status=400)
    error = await error_of(client, sgp, TICKET)
    assert (error.code, error.maybe_sent, error.retryable) == ("erp_failed", True, False)


async def test_a_refusal_is_at_most_200_characters(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response({"liberado": False, "msg": "a" * 5000})
    with pytest.raises(ErpRefusedError) as refused:
        await client.write(sgp.account, UNLOCK, 5)
    assert len(str(refused.value)) == 200


async def test_a_refusal_without_words_is_still_one(client: SgpClient, sgp: ScriptedSgp) -> None:
    sgp.set_response({"liberado": False})
    with pytest.raises(ErpRefusedError, match="without saying why"):
        await client.write(sgp.account, UNLOCK, 5)


ODD_REPLIES: tuple[object, ...] = ({}, [], None, 5, "ok", [{}, {}], [1])


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (UNLOCK, {"status": 1, "msg": "ok", "protocolo": "2402"}),
        (UNLOCK, {"status": 0, "liberado": True}),
        (UNLOCK, {"status": 0, "msg": "Erro", "protocolo": "2402"}),
        (UNLOCK, {"liberado": "talvez"}),
        (UNLOCK, {"liberado": []}),
        (TICKET, {"status": 0, "msg": "Erro", "protocolo": "260111"}),
        (TICKET, {"status": 0}),
        (TICKET, {"status": 7, "msg": "?"}),
        (TICKET, {"status": 7, "id": 5}),
        (LEAD, {"message": "Recebido"}),
        *[(each, odd) for each in WRITES for odd in ODD_REPLIES],
    ],
)
async def test_an_answer_that_proves_nothing_may_have_been_done(
    request_: ErpWrite, answer: object
) -> None:
    with pytest.raises(ErpError) as error:
        parse_reply(request_, as_text(answer))
    assert (error.value.code, error.value.maybe_sent) == ("erp_malformed", True)


@pytest.mark.parametrize("request_", WRITES, ids=lambda r: type(r).__name__)
@pytest.mark.parametrize(
    ("status", "body", "code", "left"),
    [
        (200, {"status": 0, "msg": "Token inválido"}, "erp_unauthorized", False),
        (200, {"msg": "Token não autorizado"}, "erp_unauthorized", False),
        (400, {"detail": "Token inválido"}, "erp_unauthorized", False),
        (403, {"detail": "IP"}, "erp_unauthorized", False),
        (404, "<html>", "erp_missing", False),
        (503, "<html>", "erp_busy", False),
        (504, "<html>", "erp_failed", True),
        (200, "<html>ok</html>", "erp_failed", True),
        (200, '{"liberado": tr', "erp_malformed", True),
        (200, "", "erp_malformed", True),
        (301, "", "erp_address", False),
    ],
)
async def test_what_a_failed_write_may_have_done(
    request_: ErpWrite, status: int, body: object, code: str, left: bool
) -> None:
    with pytest.raises(ErpError) as error:
        parse_reply(request_, as_text(body), status)
    assert (error.value.code, error.value.maybe_sent) == (code, left)


async def test_an_app_to_use_instead_is_a_refusal_and_no_wrong_token(
    client: SgpClient, sgp: ScriptedSgp
) -> None:
    sgp.set_response({"liberado": False, "msg": "Liberação negada: use o app"})
    with pytest.raises(ErpRefusedError):
        await client.write(sgp.account, UNLOCK, 5)
