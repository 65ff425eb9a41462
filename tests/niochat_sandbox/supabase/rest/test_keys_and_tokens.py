"""Who may read and write: keys, roles, and tokens of users."""

import time
import uuid

import jwt
import pytest

from tests.niochat_sandbox.supabase.conftest import ProjectClient, TokenSigner

pytestmark = pytest.mark.asyncio
PATH = "/rest/v1/conversations"


async def test_a_request_without_a_key_or_with_a_wrong_one_is_refused(
    client: ProjectClient,
) -> None:
    without = await client.http.get(PATH)
    wrong = await client.http.get(PATH, headers={"apikey": "sb_secret_wrong"})
    minted = await client.http.get(PATH, headers={"apikey": client.signer.sign(client.tenant)})

    assert [each.status_code for each in (without, wrong, minted)] == [401, 401, 401]
    assert without.json()["message"] == "No API key found in request"
    assert "hint" in without.json()
    assert wrong.json()["message"] == minted.json()["message"] == "Invalid API key"


async def test_the_publishable_key_alone_reads_nothing(client: ProjectClient) -> None:
    await client.upsert(client.row())
    response = await client.read()

    assert response.status_code == 401
    assert response.json()["code"] == "42501"


@pytest.mark.parametrize("name", ["secret_key", "service_role_key"])
async def test_the_keys_of_servers_bypass_row_level_security(
    client: ProjectClient, name: str
) -> None:
    row = client.row()
    await client.upsert(row)
    key = getattr(client.project.keys, name)
    for headers in ({"apikey": key}, {"apikey": key, "Authorization": f"Bearer {key}"}):
        response = await client.read(**headers)

        assert [each["id"] for each in response.json()] == [row["id"]]


async def test_a_secret_key_in_a_browser_is_refused(client: ProjectClient) -> None:
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
    secret = await client.read(apikey=client.project.secret_key, **browser)
    publishable = await client.read(client.signer.sign(client.tenant), **browser)

    assert secret.status_code == 401
    assert "browser" in secret.json()["message"]
    assert publishable.status_code == 200


async def test_a_token_reads_its_own_provider_and_no_other(client: ProjectClient) -> None:
    row = client.row()
    await client.upsert(row)
    own = await client.read(client.signer.sign(client.tenant))
    other = await client.read(client.signer.sign(uuid.uuid4()))

    assert [each["id"] for each in own.json()] == [row["id"]]
    assert (other.status_code, other.json()) == (200, [])


async def test_a_token_writes_nothing(client: ProjectClient) -> None:
    headers = {
        "apikey": client.project.publishable_key,
        "Authorization": f"Bearer {client.signer.sign(client.tenant)}",
    }
    response = await client.http.post(PATH, json=[client.row()], headers=headers)

    assert (response.status_code, response.json()["code"]) == (403, "42501")


async def test_tokens_that_are_forged_or_of_an_unknown_key_are_refused(
    client: ProjectClient,
) -> None:
    forged = await client.read(TokenSigner(client.signer.kid).sign(client.tenant))
    unknown = await client.read(TokenSigner("another-key").sign(client.tenant))
    broken = await client.read("no.token")
    claims = {"role": "service_role", "exp": time.time() + 60}
    unsigned = await client.read(jwt.encode(claims, "", algorithm="none", headers={"kid": "x"}))
    shared = await client.read(
        jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": client.signer.kid})
    )

    for response in (forged, unknown, broken, unsigned, shared):
        assert (response.status_code, response.json()["code"]) == (401, "PGRST301")


@pytest.mark.parametrize(
    ("claim", "seconds", "status"),
    [("exp", -20, 200), ("exp", -40, 401), ("iat", 20, 200), ("iat", 40, 401), ("nbf", 40, 401)],
)
async def test_clocks_may_differ_by_thirty_seconds(
    client: ProjectClient, claim: str, seconds: float, status: int
) -> None:
    token = client.signer.sign(client.tenant, **{claim: int(time.time() + seconds)})
    response = await client.read(token)

    assert response.status_code == status
    assert status == 200 or response.json()["code"] == "PGRST303"


async def test_a_project_whose_clock_is_behind_refuses_new_tokens(client: ProjectClient) -> None:
    await client.control("PUT", "/clock", {"offset_s": -60})
    response = await client.read(client.signer.sign(client.tenant))

    assert (response.status_code, response.json()["code"]) == (401, "PGRST303")


async def test_a_token_without_a_role_is_anonymous(client: ProjectClient) -> None:
    response = await client.read(client.signer.sign(client.tenant, role=None))

    assert (response.status_code, response.json()["code"]) == (401, "42501")


async def test_a_role_that_may_not_be_assumed_is_refused(client: ProjectClient) -> None:
    response = await client.read(client.signer.sign(client.tenant, role="supabase_owner"))

    assert response.status_code in (401, 403)
    assert response.json()["code"] == "42501"


async def test_the_limits_of_statements_are_those_of_the_role(client: ProjectClient) -> None:
    client.thread.run(
        client.project.run_sql(
            "CREATE OR REPLACE FUNCTION statement_limit() RETURNS text LANGUAGE sql AS"
            " $$ SELECT current_setting('statement_timeout') $$"
        )
    )
    project = client.project
    bearer = {"Authorization": f"Bearer {client.signer.sign(client.tenant)}"}
    limits = [
        (await client.http.post("/rest/v1/rpc/statement_limit", headers=headers)).json()
        for headers in (
            {"apikey": project.publishable_key},
            {"apikey": project.publishable_key, **bearer},
            {"apikey": project.secret_key},
        )
    ]

    assert limits == ["3s", "8s", "8s"]


async def test_browsers_of_other_origins_may_ask(client: ProjectClient) -> None:
    origin = {"Origin": "https://desk.example"}
    preflight = await client.http.options(
        PATH,
        headers={
            **origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "apikey,authorization",
        },
    )
    response = await client.read(client.signer.sign(client.tenant), **origin)

    assert preflight.status_code == 200
    assert "apikey" in preflight.headers["access-control-allow-headers"]
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
