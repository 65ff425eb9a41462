"""Promises about the embedded Redis, kept by a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from niochat.stack import processes
from niochat.stack.credentials import Credentials
from niochat.stack.home import Home
from niochat.stack.ports import Ports
from niochat.stack.redis_server import EmbeddedRedis


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.at(tmp_path_factory.mktemp("a stack"))


@pytest.fixture(scope="module")
def server(home: Home) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(home, Ports.of(home).redis, Credentials.of(home))
    yield server
    server.stop()


def test_it_answers_at_its_url_once_start_returns(server: EmbeddedRedis) -> None:
    with redis.Redis.from_url(server.start()) as client:
        assert client.ping()


def test_nobody_gets_in_without_the_password(server: EmbeddedRedis, home: Home) -> None:
    url = server.start()

    with (
        redis.Redis.from_url(url.replace(Credentials.of(home).redis, "guess")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_the_password_is_on_no_command_line(server: EmbeddedRedis, home: Home) -> None:
    server.start()

    (process,) = processes.of_kind(processes.marked(home.folder), "redis")

    assert Credentials.of(home).redis not in " ".join(process.cmdline())
    assert (home.folder / "redis" / "redis.conf").stat().st_mode & 0o777 == 0o600


def test_it_leaves_no_process_and_starts_again(server: EmbeddedRedis, home: Home) -> None:
    server.start()
    server.stop()
    assert processes.marked(home.folder) == []

    with redis.Redis.from_url(server.start()) as client:
        assert client.ping()
