"""SGP's loose types, one by one."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.adapters.erps.sgp.responses.value_parsers import (
    to_date,
    to_datetime,
    to_digits,
    to_flag,
    to_integer,
    to_money,
    to_object,
    to_text,
)

ODD = [None, "", "None", "null", [], {}, "abc", "NaN", float("nan"), float("inf"), object()]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("99,90", "99.90"),
        ("99.90", "99.90"),
        (99.9, "99.90"),
        (99, "99.00"),
        ("1.234,56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("R$ 1.234,56", "1234.56"),
        (" 99.9 ", "99.90"),
        ("99.9000", "99.90"),
        ("0", "0.00"),
        (-0.0, "0.00"),
        (0.1 + 0.2, "0.30"),
        ("1000000", "1000000.00"),
    ],
)
def test_money_is_exact_in_every_spelling(value: object, expected: str) -> None:
    amount = to_money(value)
    assert amount == Decimal(expected)
    assert str(amount) == expected


@pytest.mark.parametrize(
    "value",
    [
        *ODD,
        True,
        -1,
        "-0,01",
        "1.234",
        "1,234",
        "1e3",
        "1e999",
        1e300,
        10**4000,
        "1000000,01",
        "12.34.56",
        "1.234,567",
        "٩٩",
        "99,90 99",
        "9" * 5000,
    ],
)
def test_what_is_no_believable_amount_is_none(value: object) -> None:
    assert to_money(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-10", datetime(2026, 11, 10)),
        ("10/11/2026", datetime(2026, 11, 10)),
        ("2026-11-10 18:30:00", datetime(2026, 11, 10, 18, 30)),
        ("2026-11-10T18:30", datetime(2026, 11, 10, 18, 30)),
        ("2026-11-10T18:30:05.123-03:00", datetime(2026, 11, 10, 18, 30, 5)),
        (" 10/11/2026 08:05:09 ", datetime(2026, 11, 10, 8, 5, 9)),
    ],
)
def test_a_date_is_read_in_both_spellings(value: str, expected: datetime) -> None:
    assert to_datetime(value) == expected
    assert to_date(value) == expected.date()


@pytest.mark.parametrize(
    "value",
    [
        *ODD,
        20261110,
        "2026-13-01",
        "31/02/2026",
        "0000-00-00",
        "0001-01-01",
        "9999-12-31",
        "2026-11-10 99:00",
        "11/2026",
        "2026-11-10x",
    ],
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert to_datetime(value) is None
    assert to_date(value) is None


@pytest.mark.parametrize("value", [True, 1, 1.0, "1", "true", " True ", "Sim", "S"])
def test_a_flag_is_set(value: object) -> None:
    assert to_flag(value) is True


@pytest.mark.parametrize("value", [False, 0, 0.0, "0", "false", "Não", "n"])
def test_a_flag_is_not_set(value: object) -> None:
    assert to_flag(value) is False


@pytest.mark.parametrize("value", [*ODD, 2, -1, "talvez"])
def test_an_odd_flag_says_neither(value: object) -> None:
    assert to_flag(value) is None


@pytest.mark.parametrize(
    ("value", "expected"), [(4, 4), ("4", 4), (" 4 ", 4), (4.0, 4), ("4.0", 4), ("-1", -1)]
)
def test_a_number_is_read_in_every_spelling(value: object, expected: int) -> None:
    assert to_integer(value) == expected


@pytest.mark.parametrize("value", [*ODD, 4.5, "4,5", 10**20, "9" * 40, "٤"])
def test_an_odd_number_is_none(value: object) -> None:
    assert to_integer(value) is None


def test_text_is_one_clean_short_line() -> None:
    assert to_text("  Rua\tA\r\n 10\u2028\x00\u202e\ud83d ") == "Rua A 10"
    assert len(to_text("a" * 5000)) == 200


@pytest.mark.parametrize(
    ("value", "expected"), [(10, "10"), (10.0, "10"), ("None", ""), (True, ""), ([], "")]
)
def test_text_of_odd_types(value: object, expected: str) -> None:
    assert to_text(value) == expected


def test_a_list_around_an_object_is_the_object() -> None:
    assert to_object([{"a": 1}]) == {"a": 1}
    assert to_object([{"a": 1}, {"b": 1}]) == {}


def test_digits_are_ascii_digits() -> None:
    assert to_digits("(81) 99999-8888 ٤") == "81999998888"


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none())
def test_no_reader_ever_raises(value: object) -> None:
    for read in (
        to_text,
        to_integer,
        to_flag,
        to_money,
        to_datetime,
        to_date,
        to_digits,
        to_object,
    ):
        read(value)


@given(st.dates(date(1990, 1, 1), date(2100, 12, 31)))
def test_every_day_is_the_same_in_both_spellings(day: date) -> None:
    assert to_date(day.isoformat()) == to_date(day.strftime("%d/%m/%Y")) == day
