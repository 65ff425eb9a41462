"""Which words stand for one that was typed."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.spelling import MANY, MOST, Known, meant, slips

WORDS = st.text("abcd", max_size=8)


def test_the_four_slips_count_one_each() -> None:
    for typed in ("fatrua", "fatua", "fatuura", "fatuta"):
        assert slips(typed, "fatura") == 1, typed
    assert slips("fatura", "fatura") == 0
    assert slips("", "abc") == 3
    assert slips("conta", "fatura") > 2


@given(WORDS, WORDS)
def test_slips_are_the_same_both_ways_and_none_only_between_equals(one: str, other: str) -> None:
    assert slips(one, other) == slips(other, one)
    assert (slips(one, other) == 0) == (one == other)
    assert slips(one, other) <= max(len(one), len(other))


def test_a_word_that_nobody_wrote_is_corrected_to_the_nearest_and_most_used() -> None:
    known = [Known("fatura", 20), Known("futura", 1), Known("faturas", 20)]
    assert meant("fatrua", known) == ["fatura"]
    assert meant("fatira", known) == ["fatura"]
    assert meant("xyzwvu", known) == []


def test_a_long_word_may_have_two_slips_a_short_one_none() -> None:
    assert meant("desbloquoi", [Known("desbloqueio", 3)]) == ["desbloqueio"]
    assert meant("desbloceio", [Known("desbloqueio", 3)]) == ["desbloqueio"]
    assert meant("contaa", [Known("canta", 3)]) == []
    assert meant("pxi", [Known("pixi", 3)]) == []


def test_a_word_that_people_write_stands_for_itself() -> None:
    assert meant("conta", [Known("conta", 2), Known("ponta", 9)]) == []


def test_a_word_that_everybody_writes_stands_for_its_rare_misspellings_too() -> None:
    known = [Known("fatura", MANY), Known("fatrua", 1), Known("futura", 7), Known("faturar", 1)]
    assert meant("fatura", known) == ["fatrua", "faturar"]


@given(WORDS, st.lists(st.builds(Known, WORDS, st.integers(0, MANY)), max_size=12))
def test_there_are_never_many_and_never_the_word_itself(word: str, similar: list[Known]) -> None:
    others = meant(word, similar)
    assert len(others) <= MOST
    assert word not in others
