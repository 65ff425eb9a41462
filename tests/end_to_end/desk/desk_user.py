"""Somebody who works at the desk: a browser context, its page, and what it complained about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page, expect

CHECKOUT = Path(__file__).parents[3]
AXE = CHECKOUT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
WAIT_MS = 30_000
PHONE = {"width": 360, "height": 740}
LAPTOP = {"width": 1366, "height": 768}


@dataclass
class DeskUser:
    """A signed-in (or not yet signed-in) user. ``allowed``: complaints that a test expects."""

    name: str
    url: str
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Collect everything that must never happen on a screen."""
        page, complaints = self.page, self.complaints
        page.on(
            "console",
            lambda said: (
                complaints.append(f"console: {said.text} ({said.location['url']})")
                if said.type == "error"
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((self.url, "data:", "blob:"))
                else complaints.append(f"request to another address: {request.url}")
            ),
        )

    def unexpected(self) -> list[str]:
        """The complaints that the test did not expect."""
        return [each for each in self.complaints if not any(a in each for a in self.allowed)]

    async def goto(self, path: str) -> None:
        await self.page.goto(f"{self.url}{path}")

    async def open_conversation(self, conversation: object) -> None:
        """Open its address, and return once its messages are shown and the line is open."""
        await self.goto(f"/atendimentos/{conversation}")
        await expect(self.feed).to_be_visible()
        await self.link_is("connected")

    async def link_is(self, state: str) -> None:
        """Returns once the mark of the connection shows ``state``."""
        mark = self.page.locator("[data-link]").first
        await expect(mark).to_have_attribute("data-link", state)

    async def has_shortcuts(self) -> None:
        """Returns once the keyboard works; that part of the page is loaded after what is seen."""
        await expect(self.page.locator("html")).to_have_attribute("data-shortcuts", "on")

    @property
    def feed(self) -> Locator:
        """The messages of the open conversation."""
        return self.page.get_by_role("feed", name="Mensagens do atendimento")

    @property
    def composer(self) -> Locator:
        """Where the user writes."""
        return self.page.get_by_role("region", name="Escrever").get_by_role("combobox")

    @property
    def conversations(self) -> Locator:
        """The list of the inbox."""
        return self.page.get_by_role("navigation", name="Lista de atendimentos")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def send(self, text: str) -> None:
        """Write to the customer and press the button."""
        await self.composer.fill(text)
        await self.button("Enviar").click()

    async def take_over(self) -> None:
        await self.page.get_by_role("button", name="Assumir", exact=True).first.click()
        await expect(self.page.get_by_text("Você está atendendo.")).to_be_visible()

    async def shows(self, text: str | re.Pattern[str]) -> Locator:
        """The message with ``text``, once it is shown."""
        found = self.feed.get_by_text(text).first
        await expect(found).to_be_visible()
        return found

    async def axe_findings(self) -> list[str]:
        """What the page does that WCAG 2.2 AA forbids, as lines to read."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(AXE.read_text(encoding="utf-8") + ";0")
        found = await self.page.evaluate(
            "tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", list(WCAG)
        )
        assert found["passes"], "axe has looked at nothing"
        return [
            f"{rule['id']}: {node['target']} {node['html']} {node['failureSummary']}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(
            await self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )


def assert_no_complaints(users: Sequence[DeskUser]) -> None:
    """No console error, no violation of the CSP, no dialog, no foreign address: on any screen."""
    found = {user.name: user.unexpected() for user in users if user.unexpected()}
    assert not found, found
