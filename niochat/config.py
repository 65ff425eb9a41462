"""Settings of a process, read once from its environment when the process starts."""

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.supabase_project import (
    check_jwt_secret,
    check_project_url,
    check_publishable_key,
    check_secret_key,
)

Network = IPv4Network | IPv6Network
_ASSETS_ADDRESS = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")

_FIX_HINTS = {
    "DATABASE_URL": "Set it to the PostgreSQL database, such as postgresql://user:password@host/name.",
    "DATABASE_OWNER_URL": "Set it to the URL of the tables' owner, in the format of DATABASE_URL.",
    "REDIS_URL": "Set it to the Redis server, such as redis://:password@host:6379/0.",
    "NIOCHAT_VAULT_KEYS": "Set it to k1:<key>; `openssl rand -base64 32` generates a key.",
    "NIOCHAT_OPERATOR_TOKEN": "Set it to the cluster's token; `openssl rand -hex 24` makes one.",
    "NIOCHAT_ASSETS_URL": "Set it to the URL of the CDN, such as https://cdn.example.com/desk.",
    "NIOCHAT_SUPABASE_URL": "Set it to the project's URL, without a path.",
    "NIOCHAT_SUPABASE_KEY": "Set it to a secret key (sb_secret_…) of the project.",
    "NIOCHAT_BASE_URL": "Set it to the URL for gateways, such as https://desk.example.com.",
}


def _check_http_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError("must be an address that begins with http:// or https://")
    return value.rstrip("/")


def _server_address_check(schemes: tuple[str, ...]) -> Callable[[SecretStr], SecretStr]:
    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            is_valid = parts.scheme in schemes and parts.port != 0
        except ValueError:
            is_valid = False
        if not is_valid:
            raise ValueError(f"must be an address that begins with {schemes[0]}://")
        return value

    return check


DatabaseUrl = Annotated[
    SecretStr, AfterValidator(_server_address_check(("postgresql", "postgres")))
]
RedisUrl = Annotated[SecretStr, AfterValidator(_server_address_check(("redis", "rediss", "unix")))]


def _check_assets_address(value: str) -> str:
    """The address becomes a part of a header, so it may hold nothing but host, port and path."""
    address = _check_http_address(value)
    if not _ASSETS_ADDRESS.fullmatch(address):
        raise ValueError("must be an address without user, query and fragment")
    return address


