"""From the assistant to a person, and what that person's answers are on the customer's phone."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.outbox.outbox_harness import PNG
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]


async def test_a_takeover_in_the_middle_of_a_turn_silences_the_assistant_and_answers_arrive(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")
    customer = desk.customer()
    await desk.hold_model()
    await customer.say("minha internet está lenta")
    await customer.turn_runs()
    conversation = await desk.conversation_of(customer)
    await user.open_conversation(conversation["id"])
    await user.take_over()
    await desk.product.clear_faults()

    await user.send("Olá, aqui é a Ana. Já estou olhando.")
    await desk.received(customer, "Olá, aqui é a Ana. Já estou olhando.")
    await expect(user.composer).to_have_value("")

    await user.page.locator("[data-composer-files]").set_input_files(
        {"name": "mapa.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(user.page.get_by_role("list", name="Arquivos a enviar")).to_contain_text(
        "mapa.png"
    )
    await user.send("é aqui")
    picture = await desk.received(customer, "é aqui")
    assert picture["file"]["sha256"] == sha256(PNG).hexdigest()
    await expect(user.feed.get_by_role("img", name="é aqui")).to_be_visible()

    assert await customer.column("turns", "status") == ["cancelled"]
    assert len(await customer.heard()) == 2
    await user.button("Encerrar").click()
    await expect(user.page.get_by_text("Atendimento encerrado.")).to_be_visible()
    await customer.shows("conversations", "status", "resolved")


async def test_a_recording_arrives_as_a_voice_note(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    await user.button("Gravar mensagem de voz").click()
    await user.button("Enviar mensagem de voz").click()

    async def voice() -> list[dict[str, Any]]:
        return [each for each in await customer.phone_shows() if each["kind"] == "ptt"]

    (note,) = await wait_until(voice)
    assert note["file"]["mimetype"].startswith("audio/ogg")
    await expect(user.feed.get_by_role("button", name="Ouvir").first).to_be_visible()


async def test_a_send_that_a_reload_interrupted_arrives_once(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    user.allowed.append("net::ERR_")
    await user.composer.fill("rascunho que fica")
    # The request leaves, and its answer never comes to the page.
    posted: list[str] = []

    async def swallow(route: Route) -> None:
        await route.fetch()
        posted.append("sent")

    await user.page.route(re.compile(r"/conversations/[^/]+/messages$"), swallow)
    await user.send("não me mande duas vezes")
    await wait_until(lambda: posted)
    await user.page.unroute(re.compile(r"/conversations/[^/]+/messages$"))
    await user.page.reload()
    await desk.received(customer, "não me mande duas vezes")
    await user.shows("não me mande duas vezes")
    await expect(user.feed.locator("[data-row=outbox]")).to_have_count(0)
    await expect(user.feed.get_by_text("não me mande duas vezes")).to_have_count(1)
    assert (await customer.heard()).count("não me mande duas vezes") == 1


async def test_a_draft_is_still_there_after_a_reload(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    await desk.taken_over(user)
    await user.composer.fill("vou verificar com o técnico e")
    await user.page.reload()
    await expect(user.composer).to_have_value("vou verificar com o técnico e")
    await user.composer.fill("")


async def test_a_conversation_is_transferred_with_a_note(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    await user.button("Transferir…").click()
    dialog = user.page.get_by_role("dialog", name="Transferir conversa")
    await dialog.get_by_role("combobox").first.click()
    await user.page.get_by_role("option", name=re.compile("^Suporte técnico")).click()
    await dialog.get_by_label("Nota").fill("Já reiniciou o roteador duas vezes.")
    await dialog.get_by_role("button", name="Transferir").click()
    await expect(dialog).to_have_count(0)
    await customer.shows("conversations", "team", "suporte")

    colleague = await desk.sign_in("admin")
    conversation = await desk.conversation_of(customer)
    await colleague.open_conversation(conversation["id"])
    await colleague.shows("Já reiniciou o roteador duas vezes.")
    await colleague.shows(re.compile("transferiu para Suporte técnico"))
    assert await customer.heard() == []


async def test_a_snoozed_conversation_returns_when_the_customer_writes(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    await user.button("Adiar").click()
    await user.page.get_by_role("menuitem", name="Até o cliente responder").click()
    await expect(user.page.get_by_text(re.compile("^Adiada até"))).to_be_visible()
    await customer.shows("conversations", "status", "snoozed")
    await customer.say("voltei")
    await user.shows("voltei")
    await expect(user.page.get_by_text("Você está atendendo.")).to_be_visible()


async def test_a_snoozed_conversation_returns_at_its_time(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    conversation = await desk.conversation_of(customer)
    api = await desk.api("agent")
    until = (datetime.now(UTC) + timedelta(seconds=8)).isoformat()
    snoozed = await api.post(f"/conversations/{conversation['id']}/snooze", json={"until": until})
    assert snoozed.is_success, snoozed.text
    await expect(user.page.get_by_text(re.compile("^Adiada até"))).to_be_visible()
    await expect(user.page.get_by_text("Você está atendendo.")).to_be_visible()
    await customer.shows("conversations", "status", "open")
