"""Numbers written as words before the thing they count. Texts are folded."""

import re

_WORDS = {
    "um": 1,
    "uma": 1,
    "dois": 2,
    "duas": 2,
    "tres": 3,
    "quatro": 4,
    "cinco": 5,
    "seis": 6,
    "sete": 7,
    "oito": 8,
    "nove": 9,
    "dez": 10,
    "onze": 11,
    "doze": 12,
    "treze": 13,
    "quatorze": 14,
    "catorze": 14,
    "quinze": 15,
    "dezesseis": 16,
    "dezessete": 17,
    "dezoito": 18,
    "dezenove": 19,
    "vinte": 20,
    "trinta": 30,
    "quarenta": 40,
    "cinquenta": 50,
    "sessenta": 60,
    "setenta": 70,
    "oitenta": 80,
    "noventa": 90,
    "cem": 100,
    "cento": 100,
    "duzentos": 200,
    "trezentos": 300,
    "quatrocentos": 400,
    "quinhentos": 500,
    "seiscentos": 600,
    "setecentos": 700,
    "oitocentos": 800,
    "novecentos": 900,
}
_WORD = "|".join(_WORDS)
_COUNTED = re.compile(
    rf"\b((?:{_WORD})(?: e (?:{_WORD})| (?:{_WORD}))*)"
    r"(?= (?:reais|centavos|megas?|gigas?|por cento|dias|horas|meses|anos|semanas|"
    r"parcelas|faturas|boletos|contratos|chamados|contas)\b)"
)

_SPOKEN = re.compile(rf"\b(?:{_WORD})(?: e (?:{_WORD}))*\b")


def words_to_digits(folded: str) -> str:
    """Convert ``cinquenta e dois reais`` to ``52 reais``; an article is not converted."""
    return _COUNTED.sub(lambda found: str(_sum_words(found[1])), folded)


def extract_numbers(folded: str) -> set[int]:
    """Return every number of up to four digits, written as digits or words, whatever it counts."""
    spoken = {_sum_words(words) for words in _SPOKEN.findall(folded)}
    return spoken | {int(each) for each in re.findall(r"(?<!\d)\d{1,4}(?![\da-z])", folded)}


def _sum_words(words: str) -> int:
    return sum(_WORDS.get(word, 0) for word in words.split())
