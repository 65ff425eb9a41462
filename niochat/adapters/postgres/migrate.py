"""Bring a database to the schema of this code; forward only."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from niochat.adapters.postgres.restored import go_on_after

_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database_url: str, *, to: str = "head") -> None:
    """Run the missing migrations up to a revision. Blocking; two processes at once are safe,
    two threads of one are not (Alembic keeps its context in a global).

    The log-in of ``database_url`` becomes the owner of the tables and needs ``CREATEROLE``
    the first time. A database that was restored from a dump goes on behind what its log holds.
    Raises SQLAlchemy's errors, psycopg's.
    """
    # Alembic takes longer to import than most commands take to run.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    parts = urlsplit(database_url)
    config.attributes["url"] = urlunsplit(parts._replace(scheme="postgresql+psycopg"))
    command.upgrade(config, to)
    go_on_after(database_url)
