"""A project is tried as the mirror and browsers use it, and each failure says what to do."""

from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from niochat.adapters.http_pool import HttpTransport
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.permissions import ROLE_GRANTS, BuiltInRole
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.mirror.administration.project_check import (
    MIRROR_TABLES,
    ProjectCheck,
    ProjectChecker,
    ProjectCheckName,
)
from niochat.mirror.administration.tenant_tokens import TenantTokenSigner, TokenHolder
from niochat.mirror.mirror_settings import MirrorTarget
from niochat_sandbox.supabase.supabase_sandbox import SupabaseSandbox
from tests.http.conftest import serve_app
from tests.identity.conftest import IdentityFixture, clock, identity
from tests.mirror.mirror_fixture import MIGRATIONS, open_sandbox, sandbox_home
from tests.wait_until import wait_until

__all__ = ["clock", "identity", "sandbox_home"]

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

LOOPBACK = SsrfGuard([ip_network("127.0.0.0/8")])
CHECKER = ProjectChecker(lambda: HttpTransport(2, LOOPBACK))


def target_of(url: str, **changes: object) -> MirrorTarget:
    target = MirrorTarget(
        uuid4(),
        url,
        "sb_secret_1",
        "sb_publishable_1",
        MirroredMessages.FULL,
        jwt_secret=None,
        paused=False,
    )
    return replace(target, **changes)  # type: ignore[arg-type]


def summary(checks: list[ProjectCheck]) -> list[str]:
    """One word for each check: ok, its code, or a dash if it was not tried."""
    assert [each.name for each in checks] == list(ProjectCheckName)
    return [{True: "ok", False: each.code, None: "-"}[each.ok] for each in checks]


def detail(checks: list[ProjectCheck]) -> str:
    (text,) = [each.detail for each in checks if each.ok is False]
    return text


@pytest_asyncio.fixture
async def project(
    supabase_postgres: EmbeddedPostgres, sandbox_home: Path
) -> AsyncIterator[SupabaseSandbox]:
    """A new project without the tables of the mirror."""
    async with open_sandbox(supabase_postgres, sandbox_home) as sandbox:
        yield sandbox


async def test_a_new_project_is_set_up_step_by_step(
    project: SupabaseSandbox, identity: IdentityFixture
) -> None:
    signer = TenantTokenSigner(identity.database, identity.vault, "https://desk.example.com")
    holder, now = TokenHolder(uuid4(), "um", ROLE_GRANTS[BuiltInRole.ADMIN]), identity.clock.now
    target = target_of(project.url, tenant_id=identity.tenant)
    token = (await signer.sign(target, holder, now)).token

    checks = await CHECKER.check(target, token)
    assert summary(checks) == ["ok", "key_refused", "-", "-"]
    assert target.key not in detail(checks)

    target = replace(target, key=project.secret_key)
    checks = await CHECKER.check(target, token)
    assert summary(checks) == ["ok", "ok", "schema_missing", "-"]
    assert "niochat supabase push" in detail(checks)

    await project.push_migrations(MIGRATIONS)
    checks = await CHECKER.check(replace(target, publishable_key=None), token)
    assert summary(checks) == ["ok", "ok", "ok", "no_publishable_key"]

    target = replace(target, publishable_key=project.publishable_key)
    checks = await CHECKER.check(target, token)
    assert summary(checks) == ["ok", "ok", "ok", "token_refused"]
    assert "third-party auth" in detail(checks)

    project.signing_keys.replace(await signer.public_keys(now))
    assert summary(await CHECKER.check(target, token)) == ["ok"] * 4
    swapped = replace(target, key=project.publishable_key)
    assert summary(await CHECKER.check(swapped, token)) == ["ok", "key_refused", "-", "-"]

    await project.go_down()

    async def is_down() -> bool:
        return summary(await CHECKER.check(target, token))[0] == "project_unavailable"

    await wait_until(is_down)


async def _answer(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind == "html":
        return HTMLResponse("<h1>Welcome</h1>")
    if kind == "redirect":
        return RedirectResponse("https://elsewhere.invalid/")
    if kind == "busy":
        return JSONResponse({"message": "slow down"}, 429, {"retry-after": "5"})
    if kind == "large":
        return Response(b"[" + b" " * 200_000 + b"]")
    return JSONResponse({"message": "broken"}, 500)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("html", "not_supabase"),
        ("redirect", "not_supabase"),
        ("large", "not_supabase"),
        ("busy", "rate_limited"),
        ("broken", "project_unavailable"),
    ],
)
async def test_another_server_is_no_project(kind: str, code: str) -> None:
    app = Starlette(routes=[Route("/{kind}/rest/v1/{table}", _answer)])
    async with serve_app(app) as server:
        url = f"http://127.0.0.1:{server.base_url.port}/{kind}"
        assert summary(await CHECKER.check(target_of(url), "t")) == [code, "-", "-", "-"]


async def test_a_private_address_is_not_connected_to() -> None:
    guarded = ProjectChecker(lambda: HttpTransport(2, SsrfGuard()))
    checks = await guarded.check(target_of("http://127.0.0.1:9"), "t")
    assert summary(checks) == ["private_address", "-", "-", "-"]
    assert "NIOCHAT_PRIVATE_NETWORKS" in detail(checks)


async def test_the_tables_are_those_of_the_schema() -> None:
    (migration,) = sorted(MIGRATIONS.glob("*.sql"))[:1]
    text = migration.read_text(encoding="utf-8")
    assert all(f"create table if not exists public.{table} (" in text for table in MIRROR_TABLES)
    assert text.count("create table if not exists public.") == len(MIRROR_TABLES)
