"""Settings of a process, from its environment; read once, where the process is put together."""

import os
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from niochat.domain.errors import InvalidInputError

Network = IPv4Network | IPv6Network

_FIX_HINTS = {
    "DATABASE_URL": "Set it to the PostgreSQL database, as postgresql://user:password@host/name.",
    "DATABASE_OWNER_URL": "Set it to the log-in of the tables' owner, as DATABASE_URL.",
    "REDIS_URL": "Set it to the Redis server, as redis://:password@host:6379/0.",
    "NIOCHAT_VAULT_KEYS": "Set it to k1:<key>; `openssl rand -base64 32` makes a key.",
    "NIOCHAT_OPERATOR_TOKEN": "Set it to the cluster's; `openssl rand -hex 24` makes one.",
    "NIOCHAT_BASE_URL": "Set it to the address gateways reach us at, as https://desk.example.com.",
}


def _check_http_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("must be an address that begins with http:// or https://")
    return value.rstrip("/")


def _server_address_check(schemes: tuple[str, ...]) -> Callable[[SecretStr], SecretStr]:
    def checked(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            fits = parts.scheme in schemes and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"must be an address that begins with {schemes[0]}://")
        return value

    return checked


DatabaseUrl = Annotated[
    SecretStr, AfterValidator(_server_address_check(("postgresql", "postgres")))
]
RedisUrl = Annotated[SecretStr, AfterValidator(_server_address_check(("redis", "rediss", "unix")))]
HttpAddress = Annotated[str, AfterValidator(_check_http_address)]
OperatorToken = Annotated[SecretStr, Field(min_length=16)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _default_hosts() -> int:
    """Two for five cores. A host takes 27 % of what a turn costs, and more without turns; each one
    more makes everybody's groups smaller (docs/benchmarks.md, *Hosts by cores*).
    """
    return max(1, round(available_cores() * 0.4))


class EnvironmentSettings(BaseSettings):
    """What a process is told by its environment; an empty variable counts as unset."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    @classmethod
    def read(cls, overrides: Mapping[str, str] | None = None) -> Self:
        """Settings of this process; ``more`` stands over its environment. Raises
        ``InvalidInputError`` that names each variable and what to do.
        """
        try:
            return cls.model_validate(dict(overrides or {}))
        except ValidationError as error:
            problems = [
                _error_sentence(str(each["loc"][0]), each["type"], each["msg"])
                for each in error.errors()
            ]
        # Outside of the handler: pydantic's error holds the values, and some are secret.
        raise InvalidInputError("\n".join(problems), code="bad_settings")


class OperatorSettings(EnvironmentSettings):
    """What an operator's own machine needs: no database, no key of the vault."""

    base_url: HttpAddress = Field(validation_alias="NIOCHAT_BASE_URL")
    operator_token: OperatorToken = Field(validation_alias="NIOCHAT_OPERATOR_TOKEN")


class Settings(EnvironmentSettings):
    """What the environment says. Durations in seconds; an empty variable counts as unset."""

    database_url: DatabaseUrl = Field(validation_alias="DATABASE_URL")
    """Log-in of the processes that serve; it needs to own nothing."""
    owner_url: DatabaseUrl | None = Field(None, validation_alias="DATABASE_OWNER_URL")
    """Log-in of the tables' owner, for ``niochat migrate`` alone; ``None``: the same."""
    redis_url: RedisUrl = Field(validation_alias="REDIS_URL")
    vault_keys: SecretStr = Field(validation_alias="NIOCHAT_VAULT_KEYS")
    """``k2:<base64 of 32 bytes>,k1:…``; the first is current, the others only open."""
    base_url: HttpAddress = Field(validation_alias="NIOCHAT_BASE_URL")
    """Public address, without a slash at its end; webhook addresses begin with it."""
    operator_token: OperatorToken | None = Field(None, validation_alias="NIOCHAT_OPERATOR_TOKEN")
    """What operators show; without it their API is closed."""
    home: Path = Field(Path(".niochat"), validation_alias="NIOCHAT_HOME")
    min_hosts: int = Field(default_factory=_default_hosts, ge=1, validation_alias="NIOCHAT_HOSTS")
    """Host actors of the cluster, at least; without it by the cores of this machine."""
    max_hosts: int | None = Field(None, ge=1, validation_alias="NIOCHAT_MAX_HOSTS")
    """At most; ``None``: as many as ``hosts``. Between the two the hosts' load decides."""
    host_lag_ms: float = Field(100.0, gt=0, validation_alias="NIOCHAT_HOST_LAG_MS")
    """Mean lag of the hosts' loops above which there are too few of them."""
    host_idle_s: Seconds = Field(300.0, validation_alias="NIOCHAT_HOST_IDLE_S")
    """Quiet for so long, one host too many goes."""
    pool_layout: Literal["together", "apart"] = Field("together", validation_alias="NIOCHAT_POOLS")
    """Whether assistant and ERP share the processes of one pool, or have one each."""
    max_pool_members: int | None = Field(None, ge=1, validation_alias="NIOCHAT_MAX_POOL")
    """Members of each pool at most; ``None``: by the cores of this machine."""
    build_id: str | None = Field(None, validation_alias="NIOCHAT_RELEASE")
    """Name of the code; ``None``: the package's version and a digest of its files."""
    passivate_s: Seconds = Field(300.0, validation_alias="NIOCHAT_PASSIVATE_S")
    """A virtual actor that was idle this long gives its memory back."""
    max_actors: int = Field(100_000, ge=1, validation_alias="NIOCHAT_MAX_ACTORS")
    """Active virtual actors of one host."""
    backfill_s: Seconds = Field(30.0, validation_alias="NIOCHAT_BACKFILL_S")
    """Pause between two looks for what a gateway did not deliver."""
    max_webhooks_per_s: float = Field(
        1000.0, gt=0, allow_inf_nan=False, validation_alias="NIOCHAT_FLOOD_PER_S"
    )
    """Webhooks of one tenant in a second, for a long time; ten times as many at once."""
    max_requests_per_s: float = Field(
        50.0, gt=0, allow_inf_nan=False, validation_alias="NIOCHAT_API_PER_S"
    )
    """Requests of one caller in a second, for a long time; ten times as many at once."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (ip_network("127.0.0.1/32"), ip_network("::1/128")),
        validation_alias="NIOCHAT_TRUSTED_PROXIES",
    )
    """Networks whose ``X-Forwarded-For`` is believed."""
    gateway_url: HttpAddress | None = Field(None, validation_alias="NIOCHAT_GATEWAY_URL")
    """The installation's own gateway, on which channels are made."""
    gateway_admin_token: SecretStr | None = Field(
        None, validation_alias="NIOCHAT_GATEWAY_ADMIN_TOKEN"
    )
    private_networks: Annotated[tuple[Network, ...] | None, NoDecode] = Field(
        None, validation_alias="NIOCHAT_PRIVATE_NETWORKS"
    )
    """Private networks that addresses configured by tenants may lead into; else none."""
    smtp_url: SecretStr | None = Field(None, validation_alias="NIOCHAT_SMTP_URL")
    """Mail server; without it invitations and forgotten passwords wait."""
    mail_from: str = Field(
        "NioChat <niochat@localhost>", min_length=3, validation_alias="NIOCHAT_MAIL_FROM"
    )
    files_url: str | None = Field(None, validation_alias="NIOCHAT_FILES_URL")
    """Where files of messages lie; ``None``: none are kept."""
    audit_head_url: str | None = Field(None, validation_alias="NIOCHAT_AUDIT_URL")
    """Where the audit log's head is kept; ``None``: nowhere."""
    sandbox_url: HttpAddress | None = Field(None, validation_alias="NIOCHAT_SANDBOX_URL")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="NIOCHAT_LOG"
    )

    @field_validator("trusted_proxies", "private_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",")]
        return tuple(_parse_network(part) for part in parts if part)

    @field_validator("log_level", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


def _parse_network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"{text} is not a network such as 10.0.0.0/8") from None


def _error_sentence(name: str, kind: str, reason: str) -> str:
    how = _FIX_HINTS.get(name, "")
    if kind == "missing":
        return f"{name} is not set. {how}"
    reason = reason.removeprefix("Value error, ")
    return f"{name} cannot be used: {reason[:1].lower()}{reason[1:]}. {how}".strip()
