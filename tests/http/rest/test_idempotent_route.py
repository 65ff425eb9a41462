"""A POST under a key happens once: the same answer again, and nothing twice."""

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

import httpx
import pytest

from niochat.adapters.postgres.audit_log import under_idempotency_key
from niochat.adapters.postgres.idempotency_store import (
    IdempotencyLease,
    IdempotentRequest,
    StoredResponse,
)
from niochat.domain.errors import OperationRefusedError
from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole
from niochat.http.api.idempotency_key import IDEMPOTENCY_HEADER
from niochat.http.rest.idempotent_route import EXCLUDED_PATHS
from niochat.identity.users import ChangedBy, NewUser
from niochat.ports.audit import AuditActor, AuditActorKind
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

NOVA = {"login": "nova@example.com", "name": "Nova", "role": "viewer"}
KEY = {"name": "erp", "permissions": ["contacts:read"]}


async def post(
    rest_api: RestApiFixture, path: str, body: Any, headers: Mapping[str, str], key: str = "k1"
) -> httpx.Response:
    return await rest_api.http.post(path, json=body, headers={**headers, IDEMPOTENCY_HEADER: key})


async def mails(rest_api: RestApiFixture) -> int:
    """How many left since the last look."""
    rest_api.house.clock.advance(seconds=60)
    return len(await rest_api.house.deliver_mails())


async def age(rest_api: RestApiFixture, hours: float = 0, *, lease_s: float = 0) -> None:
    """As if the keys had come earlier."""
    await rest_api.house.admin.execute(
        "UPDATE idempotency_keys SET started_at = started_at - $1 * interval '1 hour',"
        " leased_until = leased_until - $2 * interval '1 second'",
        hours,
        lease_s,
    )


