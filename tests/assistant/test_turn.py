"""A turn always ends in a report: with an answer, or a code that an operator understands."""

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.models.openai.model_client import ModelClient, ModelCompletion
from niochat.adapters.postgres.database import Database
from niochat.assistant.model_session import MAX_ATTEMPTS, to_storable_text
from niochat.assistant.text.chat_text import MAX_MESSAGE_CHARS
from niochat.assistant.turn import TurnRunner
from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.assistant.turn_store import TurnStore
from niochat.domain.conversation import commands as cmd
from niochat.ports.erp import ErpCapability
from tests.actors.sandbox_provider import create_sandbox_provider
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import HONEST, ScriptedCustomer
from tests.builders import build_message, insert_commands
from tests.niochat_sandbox.conftest import SandboxFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


@dataclass
class FakeErpClient:
    """One conversation whose turn waits to be run."""

    office: AssistantPipeline
    customer: ScriptedCustomer

    def on(self, database: Database, **settings: Any) -> TurnRunner:
        """The assistant on another database."""
        office = self.office
        return TurnRunner(
            TurnStore(database),
            office.models,
            office,
            office.directory.assistant,
            _nothing,
            **settings,
        )

    async def request(self) -> TurnRequest:
        return await self.customer.pending_turn()

    async def runs(self) -> TurnReport:
        return await self.customer.run_turn_without_commit()

    async def fault(self, kind: str, **order: Any) -> None:
        """The model fails, once unless told."""
        await self.office.inject_fault("model", kind, **{"count": 1, **order})


async def _nothing(_: UUID) -> frozenset[ErpCapability]:
    return frozenset()


@pytest_asyncio.fixture
async def desk(office: AssistantPipeline) -> FakeErpClient:
    customer = await office.create_customer()
    await customer.write("minha internet caiu #c1-1")
    return FakeErpClient(office, customer)


def said(report: TurnReport) -> list[str]:
    """What it says, without the protocol that is told in a first answer."""
    return [content.text.partition("\n\nProtocolo: ")[0] for content in report.finish.replies]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_turn_is_answered_and_its_tokens_are_counted(
    desk: FakeErpClient, stream: bool
) -> None:
    await desk.office.update_settings(stream=stream)

    report = await desk.runs()

    assert report.finish.outcome is cmd.TurnOutcome.ANSWERED
    assert said(report) == ["Recebi #c1-1. Entendi: “minha internet caiu”."]
    await desk.office.host.step(desk.customer.thread, report.finish)
    (turn,) = await desk.office.given.admin.fetch("SELECT * FROM turns")
    assert (turn["status"], turn["code"]) == ("answered", "")
    assert turn["tokens_in"] > 100 > turn["tokens_out"] > 0
    assert turn["cost"] == 0
    assert turn["model"] == HONEST
    assert turn["prompt_version"].startswith("atendimento-")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_streamed_text_is_told_while_it_comes(desk: FakeErpClient, stream: bool) -> None:
    await desk.office.update_settings(stream=stream)
    told: list[str] = []
    assistant = desk.on(desk.office.host.database, on_draft=lambda _, text: told.append(text))

    report = await assistant.run(await desk.request())

    assert said(report)[0].startswith(told[-1] if told else "Recebi")
    assert (len(told) > 1) == stream
    assert all(later.startswith(earlier) for earlier, later in pairwise(told))


async def test_what_came_after_the_turn_began_is_not_in_it(desk: FakeErpClient) -> None:
    request = await desk.request()
    await desk.office.given.admin.execute(
        "UPDATE turns SET upto_version = $1", request.upto_version
    )
    await desk.office.given.admin.execute(
        "INSERT INTO messages (tenant_id, id, thread_id, conversation_id, version, author, kind,"
        " text, sent_at) VALUES ($1, $2, $3, $4, $5, 'customer', 'text', '#c9-9', now())",
        *(request.tenant_id, uuid4(), desk.customer.thread, request.conversation_id),
        request.upto_version + 1,
    )

    (text,) = said(await desk.runs())

    assert "#c1-1" in text
    assert "#c9-9" not in text


