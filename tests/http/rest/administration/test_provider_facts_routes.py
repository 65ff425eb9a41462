"""Facts of a provider over the API: beside its assistant's settings, and as strictly."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.assistant import demo_provider_facts
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

PATH = "/settings/assistant/facts"
MODEL = {"endpoint": "https://1.1.1.1/v1", "model": "m-1", "api_key": "sealed-one"}


async def patch(
    rest_api: RestApiFixture,
    headers: Mapping[str, str],
    body: Any,
    tag: str = "*",
    path: str = PATH,
) -> httpx.Response:
    return await rest_api.http.patch(path, json=body, headers={**headers, "if-match": tag})


async def ready(rest_api: RestApiFixture, given: RowBuilder) -> dict[str, str]:
    """Headers of an administrator whose provider has an assistant, and the demo's teams."""
    _, headers = await rest_api.add_signed_in_user("admin")
    for slug in ("financeiro", "suporte", "vendas"):
        await given.admin.execute(
            "INSERT INTO teams (tenant_id, slug, name) VALUES ($1, $2, $2)",
            rest_api.house.tenant,
            slug,
        )
    made = await patch(rest_api, headers, MODEL, path="/settings/assistant")
    assert made.status_code == 200, made.text
    return dict(headers)


async def test_facts_are_changed_one_by_one_and_read_as_they_were_sent(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    headers = await ready(rest_api, given)
    empty = await rest_api.http.get(PATH, headers=headers)
    assert empty.json()["facts"]["address"] is None
    assert empty.json()["facts"]["fees"] == []

    facts = {
        **demo_provider_facts.load_provider_facts(),
        "unknown": [{"topic": "IP fixo", "team": "suporte"}],
    }
    made = await patch(rest_api, headers, facts, empty.headers["etag"])
    assert made.status_code == 200, made.text
    assert made.headers["etag"] != empty.headers["etag"]
    told = made.json()["facts"]
    assert told["fees"][3] == {"name": "Troca de titularidade", "amount": 0.0}
    assert told["coverage"]["places"][0] == {"city": "Olinda"}

    # What is not sent stays, null goes; and what was read can be sent again.
    fewer = await patch(rest_api, headers, {"address": None, "fidelity_months": 0})
    assert fewer.json()["facts"] == {**told, "address": None, "fidelity_months": 0}
    again = await patch(rest_api, headers, {"coverage": told["coverage"], "fees": told["fees"]})
    assert again.json() == fewer.json()
    assert again.headers["etag"] == fewer.headers["etag"]
    assert (await rest_api.http.get(PATH, headers=headers)).json() == fewer.json()
    assert rest_api.announced[-1] == rest_api.house.tenant


async def test_the_assistants_other_settings_and_its_facts_do_not_touch_each_other(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    headers = await ready(rest_api, given)
    await patch(rest_api, headers, {"address": "Rua do Sol, 120"})

    shown = await patch(rest_api, headers, {"max_tokens": 400}, path="/settings/assistant")
    assert (shown.json()["max_tokens"], shown.json()["model"]) == (400, "m-1")
    assert "facts" not in shown.json()
    assert_problem(
        await patch(rest_api, headers, {"facts": {}}, path="/settings/assistant"), 422, "invalid"
    )
    told = await rest_api.http.get(PATH, headers=headers)
    assert told.json()["facts"]["address"] == "Rua do Sol, 120"
    assert told.headers["etag"] == shown.headers["etag"]


async def test_only_who_has_seen_them_may_change_them_and_the_log_has_no_text(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    headers = await ready(rest_api, given)
    tag = (await rest_api.http.get(PATH, headers=headers)).headers["etag"]
    missing = await rest_api.http.patch(PATH, json={"email": "a@b.example"}, headers=headers)
    assert_problem(missing, 428, "if_match_required")
    assert_problem(await patch(rest_api, headers, {"email": "a@b.example"}, '"0"'), 412, "stale")
    answers = await asyncio.gather(
        *(patch(rest_api, headers, {"address": f"Rua {n}, 1"}, tag) for n in range(4))
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]

    (logged,) = await given.rows(
        "SELECT after FROM audit WHERE action = 'settings.assistant' AND after::text LIKE '%facts%'"
    )
    assert logged["changed"] == ["facts.address"]
    assert "Rua" not in json.dumps(logged)


@pytest.mark.parametrize(
    ("facts", "status", "code"),
    [
        ({"adress": "Rua A"}, 422, "invalid"),
        ({"address": "Rua\x00 A"}, 422, "invalid"),
        ({"email": "x"}, 422, "invalid"),
        ({"fees": [{"name": "a", "amount": "50"}]}, 422, "invalid"),
        ({"coverage": {"ceps": ["530200000"]}}, 422, "invalid"),
        ({"sites": [{"name": "a", "address": "javascript:x"}]}, 422, "invalid"),
        ({"sites": [{"name": "a", "address": "env:HOME"}]}, 422, "invalid"),
        ({"more": [{"question": "q", "answer": "a" * 300}] * 6}, 400, "bad_settings"),
        ({"unknown": [{"topic": "IP fixo", "team": "nenhum"}]}, 400, "no_team"),
    ],
)
async def test_what_is_wrong_is_said_and_changes_nothing(
    rest_api: RestApiFixture, given: RowBuilder, facts: dict[str, Any], status: int, code: str
) -> None:
    headers = await ready(rest_api, given)
    before = (await rest_api.http.get(PATH, headers=headers)).json()

    assert_problem(await patch(rest_api, headers, facts), status, code)

    assert (await rest_api.http.get(PATH, headers=headers)).json() == before


async def test_without_an_assistant_there_are_no_facts(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    assert (await rest_api.http.get(PATH, headers=headers)).json()["facts"]["address"] is None
    assert_problem(await patch(rest_api, headers, {"address": "Rua A, 1"}), 409, "no_assistant")


async def test_who_may_only_read_settings_does_not_change_facts(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    await ready(rest_api, given)
    _, headers = await rest_api.add_signed_in_user("supervisor")
    answer = await patch(rest_api, dict(headers), {"address": "Rua A, 1"})
    assert answer.status_code == 403
