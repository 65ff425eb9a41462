"""The crowd: what it writes, and what it notes of each message."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import orjson
import pytest

from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import ReceiveMessage
from niochat.domain.errors import UnavailableError
from niochat.ports.gateway_events import InboundEvent
from niochat_lab.bench.environment.load_generator_client import LoadGeneratorClient
from niochat_sandbox.load_generator.canned_responses import TAG_PATTERN
from niochat_sandbox.load_generator.load_job import LoadStream, MessageStage
from niochat_sandbox.load_generator.webhook_templates import WebhookTemplates, format_tag, parse_tag
from tests.niochat_sandbox.load_generator.conftest import Receiver
from tests.wait_until import wait_until


def stream(receiver: Receiver) -> LoadStream:
    return LoadStream("people", receiver.url, "token-x", people=50, connections=4, places=4)


def command_of(body: bytes) -> tuple[str, ReceiveMessage]:
    webhook = parse_webhook(orjson.loads(body), datetime.now(UTC))
    assert isinstance(webhook.event, InboundEvent)
    assert isinstance(webhook.event.command, ReceiveMessage)
    return webhook.event.dedupe_key, webhook.event.command


def test_a_webhook_has_the_size_of_a_real_one_and_is_read_as_a_message() -> None:
    letters = WebhookTemplates("http://127.0.0.1:1/webhooks/uazapi/c/s", "token-x")
    requests = [letters.render(7, number) for number in range(16)]
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests]

    assert all(2_000 <= len(body) <= 4_096 for body in bodies)
    for request, body in zip(requests, bodies, strict=True):
        assert f"content-length: {len(body)}\r\n".encode() in request
    keys, commands = zip(*(command_of(body) for body in bodies), strict=True)
    assert len(set(keys)) == 16
    assert all(format_tag(7, n) in c.content.text for n, c in enumerate(commands))


def test_a_message_is_named_without_a_digit_and_found_again() -> None:
    name = format_tag(12_345_678, 42)

    assert not any(each.isdigit() for each in name)
    assert parse_tag(name) == (12_345_678, 42)
    assert TAG_PATTERN.findall(f"Recebi {name}.") == [name]


@pytest.mark.asyncio
async def test_in_a_closed_loop_each_place_writes_again_when_it_was_answered(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    played = await crowd.run_job([stream(receiver)], 0.5)

    found = played.single
    assert found.posted == found.accepted == len(receiver.bodies) > 8
    assert len(found.latencies_ms) == found.accepted
    assert receiver.connections["opened"] == 4
    assert len({command_of(body)[0] for body in receiver.bodies}) == found.posted


@pytest.mark.asyncio
async def test_the_next_job_writes_new_messages(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    await crowd.run_job([stream(receiver)], 0.1)
    await crowd.run_job([stream(receiver)], 0.1)

    assert len({command_of(body)[0] for body in receiver.bodies}) == len(receiver.bodies)


@pytest.mark.asyncio
async def test_in_an_open_loop_messages_leave_at_their_rate(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    played = await crowd.run_job([replace(stream(receiver), rate=100.0)], 0.5)

    assert 40 <= played.single.posted + played.single.skipped <= 52


@pytest.mark.asyncio
async def test_what_is_refused_is_posted_again_and_counts_once(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    receiver.statuses += ["429 Too Many Requests", "503 Service Unavailable", "broken"]
    steady = replace(stream(receiver), messages=20, repeat=True)

    played = await crowd.run_job([steady], 20.0)

    found = played.single
    assert (found.posted, found.accepted, found.unanswered) == (20, 20, 0)
    assert (found.refused, found.failed) == (2, 1)
    assert len(receiver.bodies) == 23


@pytest.mark.asyncio
async def test_an_answer_at_the_gateway_is_measured_and_a_second_one_is_counted_as_twice(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    asked = replace(
        stream(receiver),
        measured=MessageStage.ANSWERED,
        freed=MessageStage.ANSWERED,
        messages=1,
        places=1,
    )
    job = asyncio.create_task(crowd.run_job([asked, replace(asked, name="other", first=900)], 10.0))
    async with httpx.AsyncClient(base_url=crowd.url) as gateway, asyncio.timeout(10):
        await wait_until(lambda: len(receiver.bodies) >= 2)
        (first, second) = (TAG_PATTERN.findall(body.decode())[0] for body in receiver.bodies)
        for named in (first, first, second):
            answer = await gateway.post("/gateway/send/text", json={"text": f"Recebi {named}."})
            assert answer.json()["messageid"].startswith("3EB0")
        played = await job

    assert [each.answered for each in played.outcomes.values()] == [1, 1]
    assert played.twice == 1


@pytest.mark.asyncio
async def test_an_answer_that_overtakes_an_older_one_is_out_of_order(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    asked = replace(
        stream(receiver), people=1, measured=MessageStage.ANSWERED, messages=2, places=1
    )
    job = asyncio.create_task(crowd.run_job([asked], 10.0))
    async with httpx.AsyncClient(base_url=crowd.url) as gateway, asyncio.timeout(10):
        await wait_until(lambda: len(receiver.bodies) >= 2)
        for body in reversed(receiver.bodies):
            text = {"text": TAG_PATTERN.findall(body.decode())[0]}
            await gateway.post("/gateway/send/text", json=text)
        played = await job

    assert played.single.out_of_order == 1


@pytest.mark.asyncio
async def test_the_model_names_every_message_since_its_last_answer(
    crowd: LoadGeneratorClient,
) -> None:
    said = [
        {"role": "user", "content": format_tag(1, 0)},
        {"role": "assistant", "content": "Recebi."},
        {"role": "user", "content": format_tag(1, 1)},
        {"role": "user", "content": format_tag(1, 2)},
    ]
    async with httpx.AsyncClient(base_url=crowd.url) as model:
        answer = await model.post(
            "/model/v1/chat/completions", json={"model": "m", "messages": said}
        )

    text = answer.json()["choices"][0]["message"]["content"]
    assert TAG_PATTERN.findall(text) == [format_tag(1, 1), format_tag(1, 2)]


@pytest.mark.asyncio
async def test_a_job_that_cannot_be_done_is_refused_with_its_reason(
    crowd: LoadGeneratorClient, receiver: Receiver
) -> None:
    nobody = replace(stream(receiver), url="http://127.0.0.1:9/webhooks/uazapi/c/s")

    with pytest.raises(UnavailableError, match="rejected the job"):
        await crowd.run_job([nobody], 0.1)
