"""Texts that have to be shorter."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.text_validation import truncate_text


def test_a_text_is_cut_between_words_and_says_so() -> None:
    assert truncate_text("um dois três", 12) == "um dois três"
    assert truncate_text("um dois três quatro", 13) == "um dois três…"
    assert truncate_text("um dois três quatro", 11) == "um dois…"
    assert truncate_text("x" * 20, 10) == "x" * 9 + "…"
    assert truncate_text(" 00", 2) == "…"


@given(st.text(max_size=60), st.integers(2, 40))
def test_a_shortened_text_never_exceeds_the_limit(text: str, most: int) -> None:
    short = truncate_text(text, most)
    assert len(short) <= most
    assert short == text or short.endswith("…")