async def test_the_same_request_again_gets_the_same_answer_and_changes_nothing(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    first = await post(rest_api, "/users", NOVA, headers)
    again = await post(rest_api, "/users", NOVA, headers)
    assert first.status_code == again.status_code == 201, again.text
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await mails(rest_api) == 1
    assert_problem(await post(rest_api, "/users", NOVA, headers, "k2"), 409, "login_taken")


async def test_what_is_shown_once_is_shown_to_who_did_not_hear_it_and_lies_sealed(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    made = (await post(rest_api, "/api-keys", KEY, headers)).json()
    assert (await post(rest_api, "/api-keys", KEY, headers)).json() == made
    (answer,) = await given.rows("SELECT answer_sealed FROM idempotency_keys")
    assert made["key"].encode() not in answer
    assert await given.count("api_keys") == 1


async def test_an_answer_without_a_body_is_kept_too(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    user = (await post(rest_api, "/users", NOVA, headers)).json()["id"]
    await mails(rest_api)
    path = f"/users/{user}/invitation"
    assert [(await post(rest_api, path, None, headers)).status_code for _ in range(2)] == [202, 202]
    assert await mails(rest_api) == 1


async def test_a_key_stands_for_one_request_of_one_caller_on_one_route(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    assert (await post(rest_api, "/users", NOVA, headers)).status_code == 201
    assert_problem(
        await post(rest_api, "/users", {**NOVA, "name": "Novo"}, headers), 422, "key_reused"
    )
    assert (await post(rest_api, "/api-keys", KEY, headers)).status_code == 201
    await rest_api.house.create_user("outra@example.com", "admin")
    other = await rest_api.bearer("outra@example.com")
    assert_problem(await post(rest_api, "/users", NOVA, other), 409, "login_taken")


@pytest.mark.parametrize("key", ["", "a b", "é".encode(), "x" * 129])
async def test_a_key_that_is_none_is_refused_and_changes_nothing(
    rest_api: RestApiFixture, given: RowBuilder, key: str | bytes
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    sent = [*headers.items(), (IDEMPOTENCY_HEADER, key)]
    answer = await rest_api.http.post("/users", json=NOVA, headers=sent)  # type: ignore[arg-type]
    assert_problem(answer, 422, "bad_key")
    assert await given.count("users") == 1


async def test_of_requests_that_come_together_one_acts(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answers = await asyncio.gather(*(post(rest_api, "/api-keys", KEY, headers) for _ in range(8)))
    for each in answers:
        if each.status_code != 201:
            assert_problem(each, 409, "in_progress")
    assert len({each.json()["id"] for each in answers if each.status_code == 201}) == 1
    assert await given.count("api_keys") == 1


async def test_a_problem_is_not_kept_so_that_what_was_mended_can_be_sent_again(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    assert_problem(
        await post(rest_api, "/users", {**NOVA, "role": "chefe"}, headers), 400, "no_role"
    )
    assert_problem(await post(rest_api, "/users", {"login": "?"}, headers), 422, "invalid")
    assert await given.count("idempotency_keys") == 0
    assert (await post(rest_api, "/users", NOVA, headers)).status_code == 201


async def test_who_may_no_more_does_not_get_the_kept_answer_either(
    rest_api: RestApiFixture,
) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    assert (await post(rest_api, "/api-keys", KEY, headers)).status_code == 201
    await rest_api.house.admin.execute("UPDATE users SET role = 'viewer' WHERE id = $1", boss)
    assert_problem(await post(rest_api, "/api-keys", KEY, headers), 403, "forbidden")


async def test_what_died_halfway_can_be_repeated_once_its_time_is_over(
    rest_api: RestApiFixture,
) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    store = rest_api.services.identity.idempotency
    asked = IdempotentRequest(rest_api.house.tenant, boss, "POST /users", "k1", b"digest")
    dead = await store.begin(asked)
    assert isinstance(dead, IdempotencyLease)
    with pytest.raises(OperationRefusedError) as refused:
        await store.begin(asked)
    assert refused.value.code == "in_progress"

    await age(rest_api, lease_s=121)
    second = await store.begin(asked)
    assert isinstance(second, IdempotencyLease)
    await store.finish(asked, dead, StoredResponse(201, "late"))  # it was not dead, only slow
    await store.finish(asked, second, StoredResponse(201, "mine"))
    assert await store.begin(asked) == StoredResponse(201, "mine")
    assert_problem(await post(rest_api, "/users", NOVA, headers), 422, "key_reused")


@pytest.mark.parametrize(
    ("path", "body", "table"),
    [("/users", NOVA, "users"), ("/api-keys", KEY, "api_keys"), ("/users/{0}/invitation", {}, "")],
)
async def test_what_died_after_it_acted_is_not_done_again_and_says_so(
    rest_api: RestApiFixture, given: RowBuilder, path: str, body: Any, table: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    invited = (
        await post(rest_api, "/users", {**NOVA, "login": "x@example.com"}, headers, "k0")
    ).json()
    path = path.format(invited["id"])
    finish = rest_api.services.identity.idempotency.finish

    async def die(*_: object, **__: object) -> NoReturn:
        raise asyncio.CancelledError

    rest_api.services.identity.idempotency.finish = die  # type: ignore[method-assign]
    transport = httpx.ASGITransport(app=rest_api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        with pytest.raises(asyncio.CancelledError):
            await http.post(path, json=body, headers={**headers, IDEMPOTENCY_HEADER: "k1"})
    rest_api.services.identity.idempotency.finish = finish  # type: ignore[method-assign]
    await mails(rest_api)
    made = await given.count(table) if table else 0

    assert_problem(await post(rest_api, path, body, headers), 409, "in_progress")
    await age(rest_api, lease_s=121)
    told = assert_problem(await post(rest_api, path, body, headers), 409, "answer_lost")
    (acted,) = await given.rows("SELECT acted FROM idempotency_keys WHERE key = 'k1'")
    assert acted in told["title"]
    assert acted.partition(":")[0] in ("user", "key")
    assert (await given.count(table) if table else 0) == made
    assert await mails(rest_api) == 0


async def test_who_lost_the_lease_can_do_nothing_any_more(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    boss, _ = await rest_api.add_signed_in_user("admin")
    store = rest_api.services.identity.idempotency
    asked = IdempotentRequest(rest_api.house.tenant, boss, "POST /users", "k1", b"digest")
    slow = await store.begin(asked)
    assert isinstance(slow, IdempotencyLease)
    await age(rest_api, lease_s=121)
    assert isinstance(await store.begin(asked), IdempotencyLease)
    with under_idempotency_key(slow.id, slow.holder):
        by = ChangedBy(
            boss, ROLE_GRANTS[BuiltInRole.ADMIN], AuditActor(AuditActorKind.USER, str(boss))
        )
        new = NewUser("late@example.com", "Late", "viewer", ())
        with pytest.raises(OperationRefusedError) as refused:
            await rest_api.services.identity.users.invite(rest_api.house.tenant, new, by)
    assert refused.value.code == "in_progress"
    assert await given.count("users", "login = 'late@example.com'") == 0


async def test_who_hangs_up_in_the_middle_gets_the_answer_when_they_come_again(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    transport = httpx.ASGITransport(app=rest_api.app)  # as Serve does, what is left is cancelled
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as http:
        async with rest_api.house.admin.transaction():
            await rest_api.house.admin.execute("LOCK TABLE api_keys IN EXCLUSIVE MODE")
            left = asyncio.create_task(
                http.post("/api-keys", json=KEY, headers={**headers, IDEMPOTENCY_HEADER: "k1"})
            )
            await wait_until(lambda: given.count("pg_locks", "NOT granted"))
            left.cancel()
            with pytest.raises(asyncio.CancelledError):
                await left
        for _ in range(500):
            answer = await post(rest_api, "/api-keys", KEY, headers)
            if answer.status_code != 409:
                break
            assert_problem(answer, 409, "in_progress")
            await asyncio.sleep(0.01)
    assert answer.headers["idempotency-replayed"] == "true"
    assert await given.count("api_keys") == 1


async def test_after_a_day_a_key_is_new_and_what_was_kept_is_purged(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    assert (await post(rest_api, "/users", NOVA, headers)).status_code == 201
    await age(rest_api, hours=25)
    assert_problem(await post(rest_api, "/users", NOVA, headers), 409, "login_taken")
    assert (await post(rest_api, "/api-keys", KEY, headers, "k2")).status_code == 201
    store = rest_api.services.identity.idempotency
    assert await store.delete_expired() == 0
    await age(rest_api, hours=25)
    assert await store.delete_expired() == 1
    assert await given.count("idempotency_keys") == 0


async def test_a_superuser_has_keys_of_the_platform_and_of_each_tenant(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("superuser")
    for tenant in (rest_api.house.tenant, await given.tenant()):
        path = f"/tenants/{tenant}/enter"
        assert (await post(rest_api, path, {"minutes": 5}, headers, "enter")).status_code == 200
        made = await post(rest_api, "/api-keys", KEY, headers)
        assert made.status_code == 201, made.text
        assert "idempotency-replayed" not in made.headers
        left = await rest_api.http.post("/tenants/leave", headers=headers)
        assert left.status_code == 204
    tenants: set[UUID] = set(await given.rows("SELECT tenant_id FROM api_keys"))
    assert len(tenants) == 2


async def test_every_post_that_acts_takes_a_key(rest_api: RestApiFixture) -> None:
    """Log-ins, refreshes, tickets and links that are good once are no acts to repeat."""
    told = (await rest_api.http.get("/openapi.json")).json()["paths"]
    without = {
        path
        for path, methods in told.items()
        if "post" in methods
        and not [
            each
            for each in methods["post"].get("parameters", [])
            if each["name"] == "Idempotency-Key"
        ]
    }
    # An upload does nothing until it is sent, and a look-up by a body changes nothing; neither does
    # a test, and a token must not be replayed.
    assert without == EXCLUDED_PATHS | {
        "/files",
        "/contacts/lookup",
        "/supabase/test",
        "/supabase/token",
    }
