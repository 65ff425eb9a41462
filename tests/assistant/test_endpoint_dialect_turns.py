"""A turn with a model of another dialect is answered; what is refused for good is told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import structlog

from niochat.domain.conversation.commands import TurnOutcome
from tests.adapters.models.openai.scripted_endpoint import (
    DIALECTS,
    Dialect,
    ScriptedEndpoint,
    build_text_response,
    build_tool_call,
    build_tool_call_response,
    openai_error,
)
from tests.assistant.assistant_pipeline import AssistantPipeline

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]

STRICT = tuple(each for each in DIALECTS if each.__name__ != "any_form")
BROKEN = build_tool_call_response(build_tool_call("listar_planos", '{"a": '))


@pytest_asyncio.fixture
async def at(pipeline: AssistantPipeline) -> AsyncIterator[ScriptedEndpoint]:
    end_point = ScriptedEndpoint()
    await end_point.open()
    await pipeline.update_settings(
        endpoint=end_point.url, temperature=0.3, parallel_tool_calls=False
    )
    yield end_point
    end_point.close()


@pytest.mark.parametrize("dialect", STRICT, ids=lambda each: each.__name__)
async def test_a_turn_is_answered_in_every_dialect_after_a_broken_call(
    pipeline: AssistantPipeline, at: ScriptedEndpoint, dialect: Dialect
) -> None:
    at.dialect = dialect
    at.answers = [
        BROKEN,
        build_tool_call_response(build_tool_call("listar_planos", None)),
        build_text_response("Temos dois planos."),
    ]
    customer = await pipeline.create_customer()

    finish = await customer.say("oi", "quais planos vocês têm?")

    assert (finish.outcome, finish.code, finish.handoff) == (TurnOutcome.ANSWERED, "", None)
    assert customer.texts[0].startswith("Temos dois planos.")
    assert at.taken == 3


async def test_what_the_end_point_says_reaches_the_row_and_the_log(
    pipeline: AssistantPipeline, at: ScriptedEndpoint
) -> None:
    letters = "".join(chr(ord("a") + n) for n in range(20))  # looks like one, and is none
    refusal = f'"auto" tool choice requires --enable-auto-tool-choice (key sk-{letters})'
    at.dialect = lambda body: (400, openai_error(refusal))
    customer = await pipeline.create_customer()

    with structlog.testing.capture_logs() as logs:
        finish = await customer.say("oi, meu CPF é 529.982.247-25")

    assert (finish.outcome, finish.code) == (TurnOutcome.FAILED, "model_400")
    (turn,) = await pipeline.given.admin.fetch("SELECT detail FROM turns")
    (logged,) = [each for each in logs if each["event"] == "turn_without_model"]
    for told in (turn["detail"], logged["detail"]):
        assert told.startswith('the model answered 400: "auto" tool choice requires --enable')
        assert letters not in told
    whole: Any = str(logs)
    assert pipeline.key not in whole
    assert "529.982" not in whole  # three digits alone may stand in a random id
    assert "529982" not in whole
