"""How commands find the running stack: the environment first, then ``env.json`` of the home
directory.
"""

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
from niochat.identity.demo_users import DEMO_TENANTS
from niochat.launcher.stack_launcher import StackLauncher

_SQL = queries("database_health")
EVALUATION_SLUG_PREFIX = "avaliacao-"
"""The beginning of the slugs of tenants that ``niochat evaluate`` creates."""
Result = TypeVar("Result")


def home_path() -> Path:
    """Return the home directory: ``NIOCHAT_HOME``, else the default."""
    chosen = os.environ.get("NIOCHAT_HOME")
    return Path(chosen).absolute() if chosen else default_home_path()


def default_home_path() -> Path:
    """Return ``.niochat`` of the checkout, or of the current directory without a checkout."""
    checkout = Path(__file__).parents[2]
    base = checkout if (checkout / "serve_config.yaml").exists() else Path.cwd()
    return base / ".niochat"


def format_command(*words: str) -> str:
    """Return ``niochat …`` as it can be typed here, with ``NIOCHAT_HOME`` if it is needed."""
    program = Path(sys.executable).with_name("niochat")
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    command = " ".join((shlex.quote(str(program)), *words))
    chosen = home_path()
    return (
        command
        if chosen.resolve() == default_home_path().resolve()
        else f"NIOCHAT_HOME={shlex.quote(str(chosen))} {command}"
    )


def adopt_environment() -> None:
    """Set the variables of the last start of this home that the environment does not set."""
    for name, value in StackLauncher(home_path()).environment().items():
        os.environ.setdefault(name, value)


def load_settings() -> Settings:
    """Return the settings of the running stack. Raises ``InvalidInputError`` without one."""
    adopt_environment()
    if not os.environ.get("DATABASE_URL"):
        raise InvalidInputError(
            f"nothing has been started in {home_path()}: `{format_command('up')}` starts it, or "
            f"set DATABASE_URL"
        )
    settings = load_valid_settings()
    structured_logging.configure_logging("error", json=False)
    return settings


def sandbox_url() -> str:
    """Return the URL of the sandbox. Raises ``InvalidInputError`` if the stack has none."""
    url = load_settings().sandbox_url
    if url is None:
        raise InvalidInputError(
            f"there is no sandbox: start with `{format_command('up')}`, without --no-sandbox"
        )
    return url


@asynccontextmanager
async def connect_components() -> AsyncIterator[Components]:
    """Open the components on the database of the running stack. Raises ``InvalidInputError`` if the
    database cannot be used, and ``OperationRefusedError`` if its schema is too old.
    """
    opened = await open_components(load_settings())
    try:
        await check_schema(opened.database)
        yield opened
    finally:
        await opened.close()


async def check_schema(database: Database) -> str | None:
    """Return the revision of the schema if this code does not know it: the schema of a newer
    release, with which older code keeps working. Raises like ``connect_components``.
    """
    try:
        async with database.as_system() as connection:
            revision: str | None = await connection.fetchval(_SQL["revision"])
    except NiochatError as error:
        raise InvalidInputError(
            f"DATABASE_URL cannot be used: {error}. Start that server, correct DATABASE_URL, or "
            f"run `{format_command('migrate')}` if the database is new or of an older release.",
            code="bad_settings",
        ) from error
    known = known_revisions()
    if revision in known and revision != known[-1]:
        raise OperationRefusedError(
            f"the database has the schema {revision}, and this release needs {known[-1]}: "
            f"run `{format_command('migrate')}`",
            code="older_schema",
        )
    return None if revision in known else revision


def run_async(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run a coroutine function of a command."""
    return asyncio.run(work())


async def find_tenant(opened: Components, slug: str | None) -> Any:
    """Return the tenant with the slug. Without a slug: the only tenant, or the first one of the
    demo. Tenants of ``niochat evaluate`` are found by their slug only. Raises ``NotFoundError``.
    """
    tenants = await opened.directory.list_tenants()
    for tenant in tenants:
        if tenant.slug == slug:
            return tenant
    candidates = [
        tenant for tenant in tenants if not tenant.slug.startswith(EVALUATION_SLUG_PREFIX)
    ]
    if slug is None and len(candidates) == 1:
        return candidates[0]
    if slug is None and {tenant.slug for tenant in candidates} == set(DEMO_TENANTS):
        return next(tenant for tenant in candidates if tenant.slug == DEMO_TENANTS[0])
    known = (
        ", ".join(tenant.slug for tenant in candidates) or f"none yet: {format_command('apply')}"
    )
    raise NotFoundError(f"which tenant? --tenant SLUG, one of: {known}")
