"""Promises about who may post: a stranger learns nothing, and nothing of it is stored."""

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

import pytest

from niochat.tenants.config_records import ChannelAddress
from tests.adapters.gateways.uazapi.captured_webhooks import TEXT, load_capture
from tests.builders import RowBuilder
from tests.http.conftest import WebhookFixture, path_of

pytestmark = pytest.mark.asyncio

KEY = "signing-key-of-the-gateway"


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={digest}"}


@pytest.fixture
def body() -> bytes:
    return json.dumps(load_capture(TEXT)).encode()


async def nothing_stored(given: RowBuilder) -> bool:
    tables = ("inbox", "contacts", "threads", "identities")
    return not any([await given.count(table) for table in tables])


async def test_unknown_channel_wrong_secret_and_wrong_token_are_answered_alike(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, body: bytes
) -> None:
    stranger = json.dumps({**load_capture(TEXT), "token": "of-another-instance"}).encode()
    tokenless = json.dumps({**load_capture(TEXT), "token": None}).encode()
    right = path_of(address)
    answers = [
        await world.http.post(f"/webhooks/uazapi/{uuid4()}/{address.secret}", content=body),
        await world.http.post(f"/webhooks/uazapi/nothing/{address.secret}", content=body),
        await world.http.post(f"/webhooks/uazapi/{address.channel.id}/wrong", content=body),
        await world.http.post(right + "0", content=body),
        await world.http.post(right[:-1] + "é", content=body),
        await world.http.post(right, content=stranger),
        await world.http.post(right, content=tokenless),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len({answer.content for answer in answers}) == 1
    assert len({str(sorted(_telling(answer.headers))) for answer in answers}) == 1
    assert await nothing_stored(given)
    assert not world.poked


def _telling(headers: Any) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name != "date"]


async def test_a_channel_with_a_key_takes_only_what_is_signed_with_it(
    world: WebhookFixture, given: RowBuilder, body: bytes
) -> None:
    address = await world.declare(hmac_key=KEY)
    unknown = await world.http.post(f"/webhooks/uazapi/{uuid4()}/x", content=body)
    refused = [
        await world.post(address, body),
        await world.post(address, body, headers=signed(body, "another-key")),
        await world.post(address, body, headers=signed(body + b" ")),
        await world.post(address, body, headers={"x-hub-signature-256": ""}),
        await world.post(address, body, headers={"x-hub-signature-256": "sha256=é".encode()}),
    ]

    assert {answer.status_code for answer in refused} == {404}
    assert {answer.content for answer in refused} == {unknown.content}
    assert await nothing_stored(given)

    accepted = await world.post(address, body, headers=signed(body))

    assert (accepted.status_code, accepted.json()) == (200, {"accepted": "new"})
    assert await given.count("inbox") == 1


async def test_a_stranger_is_not_told_that_a_body_is_malformed(
    world: WebhookFixture, address: ChannelAddress
) -> None:
    answer = await world.http.post(f"/webhooks/uazapi/{address.channel.id}/wrong", content=b"{")

    assert answer.status_code == 404


async def test_the_stored_body_holds_no_token(
    world: WebhookFixture, address: ChannelAddress, given: RowBuilder, body: bytes
) -> None:
    assert (await world.post(address, body)).status_code == 200

    (raw,) = await given.rows("SELECT raw::text FROM inbox")
    assert "fixture-token" not in raw
    assert address.secret not in raw


async def test_a_new_secret_does_not_come_from_applying_the_same_again(
    world: WebhookFixture, address: ChannelAddress
) -> None:
    assert (await world.declare()).secret == address.secret
