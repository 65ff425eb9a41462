"""A user's preferences are one document, which two windows do not overwrite."""

from typing import Any

import pytest

from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = pytest.mark.asyncio


async def test_everything_has_a_default_and_is_stored_whole(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("viewer")
    told = await rest_api.http.get("/preferences", headers=headers)
    assert told.headers["etag"] == '"0"'
    document = told.json()
    assert (document["language"], document["theme"], document["send_with"]) == (
        "pt-BR",
        "system",
        "enter",
    )
    assert document["notifications"]["push"] == dict.fromkeys(
        ("new_message", "assignment", "mention", "new_conversation"), True
    )
    document |= {
        "theme": "dark",
        "density": "compact",
        "folders": [
            {
                "id": "f1",
                "name": "Urgentes",
                "filter": {"priority": ["urgent", "high"], "agent": ["me"]},
            }
        ],
    }
    document["sounds"]["volume"] = 0
    put = await rest_api.http.put(
        "/preferences", json=document, headers={**headers, "if-match": '"0"'}
    )
    assert put.status_code == 200, put.text
    assert put.headers["etag"] == '"1"'
    again = await rest_api.http.get("/preferences", headers=headers)
    assert again.json() == put.json()
    assert again.json()["folders"][0]["filter"]["priority"] == ["urgent", "high"]


async def test_a_second_window_does_not_overwrite_the_first(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    missing = await rest_api.http.put("/preferences", json={}, headers=headers)
    assert_problem(missing, 428, "if_match_required")
    for tag, status in (('"0"', 200), ('"0"', 412), ('W/"1"', 412), ('"1"', 200), ("*", 200)):
        put = await rest_api.http.put(
            "/preferences", json={"theme": "dark"}, headers={**headers, "if-match": tag}
        )
        assert put.status_code == status, tag
    assert put.headers["etag"] == '"3"'


async def test_each_user_has_their_own(rest_api: RestApiFixture) -> None:
    _, ana = await rest_api.add_signed_in_user("agent")
    _, bia = await rest_api.add_signed_in_user("viewer")
    await rest_api.http.put(
        "/preferences", json={"theme": "dark"}, headers={**ana, "if-match": "*"}
    )
    assert (await rest_api.http.get("/preferences", headers=bia)).json()["theme"] == "system"


@pytest.mark.parametrize(
    "document",
    [
        {"unknown": 1},
        {"theme": "pink"},
        {"language": "pt"},
        {"sounds": {"volume": 101}},
        {"sounds": {"new_message": "../x"}},
        {"notifications": {"push": {"everything": True}}},
        {"folders": [{"id": "a", "name": ""}]},
        {"folders": [{"id": "a", "name": "x"}, {"id": "a", "name": "y"}]},
        {"folders": [{"id": f"f{n}", "name": "x"} for n in range(51)]},
        {"folders": [{"id": "a", "name": "x", "filter": {"agent": ["everybody"]}}]},
        {"folders": [{"id": "a", "name": "x", "filter": {"sql": "x"}}]},
        {"side_panel": {"order": ["x" * 41]}},
        {"side_panel": {"order": ["x"] * 31}},
    ],
)
async def test_what_is_no_preference_is_refused(
    rest_api: RestApiFixture, document: dict[str, Any]
) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    put = await rest_api.http.put(
        "/preferences", json=document, headers={**headers, "if-match": "*"}
    )
    assert_problem(put, 422, "invalid")
    assert await rest_api.given.count("preferences") == 0


async def test_what_a_newer_release_stored_reads_as_the_defaults(
    rest_api: RestApiFixture,
) -> None:
    user, headers = await rest_api.add_signed_in_user("agent")
    await rest_api.house.admin.execute(
        "INSERT INTO preferences (tenant_id, user_id, document) VALUES ($1, $2, $3)",
        rest_api.house.tenant,
        user,
        {"theme": "sepia"},
    )
    told = await rest_api.http.get("/preferences", headers=headers)
    assert (told.status_code, told.json()["theme"], told.headers["etag"]) == (200, "system", '"1"')
