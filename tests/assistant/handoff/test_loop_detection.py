"""Conversations that go round end: another machine, too many turns, too dear."""

from collections.abc import Sequence

import pytest

from niochat.assistant.handoff.loop_detection import (
    TimedCustomerMessage,
    group_replies,
    is_automated,
)
from niochat.domain.conversation.commands import ReturnConversationToAssistant
from niochat.domain.message import Author
from tests.assistant.assistant_pipeline import AssistantPipeline
from tests.builders import insert_commands

pytestmark = pytest.mark.timeout(60)
AWAY = "Olá! Nosso atendimento é das 8h às 18h. Em breve retornaremos."
LONG_AGO = float("-inf")


def back(*texts: str, after_s: float = 20.0, begins: float = 0.0) -> list[TimedCustomerMessage]:
    return [TimedCustomerMessage(text, begins + n * 30.0, after_s) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("said", "machine"),
    [
        (back(AWAY, AWAY, AWAY), True),
        (back("quero minha fatura agora", AWAY, AWAY, AWAY), True),
        (back(AWAY, AWAY), False),
        (back(AWAY, "ok", AWAY, AWAY), False),
        (back("sim", "sim", "sim", "sim"), False),
        (back(*["1"] * 5), True),
        (back(*(f"mensagem número {n} de muitas" for n in range(8)), after_s=0.2), True),
        (back(*(f"mensagem número {n} de muitas" for n in range(7)), after_s=0.2), False),
        (back(*(f"mensagem número {n} de muitas" for n in range(9)), after_s=9.0), False),
        (back(*["oi", "sim", "não", "pix", "ok", "beleza", "isso", "valeu"], after_s=0.2), False),
        ([], False),
    ],
)
def test_a_machine_repeats_itself_or_is_faster_than_anybody_types(
    said: Sequence[TimedCustomerMessage], machine: bool
) -> None:
    assert is_automated(said, LONG_AGO) is machine


def test_while_tools_find_out_something_new_it_goes_forward() -> None:
    said = back(AWAY, AWAY, AWAY)
    assert not is_automated(said, last_progress_at=said[0].at + 1)
    assert is_automated(said, last_progress_at=said[0].at - 1)


def test_several_messages_in_a_row_are_one_round() -> None:
    customer, ours = str(Author.CUSTOMER), str(Author.ASSISTANT)
    said = [
        (customer, "Oi", 0.0),
        (ours, "Olá!", 1.0),
        (ours, "Tudo bem?", 1.0),
        (customer, "TUDO", 3.0),
        (customer, "e você?", 9.0),
        (ours, "Também.", 10.0),
        (customer, "Ótimo", 10.5),
    ]

    assert [(each.text, each.at, each.delay_s) for each in group_replies(said)] == [
        ("oi", 0.0, float("inf")),
        ("tudo e voce?", 3.0, 2.0),
        ("otimo", 10.5, 0.5),
    ]


@pytest.mark.asyncio
async def test_two_machines_talk_three_times_and_then_people_have_it(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    for _ in range(2):
        await customer.say(AWAY)
        assert await customer.load_status() == ("pending", None)

    finish = await customer.say(AWAY)

    assert finish.handoff is not None
    assert finish.handoff.reason == "bot_loop"
    assert finish.tokens_in == 0, "nobody paid for it"
    (said,) = customer.texts
    assert "automáticas" in said
    assert "Protocolo" in said
    assert (await customer.load_status())[0] == "waiting"
    (note,) = await customer.load_notes()
    assert note.startswith("As mensagens se repetem")


@pytest.mark.asyncio
async def test_the_same_wish_that_brings_nothing_new_goes_round_too(
    pipeline: AssistantPipeline,
) -> None:
    customer = await pipeline.create_customer()
    await customer.complete_identification("oi")
    text = "Por favor, me informe se a minha internet está conectada."
    reasons = []
    for _ in range(5):
        finish = await customer.say(text)
        reasons.append(finish.handoff.reason if finish.handoff else "")
        if finish.handoff:
            break

    assert reasons[-1] == "bot_loop"
    assert len(reasons) > 2, "the first answer found out something"


@pytest.mark.asyncio
async def test_turns_within_an_hour_are_counted_from_rows(pipeline: AssistantPipeline) -> None:
    await pipeline.given.admin.execute(
        "UPDATE tenants SET policy = policy || '{\"turns_per_hour\": 3}'"
    )
    customer = await pipeline.create_customer()
    for text in ("bom dia", "vocês atendem em Olinda?"):
        await customer.say(text)
    await pipeline.given.admin.execute(
        "UPDATE turns SET started_at = started_at - interval '61 min' WHERE id ="
        " (SELECT id FROM turns ORDER BY started_at LIMIT 1)"
    )
    for text in ("e em Paulista?", "tá"):
        assert (await customer.say(text)).handoff is None

    finish = await customer.say("qual o horário da loja?")

    assert finish.handoff is not None
    assert finish.handoff.reason == "turn_limit"
    assert (finish.tokens_in, len(customer.texts)) == (0, 1)


@pytest.mark.asyncio
async def test_who_is_given_back_to_the_assistant_is_counted_anew(
    pipeline: AssistantPipeline,
) -> None:
    await pipeline.given.admin.execute(
        "UPDATE tenants SET policy = policy || '{\"turns_per_hour\": 2}'"
    )
    customer = await pipeline.create_customer()
    for text in ("bom dia", "vocês atendem em Olinda?", "e em Paulista?"):
        finish = await customer.say(text)
    assert finish.handoff is not None
    await insert_commands(
        pipeline.host, pipeline.place, customer.thread, [ReturnConversationToAssistant("ana")]
    )
    await pipeline.host.run(customer.thread)

    for text in ("e em Igarassu?", "tá bom"):
        assert (await customer.say(text)).handoff is None
    assert (await customer.say("e no Recife?")).handoff is not None


@pytest.mark.asyncio
async def test_what_a_conversation_costs_within_an_hour_is_capped(
    pipeline: AssistantPipeline,
) -> None:
    await pipeline.update_settings(price_in=1000, price_out=1000)
    await pipeline.given.admin.execute(
        "UPDATE tenants SET policy = policy || '{\"cost_per_hour\": 0.5}'"
    )
    customer = await pipeline.create_customer()
    spent = (await customer.say("bom dia")).cost
    assert spent > 0.5

    finish = await customer.say("e aí?")

    assert finish.handoff is not None
    assert finish.handoff.reason == "cost_limit"


@pytest.mark.asyncio
async def test_no_cap_is_set_where_the_tenant_wants_none(pipeline: AssistantPipeline) -> None:
    await pipeline.update_settings(price_in=1000, price_out=1000)
    await pipeline.given.admin.execute(
        'UPDATE tenants SET policy = policy || \'{"turns_per_hour": 0, "cost_per_hour": 0}\''
    )
    customer = await pipeline.create_customer()
    for text in ("bom dia", "vocês atendem em Olinda?", "e em Paulista?"):
        assert (await customer.say(text)).handoff is None
