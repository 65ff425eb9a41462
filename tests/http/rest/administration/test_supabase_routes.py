"""A provider sets its Supabase project, and its users get tokens for it."""

from typing import Any

import jwt
import pytest

from niochat.domain.permissions import PermissionAction
from niochat.mirror.mirror_settings import MirrorSettingsStore, SupabaseProject
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

PROJECT: dict[str, Any] = {
    "url": "http://127.0.0.1:9",
    "key": "sb_secret_of-the-tenant-1234",
    "publishable_key": "sb_publishable_of-the-tenant",
    "messages": "full",
}
JWT_SECRET = "a shared secret of an older project"


async def test_settings_are_saved_and_secrets_are_never_told(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    before = (await rest_api.http.get("/supabase", headers=headers)).json()
    assert before == {
        "enabled": True,
        "url": None,
        "key_hint": None,
        "publishable_key": None,
        "messages": "metadata",
        "has_jwt_secret": False,
        "paused_at": None,
        "changed_at": None,
        "has_installation_project": False,
        "issuer": "https://desk.example.com/api/v1/tenant-tokens",
    }

    put = await rest_api.http.put(
        "/supabase", json={**PROJECT, "jwt_secret": JWT_SECRET}, headers=headers
    )

    assert put.status_code == 200, put.text
    assert put.json() == (await rest_api.http.get("/supabase", headers=headers)).json()
    assert (put.json()["key_hint"], put.json()["has_jwt_secret"]) == ("1234", True)
    assert PROJECT["key"] not in put.text
    assert JWT_SECRET not in put.text
    without_secrets = {**PROJECT, "url": "http://127.0.0.1:9/"}
    del without_secrets["key"]
    kept = await rest_api.http.put("/supabase", json=without_secrets, headers=headers)
    assert (kept.json()["key_hint"], kept.json()["has_jwt_secret"]) == ("1234", True)
    removed = await rest_api.http.put(
        "/supabase", json={**without_secrets, "jwt_secret": None}, headers=headers
    )
    assert removed.json()["has_jwt_secret"] is False
    off = await rest_api.http.put("/supabase", json={"enabled": False}, headers=headers)
    assert (off.json()["enabled"], off.json()["url"]) == (False, None)


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"url": "https://x.supabase.co/rest/v1"}, 422, "invalid", "url"),
        ({"url": "x.supabase.co"}, 422, "invalid", "url"),
        ({"key": "sb_publishable_1"}, 422, "invalid", "key"),
        ({"key": "with space"}, 422, "invalid", "key"),
        ({"publishable_key": "sb_secret_1"}, 422, "invalid", "publishable_key"),
        ({"jwt_secret": "short"}, 422, "invalid", "jwt_secret"),
        ({"messages": "some"}, 422, "invalid", "messages"),
        ({"anon_key": "x"}, 422, "invalid", "anon_key"),
        ({"url": "https://10.0.0.1"}, 400, "private_address", ""),
        ({"url": "http://1.1.1.1"}, 400, "insecure_url", ""),
        ({"url": None}, 400, "bad_supabase_url", ""),
        ({"key": None}, 400, "supabase_key_needed", ""),
    ],
)
async def test_bad_input_is_named_by_its_field(
    rest_api: RestApiFixture, change: dict[str, Any], status: int, code: str, field: str
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    answer = await rest_api.http.put("/supabase", json={**PROJECT, **change}, headers=headers)
    problem = assert_problem(answer, status, code)
    assert [each["field"] for each in problem.get("errors", [])] == (
        [f"body.{field}"] if field else []
    )
    assert "sb_secret_" not in answer.text.replace("(sb_secret_…)", "")
    assert await rest_api.given.count("mirror_settings") == 0


async def test_another_tenant_sees_nothing_of_it(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)
    _, theirs = await rest_api.add_signed_in_user("admin", await given.tenant())

    assert (await rest_api.http.get("/supabase", headers=theirs)).json()["url"] is None
    assert (await rest_api.http.get("/supabase/status", headers=theirs)).json()["state"] == "off"
    for path in ("/supabase/token", "/supabase/test"):
        refused = await rest_api.http.post(path, headers=theirs)
        assert_problem(refused, 409, "no_supabase_project")
    await rest_api.http.put("/supabase/pause", json={"paused": True}, headers=theirs)
    assert (await rest_api.http.get("/supabase", headers=headers)).json()["paused_at"] is None


async def test_the_mirror_is_paused_and_resumed(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)
    states = []
    for paused in (True, True, False):
        put = await rest_api.http.put("/supabase/pause", json={"paused": paused}, headers=headers)
        assert put.status_code == 204
        status = (await rest_api.http.get("/supabase/status", headers=headers)).json()
        states.append(status["state"])
    assert states == ["paused", "paused", "waiting"]
    log = (await rest_api.http.get("/audit", headers=headers)).json()["items"]
    actions = [each["action"] for each in log if each["action"].startswith("supabase.")]
    assert actions == ["supabase.resume", "supabase.pause", "supabase.change"]
    assert PROJECT["key"] not in str(log)


async def test_a_project_that_does_not_answer_is_named_by_the_test(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)
    answer = await rest_api.http.post("/supabase/test", headers=headers)
    assert answer.status_code == 200, answer.text
    first, *others = answer.json()
    assert (first["name"], first["ok"], first["code"]) == (
        "reachable",
        False,
        "project_unavailable",
    )
    assert "URL" in first["detail"]
    assert [each["ok"] for each in others] == [None, None, None]


async def test_a_user_gets_a_token_that_the_published_keys_verify(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)
    viewer, theirs = await rest_api.add_signed_in_user("viewer")

    answer = await rest_api.http.post("/supabase/token", headers=theirs)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["url"], told["publishable_key"]) == (PROJECT["url"], PROJECT["publishable_key"])
    assert answer.headers["cache-control"] == "no-store"
    issuer_url = "/tenant-tokens/.well-known/openid-configuration"
    issuer = (await rest_api.http.get(issuer_url)).json()
    keys_path = issuer["jwks_uri"].removeprefix("https://desk.example.com/api/v1")
    keys = await rest_api.http.get(keys_path)
    assert "max-age" in keys.headers["cache-control"]
    key = jwt.PyJWKSet.from_dict(keys.json())[jwt.get_unverified_header(told["token"])["kid"]]
    claims = jwt.decode(
        told["token"], key, ["ES256"], audience="authenticated", issuer=issuer["issuer"]
    )
    assert claims["sub"] == str(viewer)
    slug = (await rest_api.given.rows("SELECT slug FROM tenants"))[0]
    assert claims["app_metadata"]["tenant_id"] == str(rest_api.house.tenant)
    assert claims["app_metadata"]["provider"] == slug
    assert "auditoria" not in claims["app_metadata"]["tables"]
    log = (await rest_api.http.get("/audit", headers=headers)).json()["items"]
    assert log[0]["action"] == "supabase.token"
    assert told["token"] not in str(log)
    ours = await rest_api.http.get("/auth/me", headers={"authorization": f"Bearer {told['token']}"})
    assert_problem(ours, 401, "bad_token")