SHORT = {"max_seconds": 0.34}
"""Less than the first pause before asking again."""
FAULTS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "delay", "seconds": 3}, {"max_seconds": 0.3}, "model_timeout"),
    ({"kind": "hang", "seconds": 3}, {"max_seconds": 0.3}, "model_timeout"),
    (
        {"kind": "status", "status": 429, "retry_after": 30},
        {"max_seconds": 9},
        "model_rate_limited",
    ),
    ({"kind": "status", "status": 500}, SHORT, "model_500"),
    ({"kind": "status", "status": 401}, {}, "model_unauthorized"),
    ({"kind": "malformed"}, SHORT, "model_malformed"),
    ({"kind": "empty"}, SHORT, "model_empty"),
    ({"kind": "drop"}, SHORT, "model_unreachable"),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_each_fault_leads_to_a_report_with_its_code(
    desk: FakeErpClient, stream: bool
) -> None:
    for fault, settings, code in FAULTS:
        if (stream, code) == (True, "model_malformed"):
            continue  # half a JSON in place of a stream is a stream that says nothing
        await desk.office.update_settings(
            **{"max_steps": 6, "max_seconds": 45, "stream": stream, **settings}
        )
        await desk.fault(**fault)

        report = await desk.runs()

        assert (report.finish.outcome, report.finish.code) == (cmd.TurnOutcome.FAILED, code)
        assert report.finish.replies == ()
        assert report.throttle_s == (30 if code == "model_rate_limited" else 0)


async def test_what_may_pass_is_asked_again_within_the_turn(desk: FakeErpClient) -> None:
    await desk.fault("drop")

    assert (await desk.runs()).finish.outcome is cmd.TurnOutcome.ANSWERED


async def test_a_short_wish_to_wait_is_waited_for(desk: FakeErpClient) -> None:
    await desk.fault("status", status=429, retry_after=0.2)

    report = await desk.runs()

    assert report.finish.outcome is cmd.TurnOutcome.ANSWERED


async def test_a_model_that_fails_is_asked_four_times_for_one_answer(desk: FakeErpClient) -> None:
    await desk.fault("status", status=429, retry_after=0.01, count=None)

    report = await desk.runs()

    assert (report.finish.code, report.throttle_s) == ("model_rate_limited", 0.01)
    (fault,) = (await desk.office.world.control("GET", "/faults"))["items"]
    assert fault["hits"] == MAX_ATTEMPTS


async def test_all_calls_together_stay_within_the_turns_seconds(desk: FakeErpClient) -> None:
    await desk.office.update_settings(max_seconds=0.8)
    await desk.fault("drop", count=None)

    assert (await desk.runs()).finish.code == "model_unreachable"


async def test_a_turn_that_is_not_current_does_not_cost_a_call(desk: FakeErpClient) -> None:
    request = await desk.request()
    await desk.fault("status", status=500, count=None)

    for stale in (
        replace(request, attempt=request.attempt + 1),
        replace(request, turn_id=uuid4()),
        replace(request, tenant_id=uuid4()),
    ):
        report = await desk.office.assistant.run(stale)
        assert report.finish.code == "turn_not_current"
        assert (report.finish.turn, report.finish.attempt) == (stale.turn_id, stale.attempt)


async def test_a_suspended_tenants_turn_is_not_run(desk: FakeErpClient) -> None:
    await desk.office.given.admin.execute("UPDATE tenants SET status = 'suspended'")

    assert (await desk.runs()).finish.code == "turn_not_current"


async def test_another_tenants_conversation_is_not_read(
    desk: FakeErpClient, world: SandboxFixture, tmp_path: Path
) -> None:
    other = await create_sandbox_provider(
        desk.office.host.database, world, tmp_path, slug="other", gateway="http://127.0.0.1:9/g"
    )
    thread = await other.thread("5581977776666")
    await desk.office.ownership.assign_all(desk.office.host, thread)
    await insert_commands(
        desk.office.host, other.place, thread, [build_message("m1", "segredo #c7-7")]
    )
    await desk.office.host.run(thread)
    (foreign,) = await desk.office.given.rows(
        "SELECT id FROM conversations WHERE thread_id = $1", thread
    )

    request = replace(await desk.request(), conversation_id=foreign, upto_version=10**6)
    report = await desk.office.assistant.run(request)

    assert "#c7-7" not in "".join(said(report))


async def test_a_tenant_without_an_assistant_has_a_report_too(desk: FakeErpClient) -> None:
    await desk.office.given.admin.execute("DELETE FROM assistants")

    assert (await desk.runs()).finish.code == "no_assistant"


async def test_a_key_that_cannot_be_opened_has_a_report_too(desk: FakeErpClient) -> None:
    await desk.office.update_settings(api_key_sealed=b"\x01\x02k1broken")

    assert (await desk.runs()).finish.code == "damaged_secret"


async def test_a_database_that_stays_away_has_a_report_too(desk: FakeErpClient) -> None:
    request, database = await desk.request(), desk.office.host.database
    database.terminate()
    impatient = desk.on(database, retry_for_s=0)

    assert (await impatient.run(request)).finish.code == "database"


