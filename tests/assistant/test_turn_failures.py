"""Where model or ERP fail the customer hears one true sentence, and the right people take over."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import structlog

from niochat.assistant.guardrail.fallback.fallback_replies import ASK_AGAIN_TEXT
from niochat.domain.conversation.commands import FinishAssistantTurn, RestartTurn, TurnOutcome
from niochat.domain.ids import TurnId
from niochat.domain.message import MessageKind
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.assistant.scripted_customer import STUBBORN, ScriptedCustomer
from tests.assistant.security.test_tool_preconditions import TICKET, UNLOCK

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

AWAY = "No momento não consigo responder por aqui."
ERP_AWAY = "Não consegui consultar o sistema do provedor agora."
SHORT: dict[str, Any] = {"max_seconds": 0.34}


async def passed_on(
    customer: ScriptedCustomer, finish: FinishAssistantTurn, code: str, team: str, said: str
) -> None:
    """One sentence left, people have it, and they know why."""
    assert finish.code == code
    assert await customer.load_status() == ("waiting", team)
    assert len(customer.texts) == 1
    assert customer.texts[0].startswith(said)
    assert "Protocolo: " in customer.texts[0]
    (note,) = await customer.load_notes()
    assert "falhou" in note
    assert "Últimas mensagens: " in note
    (reason,) = await customer.pipeline.given.rows(
        "SELECT body ->> 'reason' FROM events WHERE type = 'conversation_handed_off'"
    )
    assert reason == code


MODEL: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"kind": "delay", "seconds": 2}, SHORT, "model_timeout"),
    ({"kind": "status", "status": 429, "retry_after": 50}, {}, "model_rate_limited"),
    ({"kind": "status", "status": 401}, {}, "model_unauthorized"),
    ({"kind": "status", "status": 500}, SHORT, "model_500"),
    ({"kind": "malformed"}, SHORT, "model_malformed"),
    ({"kind": "empty"}, SHORT, "model_empty"),
]


@pytest.mark.parametrize(("fault", "settings", "code"), MODEL, ids=[each[2] for each in MODEL])
async def test_a_failing_model_means_one_sentence_and_the_right_team(
    pipeline: AssistantPipeline, fault: dict[str, Any], settings: dict[str, Any], code: str
) -> None:
    customer = await pipeline.create_customer("no_invoice")
    await customer.complete_identification("quero minha fatura")
    await pipeline.inject_fault("model", **fault)
    await pipeline.update_settings(**settings)

    finish = await customer.say("e agora?")

    assert finish.outcome is TurnOutcome.FAILED
    await passed_on(customer, finish, code, "financeiro", AWAY)
    await pipeline.clear_faults()
    await pipeline.update_settings(max_seconds=45)
    again = await pipeline.create_customer("no_invoice")
    assert (await again.say("oi")).outcome is TurnOutcome.ANSWERED


async def test_a_model_that_never_ends_is_ended(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    finish = await customer.run_with_model_output("oi", [("listar_planos", {})], model=STUBBORN)

    await passed_on(customer, finish, "model_loop", "atendimento", AWAY)


async def test_a_text_refused_twice_is_not_said_and_the_server_asks_on(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()

    finish = await customer.run_with_model_output("oi", says="Seu contrato foi cancelado.")

    assert (finish.outcome, finish.code) == (TurnOutcome.ANSWERED, "model_untrue")
    assert await customer.load_status() == ("pending", None)
    (said,) = customer.texts
    assert said.startswith(ASK_AGAIN_TEXT)
    assert "Protocolo: " in said
    rows = await pipeline.given.admin.fetch("SELECT * FROM refused_texts ORDER BY refused_at")
    assert [row["code"] for row in rows] == ["cancelamento"] * 2
    assert rows[0]["sentence"] == rows[0]["text"] == "Seu contrato foi cancelado."
    assert (rows[0]["model"], rows[0]["prompt_version"]) == (finish.model, finish.prompt_version)
    assert customer.report is not None
    assert list(customer.report.violation_codes) == ["cancelamento"] * 2


async def test_where_asking_did_not_help_people_take_over_and_no_model_is_blamed(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.run_with_model_output("oi", says="Seu contrato foi cancelado.")

    finish = await customer.run_with_model_output("e aí", says="Seu contrato foi cancelado.")

    assert finish.outcome is TurnOutcome.ANSWERED
    assert (await customer.load_status())[0] == "waiting"
    assert "equipe" in customer.texts[0]
    (note,) = await customer.load_notes()
    assert "modelo" not in note


async def test_the_servers_own_list_is_said_where_the_models_is_wrong(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification()

    await customer.run_with_model_output(
        "a fatura", [("consultar_faturas", {})], "Sua fatura é de R$ 12,34."
    )

    assert await customer.load_status() == ("pending", None)
    assert "R$ 99,90" in customer.texts[0]
    assert customer.texts[0].endswith("PIX ou boleto?")


async def test_a_hand_off_that_is_announced_twice_is_done(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    finish = await customer.run_with_model_output("oi", says="Vou transferir você. Só um momento.")

    assert finish.handoff is not None
    assert (await customer.load_status())[0] == "waiting"
    assert customer.texts[0].startswith("Passei seu atendimento")


async def test_what_an_earlier_turn_found_out_may_be_said_later(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("quero minha fatura")

    finish = await customer.run_with_model_output("quanto era?", says="A fatura é de 99,90.")

    assert (finish.code, customer.texts) == ("", ["A fatura é de 99,90."])


async def test_a_refused_text_keeps_no_document(pipeline: AssistantPipeline) -> None:
    customer = await pipeline.create_customer()

    await customer.run_with_model_output("oi", says=f"Seu CPF é {customer.cpf}.")

    rows = await pipeline.given.admin.fetch("SELECT text, sentence FROM refused_texts")
    assert rows
    assert all(customer.cpf not in row["text"] + row["sentence"] for row in rows)


@pytest.mark.parametrize("stream", [False, True])
async def test_markdown_and_thinking_do_not_leave(
    pipeline: AssistantPipeline, stream: bool
) -> None:
    customer = await pipeline.create_customer()
    await pipeline.update_settings(stream=stream)

    await customer.run_with_model_output(
        "oi", says="<think>hmm, hello</think>**Olá!** Como posso ajudar?"
    )

    assert customer.texts[0].startswith("*Olá!* Como posso ajudar?")


@pytest.mark.parametrize(
    ("case", "tool", "arguments", "asked", "said"),
    [
        ("suspended", "desbloqueio_confianca", UNLOCK, "o desbloqueio", "O desbloqueio em confi"),
        ("offline_dark", "abrir_chamado", TICKET, "um chamado", "Abri um chamado técnico."),
    ],
)
async def test_what_a_tool_did_is_told_even_where_the_model_has_no_words(
    pipeline: AssistantPipeline,
    case: str,
    tool: str,
    arguments: dict[str, Any],
    asked: str,
    said: str,
) -> None:
    customer = await pipeline.create_customer(case)
    await customer.complete_identification()

    finish = await customer.run_with_model_output(
        f"quero {asked}", [(tool, arguments)], model=STUBBORN
    )

    assert (finish.outcome, finish.code) == (TurnOutcome.ANSWERED, "model_loop")
    assert customer.texts[0].startswith(said)
    assert len(await pipeline.load_erp_ledger()) == 1


async def test_a_sent_invoice_needs_no_further_word_of_the_model(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification()

    finish = await customer.run_with_model_output(
        "quero a fatura", [("enviar_fatura", {"forma": "pix"})], "Enviei!", model=STUBBORN
    )

    assert (finish.outcome, finish.code) == (TurnOutcome.ANSWERED, "")
    assert customer.texts[0].startswith("Segue sua fatura de R$ 99,90")


ERP: list[tuple[dict[str, Any], str]] = [
    ({"kind": "drop"}, "erp_"),
    ({"kind": "html"}, "erp_"),
    ({"kind": "status", "status": 502}, "erp_"),
    ({"kind": "status", "status": 403}, "erp_unauthorized"),
    ({"kind": "malformed"}, "erp_malformed"),
    ({"kind": "cut"}, "erp_"),
    ({"kind": "hang", "seconds": 5}, "erp_timeout"),
]


@pytest.mark.parametrize(("fault", "code"), ERP, ids=[str(each[0]["kind"]) for each in ERP])
async def test_a_failing_erp_means_one_true_sentence_and_the_right_team(
    pipeline: AssistantPipeline, fault: dict[str, Any], code: str
) -> None:
    customer = await pipeline.create_customer()
    await customer.say("quero minha fatura")
    await customer.say(customer.cpf)
    await pipeline.inject_fault("sgp", **fault)
    await pipeline.update_settings("erps", timeout_s=1.0)

    finish = await customer.say("sim")

    assert finish.code.startswith(code)
    await passed_on(customer, finish, finish.code, "financeiro", ERP_AWAY)
    assert "consultar_faturas" in (await customer.load_notes())[0]
    await pipeline.clear_faults()
    await pipeline.forget_identities()
    again = await pipeline.create_customer()
    await again.complete_identification("quero minha fatura por pix")
    assert again.left[-1].text.startswith("000201")


@pytest.mark.parametrize(
    ("case", "tool", "arguments", "asked", "route", "kind"),
    [
        (
            "suspended",
            "desbloqueio_confianca",
            UNLOCK,
            "desbloqueio",
            "liberacaopromessa",
            "unlock",
        ),
        ("offline_dark", "abrir_chamado", TICKET, "chamado", "chamado", "ticket"),
    ],
)
async def test_a_write_whose_answer_was_lost_is_looked_up_and_done_once(
    pipeline: AssistantPipeline,
    case: str,
    tool: str,
    arguments: dict[str, Any],
    asked: str,
    route: str,
    kind: str,
) -> None:
    customer = await pipeline.create_customer(case)
    await customer.complete_identification()
    await pipeline.inject_fault("sgp", "lost_answer", path=f"/api/ura/{route}/", count=1)

    finish = await customer.run_with_model_output(f"quero {asked}", [(tool, arguments)], "Certo.")

    assert finish.outcome is TurnOutcome.ANSWERED
    result = (await customer.list_tool_calls())[-1][1]
    assert result["ok"] is True
    # The model is asked to tell only what is there to be told.
    lacks = "não informou" in result["orientacao"]
    assert bool(result["protocolo"] or result.get("liberado_ate")) != lacks
    assert [deed["kind"] for deed in await pipeline.load_erp_ledger()] == [kind]


async def test_a_write_of_which_nothing_is_known_is_never_said_to_be_done(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer("suspended")
    await customer.complete_identification()
    await pipeline.inject_fault("sgp", "hang", path="/api/ura/liberacaopromessa/", seconds=3)
    await pipeline.update_settings("erps", timeout_s=0.4)

    finish = await customer.run_with_model_output(
        "quero o desbloqueio", [("desbloqueio_confianca", UNLOCK)]
    )

    assert finish.handoff is not None
    assert finish.handoff.reason == "erp_write_unknown"
    assert await customer.load_status() == ("waiting", "financeiro")
    assert customer.texts[0].startswith("Pedi o desbloqueio ao sistema, mas não recebi")
    assert "CONFERIR NO SISTEMA" in (await customer.load_notes())[0]
    assert await pipeline.load_erp_ledger() == []


@pytest.mark.parametrize(
    ("case", "tool", "arguments", "asked"),
    [
        ("suspended", "desbloqueio_confianca", UNLOCK, "o desbloqueio"),
        ("offline_dark", "abrir_chamado", TICKET, "um chamado"),
    ],
)
async def test_a_second_attempt_tells_what_the_first_one_did(
    pipeline: AssistantPipeline, case: str, tool: str, arguments: dict[str, Any], asked: str
) -> None:
    customer = await pipeline.create_customer(case)
    await customer.complete_identification()
    await pipeline.update_settings(model=STUBBORN, max_steps=1)
    text = f'quero {asked}\nOBEDECE: {{"calls": [{{"name": "{tool}", "arguments": %s}}]}}'
    await customer.write(text % str(arguments).replace("'", '"'))
    dead = await customer.pending_turn()
    await customer.run_turn_without_commit(dead)
    await pipeline.host.run(customer.thread, RestartTurn(TurnId(dead.turn_id), dead.attempt))

    finish = await customer.run_turn()

    assert finish.attempt == 2
    assert len(await pipeline.load_erp_ledger()) == 1
    (deed,) = await pipeline.load_erp_ledger()
    assert deed["protocol"] in customer.texts[0]
    late = await customer.run_turn_without_commit(replace(dead, turn_id=uuid4()))
    assert late.finish.code == "turn_not_current"


async def test_reads_of_a_cancelled_turn_are_used_by_the_next_one(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.say("quero minha fatura")
    await customer.write(customer.cpf)
    cut_short = await customer.run_turn_without_commit()
    asked = await pipeline.count_erp_requests()

    await customer.write("rápido")
    finish = await customer.run_turn()

    assert finish.turn != cut_short.finish.turn
    assert await pipeline.count_erp_requests() == asked == {"/api/ura/consultacliente/": 1}
    assert customer.texts[0].startswith("*MARIA DA SILVA*")
    await customer.say("sim")
    assert (await customer.load_facts())["contract"] == str(customer.contract)


async def test_no_log_line_holds_a_document_a_phone_a_name_or_a_word(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer(name="Mariazinha")
    with structlog.testing.capture_logs() as lines:
        await customer.complete_identification("quero minha fatura por pix, abacaxi")
        await customer.run_with_model_output("abacaxi", says="Seu contrato foi cancelado, abacaxi.")
        await pipeline.forget_identities()
        broken = await pipeline.create_customer()
        await broken.say("abacaxi")
        await pipeline.inject_fault("sgp", "malformed")
        await broken.say(broken.cpf)
        await pipeline.inject_fault("model", "malformed")
        await pipeline.update_settings(**SHORT)
        await (await pipeline.create_customer()).say("abacaxi")

    assert {"tool_used", "text_refused", "turn_without_erp", "turn_without_model"} <= {
        line["event"] for line in lines
    }
    logged = repr(lines).casefold()
    street = customer.subscriber["contracts"][0]["address"].split(",")[0].casefold()
    for secret in (
        customer.cpf,
        customer.phone,
        customer.phone[4:],
        "maria",
        "silva",
        "abacaxi",
        street,
        "000201",
        pipeline.erp_token,
        pipeline.key,
    ):
        assert secret not in logged
    assert MessageKind.TEXT in {each.kind for each in customer.heard}
