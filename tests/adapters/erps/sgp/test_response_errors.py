"""Statuses, complaints and bodies that are none: one code each, for every read."""

from typing import Any

import pytest

from niochat.ports.erp import ErpError, ErpRead
from tests.adapters.erps.sgp.sample_responses import PLANS, READS, parse_reply
from tests.adapters.erps.sgp.scripted_sgp import as_text

every_read = pytest.mark.parametrize("request_", READS, ids=lambda r: type(r).__name__)
PAGE = "<!DOCTYPE html><html><body>page-content</body></html>"


def error_of(request: ErpRead[Any], body: object, status: int = 200, kind: str = "") -> ErpError:
    with pytest.raises(ErpError) as error:
        parse_reply(request, body if isinstance(body, bytes) else as_text(body), status, kind)
    assert "/api/ura/route/" in str(error.value)
    return error.value


@every_read
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, ("erp_address", False, False)),
        (302, ("erp_address", False, False)),
        (400, ("erp_failed", True, False)),
        (401, ("erp_unauthorized", False, False)),
        (403, ("erp_unauthorized", False, False)),
        (404, ("erp_missing", False, False)),
        (405, ("erp_missing", False, False)),
        (429, ("erp_busy", False, True)),
        (500, ("erp_failed", True, True)),
        (502, ("erp_failed", True, True)),
        (503, ("erp_busy", False, True)),
        (504, ("erp_failed", True, True)),
    ],
)
def test_a_status_has_one_meaning(
    request_: ErpRead[Any], status: int, expected: tuple[str, bool, bool]
) -> None:
    for body in (PAGE, "{}", ""):
        error = error_of(request_, body, status, "text/html")
        assert (error.code, error.maybe_sent, error.retryable) == expected
        assert "page-content" not in str(error)


@every_read
@pytest.mark.parametrize(
    "answer",
    [
        {"status": 0, "msg": "Token inválido"},
        {"msg": "App não encontrado"},
        [{"status": "0", "msg": "token ou app INVÁLIDO"}],
        {"detail": "Invalid token."},
        {"detail": "As credenciais de autenticação não foram fornecidas."},
        {"msg": "Token sem permissão para este recurso", "contratos": []},
    ],
)
def test_a_refused_token_is_known_also_under_200(request_: ErpRead[Any], answer: object) -> None:
    error = error_of(request_, answer)
    assert (error.code, error.maybe_sent, error.retryable) == ("erp_unauthorized", False, False)


@every_read
@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("application/json", '{"contratos": [', "erp_malformed"),
        ("application/json", "", "erp_malformed"),
        ("application/json", "null", "erp_malformed"),
        ("application/json", '"texto"', "erp_malformed"),
        ("application/json", "5", "erp_malformed"),
        ("application/json", "NaN", "erp_malformed"),
        ("application/json", "[" * 100_000, "erp_malformed"),
        ("application/json", b"\xff\xfe{", "erp_malformed"),
        ("application/json", '{"n": ' + "9" * 5000 + "}", "erp_malformed"),
        ("text/xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "erp_malformed"),
        ("text/html", "<html><body>Manutencao</body></html>", "erp_failed"),
        ("application/json", "\n <!DOCTYPE html><p>x", "erp_failed"),
        ("text/html", "Erro interno", "erp_failed"),
        ("application/xml", "<?xml version='1.0'?><html><p/></html>", "erp_failed"),
        ("text/html", "<root><contratos/></root>", "erp_failed"),
    ],
)
def test_what_cannot_be_parsed_is_told_and_not_guessed(
    request_: ErpRead[Any], kind: str, body: str | bytes, code: str
) -> None:
    error = error_of(request_, body, kind=kind)
    assert (error.code, error.maybe_sent) == (code, True)


def test_json_under_the_label_of_html_is_read() -> None:
    assert parse_reply(PLANS, '{"planos": []}', kind="text/html") == ()
