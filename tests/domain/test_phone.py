"""Numbers as people write them, and as gateways and ERPs do: which are one line."""

import pytest

from niochat.domain.phone import canonical_phone, parse_brazilian_phone, phone_search_prefixes


@pytest.mark.parametrize(
    ("digits", "canonical"),
    [
        ("558188887777", "5581988887777"),
        ("5581988887777", "5581988887777"),
        ("555599998888", "5555999998888"),
        ("558133334444", "558133334444"),  # a land line
        ("351912345678", "351912345678"),
    ],
)
def test_a_mobile_is_compared_with_its_ninth_digit(digits: str, canonical: str) -> None:
    assert canonical_phone(digits) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "+55 81 98888-7777",
        "55 81 8888-7777",
        "81 8888-7777",
        "(081) 98888-7777",
        "81988887777",
        "+558188887777",
        "8198888",
        "81 888",
    ],
)
def test_a_look_up_finds_a_number_however_it_is_written(written: str) -> None:
    assert any("5581988887777".startswith(each) for each in phone_search_prefixes(written))


@pytest.mark.parametrize("written", ["55 99999-8888", "55 9999-8888", "(55) 99999-8888", "559999"])
def test_the_area_code_55_needs_no_country_code(written: str) -> None:
    assert any("5555999998888".startswith(each) for each in phone_search_prefixes(written))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("81933334444", "8133334444"),  # a mobile and a land line that end alike
        ("81988887777", "11988887777"),
        ("+5581988887777", "5581988887778"),
    ],
)
def test_numbers_that_only_end_alike_are_two(one: str, other: str) -> None:
    mine = {parse_brazilian_phone(one.lstrip("+"))}
    assert mine.isdisjoint({parse_brazilian_phone(other), ""})


def test_with_a_plus_the_country_is_said() -> None:
    assert phone_search_prefixes("+1 415 555 0100") == ["14155550100"]
    assert phone_search_prefixes("oi") == []
