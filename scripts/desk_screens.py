"""Screenshots of every screen, in both themes, on a desk and on a phone."""

from __future__ import annotations

import argparse
import base64
import re
from collections.abc import Callable
from pathlib import Path

from desk_demo_data import ANA, MARIA, DemoDay
from desk_tools import CHECKOUT, DemoStack, chromium
from playwright.sync_api import Page

SIZES = {"": (1366, 768), "-phone": (360, 740)}
"""By what a picture's name says of the device."""
QUALITY = 82
Step = Callable[[Page], None]


def main() -> None:
    """Fill the demo provider with a day's work, unless ``--keep``, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="the data is there already")
    parser.add_argument("--only", default="", help="a part of the names of the screens")
    parser.add_argument("--to", type=Path, default=CHECKOUT / "docs" / "screens")
    options = parser.parse_args()
    stack = DemoStack()
    day = DemoDay(stack)
    options.to.mkdir(exist_ok=True)
    with chromium() as browser:
        # Whoever has no desk open is absent soon, and the conversations go back to the queue.
        for role in ("admin", "agent"):
            open_page(stack.sign_in(browser, role, size=SIZES[""]).new_page(), "/perfil", "h2")
        if not options.keep:
            day.fill()
        listed = list_screens(day).items()
        screens = {name: step for name, step in listed if options.only in name}
        for theme in ("light", "dark"):
            for device, size in SIZES.items():
                context = stack.sign_in(browser, "admin", theme=theme, size=size)
                visitor = browser.new_context(
                    base_url=stack.url,
                    viewport={"width": size[0], "height": size[1]},
                    color_scheme="dark" if theme == "dark" else "light",
                    locale="pt-BR",
                    bypass_csp=True,
                )
                for name, step in screens.items():
                    page = (visitor if name == "sign-in" else context).new_page()
                    step(page)
                    picture = options.to / f"{name}{device}-{theme}.webp"
                    picture.write_bytes(take_picture(page))
                    page.close()
                    print(picture.name, picture.stat().st_size // 1000, "kB", flush=True)
                context.close()
                visitor.close()


def list_screens(day: DemoDay) -> dict[str, Step]:
    """What to do until a screen is ready, by its name."""
    ana, maria = (f"/atendimentos/{day.conversation(who)['id']}" for who in (ANA, MARIA))
    contact = day.conversation(ANA)["contact_id"]
    return {
        "sign-in": lambda page: open_page(page, "/entrar", "form"),
        "list": lambda page: open_page(page, "/atendimentos?aba=all", "[data-row-id]"),
        "inbox": lambda page: open_page(page, f"{ana}?aba=all", "[data-message]"),
        "assistant": lambda page: show_assistant(page, f"{maria}?aba=all"),
        "transfer": lambda page: choose(page, f"{ana}?aba=all", "Transferir…"),
        "history": lambda page: choose(page, f"{ana}?aba=all", "Histórico"),
        "commands": lambda page: press(page, f"{ana}?aba=all", "Control+k"),
        "shortcuts": lambda page: press(page, "/atendimentos?aba=all", "Control+/"),
        "board": lambda page: open_page(page, "/quadro", "[data-row-id]"),
        "contacts": lambda page: open_page(page, "/contatos", "#content bdi"),
        "contact": lambda page: open_page(page, f"/contatos/{contact}", "#content h2"),
        "search": lambda page: open_page(page, "/busca?q=internet", "#content a"),
        "profile": lambda page: open_page(page, "/perfil", "#content h2"),
        "dashboard": lambda page: open_page(page, "/painel", "[data-metric]"),
        "wall": lambda page: open_page(page, "/painel?wall=1", "[data-metric]"),
        "reports": lambda page: open_page(page, "/relatorios?periodo=30d", "[data-metric]"),
        "report-days": lambda page: open_report(page, "atendimentos"),
        "report-agents": lambda page: open_report(page, "atendentes"),
        "report-assistant": lambda page: open_page(
            page, "/relatorios?aba=ia&periodo=30d", "[data-metric]"
        ),
        "report-contact-reasons": lambda page: open_report(page, "contatos"),
        "report-deliveries": lambda page: open_report(page, "entregas"),
        "report-people": show_ai_and_people,
        "report-ratings": lambda page: open_page(
            page, "/relatorios?aba=avaliacoes&periodo=30d", ".text-figure"
        ),
        "report-times": lambda page: open_report(page, "horarios"),
        "report-sla": lambda page: open_report(page, "sla"),
        "report-mail": show_report_mail,
        "sla": lambda page: open_page(page, "/sla", "#content section li"),
        "alerts": lambda page: open_page(page, "/alertas", "#content section li"),
        "follow-ups": lambda page: open_page(page, "/recuperacao", "#content h2"),
        "supabase": lambda page: open_page(page, "/supabase", "#content form"),
    }


def open_page(page: Page, path: str, ready: str) -> None:
    page.goto(path)
    page.locator(ready).first.wait_for()
    settle(page)


def open_report(page: Page, tab: str) -> None:
    """A tab of the reports that has a table."""
    open_page(page, f"/relatorios?aba={tab}&periodo=30d", "#content table")


def show_ai_and_people(page: Page) -> None:
    """The table below the charts of the assistant's report."""
    open_report(page, "ia")
    page.get_by_role("table").last.scroll_into_view_if_needed()
    settle(page)


def show_report_mail(page: Page) -> None:
    """The dialog that sends a report by e-mail."""
    open_report(page, "canais")
    page.get_by_role("button", name="Baixar", exact=True).click()
    page.get_by_role("menuitem", name="Enviar por e-mail").click()
    page.get_by_role("dialog").wait_for()
    settle(page)


def show_assistant(page: Page, path: str) -> None:
    """The assistant's last message with its tool calls opened."""
    open_page(page, path, "[data-message]")
    calls = page.get_by_role("feed").get_by_role("button", name=re.compile("consulta"))
    calls.last.click()
    settle(page)


def choose(page: Page, path: str, entry: str) -> None:
    """An entry of the menu of the conversation."""
    open_page(page, path, "[data-message]")
    page.get_by_role("main").get_by_role("button", name="Mais", exact=True).click()
    page.get_by_role("menuitem", name=entry).click()
    page.get_by_role("dialog").wait_for()
    settle(page)


def press(page: Page, path: str, keys: str) -> None:
    open_page(page, path, "[data-row-id], [data-message]")
    page.locator("html[data-shortcuts=on]").wait_for()
    page.keyboard.press(keys)
    page.get_by_role("dialog").wait_for()
    settle(page)


def settle(page: Page) -> None:
    """Fonts and pictures are there, and nothing loads any more."""
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_function(
        "!document.querySelector('.animate-pulse, .animate-appear.bg-hover, [aria-busy=true]')"
        " && [...document.images].every(each => each.complete)"
    )
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def take_picture(page: Page) -> bytes:
    """A WebP, which Playwright itself cannot write."""
    session = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    return base64.b64decode(shot["data"])


if __name__ == "__main__":
    main()
