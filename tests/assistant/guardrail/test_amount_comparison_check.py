"""The larger of two amounts is the one that is called so."""

import pytest

from tests.assistant.guardrail.test_guardrail_corpora import refused

RIGHT = [
    ("three", "A primeira é R$ 0,99 mais cara que a segunda."),
    ("three", "A fatura 1 ficou R$ 0,99 a mais do que a fatura 2."),
    ("three", "A de 12/11 é 2,33 reais mais cara que a de 12/12."),
    ("three", "A de novembro é R$ 2,33 maior que a de dezembro."),
    ("three", "A terceira é mais barata que as outras duas."),
    ("three", "A de R$ 99,90 é R$ 3,32 a menos que a de R$ 103,22."),
    ("three", "Não é que a segunda seja mais cara que a primeira."),
    ("plans", "O de 600 mega é R$ 50,00 mais caro que o seu plano atual."),
    ("plans", "O 500 mega custa 20 reais a mais que o seu."),
    ("plans", "O de 300 sai R$ 20,00 mais em conta que o de 500 mega."),
    ("explained", "Sua fatura aumentou R$ 33,24."),
    ("explained", "Foram R$ 33,24 a mais que no mês passado."),
]
WRONG = [
    ("three", "A segunda é R$ 0,99 mais cara que a primeira."),
    ("three", "A fatura 2 ficou R$ 0,99 a mais do que a fatura 1."),
    ("three", "A de 12/12 é 2,33 reais mais cara que a de 12/11."),
    ("three", "A de dezembro é R$ 2,33 maior que a de novembro."),
    ("three", "A terceira é mais cara que a primeira."),
    ("three", "A de R$ 103,22 é R$ 3,32 a menos que a de R$ 99,90."),
    ("plans", "O de 600 mega é R$ 50,00 mais barato que o seu plano atual."),
    ("plans", "O 500 mega custa 20 reais a menos que o seu."),
    ("plans", "O de 300 sai R$ 20,00 mais caro que o de 500 mega."),
    ("explained", "Sua fatura diminuiu R$ 33,24."),
    ("explained", "Foram R$ 33,24 a menos que no mês passado."),
]


@pytest.mark.parametrize(("visit", "text"), RIGHT)
def test_a_correct_comparison_is_allowed(visit: str, text: str) -> None:
    assert refused(visit, text) == ""


@pytest.mark.parametrize(("visit", "text"), WRONG)
def test_a_reversed_comparison_is_blocked(visit: str, text: str) -> None:
    assert refused(visit, text) == "valor"
