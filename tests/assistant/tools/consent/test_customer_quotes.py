"""Consent and choice in the words of the street: what they can mean, and what they cannot."""

import pytest

from niochat.assistant.tools.consent.contract_choice import (
    can_mean_contract,
    is_confirmation,
    is_corrected_later,
)
from niochat.assistant.tools.consent.customer_quotes import find_quote, is_agreement, is_refusal
from niochat.ports.erp import Contract, ContractStatus

YES = [
    "sim",
    "s",
    "SIM!!",
    "tá bom, faz",
    "beleza",
    "blz",
    "eu aceito",
    "uhum",
    "pode",
    "pode sim",
    "faz isso",
    "faz favor",
    "ok",
    "👍",
    "claro",
    "bora",
    "quero",
    "quero sim por favor",
    "isso",
    "manda ver",
    "pode fazer isso pra mim?",
    "libera aí",
    "demorou",
    "fechou",
    "combinado",
    "não consigo pagar agora, pode liberar",
    "depois eu pago, libera aí",
    "com certeza",
    "não quero pagar agora, quero desbloquear",
    "não precisa de boleto, só libera",
    "uai, pode",
    "aceito sim moça",
    "por mim tudo bem",
    "perfeito",
    "vai lá",
    "então faz",
    "ta certo",
    "show",
]
NO = [
    "não",
    "n",
    "nao",
    "NÃO!",
    "não quero desbloquear agora",
    "agora não",
    "sim, mas não agora",
    "não, obrigado",
    "deixa pra lá",
    "deixa quieto",
    "não precisa",
    "não faz isso",
    "nem pensar",
    "cancela, já consegui pagar",
    "desisti",
    "acho que não",
    "hoje não",
    "ainda não",
    "esquece",
    "não quero",
    "negativo",
    "depois eu vejo",
    "melhor não",
    "não libera ainda",
    "nao pode",
    "não autorizo",
    "de jeito nenhum",
    "por enquanto não",
    "não desbloqueie nada",
    "outra hora",
]
NEITHER = ["oi", "bom dia", "quanto custa?", "como assim?", "quando?", "hum", "?", "e aí", "qual?"]


@pytest.mark.parametrize("said", YES)
def test_a_yes_of_the_street_can_be_one(said: str) -> None:
    assert is_agreement([said], said)
    assert is_agreement(["oi", said, "valeu"], said)


@pytest.mark.parametrize("said", NO)
def test_a_no_is_no_yes_whoever_takes_it_for_one(said: str) -> None:
    assert is_refusal(said)
    assert not is_agreement([said], said)
    assert not is_agreement(["sim", said], "sim"), "taken back"


@pytest.mark.parametrize("said", NEITHER)
def test_a_greeting_or_a_question_is_no_yes(said: str) -> None:
    assert not is_agreement([said], said)


@pytest.mark.parametrize(
    ("said", "words", "found"),
    [
        (["Quero a 2ª via"], "quero a 2a via", True),
        (["É o de Paulista!!"], "e o de paulista", True),
        (["tá bom,   faz"], "tá bom faz", True),
        (["tá bom", "faz"], "tá bom faz", False),
        (["quero pagar a fatura do mês, no pix"], "quero pagar … no pix", True),
        (["quero pagar a fatura do mês, no pix"], "quero pagar... no boleto", False),
        (["assim não dá"], "sim", False),
        (["sim"], "sim, quero", False),
        (["👍🏽"], "👍🏽", True),
        (["ok"], "👍", False),
        ([], "sim", False),
        (["sim"], " … ", False),
    ],
)
def test_a_quote_stands_in_one_message_word_by_word(
    said: list[str], words: str, found: bool
) -> None:
    assert (find_quote(said, words) is not None) is found


def test_the_newest_message_counts_where_words_stand_twice() -> None:
    quote = find_quote(["quero desbloquear", "agora não", "quero desbloquear sim"], "quero")

    assert quote is not None
    assert (quote.message, quote.later) == ("quero desbloquear sim", ())


@pytest.mark.parametrize(
    ("said", "holds"),
    [
        ("sim", True),
        ("isso mesmo", True),
        ("tá certo", True),
        ("é esse", True),
        ("pode ser", True),
        ("sou eu", True),
        ("ss", True),
        ("correto, manda o boleto", True),
        ("não", False),
        ("não sou eu", False),
        ("nao é esse", False),
        ("errado", False),
        ("esse endereço não confere", False),
        ("n", False),
        ("nenhum desses", False),
        ("não reconheço", False),
        ("tá errado o nome", False),
        ("é engano", False),
    ],
)
def test_one_contract_is_confirmed_or_not(said: str, holds: bool) -> None:
    assert is_confirmation(said) is holds


def contract(number: str, address: str, plan: str) -> Contract:
    return Contract(number, ContractStatus.ACTIVE, plan, address)


THREE = [
    contract("5501", "Rua das Flores, 10 - Olinda/PE", "FIBRA_300"),
    contract("5502", "Avenida Brasil, 22 - Paulista/PE", "FIBRA_500"),
    contract("5503", "Sítio Boa Vista, km 4 - Igarassu/PE", "RADIO_20"),
]
CHOICES: list[tuple[str, str, int, bool]] = [
    # (message, quoted words, option, holds)
    ("2", "2", 2, True),
    ("2", "2", 1, False),
    ("o 2", "o 2", 2, True),
    ("a segunda", "a segunda", 2, True),
    ("a segunda", "a segunda", 3, False),
    ("o primeiro", "o primeiro", 1, True),
    ("o último", "último", 3, True),
    ("o de Paulista", "o de Paulista", 2, True),
    ("o de Paulista", "o de Paulista", 1, False),
    ("não é o 1, é o 2", "é o 2", 2, True),
    ("não é o 1, é o 2", "não é o 1, é o 2", 2, True),
    ("não é o 1, é o 2", "o 1", 1, False),
    ("não é o de Olinda, é o de Paulista", "é o de Paulista", 2, True),
    ("não é o de Olinda, é o de Paulista", "Olinda", 1, False),
    ("nem o 1 nem o 2", "o 1", 1, False),
    ("o contrato 5503", "5503", 3, True),
    ("o contrato 5503", "5503", 2, False),
    ("o do sítio", "o do sítio", 3, True),
    ("rua das flores", "rua das flores", 1, True),
    ("o dois por favor", "o dois", 2, True),
    ("o da casa da minha mãe", "o da casa da minha mãe", 2, True),
    ("sim", "sim", 1, False),
    ("isso mesmo", "isso mesmo", 2, False),
    ("não", "não", 1, False),
    ("não, nenhum desses", "nenhum desses", 1, False),
    ("quero dos dois", "dos dois", 1, True),
    ("quero dos dois", "dos dois", 2, True),
    ("fibra 500", "fibra 500", 2, True),
    ("quero a segunda via do contrato 1", "contrato 1", 1, True),
]


@pytest.mark.parametrize(("message", "words", "option", "holds"), CHOICES)
def test_words_choose_a_contract_or_do_not(
    message: str, words: str, option: int, holds: bool
) -> None:
    assert find_quote([message], words) is not None
    assert can_mean_contract(words, message, option, THREE) is holds


@pytest.mark.parametrize(
    ("later", "option", "holds"),
    [
        (["não, o 1"], 2, True),
        (["não, o 1"], 1, False),
        (["obrigado"], 2, False),
        ([], 2, False),
        (["o de Olinda"], 2, True),
    ],
)
def test_a_later_message_corrects_a_choice(later: list[str], option: int, holds: bool) -> None:
    assert is_corrected_later(later, option, THREE) is holds
