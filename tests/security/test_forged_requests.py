"""Forged, replayed and parallel: what is not theirs stays shut, and what is done is done once."""

import asyncio
import base64
import json
import secrets
from collections import Counter
from typing import Any

import asyncpg
import httpx
import pytest

from niochat.cli.sandbox_client import SandboxClient
from tests.security.conftest import TRIES, AttackTarget
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def fetch(target: AttackTarget, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(
        target.stack.environment["DATABASE_URL"], server_settings={"role": "niochat_system"}
    )
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


def provider(target: AttackTarget, slug: str) -> dict[str, Any]:
    (found,) = [tenant for tenant in target.demo["tenants"] if tenant["slug"] == slug]
    return dict(found)


def message(token: str, number: int) -> dict[str, Any]:
    phone = f"55819{77000000 + number}@s.whatsapp.net"
    return {
        "EventType": "messages",
        "token": token,
        "chat": {"wa_chatid": phone, "name": "Maria"},
        "message": {
            "messageid": f"HOSTILE{number:024d}",
            "chatid": phone,
            "sender_pn": phone,
            "fromMe": False,
            "messageType": "Conversation",
            "text": "oi",
            "messageTimestamp": 1770146178000,
            "senderName": "Maria",
            "isGroup": False,
        },
    }


async def test_forged_webhooks_store_nothing(target: AttackTarget, repeat_count: int) -> None:
    ours, other = (provider(target, slug)["channels"][0] for slug in ("demo", "vizinho"))
    address, _, secret = ours["webhook_url"].rpartition("/")
    before = (await fetch(target, "SELECT count(*) FROM inbox WHERE dedupe_key LIKE '%HOSTILE%'"))[
        0
    ]
    forged = [
        (f"{address}/{secrets.token_urlsafe(24)}", ours["token"]),
        (f"{address}/{secret[:-1]}", ours["token"]),
        (ours["webhook_url"], other["token"]),
        (ours["webhook_url"], ""),
        (other["webhook_url"], ours["token"]),
        (f"{address[:-36]}00000000-0000-0000-0000-000000000000/{secret}", ours["token"]),
    ]
    for number in range(30 * repeat_count):
        url, token = forged[number % len(forged)]
        answer = await target.http.post(url, json=message(token, number))
        assert answer.status_code == 404, answer.text
        TRIES["forged webhooks"] += 1
    after = (await fetch(target, "SELECT count(*) FROM inbox WHERE dedupe_key LIKE '%HOSTILE%'"))[0]
    assert before == after


async def test_a_webhook_that_is_replayed_at_once_is_stored_once(target: AttackTarget) -> None:
    channel = provider(target, "vizinho")["channels"][0]
    body = message(channel["token"], 900_001)
    answers = await asyncio.gather(
        *(target.http.post(channel["webhook_url"], json=body) for _ in range(20))
    )
    TRIES["replayed webhooks"] += len(answers)
    assert {answer.status_code for answer in answers} == {200}
    assert Counter(answer.json()["accepted"] for answer in answers)["new"] == 1


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_forged_tokens_open_nothing(target: AttackTarget) -> None:
    signed = (await target.signed_in("agent"))["authorization"].removeprefix("Bearer ")
    head, body, mark = signed.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    later = {**claims, "exp": claims["exp"] + 10_000}
    forged = [
        f"{_part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        f"{head}.{_part(later)}.{mark}",
        f"{head}.{body}.",
        f"{head}.{body}.{mark[:-4]}AAAA",
        f"{head}.{body}",
        signed + ".x",
        f"{_part({'alg': 'HS256', 'kid': '../../etc/passwd'})}.{body}.{mark}",
        f"{_part({'alg': 'HS256', 'jwk': {}})}.{_part({})}.{mark}",
        "null",
        ".",
    ]
    for token in forged:
        answer = await target.http.get(
            "/api/v1/auth/me", headers={"authorization": f"Bearer {token}"}
        )
        TRIES["forged tokens"] += 1
        assert answer.status_code == 401, (token[:60], answer.text)


async def test_parallel_guesses_are_few_and_shut_nobody_else_out(target: AttackTarget) -> None:
    who = target.somebody("agent")
    transport = httpx.AsyncHTTPTransport(local_address="127.0.7.7", retries=0)
    async with httpx.AsyncClient(
        base_url=target.stack.url, transport=transport, timeout=60
    ) as stranger:
        answers = await asyncio.gather(
            *(
                stranger.post(
                    "/api/v1/auth/login",
                    json={"login": who["login"], "password": f"errada {number}"},
                    headers={"x-forwarded-for": f"203.0.113.{number}"},  # not believed
                )
                for number in range(25)
            )
        )
    TRIES["parallel guesses"] += len(answers)
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[401] <= 10, statuses
    assert set(statuses) <= {401, 429, 503}, statuses
    await target.signed_in("agent")  # from where nobody guessed


async def test_wrong_links_cost_nobody_a_log_in(target: AttackTarget) -> None:
    async def link() -> int:
        told = {"token": secrets.token_urlsafe(32), "password": "uma senha bem comprida"}
        return (await target.http.post("/api/v1/auth/password", json=told)).status_code

    tries = asyncio.gather(*(link() for _ in range(40)))
    await target.signed_in("agent")
    statuses = Counter(await tries)
    TRIES["wrong links"] += statuses.total()
    assert set(statuses) <= {400, 409, 422, 429}, statuses


async def test_an_act_that_is_replayed_with_its_key_is_done_once(target: AttackTarget) -> None:
    token = target.stack.environment["NIOCHAT_SANDBOX_TOKEN"]
    customer = SandboxClient(target.stack.sandbox, token)
    await customer.send_message("5581977661122", "quero falar com uma pessoa")
    await customer.close()

    async def waiting() -> str:
        rows = await fetch(
            target,
            "SELECT c.id FROM conversations c JOIN threads t ON t.id = c.thread_id"
            " JOIN identities i ON i.contact_id = t.contact_id"
            " WHERE i.value = '5581977661122' AND c.status <> 'pending'",
        )
        return str(rows[0]["id"]) if rows else ""

    path = f"/api/v1/conversations/{await wait_until(waiting)}/notes"
    headers = {**await target.signed_in("admin"), "idempotency-key": secrets.token_hex(8)}
    answers = await asyncio.gather(
        *(target.http.post(path, json={"text": "uma vez"}, headers=headers) for _ in range(8))
    )
    TRIES["replayed acts"] += len(answers)
    assert {answer.status_code for answer in answers} <= {200, 201, 409}, answers[0].text
    rows = await fetch(target, "SELECT id FROM messages WHERE text = 'uma vez'")
    assert len(rows) == 1


FOREIGN = {
    "conversation_id": "SELECT id FROM conversations WHERE tenant_id = $1 LIMIT 1",
    "contact_id": "SELECT id FROM contacts WHERE tenant_id = $1 LIMIT 1",
    "message_id": "SELECT id FROM messages WHERE tenant_id = $1 LIMIT 1",
    "channel_id": "SELECT id FROM channels WHERE tenant_id = $1 LIMIT 1",
}


async def test_ids_of_another_tenant_are_not_found(
    target: AttackTarget, routes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    other = provider(target, "vizinho")
    channel = other["channels"][0]
    await target.http.post(channel["webhook_url"], json=message(channel["token"], 900_002))

    async def known() -> dict[str, str]:
        (tenant,) = await fetch(target, "SELECT tenant_id FROM tenants WHERE slug = 'vizinho'")
        found = {"tenant_id": str(tenant["tenant_id"])}
        for name, query in FOREIGN.items():
            rows = await fetch(target, query, tenant["tenant_id"])
            found[name] = str(rows[0]["id"]) if rows else ""
        return found if all(found.values()) else {}

    ids = await wait_until(known)
    headers = await target.signed_in("admin")
    for method, path, _ in routes:
        names = [part.partition("}")[0] for part in path.split("{")[1:]]
        if not names or not set(names) <= set(ids):
            continue
        for name in names:
            path = path.replace(f"{{{name}}}", ids[name])
        for body in ({}, {"text": "x", "name": "x", "emoji": "x", "labels": [], "version": 1}):
            answer = await target.http.request(
                method, path, headers=headers, json=None if method == "GET" else body
            )
            TRIES["foreign ids"] += 1
            assert answer.status_code in (400, 403, 404, 405, 409, 422, 428), (method, path)
            assert "Maria" not in answer.text
