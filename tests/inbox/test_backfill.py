"""What the gateway did not deliver is fetched: oldest first, once, and whatever else lies there."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from niochat.adapters import clock
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.errors import UnavailableError
from niochat.inbox.backfill import PAGE_SIZE, Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.ports.gateway import GatewayCredentials
from niochat.ports.gateway_events import InboundEvent
from tests.actors.sandbox_provider import PHONE, SandboxProvider
from tests.builders import SENT_AT, RowBuilder

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


class UazapiWithExtraMessages(UazapiClient):
    """The real client; ``odd`` lies on top of what the sandbox's store holds."""

    def __init__(self) -> None:
        super().__init__(lookup_timeout_s=2)
        self.odd: list[Mapping[str, object]] = []
        self.pages = 0
        self.opens = asyncio.Event()
        """The store answers once it is set."""
        self.opens.set()

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        self.pages += 1
        await self.opens.wait()
        if not self.odd:
            return await super().list_messages(credentials, limit, offset)
        stored = [*self.odd, *await super().list_messages(credentials, 1000, 0)]
        return stored[offset : offset + limit]


class Store:
    """The tenant's channel and its gateway's store."""

    def __init__(self, provider: SandboxProvider, given: RowBuilder) -> None:
        self.provider, self.given = provider, given
        self.gateway = UazapiWithExtraMessages()
        self.inbox = InboxStore(provider.database)
        self.backfill = Backfiller(provider.database, self.inbox, self.gateway)

    async def fill(self, gateway_s: float | None = None, *, deeper: bool = False) -> set[UUID]:
        (channel,) = await self.backfill.list_channels(self.provider.place.tenant)
        credentials = self.provider.directory.gateway_credentials(
            channel.kind, channel.base_url, channel.token_sealed, channel.tenant_id
        )
        return await self.backfill.fill(channel, credentials, gateway_s, deeper=deeper)

    async def writes(self, *texts: str) -> list[str]:
        return [await self.provider.sandbox.write(PHONE, text=text) for text in texts]

    async def accepted(self) -> list[str]:
        """Texts in the order they will be processed."""
        return await self.given.rows(
            "SELECT command -> 'content' ->> 'text' FROM inbox ORDER BY id"
        )

    async def webhook(self) -> list[InboundEvent]:
        """What lies in the store, as its webhooks would have said it."""
        credentials = GatewayCredentials(
            f"{self.provider.sandbox.origin}/gateway", self.provider.sandbox.token
        )
        bodies = await self.gateway.list_messages(credentials, 100, 0)
        meanings = [parse_webhook(body, SENT_AT).event for body in bodies]
        return [each for each in meanings if isinstance(each, InboundEvent)]


@pytest_asyncio.fixture
async def store(provider: SandboxProvider, given: RowBuilder) -> AsyncIterator[Store]:
    here = Store(provider, given)
    yield here
    await here.gateway.close()


def stored(number: int, **message: Any) -> dict[str, object]:
    whole = {
        "messageid": f"ODD{number}",
        "chatid": f"{PHONE}@s.whatsapp.net",
        "sender_pn": f"{PHONE}@s.whatsapp.net",
        "messageType": "Conversation",
        "text": f"estranha {number}",
        "messageTimestamp": 4102444800000,
        **message,
    }
    return {"EventType": "messages", "message": whole}


async def test_messages_without_a_webhook_are_fetched_oldest_first(store: Store) -> None:
    texts = [f"texto {n}" for n in range(7)]
    await store.writes(*texts)

    threads = await store.fill()

    assert len(threads) == 1
    assert await store.accepted() == texts, "also within one second"


async def test_a_message_that_a_webhook_brought_is_not_answered_again(store: Store) -> None:
    await store.writes("um", "dois")
    place = store.provider.place
    for incoming in reversed(await store.webhook()):
        assert (await store.inbox.accept(place.tenant, place.channel, incoming)).new

    assert await store.fill() == set()
    assert await store.fill() == set()
    assert await store.accepted() == ["um", "dois"]


async def test_a_webhook_that_comes_after_the_fill_is_known(store: Store) -> None:
    await store.writes("um")
    await store.fill()
    (incoming,) = await store.webhook()
    place = store.provider.place

    assert not (await store.inbox.accept(place.tenant, place.channel, incoming)).new


async def test_fill_and_webhook_at_once_store_it_once(store: Store) -> None:
    await store.writes("um", "dois", "três")
    place = store.provider.place
    webhooks = await store.webhook()

    await asyncio.gather(
        store.fill(),
        store.fill(),
        *(store.inbox.accept(place.tenant, place.channel, each) for each in webhooks),
    )

    assert sorted(await store.accepted()) == ["dois", "três", "um"]


async def test_messages_older_than_the_last_backfill_are_ignored(
    store: Store,
) -> None:
    await store.writes("velha")
    await store.given.admin.execute("UPDATE channels SET filled_to = now() + interval '1 hour'")

    assert await store.fill() == set()
    assert await store.accepted() == []


