"""Browsers at the desk of the running product; every user has a context of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from niochat.http.desk.desk_builds import DeskBuilds
from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.desk.chromium_browser import launch_chromium, require_chromium
from tests.end_to_end.desk.desk_user import LAPTOP, WAIT_MS, DeskUser, assert_no_complaints
from tests.end_to_end.phone_customer import PhoneCustomer, Row
from tests.end_to_end.provider_definitions import ChannelDefinition
from tests.wait_until import wait_until

Theme = Literal["light", "dark"]
MODEL_KEY = "sandbox-demo"
"""Of the demo provider's assistant."""

expect.set_options(timeout=WAIT_MS)


@dataclass
class DeskFixture:
    """What a test of the desk has in its hands."""

    product: EndToEndFixture
    browser: Browser
    stack: AsyncExitStack
    users: list[DeskUser] = field(default_factory=list)

    @property
    def line(self) -> ChannelDefinition:
        """The number of the demo provider, for :meth:`EndToEndFixture.customer`."""
        return ChannelDefinition("demo", named=self.product.demo_token)

    def customer(self, phone: str | None = None) -> PhoneCustomer:
        """Somebody who writes to the demo provider."""
        return self.product.customer(self.line, phone)

    def credentials(self, role: str, tenant: str = "demo") -> dict[str, str]:
        """``login`` and ``password`` of a demo user."""
        (found,) = [each for each in self.product.demo["tenants"] if each["slug"] == tenant]
        (user,) = [each for each in found["users"] if each["role"] == role]
        return {"login": user["login"], "password": user["password"]}

    async def visitor(
        self, *, theme: Theme = "light", size: dict[str, int] | None = None, name: str = "visitor"
    ) -> DeskUser:
        """A browser in which nobody is signed in."""
        context = await self.browser.new_context(
            base_url=self.product.stack.url,
            viewport=size or LAPTOP,  # type: ignore[arg-type]
            color_scheme=theme,
            reduced_motion="reduce",
            locale="pt-BR",
            timezone_id="America/Recife",
            permissions=["microphone", "clipboard-read", "clipboard-write"],
            # It would answer requests that a test wants to fail.
            service_workers="block",
        )
        context.set_default_timeout(WAIT_MS)
        self.stack.push_async_callback(context.close)
        made = DeskUser(name, self.product.stack.url, context, await context.new_page())
        made.watch()
        self.users.append(made)
        return made

    async def sign_in(
        self,
        role: str,
        tenant: str = "demo",
        *,
        theme: Theme = "light",
        size: dict[str, int] | None = None,
    ) -> DeskUser:
        """Somebody with a session of their own; no page is open yet."""
        user = await self.visitor(theme=theme, size=size, name=f"{role}@{tenant}")
        told = await user.context.request.post(
            "/api/v1/auth/login", data={**self.credentials(role, tenant), "use_cookies": True}
        )
        assert told.ok, await told.text()
        return user

    async def api(self, role: str, tenant: str = "demo") -> httpx.AsyncClient:
        """The API with a token of somebody, beside the browsers."""
        client = httpx.AsyncClient(
            base_url=f"{self.product.stack.url}/api/v1", trust_env=False, timeout=30
        )
        await self.stack.enter_async_context(client)
        told = await client.post("/auth/login", json=self.credentials(role, tenant))
        assert told.status_code == 200, told.text
        client.headers["authorization"] = f"Bearer {told.json()['access_token']}"
        return client

    async def conversation_of(self, customer: PhoneCustomer) -> Row:
        """The customer's conversation, once there is one."""
        return await wait_until(customer.conversation)

    async def taken_over(self, user: DeskUser) -> PhoneCustomer:
        """Somebody whose conversation ``user`` has open and has taken over."""
        customer = self.customer()
        await self.hold_model()
        await customer.say("quero falar com alguém")
        conversation = await self.conversation_of(customer)
        await user.open_conversation(conversation["id"])
        await user.take_over()
        await self.product.clear_faults()
        return customer

    async def hold_model(self, count: int = 1) -> None:
        """The next turn of the assistant waits until :meth:`EndToEndFixture.clear_faults`."""
        await self.product.inject_fault("model", "hold", MODEL_KEY, count=count)

    async def received(self, customer: PhoneCustomer, text: str) -> dict[str, Any]:
        """The message with ``text`` on the customer's phone, once it is there."""

        async def there() -> dict[str, Any] | None:
            shown = await customer.phone_shows()
            return next((each for each in shown if each["text"] == text), None)

        return await wait_until(there)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    return require_chromium()


@pytest.fixture(scope="package")
def built_desk(stack: object) -> str:
    """Digest of the desk that the stack serves; ``scripts/run`` has built it if it could."""
    digest = DeskBuilds().current_digest()
    if digest is None:
        pytest.fail("the desk is not built: scripts/run says why")
    return digest


@pytest_asyncio.fixture
async def desk(
    chromium: str, built_desk: str, running_product: EndToEndFixture
) -> AsyncIterator[DeskFixture]:
    """Browsers at the running product. Afterwards no page may have complained."""
    async with launch_chromium(chromium) as browser, AsyncExitStack() as stack:
        made = DeskFixture(running_product, browser, stack)
        yield made
        assert_no_complaints(made.users)
