"""What counts as a rating, and what must never be taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.rating.rating_answer import (
    SCALE,
    RatingAnswer,
    is_courtesy,
    may_be_evaluation,
    read_rating,
)

SCORES = {
    1: [
        "😡",
        "😡😡😡",
        "1",
        "um",
        "Uma estrela",
        "⭐",
        "péssimo",
        "Horrível!",
        "muito ruim",
        "1️⃣",
        "👿",
    ],
    2: ["😕", "2", "dois", "ruim", "☹️", "👎🏽", "Nota 2", "um ruim", "2 estrelas", "uma nota ruim"],
    3: ["😐", "3", "três", "TRES", "regular", "mais ou menos", "★★★", "3/5", "nota: 3"],
    4: [
        "🙂",
        "4",
        "quatro",
        "bom",
        "Boa!",
        "👍",
        "👍🏾",
        "dou 4",
        "4 de 5",
        "😊",
        "muito obrigado 🙂",
    ],
    5: [
        *(
            "🤩",
            "5",
            "cinco",
            "Excelente!!!",
            "ótimo",
            "muito bom",
            "⭐⭐⭐⭐⭐",
            "5/5",
            "❤️",
            "😍👏",
        ),
        *("nota 5, obrigada", "Um atendimento excelente", "5 🤩", "👍🤩", "foi ótimo, valeu"),
        *("Nota dez", "❤️", "dou uma nota 5", "🌟🌟🌟🌟🌟 5"),
    ],
}
NO_SCORES = [
    "minha internet caiu de novo",
    "oi",
    "ok",
    "obrigado",
    "🙏",
    "",
    " ",
    "?",
    "0",
    "6",
    "10",
    "10/10",
    "55",
    "1 e 5",
    "😡🤩",
    "não gostei",
    "nada bom",
    "5 mega não chega aqui",
    "boa tarde",
    "bom dia",
    "tenho 2 faturas",
    "quero a segunda via",
    "2 via",
    "1 minuto",
    "bom, mas a internet caiu",
    "péssimo, quero cancelar",
    "5 pessoas aqui sem sinal 😡",
    "⭐⭐⭐⭐⭐⭐",
    "um momento",
    "uma pessoa por favor",
    "de nada",
    "5 reais a mais na conta",
    "R$ 5",
    "12345",
    "5?",
    "\x00",
]


@pytest.mark.parametrize(
    ("text", "score"), [(text, score) for score, texts in SCORES.items() for text in texts]
)
def test_a_score_is_understood(text: str, score: int) -> None:
    assert read_rating(text) == RatingAnswer(score)


@pytest.mark.parametrize("text", NO_SCORES)
def test_anything_else_has_no_score(text: str) -> None:
    assert read_rating(text) is None


@pytest.mark.parametrize(("position", "emoji"), list(enumerate(SCALE, 1)))
def test_the_scale_means_its_places(position: int, emoji: str) -> None:
    assert read_rating(emoji) == RatingAnswer(position)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S", "Z", "C"]), max_size=60))
def test_every_text_has_a_score_of_the_scale_or_none(text: str) -> None:
    read = read_rating(text)
    assert read is None or 1 <= read.score <= 5


@given(st.sampled_from([each for texts in SCORES.values() for each in texts]))
def test_a_word_about_anything_else_takes_the_score_away(text: str) -> None:
    for sentence in (f"{text} mas sem internet", f"minha fatura {text}", f"{text} cancelar"):
        assert read_rating(sentence) is None


@pytest.mark.parametrize("text", ["foi bem atencioso", "não resolveu nada", "demorou demais"])
def test_short_words_about_the_service_go_to_the_model(text: str) -> None:
    assert may_be_evaluation(text)


@pytest.mark.parametrize("text", ["", "vocês abrem sábado?", "a " * 40, "palavra " * 11])
def test_questions_and_long_texts_do_not(text: str) -> None:
    assert not may_be_evaluation(text)


@pytest.mark.parametrize("text", ["valeu!", "muito obrigada 😊", "👍", "obg pra voces"])
def test_thanks_are_a_courtesy(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", ["", "😡", "obrigado mas caiu de novo", "5", "⭐⭐⭐", "nota 3"])
def test_anything_more_than_thanks_is_none(text: str) -> None:
    assert not is_courtesy(text)
