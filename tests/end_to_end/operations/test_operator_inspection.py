"""Journeys of an operator who looks inside: actors, pause, drain, hand-over, replay, metrics."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.phone_customer import PhoneCustomer
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio


async def protocol_of(customer: PhoneCustomer) -> str:
    conversation = await customer.conversation()
    assert conversation is not None
    return str(conversation["protocol"])


async def test_an_operator_pauses_and_hands_over_and_nothing_is_lost(
    world: EndToEndFixture,
) -> None:
    customer = world.customer()
    await customer.tell(1)
    await customer.hears(1)
    protocol = await protocol_of(customer)

    paused = await world.niochat.json("actors", protocol, "--pause", "300")
    assert paused["owner_notified"]
    await customer.tell(2)
    waiting = await wait_until(lambda: shown_waiting(world, protocol))
    assert waiting["actor"]["paused_until"]
    assert len(await customer.heard()) == 1

    await world.niochat("actors", protocol, "--resume")
    assert any("2" in name for name in (await customer.hears(2))[1:])
    handed = await world.niochat.json("actors", protocol, "--hand-over")
    assert handed["outcome"] == "done"
    await customer.shows("conversations", "status", "waiting")
    forgotten = await world.niochat.json("actors", protocol, "--deactivate")
    assert forgotten["kind"] == "conversation"
    listed, refused = await asyncio.gather(
        world.niochat("actors", "--kind", "conversation"),
        world.niochat("actors", protocol, "--hand-over", "--team", "nobody", code=1),
    )
    assert "host-0" in listed.out
    assert "no such team" in refused.err


async def asked(world: EndToEndFixture, path: str) -> Any:
    """What the API answers, without the seconds that a command takes to start."""
    token = world.stack.environment["NIOCHAT_OPERATOR_TOKEN"]
    async with httpx.AsyncClient(base_url=world.stack.url, trust_env=False) as http:
        answer = await http.get(
            f"/api/operators/{path}", headers={"authorization": f"Bearer {token}"}, timeout=20
        )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def shown_waiting(world: EndToEndFixture, protocol: str) -> Any:
    shown = await asked(world, f"conversations/{protocol}")
    return shown if shown["pending"] else None


async def test_replay_shows_each_event_with_its_cause_and_ends_in_the_stored_state(
    world: EndToEndFixture,
) -> None:
    customer = world.customer()
    await customer.say(f"{customer.tag(1)} palavra-escondida")
    await customer.hears(1)
    await customer.settled()
    protocol = await protocol_of(customer)

    replay = ("replay", protocol, "--tenant", customer.line.tenant)
    whole, first, told = await asyncio.gather(
        world.niochat.json(*replay),
        world.niochat.json(*replay, "--to", "2"),
        world.niochat(*replay, "--texts"),
    )

    assert whole["equals_stored"]
    assert [moment["event"]["type"] for moment in whole["moments"]][:2] == [
        "conversation_opened",
        "message_received",
    ]
    assert all(moment["cause"] for moment in whole["moments"])
    assert (first["version"], first["state"]["unanswered"]) == (2, 1)
    assert "palavra-escondida" not in json.dumps(whole)
    assert "palavra-escondida" in told.out
    assert "The log leads to the stored state" in told.out


async def test_prometheus_can_scrape_what_happens(world: EndToEndFixture) -> None:
    customer = world.customer()
    await customer.tell(1)
    await customer.hears(1)
    ports = json.loads((world.stack.home / "stack.json").read_text())["ports"]
    wanted = (
        "ray_niochat_steps_total{",
        'verdict="done"',
        "ray_niochat_turns_total{",
        'outcome="answered"',
        "ray_niochat_sends_total{",
        "ray_niochat_webhooks_answered_total{",
        'code="2xx"',
        "ray_niochat_loop_lag_ms{",
        'host="host-0"',
        "ray_niochat_inbox_oldest_seconds{",
        "ray_niochat_database_up{",
        'kind="conversation"',
    )

    async def scraped() -> str:
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"http://127.0.0.2:{ports['ray_metrics']}/metrics", timeout=10)
        ours = [line for line in answer.text.splitlines() if line.startswith("ray_niochat_")]
        said = "\n".join(ours)
        return said if all(word in said for word in wanted) else ""

    said = await wait_until(scraped)
    for line in said.splitlines():
        assert customer.phone not in line
        assert "tenant=" not in line
    up = [line for line in said.splitlines() if line.startswith("ray_niochat_database_up{")]
    assert {line.rpartition(" ")[2] for line in up} == {"1.0"}


async def test_the_operators_door_is_shut_without_the_token(world: EndToEndFixture) -> None:
    async with httpx.AsyncClient(base_url=world.stack.url, trust_env=False) as http:
        for method, path in (("GET", "hosts"), ("POST", "hosts/host-0/drain")):
            answer = await http.request(method, f"/api/operators/{path}")
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
