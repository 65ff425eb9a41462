"""Strangers at the sockets: no hello, a wrong one, a huge one, many of them."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.security.conftest import TRIES, AttackTarget

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
HELLO_WITHIN_S = 15.0
ELSEWHERE = ("127.0.9.9", 0)
FRAMES: tuple[str | bytes, ...] = (
    "",
    "{",
    "null",
    "[]",
    '"x"',
    "{}",
    '{"type":"hello"}',
    '{"type":"hello","ticket":""}',
    '{"type":"hello","ticket":"\\u0000"}',
    '{"type":"hello","ticket":"' + "x" * 5_000 + '"}',
    '{"type":"hello","ticket":1}',
    '{"type":"hello","position":"x","ticket":"y"}',
    '{"type":"typing"}',
    '{"type":' * 5_000,
    b"\x00\xff",
    b"{}",
    "x" * 900_000,
)


def live(target: AttackTarget) -> str:
    return target.stack.url.replace("http://", "ws://") + "/live"


async def _end(socket: ClientConnection) -> tuple[int, str]:
    """Code and reason of the close that the server sends; 1006 where it says nothing."""
    try:
        async with asyncio.timeout(HELLO_WITHIN_S):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


@pytest.mark.parametrize("sent", FRAMES, ids=range(len(FRAMES)))
async def test_an_odd_first_frame_ends_the_socket_with_a_reason(
    target: AttackTarget, sent: str | bytes
) -> None:
    TRIES["odd frames"] += 1
    async with connect(live(target), max_size=None) as socket:
        await socket.send(sent)
        code, reason = await _end(socket)
    assert code in (1007, 1008, 1009), (code, reason)
    assert reason


async def test_hundreds_of_silent_sockets_are_closed_and_an_agent_comes_in_meanwhile(
    target: AttackTarget,
) -> None:
    TRIES["silent sockets"] += 300
    silent = await asyncio.gather(
        *(connect(live(target), open_timeout=30, local_addr=ELSEWHERE) for _ in range(300)),
        return_exceptions=True,
    )
    opened = [each for each in silent if isinstance(each, ClientConnection)]
    begun = time.monotonic()
    ticket = await target.http.post(
        "/api/v1/auth/socket-tickets", headers=await target.signed_in("agent")
    )
    async with connect(live(target)) as socket:
        await socket.send(json.dumps({"type": "hello", "ticket": ticket.json()["ticket"]}))
        assert json.loads(await socket.recv())["type"] == "welcome"
        again = await connect(live(target))
        await again.send(json.dumps({"type": "hello", "ticket": ticket.json()["ticket"]}))
        assert (await _end(again))[0] == 1008, "a ticket opens one socket"
    ends = await asyncio.gather(*(_end(each) for each in opened))
    assert all(code == 1008 for code, _ in ends)
    assert time.monotonic() - begun < HELLO_WITHIN_S + 10
    assert all(isinstance(each, ClientConnection | InvalidStatus) for each in silent), silent[:3]
