"""The assistant's words reach screens while they come, some times a second."""

import asyncio
import json
from uuid import UUID

import pytest

from niochat.domain.permissions import ConversationOwner
from niochat.live.assistant_drafts import MAX_IN_FLIGHT, MIN_INTERVAL_S, AssistantDraftPublisher
from niochat.live.ephemeral_frames import FrameEnvelope

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]
TENANT, CONVERSATION, TURN, OTHER = (UUID(int=n) for n in range(1, 5))


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_draft_that_comes_too_soon_is_dropped_and_the_next_one_is_complete() -> None:
    said: list[bytes] = []
    now = 0.0

    async def say(words: bytes) -> None:
        said.append(words)

    drafts = AssistantDraftPublisher(say, lambda: now)
    for text in ("O", "Olá", "Olá, t"):
        drafts.publish_draft(TENANT, CONVERSATION, TURN, text)
        drafts.publish_draft(TENANT, CONVERSATION, OTHER, text)
        await settled()
        now += MIN_INTERVAL_S * 0.6

    heard = [FrameEnvelope.decode(words) for words in said]
    texts = [json.loads(each.frame)["text"] for each in heard]
    assert texts == ["O", "O", "Olá, t", "Olá, t"]
    assert {each.holder for each in heard} == {ConversationOwner(None, None)}


async def test_tools_are_published_at_once_to_those_who_see_the_conversation() -> None:
    said: list[bytes] = []

    async def say(words: bytes) -> None:
        said.append(words)

    drafts = AssistantDraftPublisher(say, lambda: 0.0)
    for running in (True, False):
        drafts.publish_tool(TENANT, CONVERSATION, TURN, "consultar_faturas", running=running)
    await settled()

    envelopes = [FrameEnvelope.decode(words) for words in said]
    frames = [json.loads(each.frame) for each in envelopes]
    assert [(each["type"], each["tool"], each["running"]) for each in frames] == [
        ("tool", "consultar_faturas", True),
        ("tool", "consultar_faturas", False),
    ]
    assert {each.holder for each in envelopes} == {ConversationOwner(None, None)}


async def test_a_say_that_hangs_keeps_nobody_waiting_and_is_bounded() -> None:
    never = asyncio.Event()
    begun = 0

    async def say(_: bytes) -> None:
        nonlocal begun
        begun += 1
        await never.wait()

    drafts = AssistantDraftPublisher(say, lambda: 0.0)
    for number in range(MAX_IN_FLIGHT * 3):
        drafts.publish_draft(TENANT, CONVERSATION, UUID(int=number), "x")
    await settled()
    assert begun == MAX_IN_FLIGHT
    never.set()
    await settled()
