"""A provider's own settings: seen before they are changed, checked, announced, written down."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from niochat.adapters.postgres.domain_json_codec import policy_from_row
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

MODEL = {"endpoint": "https://1.1.1.1/v1", "model": "m-1", "api_key": "sk-one"}


async def patch(
    rest_api: RestApiFixture,
    headers: Mapping[str, str],
    body: Any,
    tag: str | None = "*",
    path: str = "/settings",
) -> httpx.Response:
    sent = {**headers, **({"if-match": tag} if tag is not None else {})}
    return await rest_api.http.patch(path, json=body, headers=sent)


async def test_the_policy_is_read_changed_and_read_again_in_the_words_of_a_file(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    before = await rest_api.http.get("/settings", headers=headers)
    assert before.json()["policy"]["phone_pause_s"] == 1800
    hours = [{"days": ["fri", "segunda"], "from": "08:00", "to": "18:30"}]
    body = {
        "timezone": "America/Recife",
        "policy": {"hours": hours, "phone_pause_s": 60, "closed_days": ["2026-12-24"]},
    }
    told = await patch(rest_api, headers, body, before.headers["etag"])
    assert told.status_code == 200, told.text
    assert told.headers["etag"] != before.headers["etag"]
    policy = told.json()["policy"]
    assert policy["hours"] == [{"days": ["mon", "fri"], "from": "08:00", "to": "18:30"}]
    assert policy["closed_days"] == ["2026-12-24"]
    again = await rest_api.http.get("/settings", headers=headers)
    assert again.json() == told.json()
    assert again.headers["etag"] == told.headers["etag"]
    assert rest_api.announced == [rest_api.house.tenant]

    (stored,) = await given.rows("SELECT policy FROM tenants")
    meant = policy_from_row("active", stored)
    assert (meant.phone_pause_s, meant.hours[0].days) == (60, (0, 4))
    back = await patch(rest_api, headers, {"policy": {"hours": None}}, told.headers["etag"])
    assert back.json()["policy"]["hours"] == []
    logged = await given.rows("SELECT after FROM audit WHERE action = 'settings.change'")
    assert logged[0]["changed"] == ["closed_days", "hours", "phone_pause_s", "timezone"]


async def test_only_who_has_seen_it_as_it_is_may_change_it(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    tag = (await rest_api.http.get("/settings", headers=headers)).headers["etag"]
    assert_problem(await patch(rest_api, headers, {"name": "A"}, None), 428, "if_match_required")
    for stale in ('"0"', f"W/{tag}", "", "x", '"0", "1x"'):
        assert_problem(await patch(rest_api, headers, {"name": "A"}, stale), 412, "stale")
    answers = await asyncio.gather(
        *(patch(rest_api, headers, {"name": f"N{n}"}, f'"0", {tag}') for n in range(4))
    )
    assert sorted(each.status_code for each in answers) == [200, 412, 412, 412]
    assert await given.count("audit", "action = 'settings.change'") == 1


async def test_what_is_wrong_is_said_and_changes_nothing(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    before = (await rest_api.http.get("/settings", headers=headers)).json()
    for policy in (
        {"burst_window_s": 0},
        {"burst_window_s": "2"},
        {"closed_text": "amanhã"},
        {"hours": [{"days": ["x"], "from": "08:00", "to": "09:00"}]},
        {"hours": [{"days": ["mon"], "from": "09:00", "to": "08:00"}]},
        {"holidays": "XX"},
        {"other": 1},
        {"reminder_after_s": 5},
    ):
        assert_problem(await patch(rest_api, headers, {"policy": policy}), 422, "invalid")
    assert_problem(await patch(rest_api, headers, {"policy": {"team": "vendas"}}), 400, "no_team")
    longer = {"policy": {"burst_window_s": 20, "burst_limit_s": 10}}
    assert_problem(await patch(rest_api, headers, longer), 400, "bad_settings")
    assert (await rest_api.http.get("/settings", headers=headers)).json() == before
    assert (await patch(rest_api, headers, {})).json() == before
    assert await given.count("audit", "action = 'settings.change'") == 0


async def test_the_assistant_is_set_up_and_its_key_is_never_shown(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    path = "/settings/assistant"
    empty = (await rest_api.http.get(path, headers=headers)).json()
    assert (empty["configured"], empty["enabled"], empty["model"]) == (False, False, None)
    assert_problem(await patch(rest_api, headers, {"model": "m"}, path=path), 400, "bad_settings")

    body = {**MODEL, "price_in": 1.25, "persona": {"name": "Lia"}, "max_tokens": 400}
    made = await patch(rest_api, headers, body, path=path)
    assert made.status_code == 200, made.text
    told = made.json()
    assert "sk-one" not in made.text
    assert (told["configured"], told["enabled"], told["price_in"]) == (True, True, 1.25)
    assert (told["turns_per_minute"], told["persona"]["name"]) == (6000, "Lia")

    more = {"persona": {"style": "breve", "language": "customer"}, "enabled": False}
    told = (await patch(rest_api, headers, more, made.headers["etag"], path)).json()
    assert (told["persona"]["name"], told["persona"]["style"]) == ("Lia", "breve")
    assert told["persona"]["language"] == "customer"
    assert (told["enabled"], told["max_tokens"]) == (False, 400)
    log = await given.rows("SELECT after::text FROM audit WHERE action = 'settings.assistant'")
    assert len(log) == 2
    assert "sk-one" not in "".join(log)


async def test_what_is_added_to_a_models_requests_is_sealed_and_only_named(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    path = "/settings/assistant"
    extra = {"extra_headers": {"X-Proxy": "top-secret"}, "extra_body": {"k": {"v": "top-secret"}}}
    more = {"temperature": 0.2, "seed": 7, "parallel_tool_calls": False, "dialect": ["one_system"]}
    made = await patch(rest_api, headers, {**MODEL, **extra, **more}, path=path)
    assert made.status_code == 200, made.text
    told = made.json()
    assert "top-secret" not in made.text
    assert (told["extra_headers"], told["extra_body"]) == (["X-Proxy"], ["k"])
    assert {name: told[name] for name in more} == more

    # What is not sent stays; null takes it away.
    told = (await patch(rest_api, headers, {"seed": None}, path=path)).json()
    assert (told["seed"], told["extra_headers"], told["extra_body"]) == (None, ["X-Proxy"], ["k"])
    moved = {"endpoint": "https://1.0.0.1/v1", "api_key": "sk-two", "extra_body": None}
    assert_problem(await patch(rest_api, headers, moved, path=path), 400, "extra_needed")
    told = (await patch(rest_api, headers, {**moved, "extra_headers": None}, path=path)).json()
    assert (told["extra_headers"], told["extra_body"]) == ([], [])
    assert await given.rows("SELECT extra_sealed FROM assistants") == [None]

    log = await given.rows("SELECT before::text || after::text FROM audit")
    assert "top-secret" not in "".join(filter(None, log))
    wrong: dict[str, Any]
    for wrong in (
        {"extra_headers": {"Authorization": "x"}},
        {"extra_body": {"messages": []}},
        {"temperature": 3},
        {"max_seconds": 76},
        {"dialect": ["x"]},
    ):
        assert_problem(
            await patch(rest_api, headers, {**MODEL, **wrong}, path=path), 422, "invalid"
        )


async def test_a_key_does_not_follow_to_another_endpoint(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    path = "/settings/assistant"
    assert (await patch(rest_api, headers, MODEL, path=path)).status_code == 200
    moved = {"endpoint": "https://1.0.0.1/v1"}
    assert_problem(await patch(rest_api, headers, moved, path=path), 400, "api_key_needed")
    assert await given.rows("SELECT endpoint FROM assistants") == [MODEL["endpoint"]]
    whole = {**moved, "api_key": "sk-two"}
    assert (await patch(rest_api, headers, whole, path=path)).status_code == 200


async def test_a_model_inside_the_installation_and_the_platforms_limits_are_refused(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    path = "/settings/assistant"
    inside = {**MODEL, "endpoint": "http://169.254.169.254/latest"}
    assert_problem(await patch(rest_api, headers, inside, path=path), 400, "private_address")
    for wrong in ({"turns_per_minute": 9}, {"max_steps": 0}, {"price_in": -1}, {"api_key": "a b"}):
        assert_problem(
            await patch(rest_api, headers, {**MODEL, **wrong}, path=path), 422, "invalid"
        )
    environment = {**MODEL, "api_key": "env:NIOCHAT_VAULT_KEYS"}
    assert_problem(await patch(rest_api, headers, environment, path=path), 422, "invalid")


async def test_what_is_done_about_requests_is_changed_as_a_whole(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    path = "/settings/assistant"
    rules = {"vencimento": {"how": "order", "code": "31", "days": [5, 10]}, "plano": {"how": "off"}}
    assert (await patch(rest_api, headers, MODEL, path=path)).status_code == 200

    told = (await patch(rest_api, headers, {"requests": rules}, path=path)).json()
    assert told["requests"] == rules
    told = (await patch(rest_api, headers, {"max_steps": 5}, path=path)).json()
    assert told["requests"] == rules

    elsewhere = {"plano": {"team": "nowhere"}}
    assert_problem(
        await patch(rest_api, headers, {"requests": elsewhere}, path=path), 400, "no_team"
    )
    wrong: dict[str, Any]
    for wrong in ({"senha": {}}, {"plano": {"how": "x"}}, {"vencimento": {"days": [40]}}):
        assert_problem(
            await patch(rest_api, headers, {"requests": wrong}, path=path), 422, "invalid"
        )
    assert (await rest_api.http.get(path, headers=headers)).json()["requests"] == rules

    told = (await patch(rest_api, headers, {"requests": None}, path=path)).json()
    assert told["requests"] == {}


async def test_the_rule_of_follow_ups_is_changed_and_reported(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    before = await rest_api.http.get("/settings", headers=headers)
    rule = before.json()["policy"]["follow_ups"]
    assert rule["enabled"] is False
    assert (rule["sends_from"], rule["days"][0], rule["delays_s"][0]) == ("09:00", "mon", 86_400)

    changed = {**rule, "enabled": True, "delays_s": [3600], "sends_until": "24:00"}
    told = await patch(
        rest_api, headers, {"policy": {"follow_ups": changed}}, before.headers["etag"]
    )
    assert told.status_code == 200, told.text
    assert told.json()["policy"]["follow_ups"] == changed
    part = {"policy": {"follow_ups": {"per_day": 7}}}
    told = await patch(rest_api, headers, part, told.headers["etag"])
    assert told.json()["policy"]["follow_ups"] == {**changed, "per_day": 7}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"delays_s": []}, "delays_s"),
        ({"delays_s": [1]}, "delays_s"),
        ({"texts": [["Oi"], ["b"], ["c"]]}, "texts"),
        ({"texts": [["Oi, {cpf}. Responda PARAR"], ["b"], ["c"]]}, "texts"),
        ({"texts": [["PARAR"]]}, "texts"),
        ({"sends_until": "08:00"}, "sends_until"),
        ({"interests": []}, "interests"),
        ({"days": ["x"]}, "days"),
    ],
)
async def test_a_wrong_rule_of_follow_ups_is_named(
    rest_api: RestApiFixture, values: dict[str, Any], field: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answer = await patch(rest_api, headers, {"policy": {"follow_ups": values}})
    assert field in str(assert_problem(answer, 422, "invalid"))
