"""Understands the answer to a rating request: emojis, digits and the words of the scale.

Only an answer that says nothing else counts. In doubt there is no score: the message is then one
like any other and opens a conversation, so that no word of a customer is lost.
"""

import re
import unicodedata
from dataclasses import dataclass

MIN_SCORE, MAX_SCORE = 1, 5
SCALE = ("😡", "😕", "😐", "🙂", "🤩")
"""The emojis that a request shows, from score 1 to score 5."""
MAX_EVALUATION_LENGTH = 80
MAX_EVALUATION_WORDS = 10

_EMOJIS = {
    1: "😡😠🤬👿😤💩🖕",
    2: "😕🙁☹😟😞😔😒😢😭😩😫👎",
    3: "😐😶😑🫤🤷",
    4: "🙂😊😀😃😄😁☺😉👍👌😌🤗",
    5: "🤩😍🥰😻❤💚💙💜🧡💛👏💯🏆🎉🔥✨",
}
_SCORE_OF_EMOJI = {emoji: score for score, emojis in _EMOJIS.items() for emoji in emojis}
_STARS = "⭐★🌟"
_IGNORED = "\u200d\ufe0e\ufe0f\u20e3♂♀"
"""Joiners, variation selectors, the keycap and the signs of women and men."""
_PHRASES = {
    1: ("pessimo", "pessima", "horrivel", "muito ruim", "terrivel", "um lixo"),
    2: ("ruim", "fraco", "fraca", "deixou a desejar"),
    3: ("regular", "razoavel", "mais ou menos", "medio"),
    4: ("bom", "boa", "gostei", "satisfeito", "satisfeita"),
    5: (
        *("excelente", "otimo", "otima", "muito bom", "muito boa", "perfeito", "perfeita"),
        *("maravilhoso", "maravilhosa", "top", "show", "nota dez", "excellent"),
    ),
}
_SCORE_OF_PHRASE = {phrase: score for score, phrases in _PHRASES.items() for phrase in phrases}
_NUMBERS = {
    word: score
    for score, words in enumerate(
        (
            *(("1", "one"), ("2", "dois", "duas", "two")),
            *(("3", "tres", "three"), ("4", "quatro", "four"), ("5", "cinco", "five")),
        ),
        MIN_SCORE,
    )
    for word in words
}
_ARTICLES = ("um", "uma")
"""The number one, or an article: "um atendimento excelente" is no 1."""
_POLITE = frozenset(
    (
        *("nota", "estrela", "estrelas", "dou", "foi", "o", "a", "e", "de", "pra", "para"),
        *("meu", "minha", "atendimento", "atendente", "voce", "voces", "muito", "muita"),
        *("obrigado", "obrigada", "obg", "brigado", "brigada", "valeu", "vlw"),
    )
)
"""Words that may stand beside a score and say nothing of their own."""


@dataclass(frozen=True, slots=True)
class RatingAnswer:
    """A score from 1 (worst) to 5 (best)."""

    score: int


def read_rating(text: str) -> RatingAnswer | None:
    """Returns the score that ``text`` says, or ``None`` if it says none or says anything else.

    Several signs of a score must not differ by more than one; the one further from the middle
    counts then ("👍🤩" is 5).
    """
    signs, stars, words = _split(text)
    if stars:
        signs = [*signs, stars]
    read = _read_words(words)
    if read is None:
        return None
    scores = [*signs, *read]
    if not scores or max(scores) - min(scores) > 1:
        return None
    return RatingAnswer(max(scores, key=lambda score: abs(score - 3)))


def is_courtesy(text: str) -> bool:
    """Whether ``text`` is thanks and nothing else: "muito obrigada!", "valeu 👍", "😊"."""
    signs, stars, words = _split(text)
    friendly = all(sign > 3 for sign in signs) and all(word in _POLITE for word in words)
    return friendly and bool(words or signs) and not stars


def may_be_evaluation(text: str) -> bool:
    """Whether a model may be asked what ``text`` says: it is short and asks nothing."""
    words = text.split()
    return (
        0 < len(words) <= MAX_EVALUATION_WORDS
        and len(text) <= MAX_EVALUATION_LENGTH
        and "?" not in text
    )


def _split(text: str) -> tuple[list[int], int, list[str]]:
    """Returns the scores of emojis, the number of stars and the words without accents."""
    signs, stars, rest = [], 0, []
    for character in unicodedata.normalize("NFD", text):
        if character in _STARS:
            stars += 1
        elif character in _SCORE_OF_EMOJI:
            signs.append(_SCORE_OF_EMOJI[character])
        elif character not in _IGNORED and not _is_tone_or_accent(character):
            rest.append(character)
    plain = re.sub(r"[\s.,!;:()\"'*_~-]+", " ", "".join(rest)).strip().lower()
    plain = re.sub(r"\b([1-5]) ?(?:/|de) ?5\b", r"\1", plain)
    return signs, stars if stars <= MAX_SCORE else 0, plain.split()


def _is_tone_or_accent(character: str) -> bool:
    return "\U0001f3fb" <= character <= "\U0001f3ff" or unicodedata.combining(character) > 0


def _read_words(words: list[str]) -> list[int] | None:
    """Returns the scores that the words say; ``None`` if a word says anything else."""
    scores: list[int] = []
    articles = 0
    at = 0
    while at < len(words):
        word, length = words[at], _phrase_length(words[at:])
        if length:
            scores.append(_SCORE_OF_PHRASE[" ".join(words[at : at + length])])
        elif word in _ARTICLES:
            articles += 1
        elif word in _NUMBERS:
            scores.append(_NUMBERS[word])
        elif word not in _POLITE:
            return None
        at += length or 1
    return scores if scores or not articles else [MIN_SCORE]


def _phrase_length(words: list[str]) -> int:
    """Returns how many words the longest phrase with a score has that ``words`` begin with."""
    phrases = ((size, " ".join(words[:size])) for size in (3, 2, 1) if size <= len(words))
    return next((size for size, phrase in phrases if phrase in _SCORE_OF_PHRASE), 0)