async def test_a_database_that_comes_back_in_time_is_waited_for(
    desk: FakeErpClient, database_url: str
) -> None:
    request, returning = await desk.request(), await Database.open(database_url, size=2)
    away = await Database.open("postgresql://127.0.0.1:9/none")
    reads = iter([away])

    class Returning(Database):
        """Away for its first reads."""

        def as_tenant(self, tenant_id: UUID) -> Any:
            return next(reads, returning).as_tenant(tenant_id)

    here = Returning(*([None] * 3))  # type: ignore[arg-type]
    report = await desk.on(here).run(request)

    assert report.finish.outcome is cmd.TurnOutcome.ANSWERED
    returning.terminate()


async def test_a_message_of_a_kind_this_code_does_not_know_has_a_report_too(
    desk: FakeErpClient,
) -> None:
    await desk.office.given.admin.execute("UPDATE messages SET kind = 'hologram'")

    assert (await desk.runs()).finish.outcome is cmd.TurnOutcome.FAILED


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a\x00b", "ab"),
        ("metade \ud83d", "metade \ufffd"),
        ("\ud83d\ude00 ok", "😀 ok"),
        ("ação", "ação"),
        ("", ""),
    ],
)
async def test_what_the_database_refuses_is_taken_out_of_a_text(said: str, kept: str) -> None:
    assert to_storable_text(said) == kept


async def test_what_a_model_says_can_be_stored(desk: FakeErpClient) -> None:
    desk.office.models = ScriptedModels(" " * 5000 + "\x00oi \ud83d" + "x" * 5000)

    report = await desk.runs()

    texts = [content.text for content in report.finish.replies]
    assert all(len(text) <= MAX_MESSAGE_CHARS for text in texts)
    assert "".join(texts).startswith("oi\ufffdxxx")
    assert sum(text.count("x") for text in texts) == 5000, "nothing is cut off"
    assert "Protocolo: " in texts[-1]
    await desk.office.host.step(desk.customer.thread, report.finish)
    assert await desk.office.given.rows("SELECT status FROM turns") == ["answered"]


HALF = "Olá! Tudo bem? Para ver a sua fatura, preciso do CPF do"


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ([HALF, "Olá! Qual é o CPF do titular?"], "Olá! Qual é o CPF do titular?"),
        ([HALF, HALF], "Olá! Tudo bem?"),
    ],
)
async def test_half_a_sentence_does_not_leave(
    desk: FakeErpClient, texts: list[str], said: str
) -> None:
    desk.office.models = ScriptedModels(*texts, tokens=(10**6, 10**6 if texts[1] == HALF else 1))

    report = await desk.runs()

    assert [each.text.partition("\n\n")[0] for each in report.finish.replies] == [said]
    assert list(report.violation_codes) == ["incompleto"] * texts.count(HALF)


async def test_an_answer_in_another_language_is_asked_for_again(desk: FakeErpClient) -> None:
    english = "Hello! I can help you with your invoice, what is the holder's document?"
    desk.office.models = ScriptedModels(english, "Olá! Qual é o CPF do titular?")

    report = await desk.runs()

    assert report.finish.replies[0].text.startswith("Olá! Qual é o CPF")
    assert list(report.violation_codes) == ["idioma"]


async def test_an_answer_of_nothing_but_blanks_is_none(desk: FakeErpClient) -> None:
    desk.office.models = ScriptedModels(" \n\x00 ")
    await desk.office.update_settings(max_seconds=0.3)

    assert (await desk.runs()).finish.code == "model_empty"


class ScriptedModels(ModelClient):
    """A model that says what an endpoint over HTTP may say, too; the last of it again and again."""

    def __init__(self, *said: str, tokens: tuple[int, ...] = ()) -> None:
        super().__init__()
        self._said = list(said)
        self._tokens = list(tokens)

    async def complete(self, *_: Any, **__: Any) -> ModelCompletion:
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        return ModelCompletion(said, "modelo\x00", 1, self._tokens.pop(0) if self._tokens else 1)


@pytest.mark.parametrize(("language", "leaves"), [(None, False), ("customer", True)])
async def test_another_language_leaves_only_where_the_tenant_wants_it(
    office: AssistantPipeline, language: str | None, leaves: bool
) -> None:
    customer = await office.create_customer()
    await office.update_settings(
        persona={"name": "Nia", "language": language} if language else {"name": "Nia"}
    )
    english = "Hello! How can I help you with your internet today, my friend?"

    await customer.run_with_model_output("hi, do you speak English?", says=english)

    assert (english in customer.texts[0]) is leaves
