"""Keys are published before they sign, and kept until their last token is over."""

import asyncio
from datetime import timedelta

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.signing.key_algorithms import ECDSA_P256
from niochat.signing.signing_key_store import (
    CLOCK_LEEWAY,
    KEY_CACHE_TTL,
    KeyPolicy,
    KeyQueries,
    SigningKeyStore,
)
from niochat.vault.vault import Vault
from tests.builders import RowBuilder
from tests.manual_clock import ManualDateTime

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

_SQL = queries("tenant_token_keys")
POLICY = KeyPolicy(
    KeyQueries(_SQL["lock"], _SQL["list"], _SQL["create"], _SQL["delete"]),
    ECDSA_P256,
    "test key",
    prefix="t",
    token_lifetime=timedelta(minutes=10),
    key_lifetime=timedelta(days=30),
    published_before=timedelta(hours=1),
)
VAULT = Vault({"k1": bytes(32)})


def new_store(database: Database) -> SigningKeyStore:
    """Another process."""
    return SigningKeyStore(database, VAULT, POLICY)


async def ids(store: SigningKeyStore, clock: ManualDateTime) -> list[str]:
    return [key.id for key in await store.list_keys(clock.now)]


@pytest.fixture
def clock() -> ManualDateTime:
    return ManualDateTime()


async def test_the_first_key_signs_at_once(database: Database, clock: ManualDateTime) -> None:
    store = new_store(database)
    key = await store.find_signing_key(clock.now)
    assert await ids(store, clock) == [key.id]


async def test_processes_that_begin_together_have_one_key(
    database: Database, given: RowBuilder, clock: ManualDateTime
) -> None:
    stores = [new_store(database) for _ in range(4)]
    keys = await asyncio.gather(*(each.find_signing_key(clock.now) for each in stores))
    assert len({key.id for key in keys}) == 1
    assert await given.count("tenant_token_keys") == 1


async def test_a_key_is_published_before_it_signs_and_after(
    database: Database, given: RowBuilder, clock: ManualDateTime
) -> None:
    store = new_store(database)
    old = (await store.find_signing_key(clock.now)).id
    clock.advance(seconds=timedelta(days=30, minutes=1).total_seconds())

    assert (await store.find_signing_key(clock.now)).id == old
    (first, new) = await ids(store, clock)
    assert first == old
    clock.advance(seconds=POLICY.published_before.total_seconds() - 1)
    assert (await store.find_signing_key(clock.now)).id == old
    clock.advance(seconds=2)
    assert (await store.find_signing_key(clock.now)).id == new
    assert (await new_store(database).find_signing_key(clock.now)).id == new

    assert await ids(store, clock) == [old, new]
    assert await store.find_key(old, clock.now), "its last tokens are still valid"
    clock.advance(seconds=(POLICY.token_lifetime + CLOCK_LEEWAY).total_seconds())
    assert await ids(store, clock) == [new]
    assert await store.find_key(old, clock.now) is None

    clock.advance(seconds=timedelta(days=30).total_seconds())
    assert len(await ids(store, clock)) == 2
    assert old not in await given.rows("SELECT id FROM tenant_token_keys")


async def test_after_a_long_rest_the_known_key_signs_until_the_new_one_is_known(
    database: Database, clock: ManualDateTime
) -> None:
    """Nobody has asked for the keys for a year, so nobody knows a key of today."""
    old = (await new_store(database).find_signing_key(clock.now)).id
    clock.advance(seconds=timedelta(days=365).total_seconds())
    store = new_store(database)
    assert (await store.find_signing_key(clock.now)).id == old
    assert len(await ids(store, clock)) == 2


async def test_a_key_of_another_process_is_found(database: Database, clock: ManualDateTime) -> None:
    store, other = new_store(database), new_store(database)
    await store.find_signing_key(clock.now)
    clock.advance(seconds=timedelta(days=31).total_seconds())
    (_, new) = await ids(other, clock)
    assert await store.find_key(new, clock.now)
    assert await store.find_key("k1234", clock.now) is None
    assert await store.find_key(7, clock.now) is None
    assert POLICY.published_before > KEY_CACHE_TTL
