"""Promises about what the environment may say."""

import traceback
from ipaddress import ip_network
from pathlib import Path

import pytest

from niochat.config import OperatorClientSettings, Settings, available_cores
from niochat.domain.errors import InvalidInputError

NEEDED = {
    "DATABASE_URL": "postgresql://niochat:pa55word@127.0.0.1/niochat",
    "REDIS_URL": "redis://:pa55word@127.0.0.1/0",
    "NIOCHAT_VAULT_KEYS": "k1:pa55word",
    "NIOCHAT_BASE_URL": "https://desk.example.com/",
}
OTHERS = [
    "HOME",
    "HOSTS",
    "PASSIVATE_S",
    "MAX_ACTORS",
    "BACKFILL_S",
    "TRUSTED_PROXIES",
    "SANDBOX_URL",
    "LOG",
    "OPERATOR_TOKEN",
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in OTHERS:
        monkeypatch.delenv(f"NIOCHAT_{name}", raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def refusal() -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        Settings.read()
    return caught.value


def test_what_is_not_said_has_a_default_for_a_laptop() -> None:
    settings = Settings.read()

    assert settings.base_url == "https://desk.example.com"
    assert settings.home == Path(".niochat")
    assert settings.min_hosts == max(1, round(available_cores() * 0.4))
    assert settings.max_actors == 100_000
    assert (settings.passivate_s, settings.backfill_s) == (300, 30)
    assert settings.trusted_proxies == (ip_network("127.0.0.1/32"), ip_network("::1/128"))
    assert settings.sandbox_url is None
    assert settings.log_level == "info"


def test_an_operators_machine_needs_an_address_and_a_token(
    environment: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "NIOCHAT_VAULT_KEYS"):
        environment.delenv(name)
    environment.setenv("NIOCHAT_OPERATOR_TOKEN", "sixteen-or-more-characters")

    assert OperatorClientSettings.read().base_url == "https://desk.example.com"
    environment.setenv("NIOCHAT_OPERATOR_TOKEN", "short")
    with pytest.raises(InvalidInputError, match="NIOCHAT_OPERATOR_TOKEN cannot be used") as caught:
        OperatorClientSettings.read()
    assert "short" not in str(caught.value)
    environment.delenv("NIOCHAT_OPERATOR_TOKEN")
    with pytest.raises(InvalidInputError, match="NIOCHAT_OPERATOR_TOKEN is not set"):
        OperatorClientSettings.read()


def test_without_an_operators_token_their_door_stays_closed() -> None:
    assert Settings.read().operator_token is None


def test_environment_variables_override_defaults(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NIOCHAT_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8,")
    environment.setenv("NIOCHAT_HOSTS", "7")
    environment.setenv("NIOCHAT_LOG", "DEBUG")

    settings = Settings.read()

    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert settings.min_hosts == 7
    assert settings.log_level == "debug"


def test_every_missing_variable_is_named_with_what_to_do(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    environment.setenv("NIOCHAT_VAULT_KEYS", "")

    said = str(refusal())

    assert "DATABASE_URL is not set. Set it to the PostgreSQL database" in said
    assert "NIOCHAT_VAULT_KEYS is not set." in said
    assert "openssl rand -base64 32" in said


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("NIOCHAT_BASE_URL", "desk.example.com", "begins with http:// or https://"),
        ("NIOCHAT_BASE_URL", "https://[", "begins with http:// or https://"),
        ("NIOCHAT_SANDBOX_URL", "ftp://x", "begins with http:// or https://"),
        ("NIOCHAT_HOSTS", "0", "greater than or equal to 1"),
        ("NIOCHAT_HOSTS", "many", "valid integer"),
        ("NIOCHAT_PASSIVATE_S", "-1", "greater than 0"),
        ("NIOCHAT_BACKFILL_S", "inf", "finite number"),
        ("NIOCHAT_TRUSTED_PROXIES", "10.0.0.0/8,here", "here is not a network"),
        ("NIOCHAT_LOG", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_and_the_reason(
    environment: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    environment.setenv(name, value)

    said = str(refusal())

    assert said.startswith(f"{name} cannot be used: ")
    assert reason in said


def test_no_secret_shows_in_a_repr_or_an_error(environment: pytest.MonkeyPatch) -> None:
    assert "pa55word" not in repr(Settings.read())
    environment.setenv("NIOCHAT_HOSTS", "0")

    error = refusal()

    assert "pa55word" not in "".join(traceback.format_exception(error))
