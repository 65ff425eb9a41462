"""Opt-outs are listed, exported, entered by anybody who may change contacts and undone by
administrators only.
"""

from typing import Any
from uuid import UUID

import pytest

from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = pytest.mark.asyncio


async def contact_of(rest_api: RestApiFixture, visit: ConversationFixture) -> UUID:
    (contact,) = await rest_api.given.rows(
        "SELECT contact_id FROM threads WHERE id = $1", visit.thread
    )
    return UUID(str(contact))


async def listed(rest_api: RestApiFixture, headers: dict[str, str], **query: Any) -> Any:
    answer = await rest_api.http.get("/opt-outs", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_agent_enters_an_opt_out_and_only_an_administrator_undoes_it(
    rest_api: RestApiFixture,
) -> None:
    ana, headers = await rest_api.add_signed_in_user("agent")
    _, boss = await rest_api.add_signed_in_user("admin")
    contact = await contact_of(rest_api, await rest_api.conversation())

    changed = await rest_api.http.patch(
        f"/contacts/{contact}", json={"opted_out": True}, headers=headers
    )
    assert changed.json()["opted_out"] is True
    (item,) = (await listed(rest_api, headers))["items"]
    assert (item["contact_id"], item["reason"], item["by_customer"]) == (
        str(contact),
        "agent",
        False,
    )
    assert item["by_name"] == await rest_api.house.admin.fetchval(
        "SELECT name FROM users WHERE id = $1", ana
    )
    other = await rest_api.http.patch(
        f"/contacts/{contact}", json={"name": "Maria"}, headers=headers
    )
    assert other.json()["opted_out"] is True, "another change keeps it"
    for value in (False, "x"):
        answer = await rest_api.http.patch(
            f"/contacts/{contact}", json={"opted_out": value}, headers=headers
        )
        assert_problem(answer, 422, "invalid")
    assert_problem(
        await rest_api.http.delete(f"/opt-outs/{contact}", headers=headers), 403, "forbidden"
    )

    assert (await rest_api.http.delete(f"/opt-outs/{contact}", headers=boss)).status_code == 204
    assert (await listed(rest_api, headers))["items"] == []
    assert_problem(
        await rest_api.http.delete(f"/opt-outs/{contact}", headers=boss), 404, "not_found"
    )
    (entry,) = await rest_api.house.admin.fetch(
        "SELECT target, before FROM audit WHERE action = 'opt_outs.undo'"
    )
    assert entry["target"] == f"contact:{contact}"
    assert entry["before"]["reason"] == "agent"


async def test_the_list_has_pages_and_a_file(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    contacts = [await contact_of(rest_api, await rest_api.conversation()) for _ in range(3)]
    for contact in contacts:
        await rest_api.http.patch(f"/contacts/{contact}", json={"opted_out": True}, headers=headers)

    first = await listed(rest_api, headers, limit=2)
    rest = await listed(rest_api, headers, limit=2, cursor=first["next_cursor"])
    found = [item["contact_id"] for item in (*first["items"], *rest["items"])]
    assert found == [str(each) for each in reversed(contacts)]
    assert rest["next_cursor"] is None

    file = await rest_api.http.get("/opt-outs/export", headers=headers)
    lines = file.text.lstrip("\ufeff").splitlines()
    assert lines[0].startswith("contact_id;name;phone;opted_out_at")
    assert len(lines) == 4
    _, agent = await rest_api.add_signed_in_user("agent")
    assert_problem(await rest_api.http.get("/opt-outs/export", headers=agent), 403, "forbidden")


async def test_who_starts_a_conversation_with_such_a_contact_is_told(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    thread = await rest_api.given.thread(
        (visit := await rest_api.conversation()).place, phone="5581988887777"
    )
    (contact,) = await rest_api.given.rows("SELECT contact_id FROM threads WHERE id = $1", thread)
    await rest_api.given.admin.execute(
        "UPDATE contacts SET opted_out_at = now(), opted_out_by = 'customer',"
        " opted_out_reason = 'rating' WHERE id = $1",
        contact,
    )
    body = {"channel_id": str(visit.place.channel), "contact_id": str(contact), "text": "Olá"}

    refused = await rest_api.http.post("/conversations", json=body, headers=headers)
    assert_problem(refused, 409, "contact_opted_out")
    started = await rest_api.http.post(
        "/conversations", json={**body, "despite_opt_out": True}, headers=headers
    )
    assert started.status_code in (200, 202), started.text
