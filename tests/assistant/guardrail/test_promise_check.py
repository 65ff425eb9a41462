"""Act or ask: what is only announced does not end a turn."""

import pytest

from niochat.assistant.guardrail.promise_check import (
    ACTION_PROMISE,
    TRANSFER_PROMISE,
    find_empty_promise,
)
from niochat.domain.conversation.commands import HandoffRequest
from tests.assistant.guardrail.guardrail_contexts import HOLDER, build_turn_context

ANNOUNCED = [
    (TRANSFER_PROMISE, "Vou transferir você. Só um momento."),
    (TRANSFER_PROMISE, "Vou te encaminhar para o suporte."),
    (TRANSFER_PROMISE, "Vou passar seu atendimento para o financeiro. Posso ajudar em algo mais?"),
    (TRANSFER_PROMISE, "Você será transferido para um atendente."),
    (TRANSFER_PROMISE, "Um atendente vai te chamar em instantes."),
    (TRANSFER_PROMISE, "Transferindo para o suporte..."),
    (ACTION_PROMISE, "Vou verificar isso para você."),
    (ACTION_PROMISE, "Vou consultar suas faturas. Um momento, por favor."),
    (ACTION_PROMISE, "Só um instante!"),
    (ACTION_PROMISE, "Aguarde um momento enquanto verifico."),
    (ACTION_PROMISE, "Certo, já te retorno."),
    (ACTION_PROMISE, "Estou verificando a sua conexão."),
    (ACTION_PROMISE, "Vou abrir um chamado para você."),
    (ACTION_PROMISE, "Vou enviar o boleto agora."),
    (ACTION_PROMISE, "Deixa eu ver isso aqui."),
]
NOT = [
    "Quer que eu transfira você para o suporte?",
    "Vou transferir você para o suporte, pode ser?",
    "Posso transferir seu atendimento, se preferir.",
    "Se não resolver, vou abrir um chamado.",
    "Vou verificar. Me informe o CPF do titular, por favor.",
    "Para ver sua fatura, vou precisar do CPF do titular.",
    "A luz LOS está vermelha? Assim que responder, vou verificar.",
    "Segue sua fatura de R$ 99,90.",
    "Não vou transferir sem você pedir.",
    "Obrigado pelo contato!",
    "Aqui estão os planos.",
]


@pytest.mark.parametrize(("code", "text"), ANNOUNCED)
def test_what_is_announced_and_not_done_is_told(code: str, text: str) -> None:
    found = find_empty_promise(text, build_turn_context())

    assert found is not None
    assert found[0] == code
    assert found[1] in text


@pytest.mark.parametrize("text", NOT)
def test_questions_conditions_and_what_is_done_announce_nothing(text: str) -> None:
    assert find_empty_promise(text, build_turn_context()) is None


@pytest.mark.parametrize(("code", "text"), ANNOUNCED)
def test_a_hand_off_of_the_same_turn_makes_it_true(code: str, text: str) -> None:
    of = build_turn_context(HOLDER, handoff=HandoffRequest("suporte", "assistant_transfer"))

    assert find_empty_promise(text, of) is None
