"""Which words stand for one that was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.search_suggestions import (
    COMMON_WORD_BLOCKS,
    MAX_SUGGESTIONS,
    VocabularyWord,
    suggest_words,
)

WORDS = st.text("abcd", max_size=8)


@pytest.mark.parametrize("typed", ["fatrua", "fatua", "fatuura", "fatuta"])
def test_each_of_the_four_slips_counts_one(typed: str) -> None:
    assert suggest_words(typed, [VocabularyWord("fatura", 20)]) == ["fatura"]


def test_a_word_that_nobody_wrote_is_corrected_to_the_nearest_and_most_used() -> None:
    known = [
        VocabularyWord("fatura", 20),
        VocabularyWord("futura", 1),
        VocabularyWord("faturas", 20),
    ]
    assert suggest_words("fatrua", known) == ["fatura"]
    assert suggest_words("fatira", known) == ["fatura"]
    assert suggest_words("xyzwvu", known) == []


def test_a_long_word_may_have_two_slips_a_short_one_none() -> None:
    assert suggest_words("desbloquoi", [VocabularyWord("desbloqueio", 3)]) == ["desbloqueio"]
    assert suggest_words("desbloceio", [VocabularyWord("desbloqueio", 3)]) == ["desbloqueio"]
    assert suggest_words("contaa", [VocabularyWord("canta", 3)]) == []
    assert suggest_words("pxi", [VocabularyWord("pixi", 3)]) == []


def test_a_word_that_people_write_stands_for_itself() -> None:
    assert suggest_words("conta", [VocabularyWord("conta", 2), VocabularyWord("ponta", 9)]) == []


def test_a_word_that_everybody_writes_stands_for_its_rare_misspellings_too() -> None:
    known = [
        VocabularyWord("fatura", COMMON_WORD_BLOCKS),
        VocabularyWord("fatrua", 1),
        VocabularyWord("futura", 7),
        VocabularyWord("faturar", 1),
    ]
    assert suggest_words("fatura", known) == ["fatrua", "faturar"]


@given(
    WORDS,
    st.lists(st.builds(VocabularyWord, WORDS, st.integers(0, COMMON_WORD_BLOCKS)), max_size=12),
)
def test_there_are_never_many_and_never_the_word_itself(
    word: str, similar: list[VocabularyWord]
) -> None:
    others = suggest_words(word, similar)
    assert len(others) <= MAX_SUGGESTIONS
    assert word not in others
