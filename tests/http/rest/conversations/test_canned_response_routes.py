"""Canned responses are shared, of a team, or of one person."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = pytest.mark.asyncio

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
PATH = "/canned-responses"


def response(shortcut: str = "ola", scope: str = "personal", **more: Any) -> dict[str, Any]:
    text = "{{saudacao}}, {{contato.primeiro_nome}}!"
    return {"shortcut": shortcut, "title": "Olá", "text": text, "scope": scope, **more}


async def upload(rest_api: RestApiFixture, headers: dict[str, str]) -> str:
    form = {"file": ("mapa.png", PNG, "image/png")}
    made = await rest_api.http.post("/files", files=form, headers=headers)
    assert made.status_code == 201, made.text
    file_id: str = made.json()["id"]
    return file_id


async def shortcuts(
    rest_api: RestApiFixture, headers: dict[str, str], query: str = ""
) -> list[str]:
    told = await rest_api.http.get(PATH + query, headers=headers)
    assert told.status_code == 200, told.text
    return [each["shortcut"] for each in told.json()]


async def test_each_sees_what_is_shared_of_the_own_teams_and_own(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    ana, agent = await rest_api.add_signed_in_user("agent")
    _, stranger = await rest_api.add_signed_in_user("admin", await given.tenant())
    await rest_api.http.put("/teams/vendas", json={"name": "Vendas"}, headers=boss)
    await rest_api.http.patch(f"/users/{ana}", json={"teams": ["vendas"]}, headers=boss)
    for body in (
        response("a-todos", "shared"),
        response("b-vendas", "team", team="vendas"),
        response("c-atendimento", "team", team="atendimento"),
        response("d-minha"),
    ):
        made = await rest_api.http.post(PATH, json=body, headers=boss)
        assert made.status_code == 201, made.text
    await rest_api.http.post(PATH, json=response("e-da-ana"), headers=agent)
    assert await shortcuts(rest_api, agent) == ["a-todos", "b-vendas", "e-da-ana"]
    assert await shortcuts(rest_api, boss) == ["a-todos", "d-minha"]
    assert await shortcuts(rest_api, boss, "?all_teams=true") == [
        "a-todos",
        "b-vendas",
        "c-atendimento",
        "d-minha",
    ]
    assert await shortcuts(rest_api, agent, "?all_teams=true") == await shortcuts(rest_api, agent)
    assert await shortcuts(rest_api, stranger, "?all_teams=true") == []
    editable = {
        each["shortcut"]: each["editable"]
        for each in (await rest_api.http.get(PATH, headers=agent)).json()
    }
    assert editable == {"a-todos": False, "b-vendas": False, "e-da-ana": True}


async def test_agents_write_their_own_and_others_need_the_permission(
    rest_api: RestApiFixture,
) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    _, viewer = await rest_api.add_signed_in_user("viewer")
    for body in (response("x", "shared"), response("x", "team", team="atendimento")):
        refused = await rest_api.http.post(PATH, json=body, headers=agent)
        assert_problem(refused, 403, "canned_scope")
    assert (await rest_api.http.get(PATH, headers=viewer)).status_code == 403
    shared = (await rest_api.http.post(PATH, json=response("s", "shared"), headers=boss)).json()
    own = (await rest_api.http.post(PATH, json=response("o"), headers=agent)).json()
    tagged = {**agent, "if-match": "*"}
    for body, path in (
        (response("s", "shared"), f"{PATH}/{shared['id']}"),
        (response("s", "personal"), f"{PATH}/{shared['id']}"),
        (response("o", "shared"), f"{PATH}/{own['id']}"),
    ):
        refused = await rest_api.http.put(path, json=body, headers=tagged)
        assert_problem(refused, 403, "canned_scope")
    refused = await rest_api.http.delete(f"{PATH}/{shared['id']}", headers=agent)
    assert_problem(refused, 403, "canned_scope")
    hidden = await rest_api.http.delete(f"{PATH}/{own['id']}", headers=boss)
    assert_problem(hidden, 404, "not_found")
    gone = await rest_api.http.delete(f"{PATH}/{own['id']}", headers=agent)
    assert gone.status_code == 204

    key = await rest_api.http.post(
        "/api-keys",
        json={"name": "erp", "permissions": ["conversations:reply:all", "canned:write"]},
        headers=boss,
    )
    bearer = {"authorization": f"Bearer {key.json()['key']}"}
    assert_problem(
        await rest_api.http.post(PATH, json=response("k"), headers=bearer), 403, "users_only"
    )
    made = await rest_api.http.post(PATH, json=response("k", "shared"), headers=bearer)
    assert made.status_code == 201
    log = await rest_api.house.admin.fetch(
        "SELECT action, before, after FROM audit WHERE action LIKE 'canned.%' ORDER BY id"
    )
    assert [row["action"] for row in log] == [
        "canned.create",
        "canned.create",
        "canned.delete",
        "canned.create",
    ]
    assert "saudacao" not in str(log)


async def test_a_change_names_the_version_that_was_read(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    made = await rest_api.http.post(PATH, json=response(), headers=headers)
    path = f"{PATH}/{made.json()['id']}"
    assert made.headers["etag"] == '"1"'
    new = response("tchau", text="Até logo", title="Fim")
    missing = await rest_api.http.put(path, json=new, headers=headers)
    assert_problem(missing, 428, "if_match_required")
    tagged = {**headers, "if-match": '"1"'}
    put = await rest_api.http.put(path, json=new, headers=tagged)
    assert (put.status_code, put.headers["etag"]) == (200, '"2"')
    assert_problem(await rest_api.http.put(path, json=new, headers=tagged), 412, "stale")
    assert_problem(await rest_api.http.delete(path, headers=tagged), 412, "stale")
    shown = await rest_api.http.get(path, headers=headers)
    assert shown.json() == put.json()
    assert (shown.json()["text"], shown.json()["shortcut"]) == ("Até logo", "tchau")


async def test_a_shortcut_is_unique_in_its_scope(rest_api: RestApiFixture) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    for body, headers in (
        (response("pix", "shared"), boss),
        (response("pix", "team", team="atendimento"), boss),
        (response("pix"), boss),
        (response("pix"), agent),
    ):
        made = await rest_api.http.post(PATH, json=body, headers=headers)
        assert made.status_code == 201
        again = await rest_api.http.post(PATH, json=body, headers=headers)
        assert_problem(again, 409, "shortcut_taken")
    other = (await rest_api.http.post(PATH, json=response("boleto"), headers=agent)).json()
    renamed = await rest_api.http.put(
        f"{PATH}/{other['id']}", json=response("pix"), headers={**agent, "if-match": "*"}
    )
    assert_problem(renamed, 409, "shortcut_taken")


async def test_a_repeated_request_creates_one(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    keyed = {**headers, "idempotency-key": "k1"}
    first = await rest_api.http.post(PATH, json=response(), headers=keyed)
    again = await rest_api.http.post(PATH, json=response(), headers=keyed)
    assert (again.status_code, again.json()) == (201, first.json())
    assert await shortcuts(rest_api, headers) == ["ola"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (response("Olá"), 422, "invalid"),
        (response(title=""), 422, "invalid"),
        (response(text="x" * 4097), 422, "invalid"),
        (response(text=""), 422, "invalid"),
        (response(scope="everybody"), 422, "invalid"),
        (response(scope="team"), 422, "invalid"),
        (response(team="atendimento"), 422, "invalid"),
        (response(files=[str(uuid4())] * 2), 422, "invalid"),
        (response(files=[str(uuid4()) for _ in range(6)]), 422, "invalid"),
        (response(scope="team", team="nenhuma"), 400, "no_team"),
        (response(text="{{cpf}}"), 400, "unknown_variable"),
        (response(files=[str(uuid4())]), 400, "no_file"),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    rest_api: RestApiFixture, body: dict[str, Any], status: int, code: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    refused = await rest_api.http.post(PATH, json=body, headers=headers)
    problem = assert_problem(refused, status, code)
    if code == "unknown_variable":
        assert "{{contato.nome}}" in problem["title"]
    assert await rest_api.given.count("canned_responses") == 0


async def age(rest_api: RestApiFixture, duration: timedelta) -> None:
    """All files were uploaded so much earlier."""
    await rest_api.house.admin.execute(
        "UPDATE attachments SET created_at = now() - $1::interval", duration
    )


async def test_files_stay_while_a_response_has_them_and_are_sent_by_id(
    rest_api: RestApiFixture,
) -> None:
    boss, headers = await rest_api.add_signed_in_user("admin")
    kept, dropped = await upload(rest_api, headers), await upload(rest_api, headers)
    made = await rest_api.http.post(
        PATH, json=response(files=[dropped, kept], text=""), headers=headers
    )
    assert [each["id"] for each in made.json()["files"]] == [dropped, kept]
    assert made.json()["files"][0]["filename"] == "mapa.png"
    path = f"{PATH}/{made.json()['id']}"
    put = await rest_api.http.put(
        path, json=response(files=[kept]), headers={**headers, "if-match": "*"}
    )
    assert [each["id"] for each in put.json()["files"]] == [kept]
    await age(rest_api, timedelta(days=40))
    await rest_api.services.attachments.delete_unused()
    assert await rest_api.given.rows("SELECT id::text FROM attachments") == [kept]
    again = await rest_api.http.put(
        path, json=response(files=[kept]), headers={**headers, "if-match": "*"}
    )
    assert again.status_code == 200, "an old file stays usable"

    url = (await rest_api.http.get(f"{path}/files/{kept}", headers=headers)).json()["url"]
    content = await rest_api.http.get(url.removeprefix("/api/v1"))
    assert content.content == PNG
    other = await rest_api.http.get(f"{path}/files/{dropped}", headers=headers)
    assert_problem(other, 404, "not_found")

    visit = await rest_api.conversation()
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=headers)
    sent = await rest_api.http.post(
        f"/conversations/{visit.id}/messages", json={"file": kept}, headers=headers
    )
    assert sent.status_code in (200, 201, 202), sent.text
    assert await rest_api.given.rows("SELECT attachment_id FROM outbox") == [UUID(kept)]

    await rest_api.http.delete(path, headers=headers)
    await rest_api.house.admin.execute("DELETE FROM outbox")
    await rest_api.services.attachments.delete_unused()
    assert await rest_api.given.count("attachments") == 0
    assert boss


async def test_an_upload_that_may_be_on_its_way_out_is_refused(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("agent")
    _, theirs = await rest_api.add_signed_in_user("agent", await given.tenant())
    foreign = await upload(rest_api, theirs)
    refused = await rest_api.http.post(PATH, json=response(files=[foreign]), headers=headers)
    assert_problem(refused, 400, "no_file")
    own = await upload(rest_api, headers)
    await age(rest_api, timedelta(hours=23, minutes=30))
    refused = await rest_api.http.post(PATH, json=response(files=[own]), headers=headers)
    assert_problem(refused, 400, "no_file")
    await age(rest_api, timedelta(hours=22))
    made = await rest_api.http.post(PATH, json=response(files=[own]), headers=headers)
    assert made.status_code == 201


async def test_those_of_a_team_go_with_it(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/teams/vendas", json={"name": "Vendas"}, headers=headers)
    body = response("x", "team", team="vendas", files=[await upload(rest_api, headers)])
    assert (await rest_api.http.post(PATH, json=body, headers=headers)).status_code == 201
    assert (await rest_api.http.delete("/teams/vendas", headers=headers)).status_code == 204
    assert await rest_api.given.count("canned_responses") == 0
    assert await rest_api.given.count("canned_response_files") == 0