async def test_a_token_needs_a_project_its_key_and_the_right_to_see_all(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    refused = await rest_api.http.post("/supabase/token", headers=headers)
    assert_problem(refused, 409, "no_supabase_project")
    await rest_api.http.put("/supabase", json={**PROJECT, "publishable_key": None}, headers=headers)
    refused = await rest_api.http.post("/supabase/token", headers=headers)
    assert_problem(refused, 409, "no_publishable_key")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)

    _, agents = await rest_api.add_signed_in_user("agent")
    refused = await rest_api.http.post("/supabase/token", headers=agents)
    assert_problem(refused, 403, "whole_provider_only")

    _, root = await rest_api.add_signed_in_user("superuser")
    refused = await rest_api.http.post("/supabase/token", headers=root)
    assert_problem(refused, 403, "forbidden")
    await rest_api.http.post(f"/tenants/{rest_api.house.tenant}/enter", json={}, headers=root)
    entered = await rest_api.http.post("/supabase/token", headers=root)
    assert entered.status_code == 200, entered.text


async def test_a_key_of_the_api_gets_a_token_of_its_own_permissions(
    rest_api: RestApiFixture,
) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put("/supabase", json=PROJECT, headers=headers)
    made = await rest_api.http.post(
        "/api-keys",
        json={"name": "painel", "permissions": [f"{PermissionAction.REPORTS_READ}:all"]},
        headers=headers,
    )
    bearer = {"authorization": f"Bearer {made.json()['key']}"}
    token = (await rest_api.http.post("/supabase/token", headers=bearer)).json()["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["app_metadata"]["tables"] == ["rollups"]


async def test_an_older_project_gets_tokens_of_its_secret(rest_api: RestApiFixture) -> None:
    _, headers = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put(
        "/supabase", json={**PROJECT, "jwt_secret": JWT_SECRET}, headers=headers
    )
    token = (await rest_api.http.post("/supabase/token", headers=headers)).json()["token"]
    claims = jwt.decode(token, JWT_SECRET, ["HS256"], audience="authenticated")
    assert claims["app_metadata"]["tenant_id"] == str(rest_api.house.tenant)


async def test_the_project_of_the_installation_is_used_and_its_key_is_nobodys(
    rest_api: RestApiFixture,
) -> None:
    house, services = rest_api.house, rest_api.services.supabase
    common = SupabaseProject("https://common.example", "sb_secret_common", "sb_publishable_common")

    async def check_url(url: str) -> None:
        """Accept every URL."""

    store = MirrorSettingsStore(house.database, house.vault, common, check_url)
    rest_api.with_services(
        supabase=type(services)(store, services.status, services.checker, services.tokens)
    )
    _, headers = await rest_api.add_signed_in_user("admin")

    told = (await rest_api.http.get("/supabase", headers=headers)).json()
    token = (await rest_api.http.post("/supabase/token", headers=headers)).json()

    assert (told["has_installation_project"], told["url"], told["key_hint"]) == (True, None, None)
    assert (token["url"], token["publishable_key"]) == (common.url, common.publishable_key)
