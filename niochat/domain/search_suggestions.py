"""Suggests dictionary words for a searched word, so that a search tolerates misspellings."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

MIN_WORD_LENGTH = 4
"""Letters of the shortest word that is corrected. Shorter words are similar to too many others."""
LONG_WORD_LENGTH = 8
"""Words of at least this many letters may be corrected by two edits, shorter ones by one."""
COMMON_WORD_BLOCKS, RARE_WORD_BLOCKS = 20, 1
"""Search blocks that contain a common word, at least, and a likely misspelling, at most."""
MAX_SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class VocabularyWord:
    """A word of the tenant's messages and the number of search blocks that contain it. The count
    stops at ``COMMON_WORD_BLOCKS``.
    """

    word: str
    blocks: int


def suggest_words(word: str, similar: Iterable[VocabularyWord]) -> list[str]:
    """Returns words to search for besides ``word``, at most ``MAX_SUGGESTIONS``.

    A word that occurs in no message is corrected to the nearest words. A common word also finds its
    rare misspellings. Any other word is taken literally: *conta* must not find *ponta*.
    """
    blocks = {each.word: each.blocks for each in similar}
    if len(word) < MIN_WORD_LENGTH:
        return []
    own_blocks = blocks.pop(word, None)
    # Insertions, deletions, substitutions and transpositions of neighbouring letters.
    distances = {other: OSA.distance(word, other) for other in blocks}
    if own_blocks is None:
        return _nearest(word, distances, blocks)
    if own_blocks < COMMON_WORD_BLOCKS:
        return []
    misspellings = [
        other
        for other, distance in distances.items()
        if distance == 1
        and blocks[other] <= RARE_WORD_BLOCKS
        and len(other) >= LONG_WORD_LENGTH - 2
    ]
    return sorted(misspellings)[:MAX_SUGGESTIONS]


def _nearest(word: str, distances: dict[str, int], blocks: dict[str, int]) -> list[str]:
    max_distance = 2 if len(word) >= LONG_WORD_LENGTH else 1
    smallest = min(distances.values(), default=max_distance + 1)
    if smallest > max_distance:
        return []
    nearest = [other for other, distance in distances.items() if distance == smallest]
    return sorted(nearest, key=lambda other: (-blocks[other], other))[:MAX_SUGGESTIONS]
