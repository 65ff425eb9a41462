"""The conversation that a customer names by its protocol number."""

import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
PATH = "/conversations/by-protocol/"


async def test_a_protocol_number_leads_to_its_conversation_also_when_it_is_resolved(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    shown = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()
    found = await rest_api.http.get(f"{PATH}{shown['protocol']}", headers=who)
    assert found.json() == shown

    for act in ("assign", "resolve"):
        path = f"/conversations/{visit.id}/{act}"
        assert (await rest_api.http.post(path, json={}, headers=who)).is_success
    again = (await rest_api.http.get(f"{PATH}{shown['protocol']}", headers=who)).json()
    assert (again["id"], again["status"]) == (shown["id"], "resolved")


async def test_an_unknown_number_and_one_of_another_tenant_are_not_found(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    assert_problem(await rest_api.http.get(f"{PATH}20990101000001", headers=who), 404, "not_found")
    visit = await rest_api.conversation()
    (protocol,) = await rest_api.given.rows(
        f"SELECT protocol FROM conversations WHERE id = '{visit.id}'"
    )
    _, stranger = await rest_api.add_signed_in_user("admin", await rest_api.given.tenant())
    assert_problem(await rest_api.http.get(f"{PATH}{protocol}", headers=stranger), 404, "not_found")


@pytest.mark.parametrize("number", ["abc", "123", "2026112200012x", "%00", "1" * 40])
async def test_what_is_no_protocol_number_is_refused(rest_api: RestApiFixture, number: str) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    assert (await rest_api.http.get(f"{PATH}{number}", headers=who)).status_code == 422
