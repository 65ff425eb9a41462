"""Validates settings before anything is started. Errors name the variable and say what to do."""

from collections.abc import Mapping

import redis
from redis.exceptions import RedisError

from niochat.adapters.postgres.schema_migration import require_database, require_known_schema
from niochat.composition.settings_check import check_addresses
from niochat.config import Settings
from niochat.domain.errors import InvalidInputError
from niochat.vault.key_ring import parse_key_ring

REDIS_TIMEOUT_S = 5


def load_valid_settings(more: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the environment, overridden by ``more``. Raises ``InvalidInputError``
    that names the invalid variable.
    """
    settings = Settings.read(more)
    parse_key_ring(settings.vault_keys.get_secret_value())
    check_addresses(settings)
    return settings


def check_servers(settings: Settings, *, database: bool, redis: bool) -> None:
    """Check that external servers can be used. Raises ``InvalidInputError``,
    ``OperationRefusedError``.
    """
    if database:
        url = settings.database_url.get_secret_value()
        owner = settings.owner_url
        if owner is not None:
            require_database(owner.get_secret_value(), "DATABASE_OWNER_URL")
            require_known_schema(owner.get_secret_value())
        else:
            require_database(url, "DATABASE_URL")
            require_known_schema(url)
    if redis:
        _check_redis(settings.redis_url.get_secret_value())


def _check_redis(url: str) -> None:
    try:
        client = redis.Redis.from_url(
            url, socket_connect_timeout=REDIS_TIMEOUT_S, socket_timeout=REDIS_TIMEOUT_S
        )
        with client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        raise InvalidInputError(
            f"REDIS_URL cannot be used: {_first_line(error)}. Start that server, or correct the "
            "address, the user or the password in REDIS_URL.",
            code="bad_settings",
        ) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
