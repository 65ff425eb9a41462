"""Answers in XML: the same values, and nothing that a document could do to its reader."""

import pytest

from niochat.adapters.erps.sgp.responses.body_decoder import decode_body
from niochat.adapters.erps.sgp.transport import SgpHttpResponse
from niochat.ports.erp import ErpError
from tests.adapters.erps.sgp.sample_responses import FIND, PLANS, parse_value


def tree(text: str | bytes, kind: str = "application/xml") -> object:
    body = text.encode() if isinstance(text, str) else text
    return decode_body(SgpHttpResponse("/route/", 200, kind, body))


def test_xml_becomes_the_shape_of_json() -> None:
    text = """<?xml version="1.0" encoding="utf-8"?>
    <root><msg>Contrato(s) &amp; mais</msg><contratos>
      <contrato><contratoId>1</contratoId><telefones><telefone>81</telefone></telefones></contrato>
    </contratos><vazio/></root>"""
    contract = {"contratoId": "1", "telefones": ["81"]}
    expected = {"msg": "Contrato(s) & mais", "contratos": [contract], "vazio": ""}
    assert tree(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "<root><planos><plano><id>1</id></plano></planos></root>",
        "<root><planos><id>1</id></planos></root>",
        "<root><planos><list-item><id>1</id></list-item></planos></root>",
    ],
)
def test_a_list_of_one_is_read_in_every_style(text: str) -> None:
    filled = text.replace("<id>", "<descricao>F</descricao><preco>9,90</preco><id>")
    (plan,) = parse_value(PLANS, tree(filled))  # type: ignore[misc]
    assert plan.id == "1"


def test_repeated_elements_become_a_list() -> None:
    assert tree("<r><a>1</a><a>2</a><a>3</a><b>x</b></r>") == {"a": ["1", "2", "3"], "b": "x"}
    assert tree("<root><list-item>1</list-item><list-item>2</list-item></root>") == ["1", "2"]


def test_an_unknown_subscriber_in_xml_is_parsed_as_none() -> None:
    assert (
        parse_value(FIND, tree("<root><msg>Cliente não encontrado</msg><contratos/></root>"))
        is None
    )


BOMB = '<!DOCTYPE b [<!ENTITY a "aaaa"><!ENTITY c "&a;&a;">]><b>&c;</b>'


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<?xml version="1.0"?>' + BOMB,
        '<!doctype r SYSTEM "file:///etc/hostname"><r>x</r>',
        ('<?xml version="1.0" encoding="utf-16"?>' + BOMB).encode("utf-16"),
        "<r>&unknown;</r>",
        "<r><a></r>",
        "<r/><r/>",
        "<r" + ">",
        "<a>" * 50 + "</a>" * 50,
        "<a>" * 200_000,
        "<r>\x00</r>",
        b"<r>\xff</r>",
    ],
)
def test_a_dangerous_or_broken_document_is_malformed(text: str | bytes) -> None:
    with pytest.raises(ErpError) as error:
        tree(text)
    assert error.value.code == "erp_malformed"


def test_a_declared_encoding_cannot_show_another_document() -> None:
    assert tree('<?xml version="1.0" encoding="utf-7"?><r><a>+ADw-b</a></r>') == {"a": "+ADw-b"}


def test_a_text_that_only_mentions_a_document_type_is_read() -> None:
    assert tree("<r><!-- <!DOCTYPE r> --><a><![CDATA[<!ENTITY]]></a></r>") == {"a": "<!ENTITY"}
