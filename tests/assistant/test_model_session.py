"""What is no answer, or half of one, is asked for again, and said to be that otherwise."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from niochat.actors.turn_scheduler import TURN_TIMEOUT_S
from niochat.adapters.models.openai.model_client import (
    ModelClient,
    ModelCompletion,
    ModelError,
    ModelOptions,
    ModelToolCall,
)
from niochat.assistant.model_session import TOKEN_LIMIT_FACTOR, ModelSession
from niochat.assistant.turn_context import ERP_READ_BUDGET_S, ERP_WRITE_TIMEOUT_S
from niochat.domain.conversation.policy import MAX_MODEL_SECONDS

pytestmark = pytest.mark.asyncio

HALF = ModelCompletion("Sua fatura vence", "m", 1, 100, finish="length")
THOUGHT = ModelCompletion("", "m", 1, 100, finish="length")
WHOLE = ModelCompletion("Sua fatura vence dia 10.", "m", 1, 9, finish="stop")
CALL = ModelToolCall("c1", "faturas", '{"opcao": 1}')
CUT = ModelCompletion("", "m", 1, 100, (ModelToolCall("c1", "faturas", '{"opc'),), "length")


class ScriptedCompletionModels(ModelClient):
    """Gives these in turn, an error among them too, and keeps what was asked."""

    def __init__(self, *answers: ModelCompletion | ModelError) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    async def complete(self, *_: Any, **asked: Any) -> ModelCompletion:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        return answer


def dialogue(models: ModelClient, **changes: Any) -> ModelSession:
    settings: Any = SimpleNamespace(
        **{
            "endpoint": "http://m/v1",
            "api_key": "k",
            "model": "m",
            "stream": False,
            "max_tokens": 100,
            "max_seconds": 5.0,
            "price_in": Decimal(1),
            "price_out": Decimal(1),
            "options": ModelOptions(),
            **changes,
        }
    )
    return ModelSession(models, settings, [], [], lambda text: None)


@pytest.mark.parametrize("first", [HALF, THOUGHT, CUT], ids=["half", "thought", "cut call"])
async def test_an_answer_that_did_not_fit_gets_more_room_once(first: ModelCompletion) -> None:
    models = ScriptedCompletionModels(first, WHOLE)

    assert (await dialogue(models).request_completion()).text == WHOLE.text
    assert [each["max_tokens"] for each in models.asked] == [100, 100 * TOKEN_LIMIT_FACTOR]


@pytest.mark.parametrize(
    "second",
    [HALF, ModelError("max_tokens is too large", code="model_400", retryable=False)],
    ids=["half again", "refused"],
)
async def test_half_of_an_answer_is_better_than_none(second: ModelCompletion | ModelError) -> None:
    answer = await dialogue(ScriptedCompletionModels(HALF, second)).request_completion()

    assert (answer.text, answer.finish) == ("Sua fatura vence", "length")


async def test_a_model_that_only_thinks_is_told_of_with_what_to_do() -> None:
    models = ScriptedCompletionModels(THOUGHT, THOUGHT)

    with pytest.raises(ModelError, match="raise max_tokens") as raised:
        await dialogue(models).request_completion()

    assert raised.value.code == "model_length"
    assert len(models.asked) == 2


async def test_a_whole_call_counts_however_it_ended() -> None:
    models = ScriptedCompletionModels(ModelCompletion("", "m", calls=(CALL,), finish="length"))

    assert (await dialogue(models).request_completion()).calls == (CALL,)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ModelCompletion("", "m", refusal="I can't"), "model_refused"),
        (ModelCompletion("", "m", finish="content_filter"), "model_filtered"),
        (ModelCompletion("Sua fat", "m", finish="content_filter"), "model_filtered"),
        (ModelCompletion("", "m", finish="stop"), "model_empty"),
    ],
)
async def test_what_is_no_answer_has_a_code_that_says_so(
    answer: ModelCompletion, code: str
) -> None:
    with pytest.raises(ModelError) as raised:
        await dialogue(
            ScriptedCompletionModels(*[answer] * 4), max_seconds=0.3
        ).request_completion()

    assert raised.value.code == code
    assert "I can't" not in str(raised.value)


async def test_what_the_server_wants_back_with_its_call_goes_back() -> None:
    kept = {"extra_content": {"google": {"thought_signature": "s"}}}
    made = dialogue(ScriptedCompletionModels())
    made.add_tool_results("", [(ModelToolCall("c1", "faturas", "{}", kept, "hm"), "{}")])

    message: Any = made.messages[0]
    assert message["tool_calls"][0]["extra_content"] == kept["extra_content"]
    assert message["reasoning_content"] == "hm"


async def test_a_turn_ends_before_whoever_waits_for_it_loses_patience() -> None:
    assert MAX_MODEL_SECONDS + ERP_READ_BUDGET_S + ERP_WRITE_TIMEOUT_S < TURN_TIMEOUT_S


async def test_a_kept_setting_that_is_too_long_is_bounded() -> None:
    long, short = (
        dialogue(ScriptedCompletionModels(), max_seconds=600.0),
        dialogue(ScriptedCompletionModels(), max_seconds=5.0),
    )

    assert long.deadline - short.deadline < MAX_MODEL_SECONDS
