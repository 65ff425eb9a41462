"""Bodies: judged before they are parsed, and out of the way of others while they come in."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from niochat.http.body_limits import MAX_BODIES_PER_ADDRESS, BodyLimitMiddleware

pytestmark = pytest.mark.asyncio
MOST = 100


class EchoApplication:
    """Answers 200 with what it read; counts how often it was called."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                await _answer(send, 499)
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)
        await _answer(send, 200)


class RawHttpClient:
    """Requests to an application behind the limits, from one address each."""

    def __init__(self, most: int | None = MOST, within_s: float = 0.05) -> None:
        self.behind = EchoApplication()
        self.limits = BodyLimitMiddleware(self.behind, lambda path: most, within_s=within_s)

    async def post(
        self,
        chunks: Sequence[bytes],
        *,
        length: str | None = None,
        ends: bool = True,
        address: str = "192.0.2.1",
    ) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers of the answer; without ``ends`` the last chunk never comes."""
        told = str(sum(map(len, chunks))) if length is None else length
        headers = (
            [(b"content-length", told.encode())] if told else [(b"transfer-encoding", b"chunked")]
        )
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": headers,
            "client": (address, 1),
        }
        left = list(chunks)
        sent: list[Message] = []

        async def receive() -> Message:
            if left:
                chunk = left.pop(0)
                return {"type": "http.request", "body": chunk, "more_body": bool(left) or not ends}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        await self.limits(scope, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"])


async def _answer(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_a_body_within_its_bounds_comes_whole() -> None:
    client = RawHttpClient()
    assert (await client.post([b"a" * 40, b"b" * 60]))[0] == 200
    assert (await client.post([b"c"], length=""))[0] == 200
    assert client.behind.bodies == [b"a" * 40 + b"b" * 60, b"c"]


@pytest.mark.parametrize(
    ("chunks", "length"), [([b""], "101"), ([b"x" * 60, b"x" * 41], ""), ([b"x" * 101], "5")]
)
async def test_a_body_over_its_bounds_is_refused_before_the_application_knows(
    chunks: list[bytes], length: str
) -> None:
    client = RawHttpClient()
    status, headers = await client.post(chunks, length=length, ends=False)
    assert status == 413
    assert headers[b"connection"] == b"close"
    assert client.behind.bodies == []


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "0x10"])
async def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert (await RawHttpClient().post([b"x"], length=length))[0] == 400


async def test_a_body_that_does_not_come_is_given_up() -> None:
    client = RawHttpClient()
    assert (await client.post([b"x"], length="50", ends=False))[0] == 408
    assert client.behind.bodies == []


async def test_an_upload_that_is_too_slow_ends_as_if_its_sender_had_gone() -> None:
    assert (await RawHttpClient(most=None).post([b"x"], length="50", ends=False))[0] == 499
    assert (await RawHttpClient(most=None).post([b"x"] * 1000))[0] == 200


async def test_one_address_has_few_bodies_at_once_and_others_do_not_notice() -> None:
    client = RawHttpClient(within_s=5)
    slow = [
        asyncio.ensure_future(client.post([b"x"], length="50", ends=False))
        for _ in range(MAX_BODIES_PER_ADDRESS)
    ]
    await asyncio.sleep(0)

    assert (await client.post([b"x"]))[0] == 429
    assert (await client.post([b"x"], address="192.0.2.2"))[0] == 200

    for each in slow:
        each.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (await client.post([b"x"]))[0] == 200
