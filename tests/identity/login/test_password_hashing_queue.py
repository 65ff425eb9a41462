"""Hashing is dear: strangers wait by address, and in a line of their own."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from niochat.domain.errors import UnavailableError
from niochat.identity.login.passwords import MAX_WAITING_PER_ADDRESS, PasswordService

pytestmark = pytest.mark.asyncio


class BlockingPasswordHasher(PasswordHasher):
    """Verifies nothing until it is told to."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go_on = threading.Event()

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        if password != "quick":
            assert self.go_on.wait(20)
        return True


@pytest.fixture
def held() -> Iterator[BlockingPasswordHasher]:
    hasher = BlockingPasswordHasher()
    yield hasher
    hasher.go_on.set()


async def test_one_address_waits_behind_itself_and_not_before_others(
    held: BlockingPasswordHasher,
) -> None:
    passwords = PasswordService(held)
    flood = [
        asyncio.ensure_future(passwords.verify("guess", "x", "192.0.2.1"))
        for _ in range(MAX_WAITING_PER_ADDRESS + 1)
    ]
    await asyncio.sleep(0)

    with pytest.raises(UnavailableError):
        await passwords.verify("guess", "x", "192.0.2.1")
    other = asyncio.ensure_future(passwords.verify("guess", "x", "192.0.2.2"))
    held.go_on.set()

    assert await other
    assert sum(each.done() for each in flood) < len(flood), "the other one did not wait for all"
    await asyncio.gather(*flood)


async def test_whoever_is_known_does_not_wait_behind_strangers(
    held: BlockingPasswordHasher,
) -> None:
    passwords = PasswordService(held)
    flood = [
        asyncio.ensure_future(passwords.verify("guess", "x", f"192.0.2.{n}")) for n in range(60)
    ]
    await asyncio.sleep(0)

    assert await passwords.verify("quick", "x", "192.0.2.1", from_known_device=True)

    held.go_on.set()
    await asyncio.gather(*flood)
