"""The schema as files: what the migrations lead to, and enough to build a database from."""

import importlib.util
import re
import subprocess
from pathlib import Path

import psycopg
import pytest

from niochat.launcher.databases.postgres_server import EmbeddedPostgres, postgres_program_folder
from tests.conftest import database_dsn

SCRIPT = Path(__file__).parents[3] / "scripts" / "schema.py"
_spec = importlib.util.spec_from_file_location("schema", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
schema = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(schema)


FUNCTIONS = sorted(schema.FOLDER.glob("functions/*.sql"))


def test_the_migrations_lead_to_exactly_the_schema_file(database_url: str) -> None:
    written = (schema.FOLDER / "schema.sql").read_text(encoding="utf-8")

    assert schema.schema_of(schema.dump(database_url)) == written, "run scripts/schema.py"


def test_each_function_in_force_has_one_file() -> None:
    included = re.findall(
        r"^\\ir functions/(\w+)\.sql$", (schema.FOLDER / "schema.sql").read_text(), re.M
    )

    assert sorted(included) == [path.stem for path in FUNCTIONS]


def test_the_functions_files_are_the_functions_in_force(admin_url: str) -> None:
    before = schema.dump(admin_url)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for path in FUNCTIONS:
            connection.execute(path.read_bytes())

    assert without_key(schema.dump(admin_url)) == without_key(before)


def test_a_change_of_one_word_in_a_function_is_found(admin_url: str) -> None:
    before = schema.dump(admin_url)
    source = (schema.FOLDER / "functions/fence_step.sql").read_text(encoding="utf-8")
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(source.replace("FOR NO KEY UPDATE OF c", "FOR UPDATE OF c").encode())

    assert without_key(schema.dump(admin_url)) != without_key(before)


@pytest.mark.usefixtures("template")  # makes the roles that the schema grants to
def test_the_files_build_the_database_that_the_migrations_build(
    postgres: EmbeddedPostgres, empty_database_url: str, database_url: str
) -> None:
    url = database_dsn(postgres.admin_dsn, empty_database_url.rpartition("/")[2])

    built = subprocess.run(
        [
            postgres_program_folder() / "psql",
            "-Xqv",
            "ON_ERROR_STOP=1",
            "-f",
            schema.FOLDER / "schema.sql",
            url,
        ],
        text=True,
        capture_output=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr
    assert without_key(schema.dump(url)) == without_key(schema.dump(database_url))


def without_key(dumped: str) -> str:
    """Each run of pg_dump draws a key for its restricted part."""
    return re.sub(r"^\\(un)?restrict .*$", "", dumped, flags=re.MULTILINE)
