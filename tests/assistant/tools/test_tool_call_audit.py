"""Every tool call of the assistant is in the audit log, once, and what it was about is not."""

import re
from typing import Any

import pytest

from niochat.insights.projector import Projector
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.builders import RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]


async def logged(given: RowBuilder) -> list[Any]:
    """(action, outcome) of the assistant's rows."""
    return [
        (row["action"], row["after"]["outcome"])
        for row in await given.admin.fetch(
            "SELECT action, after FROM audit WHERE action LIKE 'tools.%' ORDER BY id"
        )
    ]


async def test_each_call_is_logged_with_its_outcome_and_nothing_of_the_customer(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    used = await customer.list_tool_calls()
    assert len(used) >= 2
    assert await logged(pipeline.given) == [
        (f"tools.{tool}", "done" if result["ok"] else result["erro"]) for tool, result in used
    ]
    rows = await pipeline.given.admin.fetch("SELECT * FROM audit WHERE action LIKE 'tools.%'")
    (conversation,) = await pipeline.given.rows(
        "SELECT id FROM conversations WHERE thread_id = $1", customer.thread
    )
    assert {(row["who"], row["target"], row["tenant_id"]) for row in rows} == {
        ("assistant", f"conversation:{conversation}", pipeline.place.tenant)
    }
    told = " ".join(str(dict(row)) for row in rows)
    digits = re.sub(r"\D", "", customer.cpf)
    for secret in (customer.cpf, digits, customer.phone, customer.subscriber["name"]):
        assert secret not in told


async def test_no_call_that_is_kept_holds_a_document(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")
    digits = re.sub(r"\D", "", customer.cpf)
    await customer.run_with_model_output(
        f"meu cpf é {digits}",
        [(f"consulta_{digits}", {}), ("identificar_cliente", f'{{"cpf_cnpj": "{digits}", ')],
        says="Certo.",
    )
    kept = str(await pipeline.given.rows("SELECT tool_results::text FROM turns"))
    assert "identificar_cliente" in kept
    assert digits not in kept
    assert customer.cpf not in kept
    assert digits[-2:] in kept, "enough to compare with a paper at hand"


async def test_a_tool_that_the_model_made_up_is_logged_without_its_name(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.run_with_model_output("oi", [("consulta_52998224725", {})], says="Certo.")
    assert await logged(pipeline.given) == [("tools.unknown", "argumento_invalido")]
    assert "52998224725" not in str(await pipeline.given.rows("SELECT audit::text FROM audit"))


async def test_a_turn_that_runs_again_does_not_log_the_calls_that_it_takes_over(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.write(f"minha fatura, cpf {customer.cpf}")
    await customer.run_turn_without_commit()  # and its report is lost
    before = await logged(pipeline.given)
    assert before
    await customer.run_turn_without_commit()
    assert await logged(pipeline.given) == before


async def test_reports_count_the_tools_that_the_assistant_used(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")

    await Projector(pipeline.host.database).run_until_read()

    counted = await pipeline.given.rows("SELECT tools FROM analytics.assistant_turns ORDER BY at")
    used = [tool for tool, _ in await customer.list_tool_calls()]
    assert [tool for tools in counted for tool in tools] == used != []


async def test_a_tool_is_reported_while_it_runs_and_its_time_is_stored(
    pipeline: AssistantPipeline,
) -> None:
    reported: list[tuple[str, bool]] = []
    customer = await pipeline.create_customer()
    await customer.write(f"minha fatura, cpf {customer.cpf}")
    assistant = pipeline.assistant
    assistant._on_tool = lambda _, tool, running: reported.append((tool, running))

    await assistant.run(await customer.pending_turn())

    (calls,) = await pipeline.given.rows(
        "SELECT tool_results FROM turns WHERE tool_results <> '[]'"
    )
    tools = [call["tool"] for call in calls]
    assert "identificar_cliente" in tools
    assert reported == [(tool, running) for tool in tools for running in (True, False)]
    assert all(call["duration_s"] >= 0 and call["started_at"] for call in calls)
