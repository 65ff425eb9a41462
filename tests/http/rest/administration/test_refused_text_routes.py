"""What the assistant was not let say, over the API."""

import pytest

from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import RejectedReply, TurnStore
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def refuses(rest_api: RestApiFixture, visit: ConversationFixture, *codes: str) -> None:
    """The visit's turn has texts that do not leave."""
    turn = rest_api.host.turn(visit.thread)
    place = visit.place
    request = TurnRequest(place.tenant, visit.id, turn.id, 1, 99, "1")
    visits = TurnStore(rest_api.host.database)
    for count, code in enumerate(codes, start=1):
        refused = RejectedReply(count, code, "CPF 529.982.247-25", "R$ 1,00", "m", "p-1")
        for _ in range(2):
            await visits.save_rejected_reply(request, refused)


async def test_refused_texts_are_listed_newest_first_in_pages(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    await refuses(rest_api, await rest_api.conversation(), "valor", "pagamento", "data")

    first = (await rest_api.http.get("/refused-texts", params={"limit": 2}, headers=who)).json()
    rest = await rest_api.http.get(
        "/refused-texts", params={"limit": 2, "cursor": first["next_cursor"]}, headers=who
    )
    one = (await rest_api.http.get("/refused-texts", params={"code": "valor"}, headers=who)).json()

    shown = [*first["items"], *rest.json()["items"]]
    assert [each["code"] for each in shown] == ["data", "pagamento", "valor"]
    assert rest.json()["next_cursor"] is None
    assert [each["code"] for each in one["items"]] == ["valor"]
    assert "529" not in shown[0]["sentence"], "documents are masked"
    assert (shown[0]["model"], shown[0]["prompt_version"]) == ("m", "p-1")


async def test_refused_texts_need_the_settings_permission(rest_api: RestApiFixture) -> None:
    _, agent = await rest_api.add_signed_in_user("agent")

    assert_problem(await rest_api.http.get("/refused-texts", headers=agent), 403, "forbidden")


async def test_refused_texts_of_another_tenant_are_not_shown(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    foreign = await rest_api.given.place()
    await refuses(rest_api, await rest_api.conversation(foreign), "valor")

    assert (await rest_api.http.get("/refused-texts", headers=who)).json()["items"] == []
