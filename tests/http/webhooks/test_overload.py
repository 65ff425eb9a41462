"""A loud provider's excess hears 503 and comes in by its gateway's store; a quiet one hears 200.

The real door over HTTP, PostgreSQL, and the sandbox's gateway, which repeats nothing here.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
import pytest_asyncio

from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.postgres.database import Database
from niochat.domain.tenant.throttling import ThrottleReason
from niochat.http.webhooks.backfill_scheduler import SCHEDULE_DELAY_S, BackfillScheduler
from niochat.http.webhooks.webhook_admission import MAX_WEBHOOKS, WebhookAdmission
from niochat.http.webhooks.webhook_endpoint import WebhookEndpoint
from niochat.inbox.backfill import Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.throttle_status import ThrottleReporter, load_throttles
from tests.actors.sandbox_provider import (
    PHONE,
    VAULT,
    SandboxProvider,
    create_gateway_instance,
    create_sandbox_provider,
    one_root_certificate,
)
from tests.builders import RowBuilder
from tests.http.conftest import build_webhook_application, path_of, serve_app
from tests.http.webhooks.manual_clock import SteppedClock, drain_loop
from tests.niochat_sandbox.conftest import SandboxFixture, origin
from tests.wait_until import wait_until

__all__ = ["one_root_certificate", "origin"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
LINE = 3


class LoadCustomers:
    """Who writes to a provider, and the webhooks that its gateway posts of it, once each."""

    def __init__(self, provider: SandboxProvider, http: httpx.AsyncClient, path: str) -> None:
        self.provider, self.http, self.path = provider, http, path
        self.gateway = UazapiClient(lookup_timeout_s=5)
        self.written: dict[str, list[str]] = {}

    async def write(self, text: str, phone: str = PHONE) -> bytes:
        """It lies in the gateway's store then; its webhook."""
        world = self.provider.world
        wanted = await world.write(phone, text=text)
        self.written.setdefault(phone, []).append(text)
        line = GatewayCredentials(f"{world.origin}/gateway", world.token)
        for body in await self.gateway.list_messages(line, 1000, 0):
            message = body["message"]
            assert isinstance(message, Mapping)
            if message["messageid"] == wanted:
                return orjson.dumps(body)
        raise AssertionError("the store has no such message")

    async def post(self, body: bytes | AsyncIterator[bytes]) -> httpx.Response:
        return await self.http.post(self.path, content=body)

    async def announce(self, size: int) -> str:
        """The first line of the answer to a webhook whose body never comes."""
        url = self.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST {self.path} HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: {size}\r\n\r\n"
        writer.write(head.encode())
        try:
            async with asyncio.timeout(10):
                return (await reader.readline()).decode()
        finally:
            writer.close()

    async def tell(self, text: str, phone: str = PHONE) -> httpx.Response:
        return await self.post(await self.write(text, phone))


