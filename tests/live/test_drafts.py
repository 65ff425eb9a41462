"""The assistant's words reach screens while they come, some times a second."""

import asyncio
import json
from uuid import UUID

import pytest

from niochat.domain.permissions import ConversationOwner
from niochat.live.drafts import EVERY_S, MOST_ON_THEIR_WAY, Drafts
from niochat.live.passing import Passing

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]
TENANT, CONVERSATION, TURN, OTHER = (UUID(int=n) for n in range(1, 5))


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_what_comes_too_soon_is_left_out_and_the_next_says_all_of_it() -> None:
    said: list[bytes] = []
    now = 0.0

    async def say(words: bytes) -> None:
        said.append(words)

    drafts = Drafts(say, lambda: now)
    for text in ("O", "Olá", "Olá, t"):
        drafts.write(TENANT, CONVERSATION, TURN, text)
        drafts.write(TENANT, CONVERSATION, OTHER, text)
        await settled()
        now += EVERY_S * 0.6

    heard = [Passing.heard(words) for words in said]
    texts = [json.loads(each.frame)["text"] for each in heard]
    assert texts == ["O", "O", "Olá, t", "Olá, t"]
    assert {each.holder for each in heard} == {ConversationOwner(None, None)}


async def test_a_say_that_hangs_keeps_nobody_waiting_and_is_bounded() -> None:
    never = asyncio.Event()
    begun = 0

    async def say(_: bytes) -> None:
        nonlocal begun
        begun += 1
        await never.wait()

    drafts = Drafts(say, lambda: 0.0)
    for number in range(MOST_ON_THEIR_WAY * 3):
        drafts.write(TENANT, CONVERSATION, UUID(int=number), "x")
    await settled()
    assert begun == MOST_ON_THEIR_WAY
    never.set()
    await settled()
