"""Documents do not stay in kept calls, and calls go on with them all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.assistant.text.masking import DOCUMENT_ARGUMENT, mask_arguments, unmask_documents
from niochat.domain.tax_id import format_tax_id


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ({DOCUMENT_ARGUMENT: "52998224725"}, {DOCUMENT_ARGUMENT: "*********25"}),
        (
            {DOCUMENT_ARGUMENT: "529.982.247-25", "desejo": "fatura"},
            {DOCUMENT_ARGUMENT: "***.***.***-25", "desejo": "fatura"},
        ),
        ({DOCUMENT_ARGUMENT: "11.222.333/0001-81"}, {DOCUMENT_ARGUMENT: "**.***.***/****-81"}),
        ({DOCUMENT_ARGUMENT: "12.ABC.345/01DE-35"}, {DOCUMENT_ARGUMENT: "**.***.***/****-35"}),
        ({DOCUMENT_ARGUMENT: "5299822472"}, {DOCUMENT_ARGUMENT: "********72"}),
        ({DOCUMENT_ARGUMENT: 52998224725}, {DOCUMENT_ARGUMENT: 52998224725}),
        (
            {"motivo": "CPF 529.982.247-25, contrato 1234567"},
            {"motivo": "CPF ***.***.***-25, contrato 1234567"},
        ),
        ({"a": [{"b": "52998224725"}]}, {"a": [{"b": "*********25"}]}),
        ('{"cpf_cnpj": "52998224725', '{"cpf_cnpj": "*********25'),
        ({"opcao": 1}, {"opcao": 1}),
        (None, None),
    ],
)
def test_of_a_document_its_last_two_are_kept(said: object, kept: object) -> None:
    assert mask_arguments(said) == kept


@pytest.mark.parametrize("form", ["529.982.247-25", "52998224725", "529 982 247 25"])
def test_what_the_customer_wrote_is_put_back(form: str) -> None:
    kept = mask_arguments({DOCUMENT_ARGUMENT: form, "desejo": "fatura"})
    opened = unmask_documents(kept, ["11222333000181", "52998224725", "52998224725"])
    assert opened == {DOCUMENT_ARGUMENT: "52998224725", "desejo": "fatura"}


def test_unknown_masked_values_stay_masked() -> None:
    kept = mask_arguments({DOCUMENT_ARGUMENT: "52998224725"})
    assert unmask_documents(kept, []) == kept
    assert unmask_documents(kept, ["52998224725", "11144477725"]) == kept


@given(st.from_regex(r"[0-9]{11}|[0-9]{14}", fullmatch=True))
def test_no_document_is_left_however_it_is_written(digits: str) -> None:
    for form in (digits, format_tax_id(digits)):
        for said in ({DOCUMENT_ARGUMENT: form}, {"x": f"meu {form} aqui"}, f"[{form}"):
            assert digits[:-2] not in str(mask_arguments(said)).replace(".", "")
