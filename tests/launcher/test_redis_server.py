"""Promises about the embedded Redis, kept by a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from niochat.launcher import process_control
from niochat.launcher.databases.redis_server import EmbeddedRedis
from niochat.launcher.home_folder import HomeFolder
from niochat.launcher.network_ports import StackPorts
from niochat.launcher.stack_credentials import StackCredentials


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> HomeFolder:
    return HomeFolder.create(tmp_path_factory.mktemp("a stack"))


@pytest.fixture(scope="module")
def server(home: HomeFolder) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(
        home, StackPorts.allocate(home).redis, StackCredentials.load_or_create(home)
    )
    yield server
    server.stop()


def test_it_answers_at_its_url_once_start_returns(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.start()) as client:
        assert client.ping()


def test_nobody_gets_in_without_the_password(server: EmbeddedRedis, home: HomeFolder) -> None:
    url = server.start()

    with (
        redis.Redis.from_url(
            url.replace(StackCredentials.load_or_create(home).redis, "guess")
        ) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_the_password_is_on_no_command_line(server: EmbeddedRedis, home: HomeFolder) -> None:
    server.start()

    (process,) = process_control.filter_by_kind(
        process_control.find_stack_processes(home.folder), "redis"
    )

    assert StackCredentials.load_or_create(home).redis not in " ".join(process.cmdline())
    assert (home.folder / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600


def test_it_leaves_no_process_and_starts_again(server: EmbeddedRedis, home: HomeFolder) -> None:
    server.start()
    server.stop()
    assert process_control.find_stack_processes(home.folder) == []

    with redis.Redis.from_url(server.start()) as client:
        assert client.ping()
