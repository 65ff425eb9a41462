"""The page of reports: the API's figures, the conversations behind them, and the file."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pypdf
import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.end_to_end.desk.desk_user import DeskUser
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

COUNTS = ("conversations", "resolved", "reopened")
SHARE = "assistant_share"
A_CPF = "318.259.933-00"
"""Of a subscriber in the simulated ERP."""


async def query(api: httpx.AsyncClient, **parameters: str) -> list[dict[str, Any]]:
    """Rows of a report of the last seven days."""
    found = await api.get("/reports/query", params=parameters)
    assert found.status_code == 200, found.text
    rows: list[dict[str, Any]] = found.json()["rows"]
    return rows


async def served(desk: DeskFixture) -> Any:
    """A conversation that the reports have."""
    customer = desk.customer()
    api = await desk.api("admin")
    (before,) = await query(api, metric="conversations")
    await customer.say("minha internet está lenta")
    conversation = await desk.conversation_of(customer)

    async def is_counted() -> bool:
        (row,) = await query(api, metric="conversations")
        return bool(row["values"]["conversations"] > before["values"]["conversations"])

    await wait_until(is_counted)
    return conversation


async def shown(user: DeskUser, metric: str) -> str:
    """The value on the card of a metric."""
    card = user.page.locator(f"[data-metric={metric}]")
    return await card.locator(".text-figure").inner_text()


def written(value: float | None, digits: int = 0) -> str:
    """A number as the page writes it in Portuguese."""
    if value is None:
        return "–"
    text = f"{value:,.{digits}f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    return text.removesuffix(",0")


async def test_the_overview_shows_what_the_api_says(desk: DeskFixture) -> None:
    await served(desk)
    user, api = await desk.sign_in("admin"), await desk.api("admin")
    metrics = ",".join((*COUNTS, SHARE))

    async def is_same() -> bool:
        """Others write meanwhile: a page counts if the API says the same before and after it."""
        (before,) = await query(api, metric=metrics)
        await user.goto("/relatorios")
        await expect(user.page.locator("[data-metric=conversations]")).to_be_visible()
        (after,) = await query(api, metric=metrics)
        if before["values"] != after["values"]:
            return False
        values = after["values"]
        expected = {name: written(values[name]) for name in COUNTS}
        share = values[SHARE]
        expected[SHARE] = written(share, 1) + ("" if share is None else "%")
        assert {name: await shown(user, name) for name in expected} == expected
        return True

    await wait_until(is_same, 60)


async def test_a_value_opens_its_conversations(desk: DeskFixture) -> None:
    conversation = await served(desk)
    user = await desk.sign_in("admin")
    await user.goto("/relatorios?aba=canais&periodo=hoje")
    table = user.page.get_by_role("table", name="Canais")
    await table.get_by_role("button", name=re.compile(", Atendimentos: ")).first.click()
    sheet = user.page.get_by_role("dialog", name=re.compile("^Atendimentos: "))
    await sheet.locator(f"a[href$='{conversation['id']}']").click()
    await expect(user.page).to_have_url(re.compile(f"/atendimentos/{conversation['id']}"))


async def test_why_customers_wrote_and_what_arrived(desk: DeskFixture) -> None:
    customer, api = desk.customer(), await desk.api("admin")
    await customer.say(f"minha internet está lenta, meu cpf é {A_CPF}")
    conversation = await desk.conversation_of(customer)
    reason = {"metric": "conversations", "group_by": "contact_reason"}

    async def is_known() -> bool:
        found = await api.get("/reports/conversations", params={**reason, "key": "slow_internet"})
        return str(conversation["id"]) in [each["id"] for each in found.json()["items"]]

    await wait_until(is_known, 60)
    user = await desk.sign_in("admin")
    await user.goto("/relatorios?aba=contatos&periodo=hoje&comparar=nao")
    table = user.page.get_by_role("table", name="Motivos de contato")
    await table.get_by_role("button", name=re.compile("^Internet lenta, Atendimentos: ")).click()
    sheet = user.page.get_by_role("dialog", name=re.compile("^Atendimentos: "))
    await expect(sheet.locator(f"a[href$='{conversation['id']}']")).to_be_visible()

    await user.goto("/relatorios?aba=entregas&periodo=hoje&comparar=nao")
    await user.page.get_by_role("combobox", name="Agrupar por").click()
    await user.page.get_by_role("option", name="Enviada por").click()
    row = user.page.get_by_role("row", name=re.compile("^IA "))
    sent = row.get_by_role("button", name=re.compile("Mensagens enviadas: "))
    await expect(sent).to_have_text(re.compile(r"[1-9]"))


async def test_the_address_has_what_is_chosen(desk: DeskFixture) -> None:
    await served(desk)
    user = await desk.sign_in("admin")
    await user.goto("/relatorios")
    await user.page.get_by_role("tab", name="Atendentes").click()
    await user.page.get_by_role("combobox", name="Período").click()
    await user.page.get_by_role("option", name="Últimos 30 dias").click()
    await user.page.get_by_role("switch", name="Só horário comercial").click()
    await expect(user.page).to_have_url(
        re.compile(r"aba=atendentes&periodo=30d&horario=comercial$")
    )
    await user.page.reload()
    await expect(user.page.get_by_role("tab", name="Atendentes")).to_have_attribute(
        "aria-selected", "true"
    )
    await expect(user.page.get_by_role("combobox", name="Período")).to_have_text("Últimos 30 dias")
    await expect(user.page.get_by_role("switch", name="Só horário comercial")).to_be_checked()


async def test_a_metric_says_how_it_is_computed(desk: DeskFixture) -> None:
    await served(desk)
    user, api = await desk.sign_in("admin"), await desk.api("admin")
    metrics = {each["name"]: each for each in (await api.get("/reports/metrics")).json()}
    await user.goto("/relatorios")
    label = metrics["resolved"]["label"]["pt"]
    await user.page.get_by_role("button", name=f"{label}: como é calculado").click()
    definition = metrics["resolved"]["definition"]["pt"]
    await expect(user.page.get_by_role("dialog").get_by_text(definition)).to_be_visible()


async def downloaded(user: DeskUser, entry: str) -> bytes:
    """The file that an entry of the menu downloads."""
    await user.button("Baixar").click()
    async with user.page.expect_download() as started:
        await user.page.get_by_role("menuitem", name=entry, exact=True).click()
    download = await started.value
    assert re.fullmatch(r"canais(-\d{4}-\d\d-\d\d){2}\.(csv|xlsx|pdf)", download.suggested_filename)
    return Path(await download.path()).read_bytes()


async def test_the_files_have_the_rows_of_the_table(desk: DeskFixture) -> None:
    await served(desk)
    user = await desk.sign_in("admin")
    await user.goto("/relatorios?aba=canais&comparar=nao")
    table = user.page.get_by_role("table", name="Canais")
    await expect(table).to_be_visible()
    names = await table.locator("tbody th").all_inner_texts()

    text = (await downloaded(user, "CSV")).decode("utf-8-sig")
    lines = text.splitlines()
    assert lines[0].startswith("Canal;Atendimentos;Encerrados;")
    assert [line.split(";")[0] for line in lines[1:]] == names

    pages = pypdf.PdfReader(io.BytesIO(await downloaded(user, "PDF"))).pages
    document = "\n".join(page.extract_text() for page in pages)
    assert all(name in document for name in names)
    assert (await downloaded(user, "Excel (XLSX)")).startswith(b"PK")


async def test_the_conversations_behind_a_value_become_a_file(desk: DeskFixture) -> None:
    await served(desk)
    user = await desk.sign_in("admin")
    await user.goto("/relatorios?aba=canais&comparar=nao")
    table = user.page.get_by_role("table", name="Canais")
    await table.get_by_role("button", name=re.compile(r", Atendimentos: \d")).first.click()
    async with user.page.expect_download() as started:
        await user.button("Baixar CSV").click()
    download = await started.value
    lines = Path(await download.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("Protocolo;Situação;")
    assert len(lines) > 1


async def test_a_workbook_is_made_in_the_background_and_a_notice_offers_it(
    desk: DeskFixture,
) -> None:
    conversation = await served(desk)
    user, api = await desk.sign_in("admin"), await desk.api("admin")
    await user.goto("/relatorios?aba=canais&comparar=nao")
    await user.button("Baixar").click()
    await user.page.get_by_role("menuitem", name="Atendimentos (Excel)").click()
    await expect(user.page.get_by_text("A exportação está pronta")).to_be_visible()
    async with user.page.expect_download() as started:
        await user.page.locator("[data-sonner-toast]").get_by_role("button", name="Baixar").click()
    download = await started.value
    assert re.fullmatch(r"atendimentos-\d{4}-\d\d-\d\d\.xlsx", download.suggested_filename)
    with zipfile.ZipFile(await download.path()) as archive:
        content = "".join(
            archive.read(name).decode() for name in archive.namelist() if name.endswith(".xml")
        )
    shown = (await api.get(f"/conversations/{conversation['id']}")).json()
    assert shown["protocol"] in content

    await user.goto("/relatorios?exportacoes=abertas")
    dialog = user.page.get_by_role("dialog", name="Exportações")
    row = dialog.get_by_role("listitem").first
    await expect(row).to_contain_text(re.compile(r"Atendimentos, .* · Excel \(XLSX\)"))
    await expect(row).to_contain_text("Pronta")
    assert await user.axe_findings() == []
    (job,) = (await api.get("/reports/exports", params={"limit": 1})).json()["items"]
    assert job["state"] == "done"
    await row.get_by_role("button", name=re.compile("^Excluir a exportação de ")).click()

    async def removed() -> bool:
        listed = (await api.get("/reports/exports")).json()["items"]
        return all(each["id"] != job["id"] for each in listed)

    await wait_until(removed)


async def test_a_report_is_scheduled_and_its_mail_waits_to_be_sent(desk: DeskFixture) -> None:
    await served(desk)
    user = await desk.sign_in("admin")
    api = await desk.api("admin")
    await user.goto("/relatorios?aba=canais&comparar=nao")
    await user.button("Baixar").click()
    await user.page.get_by_role("menuitem", name="Enviar por e-mail…").click()
    dialog = user.page.get_by_role("dialog", name="Enviar por e-mail")
    await user.button("Agendar").click()
    await expect(dialog.get_by_text("Informe de 1 a 10 endereços.")).to_be_visible()
    name = f"Canais {uuid4().hex[:6]}"
    await dialog.get_by_label("Nome").fill(name)
    await dialog.get_by_label("Para").fill("dono@example.com, ana@example.com")
    await user.button("Agendar").click()
    await expect(dialog.get_by_text(name)).to_be_visible()
    assert await user.axe_findings() == []
    (schedule,) = [s for s in (await api.get("/report-schedules")).json() if s["name"] == name]
    assert (schedule["group_by"], schedule["metrics"][0]) == ("channel", "conversations")

    await user.button(f"Enviar {name} agora").click()

    async def sent() -> bool:
        found = (await api.get("/report-schedules")).json()
        return any(each["id"] == schedule["id"] and each["sent_at"] for each in found)

    await wait_until(sent)
    await user.button(f"Excluir {name}").click()
    await user.button("Excluir").click()
    await expect(dialog.get_by_text(name)).to_have_count(0)
