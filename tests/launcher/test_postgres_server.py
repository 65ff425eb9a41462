"""Promises about the embedded PostgreSQL, kept by a real one."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from niochat.launcher import process_control
from niochat.launcher.databases.postgres_server import EmbeddedPostgres
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials
from niochat.launcher.stack_errors import StackError
from niochat.launcher.subprocesses import reap_children


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> HomeFolder:
    return HomeFolder.create(tmp_path_factory.mktemp("stack"))


@pytest.fixture(scope="module")
def server(home: HomeFolder) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(
        home, StackPorts.allocate(home).postgres, StackCredentials.load_or_create(home)
    )
    yield server
    server.stop()
    assert process_control.find_stack_processes(home.folder) == []


def one(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def backends(home: HomeFolder) -> list[psutil.Process]:
    return process_control.filter_by_kind(
        process_control.find_stack_processes(home.folder), "postgres"
    )


def test_the_owner_can_log_in_create_roles_and_databases_and_is_bound_by_row_security(
    server: EmbeddedPostgres,
) -> None:
    rights = "rolcreatedb AND rolcreaterole AND NOT rolsuper AND NOT rolbypassrls"

    dsn = server.start()

    assert one(dsn, f"SELECT {rights} FROM pg_roles WHERE rolname = current_user") is True
    assert one(dsn, "SELECT datdba::regrole::text FROM pg_database WHERE datname='niochat'") == (
        "niochat"
    )


def test_data_is_safe_and_text_is_unicode(server: EmbeddedPostgres) -> None:
    dsn = server.start()

    assert one(dsn, "SHOW fsync") == "on"
    assert one(dsn, "SHOW synchronous_commit") == "on"
    assert one(dsn, "SELECT lower('ÇÃO')") == "ção"


def test_a_wrong_password_is_refused(server: EmbeddedPostgres, home: HomeFolder) -> None:
    dsn = server.start()

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn.replace(StackCredentials.load_or_create(home).postgres_owner, "guess"))


def test_it_listens_on_the_loopback_address_and_no_socket_file(
    server: EmbeddedPostgres,
) -> None:
    server.start()

    assert one(server.admin_dsn, "SHOW listen_addresses") == "127.0.0.1"
    assert one(server.admin_dsn, "SHOW unix_socket_directories") == ""


def test_committed_rows_outlive_a_kill(server: EmbeddedPostgres, home: HomeFolder) -> None:
    dsn = server.start()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")

    server.kill()
    assert backends(home) == []

    assert server.start() == dsn
    assert one(dsn, "SELECT n FROM kept") == 7


def test_a_server_that_died_is_no_zombie_once_its_starter_looks(
    server: EmbeddedPostgres, home: HomeFolder
) -> None:
    with gc_put_off():
        server.start()
        pid_file = home.folder / "postgres" / "data" / "postmaster.pid"
        dead = psutil.Process(int(pid_file.read_text().split()[0]))
        dead.send_signal(signal.SIGKILL)
        while process_control.is_alive(dead):
            pass

        reap_children()

    assert not psutil.pid_exists(dead.pid)


@contextmanager
def gc_put_off() -> Iterator[None]:
    """Nothing is buried because the collector happened to run."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_a_stopped_backend_does_not_keep_a_killed_server_from_coming_back(
    server: EmbeddedPostgres, home: HomeFolder
) -> None:
    dsn = server.start()
    with psycopg.connect(dsn) as connection:
        psutil.Process(connection.info.backend_pid).send_signal(signal.SIGSTOP)

        server.kill()

    assert backends(home) == []
    assert one(server.start(), "SELECT 1") == 1


def test_a_pid_file_whose_number_another_process_has_by_now_does_not_matter(
    server: EmbeddedPostgres, home: HomeFolder
) -> None:
    server.start()
    pid_file = home.folder / "postgres" / "data" / "postmaster.pid"
    text = pid_file.read_text()
    server.kill()
    pid_file.write_text(text.replace(text.splitlines()[0], str(psutil.Process().pid), 1))

    assert one(server.start(), "SELECT 1") == 1


def test_lost_secrets_are_named_as_the_reason(server: EmbeddedPostgres, home: HomeFolder) -> None:
    port = urlsplit(server.start()).port
    assert port
    file = home.folder / "secrets.json"
    kept = file.read_text()
    file.write_text("{}")
    stranger = EmbeddedPostgres(home, port, StackCredentials.load_or_create(home))
    file.write_text(kept)
    server.stop()

    with pytest.raises(StackError, match=r"secrets\.json"):
        stranger.start()
    stranger.stop()


def test_only_the_owner_of_the_home_can_read_what_it_holds(
    server: EmbeddedPostgres, home: HomeFolder
) -> None:
    server.start()
    private: list[Path] = [home.folder / "secrets.json", home.log_file("postgres")]

    assert {file.stat().st_mode & 0o077 for file in private} == {0}
