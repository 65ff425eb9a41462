"""Coverage: a yes, a no, and never a no that nobody said."""

import pytest

from niochat.adapters.erps.sgp.request_builder import build_read_request
from niochat.ports.erp import CheckCoverage, ErpError, ErpRefusedError, ServiceAddress
from tests.adapters.erps.sgp.sample_responses import COVERAGE, parse_value


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (True, True),
        (1, True),
        ("sim", True),
        (" True ", True),
        (False, False),
        (0, False),
        ("nao", False),
        ("Não", False),
        (None, None),
        ("None", None),
        ("talvez", None),
        (7, None),
    ],
)
def test_what_the_answer_says(told: object, expected: bool | None) -> None:
    assert parse_value(COVERAGE, {"viabilidade": told}) is expected
    assert parse_value(COVERAGE, [{"status": 1, "viabilidade": told}]) is expected


@pytest.mark.parametrize("answer", [{}, [], None, "x", {"status": 1, "msg": "ok"}])
def test_what_is_no_answer_is_no_no(answer: object) -> None:
    with pytest.raises(ErpError) as error:
        parse_value(COVERAGE, answer)
    assert error.value.code == "erp_malformed"


def test_a_complaint_is_told_in_its_words() -> None:
    with pytest.raises(ErpRefusedError, match="Informe o CEP"):
        parse_value(COVERAGE, {"status": 0, "msg": "Informe o CEP"})


def test_a_place_is_asked_by_what_is_known_of_it() -> None:
    assert build_read_request(CheckCoverage(ServiceAddress(cep="53000000"))).fields == {
        "cep": "53000000"
    }
    whole = ServiceAddress("", "Rua A", "10", "Centro", "Olinda")
    assert build_read_request(CheckCoverage(whole)).fields == {
        "logradouro": "Rua A",
        "numero": "10",
        "numero_inicial": "10",
        "numero_final": "10",
        "bairro": "Centro",
        "cidade": "Olinda",
    }
