"""The running stack as commands find it: environment first, then ``env.json`` of the home."""

import asyncio
import os
import shlex
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from niochat import structured_logging
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.adapters.postgres.schema_migration import known_revisions
from niochat.cli.settings_validation import load_valid_settings
from niochat.composition.components import Components, open_components
from niochat.config import Settings
from niochat.domain.errors import (
    InvalidInputError,
    NiochatError,
    NotFoundError,
    OperationRefusedError,
)
from niochat.launcher.stack_launcher import StackLauncher

_SQL = queries("database_health")
DEMO_TENANTS = ("demo", "vizinho")
"""Of examples/demo.yaml; the first is meant where none is named."""
EVALUATION_SLUG_PREFIX = "avaliacao-"
"""How slugs of providers begin that ``niochat evaluate`` made for its scenarios."""
Result = TypeVar("Result")


def home_path() -> Path:
    """The data directory: ``NIOCHAT_HOME``, else ``.niochat`` of the checkout or folder."""
    chosen = os.environ.get("NIOCHAT_HOME")
    return Path(chosen).absolute() if chosen else default_home_path()


def default_home_path() -> Path:
    """Where the data directory is when nobody says where."""
    checkout = Path(__file__).parents[2]
    base = checkout if (checkout / "serve_config.yaml").exists() else Path.cwd()
    return base / ".niochat"


def format_command(*words: str) -> str:
    """``niochat …`` as it can be typed here, with the home that it needs."""
    program = Path(sys.executable).with_name("niochat")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    said = " ".join((shlex.quote(str(program)), *words))
    chosen = home_path()
    return (
        said
        if chosen.resolve() == default_home_path().resolve()
        else f"NIOCHAT_HOME={shlex.quote(str(chosen))} {said}"
    )


def adopt_environment() -> None:
    """Take what the last start of this home handed out, where the environment is silent."""
    for name, value in StackLauncher(home_path()).environment().items():
        os.environ.setdefault(name, value)


def load_settings() -> Settings:
    """Settings of the running stack. Raises ``InvalidInputError`` that says to start one."""
    adopt_environment()
    if not os.environ.get("DATABASE_URL"):
        raise InvalidInputError(
            f"nothing has been started in {home_path()}: `{format_command('up')}` starts it, or "
            f"set "
            "DATABASE_URL"
        )
    found = load_valid_settings()
    structured_logging.configure_logging("error", json=False)
    return found


def sandbox_url() -> str:
    """Address of the sandbox. Raises ``InvalidInputError`` when the stack runs without one."""
    url = load_settings().sandbox_url
    if url is None:
        raise InvalidInputError(
            f"there is no sandbox: start with `{format_command('up')}`, without --no-sandbox"
        )
    return url


@asynccontextmanager
async def connect_components() -> AsyncIterator[Components]:
    """The rooms on the running stack's database. Raises ``InvalidInputError`` that names the
    variable when it cannot be used, ``Refused`` when its schema is older than this code.
    """
    opened = await open_components(load_settings())
    try:
        await check_schema(opened.database)
        yield opened
    finally:
        await opened.close()


async def check_schema(database: Database) -> str | None:
    """The schema of the database where this code does not know it: a newer release's, under which
    older code goes on. Raises as ``parts``.
    """
    try:
        async with database.as_system() as connection:
            found: str | None = await connection.fetchval(_SQL["revision"])
    except NiochatError as error:
        raise InvalidInputError(
            f"DATABASE_URL cannot be used: {error}. Start that server, correct DATABASE_URL, or "
            f"run `{format_command('migrate')}` if the database is new or of an older release.",
            code="bad_settings",
        ) from error
    known = known_revisions()
    if found in known and found != known[-1]:
        raise OperationRefusedError(
            f"the database has the schema {found}, and this release needs {known[-1]}: "
            f"run `{format_command('migrate')}`",
            code="older_schema",
        )
    return None if found in known else found


def run_async(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run one command's work."""
    return asyncio.run(work())


async def find_tenant(opened: Components, slug: str | None) -> Any:
    """The tenant of that slug; without one, the only tenant there is, or the demo's.

    Those that ``niochat evaluate`` made are only meant where they are named.
    """
    tenants = await opened.directory.list_tenants()
    for tenant in tenants:
        if tenant.slug == slug:
            return tenant
    meant = [tenant for tenant in tenants if not tenant.slug.startswith(EVALUATION_SLUG_PREFIX)]
    if slug is None and len(meant) == 1:
        return meant[0]
    if slug is None and {tenant.slug for tenant in meant} == set(DEMO_TENANTS):
        return next(tenant for tenant in meant if tenant.slug == DEMO_TENANTS[0])
    known = ", ".join(tenant.slug for tenant in meant) or f"none yet: {format_command('apply')}"
    raise NotFoundError(f"which tenant? --tenant SLUG, one of: {known}")