async def test_a_clock_an_hour_ahead_hides_nothing_that_comes_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(clock.CLOCK_FILE, str(tmp_path / "clock"))
    (tmp_path / "clock").write_text("0 3600\n")
    await store.writes("antes")
    await store.fill()

    (tmp_path / "clock").unlink()
    await store.writes("depois")
    await store.fill()

    assert await store.accepted() == ["antes", "depois"]


async def test_an_odd_message_does_not_stop_the_fill(store: Store) -> None:
    await store.writes("boa")
    store.gateway.odd = [stored(n, **odd) for n, odd in enumerate(ODD)]
    store.gateway.odd += [{"EventType": "messages"}, {"EventType": "messages", "message": 5}]

    await store.fill()

    assert "boa" in await store.accepted()
    assert await store.fill() == set()


ODD: list[dict[str, Any]] = [
    {"text": "um\x00dois"},
    {"text": "meio \ud83d"},
    {"text": 7, "content": [None]},
    {"messageid": None},
    {"messageid": "x" * 100_000},
    {"messageTimestamp": "ontem"},
    {"messageTimestamp": 10**30},
    {"chatid": "status@broadcast"},
    {"chatid": None, "sender_pn": None},
    {"content": {"a": {"b": 2**70}}},
    {"text": "y" * 200_000},
    {"reaction": "\x00", "messageType": "ReactionMessage"},
]


async def test_a_page_of_groups_does_not_end_the_fill(store: Store) -> None:
    """The store holds groups too, also where their webhooks are excluded."""
    await store.writes("perdida")
    store.gateway.odd = [
        stored(n, chatid="123-456@g.us", isGroup=True) for n in range(PAGE_SIZE * 2 + 5)
    ]

    await store.fill()

    assert await store.accepted() == ["perdida"]


async def test_an_old_store_is_not_read_to_its_end(store: Store) -> None:
    old = 1_600_000_000_000
    store.gateway.odd = [
        stored(n, messageTimestamp=old, messageType="ReactionMessage", reaction="M1", text="👍")
        for n in range(PAGE_SIZE * 5)
    ]

    await store.fill()

    assert store.gateway.pages == 1


async def test_late_messages_of_a_returning_session_are_found_by_a_deeper_backfill(
    store: Store,
) -> None:
    now = time.time()

    def ago(minutes: float) -> int:
        return int((now - 60 * minutes) * 1000)

    late = [stored(n, messageTimestamp=ago(5), text=f"tarde {n}") for n in range(PAGE_SIZE + 20)]
    store.gateway.odd = [*late, stored(999, messageTimestamp=ago(15), text="velha")]
    await store.fill()
    assert await store.accepted() == []

    await store.fill(deeper=True)
    assert await store.accepted() == [], "the channel is new: that was said before it was here"

    await store.given.admin.execute("UPDATE channels SET created_at = now() - interval '1 day'")
    await store.fill(deeper=True)
    assert await store.accepted() == [f"tarde {n}" for n in reversed(range(PAGE_SIZE + 20))]

    store.gateway.pages = 0
    assert await store.fill(deeper=True) == set()
    assert store.gateway.pages == 1, "where all is known it goes no deeper"


async def test_more_than_one_statement_holds_comes_in_order(store: Store) -> None:
    now = int(time.time() * 1000)
    store.gateway.odd = [
        stored(n, messageTimestamp=now - 100 * n, text=f"texto {n}")
        for n in range(PAGE_SIZE * 2 + 5)
    ]

    await store.fill()

    assert await store.accepted() == [f"texto {n}" for n in reversed(range(PAGE_SIZE * 2 + 5))]


async def test_a_gateway_that_is_away_is_asked_again_from_the_same_place(store: Store) -> None:
    await store.writes("um")
    (before,) = await store.given.rows("SELECT filled_to FROM channels")
    await store.provider.inject_fault("gateway", "status", path="/message/find", status=500)

    with pytest.raises(UnavailableError):
        await store.fill()

    assert await store.given.rows("SELECT filled_to FROM channels") == [before]
    await store.fill()
    assert await store.accepted() == ["um"]


async def test_a_gateway_that_takes_too_long_ends_the_fill(store: Store) -> None:
    await store.writes("texto")
    store.gateway.opens.clear()

    with pytest.raises(UnavailableError) as found:
        await store.fill(0.05)

    assert found.value.code == "gateway"
    assert await store.accepted() == []


async def test_a_database_that_stands_still_takes_nothing_of_the_gateways_time(
    store: Store, given: RowBuilder
) -> None:
    """Once it goes on, what is missing is stored: a webhook that waits for it must not overtake."""
    await store.writes("texto 1", "texto 2")
    filling = asyncio.create_task(store.fill(0.5))
    async with given.admin.transaction():
        await given.admin.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        done, _ = await asyncio.wait([filling], timeout=1.0)
        assert not done

    await filling
    assert await store.accepted() == ["texto 1", "texto 2"]
