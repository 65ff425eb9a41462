"""Words that were meant: which of a dictionary's words stand for one that was typed."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

MIN_WORD_LENGTH = 4
"""Letters of a word that may be corrected: shorter ones are a slip away from everything."""
LONG_WORD_LENGTH = 8
"""From so many letters on two slips may be corrected."""
COMMON_WORD_BLOCKS, RARE_WORD_BLOCKS = 20, 1
"""Parts of the log that hold a word which everybody uses, and one that may be a slip."""
MAX_SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class KnownWord:
    """A word that people wrote, and in how many parts of the log, up to ``MANY``."""

    word: str
    blocks: int


def suggest_words(word: str, similar: Iterable[KnownWord]) -> list[str]:
    """Words to look for beside ``word``, at most ``MOST``.

    One that nobody wrote is corrected to what is nearest. One that everybody writes stands for its
    rare misspellings too. Others stand for themselves: *conta* is no *ponta*.
    """
    known = {each.word: each.blocks for each in similar}
    if len(word) < MIN_WORD_LENGTH:
        return []
    parts = known.pop(word, None)
    # Letters added, left out, changed, or two neighbours exchanged.
    near = {other: OSA.distance(word, other) for other in known}
    if parts is None:
        return _nearest(word, near, known)
    if parts < COMMON_WORD_BLOCKS:
        return []
    wrong = [
        w
        for w, n in near.items()
        if n == 1 and known[w] <= RARE_WORD_BLOCKS and len(w) >= LONG_WORD_LENGTH - 2
    ]
    return sorted(wrong)[:MAX_SUGGESTIONS]


def _nearest(word: str, near: dict[str, int], known: dict[str, int]) -> list[str]:
    most = 2 if len(word) >= LONG_WORD_LENGTH else 1
    least = min(near.values(), default=most + 1)
    if least > most:
        return []
    best = [other for other, n in near.items() if n == least]
    return sorted(best, key=lambda other: (-known[other], other))[:MAX_SUGGESTIONS]
