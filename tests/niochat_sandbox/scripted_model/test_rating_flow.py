"""The scripted model says whether a text evaluates, where that is asked for in JSON."""

import json

import pytest

from niochat_sandbox.scripted_model.chat_request import ChatRequest
from niochat_sandbox.scripted_model.model_actions import TextReply
from niochat_sandbox.scripted_model.scripted_models import choose_action

PROMPT = 'Responda com {"tipo": "avaliacao", "nota": 1} ou {"tipo": "outra"}.'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("resolveu rapidinho", {"tipo": "avaliacao", "nota": 4}),
        ("a moça foi super atenciosa", {"tipo": "avaliacao", "nota": 5}),
        ("demorou demais", {"tipo": "avaliacao", "nota": 2}),
        ("o atendimento foi como sempre", {"tipo": "avaliacao", "nota": None}),
        ("minha internet caiu de novo", {"tipo": "outra"}),
        ("gostei, agora quero o boleto", {"tipo": "outra"}),
        ("oi", {"tipo": "outra"}),
    ],
)
def test_an_evaluation_is_told_from_a_request(text: str, expected: dict[str, object]) -> None:
    messages = [{"role": "system", "content": PROMPT}, {"role": "user", "content": text}]

    action = choose_action(ChatRequest("sandbox-simulador", messages, [], frozenset()))

    assert isinstance(action, TextReply)
    assert json.loads(action.text) == expected
