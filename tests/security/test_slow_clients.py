"""Slow strangers: they are closed within seconds, and nobody waits behind them."""

import asyncio
import socket

import pytest

from niochat_lab.bench.workloads.slow_clients import PARTIAL_REQUESTS, run_slow_clients
from tests.security.conftest import TRIES, AttackTarget

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(150)]
WITHIN_S = 25.0
"""HAProxy's ten seconds, the application's, and the time of a busy machine."""


@pytest.mark.parametrize(("count", "addresses"), [(500, 1), (2000, 500)])
async def test_slow_connections_are_closed_and_log_ins_and_webhooks_go_on(
    target: AttackTarget, count: int, addresses: int
) -> None:
    TRIES["slow connections"] += count
    channel = target.demo["tenants"][0]["channels"][0]
    async with run_slow_clients(
        target.host, count, PARTIAL_REQUESTS, addresses=addresses
    ) as strangers:
        for _ in range(5):
            headers = await target.signed_in("agent")
            found = await target.http.get("/api/v1/auth/me", headers=headers)
            assert found.status_code == 200
            answer = await target.http.post(
                channel["webhook_url"], json={"token": channel["token"], "EventType": "groups"}
            )
            assert answer.status_code == 200, answer.text
            await asyncio.sleep(0.2)

    print(f"ends: {dict(strangers.statuses)}, the last after {max(strangers.open_s):.1f} s")
    assert strangers.refused == 0
    assert max(strangers.open_s) < WITHIN_S, sorted(strangers.open_s)[-5:]
    assert not set(strangers.statuses) & {"200", "500", "502", "504"}, strangers.statuses


async def test_clients_that_do_not_read_their_answers_hold_nobody_up(target: AttackTarget) -> None:
    """The longest answer that anybody may ask for, a hundred times more often than fits."""
    count = 300
    TRIES["answers not read"] += count
    request = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 20
    clients = [_deaf(target.host) for _ in range(count)]
    try:
        for client in clients:
            client.send(request)
        await asyncio.sleep(3.0)
        for _ in range(5):
            await target.signed_in("agent")
    finally:
        for client in clients:
            client.close()


def _deaf(host: tuple[str, int]) -> socket.socket:
    """A connection whose window is as small as the system lets it be."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    client.settimeout(10)
    client.connect(host)
    return client
