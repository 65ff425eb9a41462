"""The example dashboard in a browser: the demo with a Supabase sandbox, started by the command.

The stack is one of its own, because the other tests run without a mirror.
"""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from niochat.cli.sandbox_client import SandboxClient
from tests.end_to_end.desk.chromium_browser import launch_chromium, require_chromium
from tests.end_to_end.desk.desk_user import AXE, WCAG
from tests.stack_control import CommandLine, StackProcess, run, running, stop

pytestmark = [
    pytest.mark.long,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]

WITHIN_MS = 20_000
"""A generous limit: an idle machine needs one to two seconds, a busy one more."""
OUTAGE_S = 4
CUSTOMER, ANOTHER, NEIGHBOUR = "5581988880101", "5581988880102", "5511988880202"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackProcess]:
    """``scripts/run --detach --supabase sandbox``."""
    require_chromium()
    home = tmp_path_factory.mktemp("supabase") / "home"
    home.mkdir()
    try:
        run(home, "--detach", words=("--supabase", "sandbox"))
        yield running(home)
    finally:
        stop(home)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(stack: StackProcess) -> AsyncIterator[Browser]:
    async with launch_chromium(require_chromium()) as browser:
        yield browser


@asynccontextmanager
async def opened_page(
    browser: Browser, address: str, complaints: list[str], width: int = 1366
) -> AsyncIterator[Page]:
    """A page at ``address`` whose errors are collected."""
    context = await browser.new_context(
        locale="pt-BR",
        timezone_id="America/Recife",
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
    )
    page = await context.new_page()
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(address)
    yield page
    await context.close()


async def is_live(page: Page) -> None:
    await expect(page.locator("#connection")).to_have_attribute(
        "data-state", "live", timeout=WITHIN_MS
    )


async def write(stack: StackProcess, phone: str, text: str, *, neighbour: bool = False) -> None:
    """Write as a customer of the demo provider, or of the other one."""
    name = "NIOCHAT_SANDBOX_NEIGHBOUR_TOKEN" if neighbour else "NIOCHAT_SANDBOX_TOKEN"
    client = SandboxClient(stack.sandbox, stack.environment[name])
    try:
        await client.send_message(phone, text)
    finally:
        await client.close()


def link(stack: StackProcess) -> str:
    return str(stack.environment["NIOCHAT_DEMO_DASHBOARD_URL"])


async def test_a_conversation_is_shown_without_a_reload_and_none_of_another_provider(
    stack: StackProcess, browser: Browser
) -> None:
    complaints: list[str] = []
    async with opened_page(browser, link(stack), complaints) as page:
        await is_live(page)
        assert "nk_" not in page.url, "the key stays neither in the address nor in the history"
        today = page.locator("#conversations-today")
        await expect(today).to_have_text(re.compile(r"^\d+$"), timeout=WITHIN_MS)
        before = int(await today.inner_text())
        messages = page.locator("#messages")

        await write(stack, NEIGHBOUR, "segredo do vizinho", neighbour=True)
        began = time.monotonic()
        await write(stack, CUSTOMER, "quero ver no painel")
        await expect(messages).to_contain_text("quero ver no painel", timeout=WITHIN_MS)
        seconds = time.monotonic() - began
        print(f"shown {seconds:.2f} s after the customer wrote")

        await expect(today).to_have_text(str(before + 1), timeout=WITHIN_MS)
        await expect(page.locator("#conversations li[data-id]").first).to_contain_text(
            "Com IA", timeout=WITHIN_MS
        )
        await neighbour_is_mirrored(stack)
        await page.reload()
        await is_live(page)
        await expect(messages).to_contain_text("quero ver no painel", timeout=WITHIN_MS)
        assert "segredo do vizinho" not in await page.content()
        await expect(today).to_have_text(str(before + 1), timeout=WITHIN_MS)
    assert complaints == []


async def neighbour_is_mirrored(stack: StackProcess) -> None:
    """Returns once the project has the message of the other provider."""
    said = await CommandLine(stack.home)("supabase", "check", "--tenant", "vizinho", "--repair")
    assert "no difference" in said.out
    async with httpx.AsyncClient(
        base_url=stack.environment["NIOCHAT_SUPABASE_URL"], trust_env=False
    ) as http:
        key = stack.environment["NIOCHAT_SUPABASE_KEY"]
        told = await http.get(
            "/rest/v1/mensagens",
            params={"select": "content", "content": "eq.segredo do vizinho"},
            headers={"apikey": key},
        )
    assert told.json() == [{"content": "segredo do vizinho"}]


async def test_after_an_outage_of_the_project_the_page_catches_up(
    stack: StackProcess, browser: Browser
) -> None:
    complaints: list[str] = []
    async with opened_page(browser, link(stack), complaints) as page:
        await is_live(page)
        async with httpx.AsyncClient(
            base_url=stack.environment["NIOCHAT_SUPABASE_URL"], trust_env=False
        ) as http:
            told = await http.post("/sandbox/outage", json={"seconds": OUTAGE_S})
            assert told.is_success, told.text
        await expect(page.locator("#connection")).to_have_attribute(
            "data-state", "lost", timeout=WITHIN_MS
        )
        began = time.monotonic()
        await write(stack, ANOTHER, "escrito durante a queda")

        await expect(page.locator("#messages")).to_contain_text(
            "escrito durante a queda", timeout=90_000
        )
        await is_live(page)
        seconds = time.monotonic() - began
        print(f"caught up {seconds:.2f} s after the message, {OUTAGE_S} s of outage included")
        await write(stack, ANOTHER, "e de novo ao vivo")
        await expect(page.locator("#messages")).to_contain_text(
            "e de novo ao vivo", timeout=WITHIN_MS
        )
    assert all("ERR_CONNECTION_REFUSED" in said or "WebSocket" in said for said in complaints), (
        complaints
    )


async def test_somebody_without_a_key_is_asked_for_one_and_a_wrong_one_is_refused(
    stack: StackProcess, browser: Browser
) -> None:
    complaints: list[str] = []
    address = link(stack).partition("#")[0]
    async with opened_page(browser, address, complaints) as page:
        field = page.get_by_label("Chave de API ou token de acesso")
        await field.fill("nk_wrong")
        await page.get_by_role("button", name="Abrir").click()
        await expect(page.get_by_role("alert")).to_contain_text("não foi aceita")
        assert await page.evaluate("sessionStorage.length") == 0
        await page.get_by_role("button", name="EN").click()
        await expect(page.get_by_label("API key or access token")).to_be_visible()
    assert all("401" in said for said in complaints), complaints


@pytest.mark.parametrize("width", [360, 1366])
async def test_the_page_fits_and_is_accessible(
    stack: StackProcess, browser: Browser, width: int
) -> None:
    complaints: list[str] = []
    async with opened_page(browser, link(stack), complaints, width) as page:
        await is_live(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme)
            await page.evaluate(AXE.read_text(encoding="utf-8"))
            found = await page.evaluate(
                "tags => axe.run({runOnly: tags}).then(done => done.violations)", list(WCAG)
            )
            assert [each["id"] for each in found] == [], json.dumps(found)[:2000]
    assert complaints == []


async def test_the_link_is_no_part_of_the_log(stack: StackProcess) -> None:
    log: Path = stack.home / "log" / "up.log"
    assert "nk_" not in log.read_text(encoding="utf-8")
