"""The running stack as commands find it: environment first, then ``env.json`` of the home."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from niochat import telemetry
from niochat.config import Settings
from niochat.domain.errors import Invalid, NotFound
from niochat.stack.launcher import Stack
from niochat.wiring.parts import Parts, open_parts

DEMO_TENANTS = ("demo", "vizinho")
"""Of examples/demo.yaml; the first is meant where none is named."""
EVALUATED = "avaliacao-"
"""How slugs of providers begin that ``niochat evaluate`` made for its scenarios."""
Result = TypeVar("Result")


def home() -> Path:
    """The data directory: ``NIOCHAT_HOME``, else ``.niochat`` of the checkout or folder."""
    chosen = os.environ.get("NIOCHAT_HOME")
    if chosen:
        return Path(chosen).absolute()
    checkout = Path(__file__).parents[2]
    base = checkout if (checkout / "serve_config.yaml").exists() else Path.cwd()
    return base / ".niochat"


def adopt_environment() -> None:
    """Take what the last start of this home handed out, where the environment is silent."""
    for name, value in Stack(home()).environment().items():
        os.environ.setdefault(name, value)


def settings() -> Settings:
    """Settings of the running stack. Raises ``Invalid`` that says to start one."""
    adopt_environment()
    if not os.environ.get("DATABASE_URL"):
        raise Invalid(
            f"nothing has been started in {home()}: run scripts/run first, or set DATABASE_URL"
        )
    found = Settings.read()
    telemetry.set_up_logs("error", json=False)
    return found


def sandbox_url() -> str:
    """Address of the sandbox. Raises ``Invalid`` when the stack runs without one."""
    url = settings().sandbox_url
    if url is None:
        raise Invalid("there is no sandbox: start with scripts/run, without --no-sandbox")
    return url


@asynccontextmanager
async def parts() -> AsyncIterator[Parts]:
    """The rooms on the running stack's database."""
    opened = await open_parts(settings())
    try:
        yield opened
    finally:
        await opened.close()


def run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run one command's work."""
    return asyncio.run(work())


async def tenant_of(opened: Parts, slug: str | None) -> Any:
    """The tenant of that slug; without one, the only tenant there is, or the demo's.

    Those that ``niochat evaluate`` made are only meant where they are named.
    """
    tenants = await opened.directory.tenants()
    for tenant in tenants:
        if tenant.slug == slug:
            return tenant
    meant = [tenant for tenant in tenants if not tenant.slug.startswith(EVALUATED)]
    if slug is None and len(meant) == 1:
        return meant[0]
    if slug is None and {tenant.slug for tenant in meant} == set(DEMO_TENANTS):
        return next(tenant for tenant in meant if tenant.slug == DEMO_TENANTS[0])
    known = ", ".join(tenant.slug for tenant in meant) or "none yet: niochat apply"
    raise NotFound(f"which tenant? --tenant SLUG, one of: {known}")
