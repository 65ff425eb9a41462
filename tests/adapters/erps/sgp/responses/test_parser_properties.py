"""Whatever JSON comes, only the port's own errors come out."""

import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from niochat.adapters.erps.sgp.responses.response_parser import (
    parse_read_response,
    parse_read_value,
)
from niochat.adapters.erps.sgp.responses.write_outcome_parser import (
    parse_write_response,
    parse_write_value,
)
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import ErpError, ErpRefusedError
from tests.adapters.erps.sgp.sample_responses import (
    READS,
    WRITES,
    build_client_row,
    build_contract_row,
    build_invoice_row,
    build_invoices_response,
    build_maintenance_row,
    build_subscriber_response,
    build_ticket_row,
    build_title_row,
)

KEYS = sorted(
    {
        *build_contract_row(),
        *build_invoice_row(),
        *build_maintenance_row(),
        *build_ticket_row(),
        "contratos",
        "links",
        "clientes",
    }
    | {"servicos", "onu", "rx", "conexao", "status", "staus", "msg", "liberado", "protocolo"}
    | {"data_promessa", "ocorrencias", "planos", "preco", "data", "pix", "emv", "contrato"}
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["None", " Ativo ", "99,90", "1", "-20.5", "10/11/2026", "2026-11-10"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)
GOOD = st.sampled_from(
    [
        build_subscriber_response(build_contract_row()),
        build_invoices_response(build_invoice_row()),
        build_client_row({"rx": "-20.5"}),
        {"manutencoes": [build_maintenance_row()], "ocorrencias": [build_ticket_row()]},
        {"titulos": [build_title_row()], "viabilidade": True},
    ]
)
REQUESTS = st.sampled_from(READS)
WRITE_REQUESTS = st.sampled_from(WRITES)


@st.composite
def nearly_good(draw: st.DrawFn) -> object:
    """A good answer with one field anywhere replaced by anything."""
    answer = json.loads(json.dumps(draw(GOOD)))
    place = answer
    for _ in range(draw(st.integers(0, 6))):
        inner = place.values() if isinstance(place, dict) else place
        below = [each for each in inner if isinstance(each, dict | list) and each]
        place = draw(st.sampled_from(below)) if below else place
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    place[draw(st.sampled_from(keys))] = draw(VALUES)
    return answer


@settings(max_examples=300, deadline=None)
@given(REQUESTS, VALUES | nearly_good())
def test_no_json_breaks_a_read(request: object, value: object) -> None:
    with suppress(ErpError, ErpRefusedError):
        parse_read_value(request, "/route/", value, {})


@settings(max_examples=200, deadline=None)
@given(WRITE_REQUESTS, VALUES)
def test_no_json_breaks_a_write(request: object, value: object) -> None:
    with suppress(ErpError, ErpRefusedError):
        parse_write_value(request, "/route/", value)  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    REQUESTS,
    WRITE_REQUESTS,
    st.integers(200, 599),
    st.sampled_from(["", "application/json", "text/html", "text/xml"]),
    st.binary(max_size=60) | st.sampled_from([b"<r><a/></r>", b"{}", b"[]", b"\xef\xbb\xbf{}"]),
)
def test_no_bytes_under_any_status_break_anything(
    read: object, write: object, status: int, kind: str, body: bytes
) -> None:
    reply = SgpHttpResponse("/route/", status, kind, body)
    with suppress(ErpError, ErpRefusedError):
        parse_read_response(read, reply, {})
    with suppress(ErpError, ErpRefusedError):
        parse_write_response(write, reply)  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(VALUES.map(json.dumps).filter(lambda text: "liberado" not in text))
def test_no_answer_without_the_sign_ever_counts_as_an_unlock(text: str) -> None:
    with suppress(ErpError, ErpRefusedError):
        parse_write_value(WRITES[0], "/route/", json.loads(text))
        raise AssertionError("an unlock that nobody confirmed")
