"""Browsers are subscribed by whoever signed in on them."""

import base64
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from niochat.push.push_subscriptions import MAX_SUBSCRIPTIONS
from niochat.push.vapid_keys import VapidKeyStore
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.push.browser import Browser

pytestmark = pytest.mark.asyncio


def subscription(number: int = 1, **changes: Any) -> dict[str, Any]:
    key, auth = Browser().encoded_keys
    return {
        "endpoint": f"https://push.example.com/send/{number}",
        "keys": {"p256dh": key, "auth": auth},
        "device": "Firefox no Windows",
        "expirationTime": None,
        **changes,
    }


async def test_the_installation_has_one_key(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    first = (await rest_api.http.get("/push/public-key", headers=headers)).json()["public_key"]
    other = await VapidKeyStore(rest_api.house.database, rest_api.house.vault).load()
    assert first == other.public_key
    point = base64.urlsafe_b64decode(first + "=")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    (sealed,) = await rest_api.given.rows("SELECT private_sealed FROM vapid_keys")
    secret = other.private.private_numbers().private_value.to_bytes(32, "big")
    assert secret.hex().encode() not in sealed


async def test_a_browser_is_added_renewed_listed_and_removed(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    for device in ("Firefox", "Chrome"):
        put = await rest_api.http.put(
            "/push/subscriptions", json=subscription(device=device), headers=headers
        )
        assert put.status_code == 200, put.text
    listed = (await rest_api.http.get("/push/subscriptions", headers=headers)).json()
    assert [(each["id"], each["device"], each["current"]) for each in listed] == [
        (put.json()["id"], "Chrome", True)
    ]
    (sealed,) = await rest_api.given.rows("SELECT sealed FROM push_subscriptions")
    assert b"push.example.com" not in sealed
    path = f"/push/subscriptions/{put.json()['id']}"
    assert (await rest_api.http.delete(path, headers=headers)).status_code == 204
    assert_problem(await rest_api.http.delete(path, headers=headers), 404, "not_found")
    actions = await rest_api.given.rows("SELECT action FROM audit WHERE action LIKE 'push.%'")
    assert actions == ["push.subscribe", "push.subscribe", "push.unsubscribe"]


async def test_a_browser_belongs_to_who_signed_in_last(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, theirs = await rest_api.add_signed_in_user("agent", await given.tenant())
    _, ours = await rest_api.add_signed_in_user("agent")
    first = await rest_api.http.put("/push/subscriptions", json=subscription(), headers=theirs)
    path = f"/push/subscriptions/{first.json()['id']}"
    assert_problem(await rest_api.http.delete(path, headers=ours), 404, "not_found")
    again = await rest_api.http.put("/push/subscriptions", json=subscription(), headers=ours)
    assert again.json()["id"] != first.json()["id"]
    assert (await rest_api.http.get("/push/subscriptions", headers=theirs)).json() == []
    assert len((await rest_api.http.get("/push/subscriptions", headers=ours)).json()) == 1


async def test_there_are_ten_at_most_and_signed_out_ones_make_room(
    rest_api: RestApiFixture,
) -> None:
    user, headers = await rest_api.add_signed_in_user("agent")
    for number in range(MAX_SUBSCRIPTIONS):
        put = await rest_api.http.put(
            "/push/subscriptions", json=subscription(number), headers=headers
        )
        assert put.status_code == 200
    more = await rest_api.http.put("/push/subscriptions", json=subscription(99), headers=headers)
    assert_problem(more, 409, "too_many_subscriptions")
    renewed = await rest_api.http.put("/push/subscriptions", json=subscription(3), headers=headers)
    assert renewed.status_code == 200
    login = await rest_api.house.admin.fetchval("SELECT login FROM users WHERE id = $1", user)
    await rest_api.http.post("/auth/logout", headers=headers)
    headers = await rest_api.bearer(login)
    more = await rest_api.http.put("/push/subscriptions", json=subscription(99), headers=headers)
    assert more.status_code == 200
    assert len((await rest_api.http.get("/push/subscriptions", headers=headers)).json()) == 1


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"endpoint": "http://push.example.com/x"}, 400, "bad_push_endpoint"),
        ({"endpoint": "https://user@push.example.com/x"}, 400, "bad_push_endpoint"),
        ({"endpoint": "https://push.example.com:x/y"}, 400, "bad_push_endpoint"),
        ({"endpoint": "https:///nothing"}, 400, "bad_push_endpoint"),
        ({"endpoint": "https://push.example.com/é"}, 400, "bad_push_endpoint"),
        ({"endpoint": "https://127.0.0.1/x"}, 400, "private_address"),
        ({"endpoint": "https://[::1]:8443/x"}, 400, "private_address"),
        ({"endpoint": "https://169.254.169.254/latest"}, 400, "private_address"),
        ({"endpoint": "https://push.example.com/" + "x" * 1000}, 422, "invalid"),
        ({"keys": {"p256dh": "A" * 87, "auth": "A" * 22}}, 400, "bad_push_key"),
        ({"keys": {"p256dh": "A" * 87}}, 422, "invalid"),
        ({"device": ""}, 422, "invalid"),
        ({"user_id": str(uuid4())}, 422, "invalid"),
    ],
)
async def test_an_address_that_is_none_is_refused(
    rest_api: RestApiFixture, changes: dict[str, Any], status: int, code: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    put = await rest_api.http.put(
        "/push/subscriptions", json=subscription(**changes), headers=headers
    )
    assert_problem(put, status, code)
    assert await rest_api.given.count("push_subscriptions") == 0


async def test_a_superuser_has_no_browser_in_a_tenant(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    await rest_api.http.post(
        f"/tenants/{rest_api.house.tenant}/enter", json={"minutes": 5}, headers=headers
    )
    put = await rest_api.http.put("/push/subscriptions", json=subscription(), headers=headers)
    assert_problem(put, 403, "users_only")
