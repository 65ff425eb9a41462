"""What a stranger sends harms neither the page nor its layout."""

import base64

import pytest
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

SCRIPT = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
RIGHT_TO_LEFT = "\u202e"
SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" onload="document.title='owned'">
<script>window.top.document.title='owned'</script><foreignObject>{SCRIPT}</foreignObject></svg>"""


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


async def test_html_in_words_and_names_and_files_stays_text(desk: DeskFixture) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    name = f"fatura{RIGHT_TO_LEFT}gnp.{SCRIPT}.html"
    await customer.say(SCRIPT, name=SCRIPT)
    await customer.say("", data=encoded(SVG), mimetype="image/svg+xml", file="desenho.svg")
    await customer.say("", data=encoded(SCRIPT), mimetype="text/html", file=name)
    await customer.say("javascript:alert(1) http://exemplo.com.br/<b>x</b>")
    await user.shows(SCRIPT)
    # The product has renamed what a browser could run.
    await user.shows("desenho_svg.bin")
    assert RIGHT_TO_LEFT not in await user.feed.inner_text()
    await expect(user.feed.get_by_role("link", name="http://exemplo.com.br/")).to_be_visible()
    await expect(user.feed.locator("a[href^='javascript']")).to_have_count(0)
    link = user.feed.get_by_role("link", name="http://exemplo.com.br/")
    assert "noopener" in (await link.get_attribute("rel") or "")

    # A file opens outside the desk, where it can reach nothing of it.
    files = user.feed.get_by_role("link").filter(has_text=".bin")
    await expect(files).to_have_count(2)
    for file in await files.all():
        opened = await user.context.request.get(f"{user.url}{await file.get_attribute('href')}")
        assert opened.headers["content-disposition"].startswith("attachment")
        assert opened.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in opened.headers["content-security-policy"]
    assert "owned" not in await user.page.title()
    assert await user.page.locator("script:not([src]), [onerror], [onload]").count() == 0
    assert await user.overflow() == 0


async def test_a_message_of_60000_characters_is_folded_and_breaks_no_line(
    desk: DeskFixture,
) -> None:
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    await customer.say("W" * 60_000)
    await customer.say("depois do texto enorme")
    await user.shows("depois do texto enorme")
    more = user.button("Ler tudo")
    await expect(more).to_be_visible()
    assert await user.overflow() == 0
    width = await user.feed.evaluate("feed => feed.scrollWidth - feed.clientWidth")
    assert width == 0
    await more.click()
    await expect(user.button("Mostrar menos")).to_have_count(1)
    assert await user.overflow() == 0
