"""Texts that have to be shorter."""

from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.plain import cut


def test_a_text_is_cut_between_words_and_says_so() -> None:
    assert cut("um dois três", 12) == "um dois três"
    assert cut("um dois três quatro", 13) == "um dois três…"
    assert cut("um dois três quatro", 11) == "um dois…"
    assert cut("x" * 20, 10) == "x" * 9 + "…"
    assert cut(" 00", 2) == "…"


@given(st.text(max_size=60), st.integers(2, 40))
def test_it_is_never_longer(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= most
    assert short == text or short.endswith("…")
