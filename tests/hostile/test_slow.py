"""Slow strangers: they are closed within seconds, and nobody waits behind them."""

import asyncio

import pytest

from niochat.cli.bench.slow_clients import EVERY_PART, slow_clients
from tests.hostile.conftest import TRIES, Target

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(150)]
WITHIN_S = 25.0
"""HAProxy's ten seconds, the application's, and the time of a busy machine."""


@pytest.mark.parametrize(("count", "addresses"), [(500, 1), (2000, 500)])
async def test_slow_connections_are_closed_and_log_ins_and_webhooks_go_on(
    target: Target, count: int, addresses: int
) -> None:
    TRIES["slow connections"] += count
    channel = target.demo["tenants"][0]["channels"][0]
    async with slow_clients(target.host, count, EVERY_PART, addresses=addresses) as strangers:
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