class OverloadFixture:
    """One door, a loud provider and a quiet one."""

    def __init__(self, database: Database, given: RowBuilder) -> None:
        self.database, self.given = database, given
        self.clock = SteppedClock()
        self.admission = WebhookAdmission(max_contended=LINE)
        self.poked: list[UUID] = []
        self.stays = asyncio.Event()
        """A body ends once it is set."""
        self.loud: LoadCustomers
        self.quiet: LoadCustomers

    async def open(
        self,
        stack: AsyncExitStack,
        loud: SandboxProvider,
        quiet: SandboxProvider,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        inbox, gateway = InboxStore(self.database), UazapiClient(lookup_timeout_s=5)
        stack.push_async_callback(gateway.close)

        def poke(thread: UUID, tenant: UUID) -> None:
            self.poked.append(thread)

        self.catch_up = BackfillScheduler(
            Backfiller(self.database, inbox, gateway),
            loud.directory.gateway_credentials,
            poke,
            sleep=sleep,
        )
        door = WebhookEndpoint(
            loud.directory,
            VAULT,
            inbox,
            poke,
            lambda _: None,
            lambda _: None,
            self.catch_up,
            self.admission,
        )
        http = await stack.enter_async_context(
            serve_app(build_webhook_application(door), lifespan="off")
        )
        paths = {each.channel.id: path_of(each) for each in await loud.directory.list_channels()}
        self.loud = LoadCustomers(loud, http, paths[loud.place.channel])
        self.quiet = LoadCustomers(quiet, http, paths[quiet.place.channel])
        for customers in (self.loud, self.quiet):
            stack.push_async_callback(customers.gateway.close)
            assert (await customers.tell("oi")).status_code == 200

    async def fills_its_line(self) -> list["asyncio.Task[httpx.Response]"]:
        """The loud one's webhooks whose bodies take their time; they hold all of its places."""
        bodies = [await self.loud.write(f"na fila {number}") for number in range(LINE)]
        posts = []
        for number, body in enumerate(bodies, 1):
            posts.append(asyncio.create_task(self.loud.post(self._slowly(body))))
            await wait_until(lambda number=number: self._in_line() == number)
        return posts

    async def _slowly(self, body: bytes) -> AsyncIterator[bytes]:
        yield body[:10]
        await self.stays.wait()
        yield body[10:]

    def _in_line(self) -> int:
        line = self.admission._tenants.get(self.loud.provider.place.tenant)
        return line.in_progress if line is not None else 0

    async def stored(self, customers: LoadCustomers) -> dict[str, list[str]]:
        """By customer, in the order in which they will be processed."""
        rows = await self.given.admin.fetch(
            "SELECT i.value AS phone, b.command -> 'content' ->> 'text' AS text FROM inbox b"
            " JOIN threads t ON t.id = b.thread_id"
            " JOIN identities i ON i.contact_id = t.contact_id AND i.kind = 'phone'"
            " WHERE b.channel_id = $1 ORDER BY b.id",
            customers.provider.place.channel,
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row["phone"], []).append(row["text"])
        return found


@pytest_asyncio.fixture
async def providers(
    database: Database, origin: str, tmp_path: Path
) -> AsyncIterator[list[SandboxProvider]]:
    async with AsyncExitStack() as stack:
        worlds: list[SandboxFixture] = [
            await stack.enter_async_context(create_gateway_instance(origin)) for _ in range(2)
        ]
        yield [
            await create_sandbox_provider(database, world, tmp_path, slug=slug)
            for world, slug in zip(worlds, ("alto", "quieto"), strict=True)
        ]


@pytest_asyncio.fixture
async def scene(
    database: Database, given: RowBuilder, providers: list[SandboxProvider]
) -> AsyncIterator[OverloadFixture]:
    """Fills begin when the test moves the clock."""
    here = OverloadFixture(database, given)
    async with AsyncExitStack() as stack:
        await here.open(stack, *providers, here.clock.sleep)
        yield here
        here.stays.set()


async def gathered(scene: OverloadFixture) -> None:
    """The planned fill begins, and is over."""
    await drain_loop()
    await scene.clock.advance(SCHEDULE_DELAY_S)
    await wait_until(lambda: not scene.catch_up._scheduled)


async def test_the_loud_ones_excess_hears_503_at_once_while_the_quiet_one_hears_200(
    scene: OverloadFixture,
) -> None:
    waiting = await scene.fills_its_line()
    excess = [await scene.loud.tell(f"demais {number}") for number in range(5)]
    unread = await scene.loud.announce(1000)
    quiet = [await scene.quiet.tell(f"calma {number}") for number in range(5)]

    assert unread.startswith("HTTP/1.1 503 "), "before its body is there"
    for answer in excess:
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "crowded"
    assert [answer.status_code for answer in quiet] == [200] * 5
    assert not any(post.done() for post in waiting)

    scene.stays.set()
    assert {(await post).status_code for post in waiting} == {200}
    assert scene.admission.in_progress == 0


async def test_what_was_refused_and_never_repeated_comes_in_by_the_store_once_and_in_order(
    scene: OverloadFixture,
) -> None:
    waiting = await scene.fills_its_line()
    for number in range(20):
        assert (await scene.loud.tell(f"demais {number}")).status_code == 503
    scene.stays.set()
    await asyncio.gather(*waiting)
    before = (await scene.stored(scene.loud))[PHONE]
    assert before == scene.loud.written[PHONE][: 1 + LINE], (
        "these came before it, and wait for none"
    )

    scene.poked.clear()
    await gathered(scene)

    assert await scene.stored(scene.loud) == scene.loud.written
    assert len(set(scene.poked)) == 1, "and its thread is looked at"
    assert await scene.stored(scene.quiet) == scene.quiet.written


async def test_a_later_webhook_is_not_stored_before_what_was_refused(
    scene: OverloadFixture,
) -> None:
    waiting = await scene.fills_its_line()
    assert (await scene.loud.tell("recusada")).status_code == 503
    scene.stays.set()
    await asyncio.gather(*waiting)

    later = asyncio.create_task(scene.loud.tell("depois"))
    await wait_until(lambda: scene._in_line() == 1)
    assert (await scene.quiet.tell("calma")).status_code == 200
    assert "depois" not in (await scene.stored(scene.loud))[PHONE]

    await gathered(scene)
    assert (await later).status_code == 200
    assert await scene.stored(scene.loud) == scene.loud.written


async def test_a_gateway_that_repeats_after_all_changes_nothing(scene: OverloadFixture) -> None:
    waiting = await scene.fills_its_line()
    body = await scene.loud.write("recusada")
    assert (await scene.loud.post(body)).status_code == 503
    scene.stays.set()
    await asyncio.gather(*waiting)
    await gathered(scene)

    assert (await scene.loud.post(body)).json() == {"accepted": "known"}
    assert await scene.stored(scene.loud) == scene.loud.written


async def test_a_gateway_that_hangs_up_while_its_webhook_waits_loses_nothing(
    scene: OverloadFixture,
) -> None:
    waiting = await scene.fills_its_line()
    for post in waiting:
        post.cancel()
    await wait_until(lambda: scene._in_line() == 0)
    await gathered(scene)

    assert await scene.stored(scene.loud) == scene.loud.written


async def test_what_a_full_door_turned_away_unseen_is_fetched_before_the_next(
    scene: OverloadFixture,
) -> None:
    scene.admission.in_progress = MAX_WEBHOOKS
    assert (await scene.loud.tell("recusada")).status_code == 503
    scene.admission.in_progress = 0
    assert (await scene.loud.tell("depois")).status_code == 200

    assert await scene.stored(scene.loud) == scene.loud.written


async def test_operators_see_that_the_loud_one_is_held_back(
    scene: OverloadFixture, database: Database
) -> None:
    await scene.fills_its_line()
    for _ in range(4):
        await scene.loud.post(b"{}")
    await ThrottleReporter(database, "door.test").report(scene.admission.list_throttles())

    (held,) = await load_throttles(database, scene.loud.provider.place.tenant)
    assert (held.reason, held.waiting) == (ThrottleReason.BUSY, 4)
    assert await load_throttles(database, scene.quiet.provider.place.tenant) == []


@pytest.mark.parametrize("seed", range(3))
async def test_under_lasting_overload_everybodys_messages_come_in_once_and_in_order(
    database: Database, given: RowBuilder, providers: list[SandboxProvider], seed: int
) -> None:
    """Nine customers write to the loud one, each waits for an answer before the next and repeats
    nothing; fills begin at once, so that they meet webhooks of every kind.
    """
    chance, codes = random.Random(seed), list[int]()
    scene = OverloadFixture(database, given)

    async def soon(_: float) -> None:
        for _ in range(chance.randint(0, 40)):
            await asyncio.sleep(0)

    async def customer(whose: LoadCustomers, phone: str) -> None:
        for number in range(12):
            answer = await whose.tell(f"{phone} {number}", phone)
            codes.append(answer.status_code) if whose is scene.loud else quiet.append(answer)

    quiet: list[Any] = []
    async with AsyncExitStack() as stack:
        await scene.open(stack, *providers, soon)
        async with asyncio.TaskGroup() as group:
            for number in range(9):
                group.create_task(customer(scene.loud, f"558198888000{number}"))
            group.create_task(customer(scene.quiet, PHONE))
        await wait_until(lambda: not scene.catch_up._scheduled)

    assert set(codes) == {200, 503}, "some were refused, or the test shows nothing"
    assert {answer.status_code for answer in quiet} == {200}
    assert await scene.stored(scene.loud) == scene.loud.written
    assert await scene.stored(scene.quiet) == scene.quiet.written
