"""A rating from the phone to the screens: the thread, the list and the dashboard move by
themselves.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.end_to_end.desk.conftest import DeskFixture
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(240)]

SOON = {"after_s": 10, "quiet_from": "00:00", "quiet_until": "00:00", "request_text": "Como foi?"}
"""The demo asks after 90 s, and not in the night."""
USUAL = {"after_s": 90, "quiet_from": "21:00", "quiet_until": "08:00"}


@pytest_asyncio.fixture
async def soon_rated(desk: DeskFixture) -> AsyncIterator[None]:
    async def change(ratings: Mapping[str, Any]) -> None:
        api = await desk.api("admin")
        etag = (await api.get("/settings")).headers["etag"]
        told = await api.patch(
            "/settings", json={"policy": {"ratings": ratings}}, headers={"if-match": etag}
        )
        assert told.status_code == 200, told.text

    await change(SOON)
    yield
    await change(USUAL)


async def test_a_rating_appears_in_thread_list_and_dashboard_without_a_reload(
    desk: DeskFixture, soon_rated: None
) -> None:
    board = await desk.sign_in("admin")
    await board.goto("/painel")
    await board.link_is("connected")
    figure = board.page.locator("[data-metric=rating]").get_by_role("button").last
    await board.page.evaluate("window.isSameDocument = true")
    user = await desk.sign_in("agent")
    customer = await desk.taken_over(user)
    await user.send("Já vejo isso para você.")
    await desk.received(customer, "Já vejo isso para você.")
    await user.button("Encerrar").click()
    await customer.shows("conversations", "status", "resolved")

    await desk.received(customer, "Como foi?")
    await customer.say("🤩")

    await user.shows(re.compile("Avaliação do cliente: 🤩 5 de 5"))
    await expect(figure).to_be_visible()

    async def shows_a_rating() -> bool:
        return re.match(r"[1-5]", (await figure.inner_text()).strip()) is not None

    await wait_until(shows_a_rating)
    assert await board.page.evaluate("window.isSameDocument") is True
