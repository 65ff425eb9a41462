"""``niochat migrate``."""

from rich.console import Console

from niochat.adapters.postgres.schema_migration import migrate as migrate_database
from niochat.cli import command_context
from niochat.launcher.stack_launcher import StackLauncher

_console = Console()


def migrate() -> None:
    """Migrate the database to the schema of this release, as the owner of its tables."""
    settings = command_context.load_settings()
    serving = settings.database_url.get_secret_value()
    owner = StackLauncher(command_context.home_path()).owner_url(serving)
    if settings.owner_url is not None:
        owner = settings.owner_url.get_secret_value()
    migrate_database(owner, serving_url=None if owner == serving else serving)
    _console.print("The database is up to date.")
