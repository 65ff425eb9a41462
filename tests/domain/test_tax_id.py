"""CPF and CNPJ are told from other numbers by their check digits. All of these are invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.tax_id import (
    find_tax_ids,
    format_masked_tax_id,
    format_tax_id,
    parse_tax_id,
    replace_tax_ids,
)

CPF, CNPJ = "52998224725", "11222333000181"


def check_digit(digits: str, longest: int) -> str:
    """Receita's rule, told in another way: weights 2, 3, … from the right, at most ``longest``."""
    weights = [2 + n % (longest - 1) for n in range(len(digits))]
    total = sum(int(d) * w for d, w in zip(reversed(digits), weights, strict=True))
    return str((total * 10) % 11 % 10)


def completed(stem: str, longest: int) -> str:
    first = stem + check_digit(stem, longest)
    return first + check_digit(first, longest)


stems = st.text("0123456789", min_size=9, max_size=9).filter(lambda s: len(set(s)) > 1)
cpfs = stems.map(lambda stem: completed(stem, 11))
cnpjs = stems.map(lambda stem: completed(stem + "001", 9))


@pytest.mark.parametrize(
    "written", [CPF, "529.982.247-25", "529 982 247 25", " 529.982.247-25\n", "529982247-25"]
)
def test_a_cpf_is_known_however_it_is_written(written: str) -> None:
    assert parse_tax_id(written) == CPF


@pytest.mark.parametrize("written", [CNPJ, "11.222.333/0001-81", "11 222 333 0001 81"])
def test_a_cnpj_is_known_however_it_is_written(written: str) -> None:
    assert parse_tax_id(written) == CNPJ


@pytest.mark.parametrize(
    "number",
    [
        "52998224726",  # last digit
        "52998224735",  # the one before
        "25998224725",  # two exchanged
        "11222333000182",
        "11222333000191",
        "5299822472",
        "529982247250",
        "1122233300018",
        "",
        "oi",
        "５２９９８２２４７２５",  # digits, but not those a customer types
        "529x982x247x25",
    ],
)
def test_a_number_with_wrong_check_digits_is_no_tax_id(number: str) -> None:
    assert parse_tax_id(number) is None


@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit_repeated_is_no_document_although_it_adds_up(digit: str) -> None:
    assert parse_tax_id(digit * 11) is None
    assert parse_tax_id(digit * 14) is None


@pytest.mark.parametrize("phone", ["81988887777", "11987654321", "(81) 98888-7777", "81999990000"])
def test_a_telephone_of_eleven_digits_is_no_cpf(phone: str) -> None:
    assert parse_tax_id(phone) is None
    assert find_tax_ids(f"meu número é {phone}") == []


@given(cpfs)
def test_every_cpf_with_right_check_digits_is_one(cpf: str) -> None:
    assert parse_tax_id(cpf) == cpf
    assert parse_tax_id(f"{cpf[:3]}.{cpf[3:6]}.{cpf[6:9]}-{cpf[9:]}") == cpf


@given(cnpjs)
def test_every_cnpj_with_right_check_digits_is_one(cnpj: str) -> None:
    assert parse_tax_id(cnpj) == cnpj
    written = f"{cnpj[:2]}.{cnpj[2:5]}.{cnpj[5:8]}/{cnpj[8:12]}-{cnpj[12:]}"
    assert parse_tax_id(written) == cnpj


@given(st.one_of(cpfs, cnpjs), st.data())
def test_one_wrong_check_digit_is_always_seen(number: str, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from([-2, -1]))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    digits = list(number)
    digits[place] = wrong

    assert parse_tax_id("".join(digits)) is None


@given(st.text())
def test_any_text_is_a_tax_id_or_none(text: str) -> None:
    found = parse_tax_id(text)
    assert found is None or (found.isascii() and len(found) in (11, 14))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"meu cpf é {CPF}", [CPF]),
        ("cpf: 529.982.247-25, obrigada", [CPF]),
        (f"da empresa 11.222.333/0001-81 e o meu {CPF}.", [CNPJ, CPF]),
        (f"{CPF}\n{CNPJ}", [CPF, CNPJ]),
        (f"cpf{CPF}?", [CPF]),
        (f"9{CPF}", []),
        (f"{CPF}9", []),
        ("52998224726", []),
        ("ligue 81988887777 ou 8133334444", []),
        ("boa tarde", []),
        ("", []),
    ],
)
def test_documents_are_found_in_what_a_customer_wrote_in_its_order(
    text: str, found: list[str]
) -> None:
    assert find_tax_ids(text) == found


@given(cpfs, st.sampled_from(["", "oi ", "é o ", "CPF:"]), st.sampled_from(["", " ok", ".", "!"]))
def test_a_cpf_is_found_wherever_it_stands(cpf: str, before: str, after: str) -> None:
    assert find_tax_ids(before + cpf + after) == [cpf]


@pytest.mark.parametrize(
    "text",
    [
        "cpf 12345678909 100 mega",
        "123 . 456 . 789 - 09",
        "o plano de 100 12345678909",
        "1 12345678909",
    ],
)
def test_a_document_is_found_among_other_numbers(text: str) -> None:
    assert find_tax_ids(text) == ["12345678909"]


LETTERS = "12ABC34501DE35"
"""The example of Receita Federal's instruction."""


@pytest.mark.parametrize(
    "text", ["12.ABC.345/01DE-35", "12abc34501de35", "12 ABC 345 01DE 35", " 12.abc.345/01de-35 "]
)
def test_a_cnpj_with_letters_is_known_however_it_is_written(text: str) -> None:
    assert parse_tax_id(text) == LETTERS
    assert find_tax_ids(f"o cnpj da empresa é {text.strip()}, certo?") == [LETTERS]
    assert replace_tax_ids(f"é {text.strip()}!", lambda _: "…") == "é …!"


@pytest.mark.parametrize(
    "text",
    ["12ABC34501DE36", "12ABC34501DE3", "X12ABC34501DE35", "12ABC34501DE35A", "12ÁBC34501DE35"],
)
def test_an_almost_valid_cnpj_with_letters_is_no_tax_id(text: str) -> None:
    assert find_tax_ids(text) == []


def test_a_cnpj_with_letters_is_shown_and_masked_like_others() -> None:
    assert format_tax_id(LETTERS) == "12.ABC.345/01DE-35"
    assert format_masked_tax_id(LETTERS) == "**.***.***/****-35"


@given(st.lists(st.text("abcdefghijklmnopqrstuvwxyzáéíõç", min_size=1, max_size=9), max_size=20))
def test_words_are_no_document(words: list[str]) -> None:
    assert find_tax_ids(" ".join(words)) == []
