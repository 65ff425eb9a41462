"""Who asks for no more messages is understood, and who writes about anything else is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from niochat.domain.opt_out.opt_out_message import OptOutWording, read_opt_out


@pytest.mark.parametrize(
    "text",
    [
        "PARAR",
        "parar!",
        "Pare por favor",
        "SAIR",
        "sair da lista",
        "stop",
        "Não quero mais receber",
        "nao quero receber mais",
        "não quero mais receber mensagens",
        "Não quero receber essas mensagens de vocês, obrigado",
        "não me mande mais mensagem",
        "parem de me mandar mensagens",
        "pare de enviar mensagens",
        "me tira dessa lista",
        "descadastrar",
        "Quero parar de receber mensagens",
        "Boa tarde, me remova da lista por favor",
        "não quero mais mensagens",
    ],
)
def test_a_request_alone_is_understood_whole(text: str) -> None:
    assert read_opt_out(text) is OptOutWording.WHOLE


@pytest.mark.parametrize(
    "text",
    [
        "Não quero mais receber mensagens, e aliás minha internet está sem sinal desde ontem",
        "já contratei com outro provedor, parem de me mandar mensagens",
        "não me mande mais mensagens e cancele meu boleto duplicado",
    ],
)
def test_a_request_with_something_else_is_a_part(text: str) -> None:
    assert read_opt_out(text) is OptOutWording.PART


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oi",
        "parar de funcionar",
        "a internet vai parar de funcionar de novo",
        "minha internet parou",
        "pare de cair",
        "a internet não para de cair",
        "quero sair do plano atual",
        "vou sair agora, amanhã falo",
        "não quero mais o plano de 500",
        "não quero receber o técnico hoje",
        "não recebi mensagem nenhuma",
        "não me mandaram o boleto",
        "quero cancelar minha internet",
        "não",
        "não, obrigado",
        "pode mandar mensagem mais tarde",
        "para quando é a instalação?",
        "o wifi sai do ar",
        "5",
    ],
)
def test_other_words_are_no_request(text: str) -> None:
    assert read_opt_out(text) is None


@given(st.text(max_size=500))
def test_any_text_is_read(text: str) -> None:
    read_opt_out(text)


@given(st.text(alphabet="abcdefghijklmnop ", min_size=1, max_size=40))
def test_politeness_and_case_change_nothing(text: str) -> None:
    assert read_opt_out(f"Oi, {text.upper()}. Obrigado!") == read_opt_out(text)
