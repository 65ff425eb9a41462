"""``niochat migrate``."""

from rich.console import Console

from niochat.adapters.postgres.schema_migration import migrate as migrate_database
from niochat.adapters.postgres.schema_migration import require_database
from niochat.cli import command_context
from niochat.launcher.stack_launcher import StackLauncher

_console = Console()


def migrate() -> None:
    """Migrate the database to the schema of this release, as the owner of its tables."""
    serving = command_context.load_settings().database_url.get_secret_value()
    owner = find_owner_url()
    migrate_database(owner, serving_url=None if owner == serving else serving)
    _console.print("The database is up to date.")


def find_owner_url() -> str:
    """The log-in that owns the tables: the setting, or that of the home's stack."""
    settings = command_context.load_settings()
    if settings.owner_url is not None:
        return settings.owner_url.get_secret_value()
    serving = settings.database_url.get_secret_value()
    return StackLauncher(command_context.home_path()).owner_url(serving)


def require_owner_url() -> str:
    """The same of a database that can be used. Raises ``InvalidInputError``, which names the
    variable.
    """
    owner = find_owner_url()
    serving = command_context.load_settings().database_url.get_secret_value()
    require_database(owner, "DATABASE_URL" if owner == serving else "DATABASE_OWNER_URL")
    return owner