def _secret_check(check: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    def check_secret(value: SecretStr) -> SecretStr:
        return SecretStr(check(value.get_secret_value()))

    return check_secret


HttpAddress = Annotated[str, AfterValidator(_check_http_address)]
ProjectAddress = Annotated[str, AfterValidator(check_project_url)]
SupabaseKey = Annotated[SecretStr, AfterValidator(_secret_check(check_secret_key))]
PublishableKey = Annotated[str, AfterValidator(check_publishable_key)]
JwtSecret = Annotated[SecretStr, AfterValidator(_secret_check(check_jwt_secret))]
AssetsAddress = Annotated[str, AfterValidator(_check_assets_address)]
OperatorToken = Annotated[SecretStr, Field(min_length=16)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def available_cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, as only this machine reaches it."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _default_hosts() -> int:
    """Two hosts per five cores.

    Hosts use 27 % of the CPU time of a turn, and a larger share without turns. More hosts make the
    batches of each host smaller (docs/benchmarks.md, *Hosts by cores*).
    """
    return max(1, round(available_cores() * 0.4))


class EnvironmentSettings(BaseSettings):
    """Base of settings that are read from the environment. An empty variable counts as unset."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    @classmethod
    def read(cls, overrides: Mapping[str, str] | None = None) -> Self:
        """Read the settings; ``overrides`` take precedence over the environment.

        Raises ``InvalidInputError``, whose message names each invalid variable and a fix.
        """
        try:
            return cls.model_validate(dict(overrides or {}))
        except ValidationError as error:
            problems = [
                _error_sentence(str(each["loc"][0]), each["type"], each["msg"])
                for each in error.errors()
            ]
        # Raised outside the handler: pydantic's error contains the values, and some are secret.
        raise InvalidInputError("\n".join(problems), code="bad_settings")


class OperatorClientSettings(EnvironmentSettings):
    """Settings of an operator's own machine, without access to the database and the vault."""

    base_url: HttpAddress = Field(validation_alias="NIOCHAT_BASE_URL")
    operator_token: OperatorToken = Field(validation_alias="NIOCHAT_OPERATOR_TOKEN")


class Settings(EnvironmentSettings):
    """Settings of the processes of an installation. Durations are in seconds."""

    database_url: DatabaseUrl = Field(validation_alias="DATABASE_URL")
    """URL of the serving processes; its role does not need to own anything."""
    owner_url: DatabaseUrl | None = Field(None, validation_alias="DATABASE_OWNER_URL")
    """URL of the tables' owner, for ``niochat migrate`` only; default: ``database_url``."""
    redis_url: RedisUrl = Field(validation_alias="REDIS_URL")
    vault_keys: SecretStr = Field(validation_alias="NIOCHAT_VAULT_KEYS")
    """``k2:<base64 of 32 bytes>,k1:…``. The first key seals; the others only open old values."""
    base_url: HttpAddress = Field(validation_alias="NIOCHAT_BASE_URL")
    """Public URL without a trailing slash; webhook URLs begin with it."""
    operator_token: OperatorToken | None = Field(None, validation_alias="NIOCHAT_OPERATOR_TOKEN")
    """Bearer token of the operators' API; without it that API is disabled."""
    home: Path = Field(Path(".niochat"), validation_alias="NIOCHAT_HOME")
    min_hosts: int = Field(default_factory=_default_hosts, ge=1, validation_alias="NIOCHAT_HOSTS")
    """Minimum number of hosts in the cluster; default: by the cores of this machine."""
    max_hosts: int | None = Field(None, ge=1, validation_alias="NIOCHAT_MAX_HOSTS")
    """Maximum number of hosts; default: ``min_hosts``. Between the two the load decides."""
    host_lag_ms: float = Field(100.0, gt=0, validation_alias="NIOCHAT_HOST_LAG_MS")
    """Mean event-loop lag of the hosts, in ms, above which hosts are added."""
    host_idle_s: Seconds = Field(300.0, validation_alias="NIOCHAT_HOST_IDLE_S")
    """Time of low load after which a host is removed."""
    pool_layout: Literal["together", "apart"] = Field("together", validation_alias="NIOCHAT_POOLS")
    """Whether assistant and ERP share one pool (``together``), or have one each (``apart``)."""
    max_pool_members: int | None = Field(None, ge=1, validation_alias="NIOCHAT_MAX_POOL")
    """Maximum number of members of each pool; default: by the cores of this machine."""
    build_id: str | None = Field(None, validation_alias="NIOCHAT_RELEASE")
    """Build id; default: the package's version and a digest of its files."""
    passivate_s: Seconds = Field(300.0, validation_alias="NIOCHAT_PASSIVATE_S")
    """Idle time after which a virtual actor is passivated."""
    max_actors: int = Field(100_000, ge=1, validation_alias="NIOCHAT_MAX_ACTORS")
    """Maximum number of active virtual actors of one host."""
    backfill_s: Seconds = Field(30.0, validation_alias="NIOCHAT_BACKFILL_S")
    """Interval at which messages that a gateway did not deliver are fetched."""
    max_webhooks_per_s: float = Field(
        1000.0, gt=0, allow_inf_nan=False, validation_alias="NIOCHAT_FLOOD_PER_S"
    )
    """Sustained webhooks per second of one tenant; a burst may have ten times as many."""
    max_requests_per_s: float = Field(
        50.0, gt=0, allow_inf_nan=False, validation_alias="NIOCHAT_API_PER_S"
    )
    """Sustained requests per second of one caller; a burst may have ten times as many."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        (ip_network("127.0.0.1/32"), ip_network("::1/128")),
        validation_alias="NIOCHAT_TRUSTED_PROXIES",
    )
    """Networks of proxies whose ``X-Forwarded-For`` header is trusted."""
    gateway_url: HttpAddress | None = Field(None, validation_alias="NIOCHAT_GATEWAY_URL")
    """The installation's own gateway server, on which instances of new channels are created."""
    gateway_admin_token: SecretStr | None = Field(
        None, validation_alias="NIOCHAT_GATEWAY_ADMIN_TOKEN"
    )
    private_networks: Annotated[tuple[Network, ...] | None, NoDecode] = Field(
        None, validation_alias="NIOCHAT_PRIVATE_NETWORKS"
    )
    """Private networks that tenant-configured addresses may lead to; default: none."""
    smtp_url: SecretStr | None = Field(None, validation_alias="NIOCHAT_SMTP_URL")
    """Mail server; without it mails (invitations, password resets) stay in the outbox."""
    mail_from: str = Field(
        "NioChat <niochat@localhost>", min_length=3, validation_alias="NIOCHAT_MAIL_FROM"
    )
    files_url: str | None = Field(None, validation_alias="NIOCHAT_FILES_URL")
    """File store for attachments; default: attachments are not stored."""
    audit_head_url: str | None = Field(None, validation_alias="NIOCHAT_AUDIT_URL")
    """File store for the signed head of the audit log; default: it is not stored."""
    assets_url: AssetsAddress | None = Field(None, validation_alias="NIOCHAT_ASSETS_URL")
    """Address of a CDN from which browsers load the hashed files of the desk; default: our own."""
    supabase_url: ProjectAddress | None = Field(None, validation_alias="NIOCHAT_SUPABASE_URL")
    """Supabase project to which providers without a project of their own are mirrored."""
    supabase_key: SupabaseKey | None = Field(
        None, validate_default=True, validation_alias="NIOCHAT_SUPABASE_KEY"
    )
    """Its secret key."""
    supabase_publishable_key: PublishableKey | None = Field(
        None, validation_alias="NIOCHAT_SUPABASE_PUBLISHABLE_KEY"
    )
    supabase_jwt_secret: JwtSecret | None = Field(
        None, validation_alias="NIOCHAT_SUPABASE_JWT_SECRET"
    )
    """Its shared secret, if it verifies tokens by an older method than public keys."""
    sandbox_url: HttpAddress | None = Field(None, validation_alias="NIOCHAT_SANDBOX_URL")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", validation_alias="NIOCHAT_LOG"
    )

    @field_validator("supabase_key")
    @classmethod
    def _is_there_with_its_url(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if value is None and info.data.get("supabase_url") is not None:
            raise ValueError("it is needed together with NIOCHAT_SUPABASE_URL")
        return value

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
    hint = _FIX_HINTS.get(name, "")
    if kind == "missing":
        return f"{name} is not set. {hint}"
    reason = reason.removeprefix("Value error, ")
    return f"{name} cannot be used: {reason[:1].lower()}{reason[1:]}. {hint}".strip()
