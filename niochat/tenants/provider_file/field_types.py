"""Field types of a provider file with validators whose messages say what a value must be.

No message contains the value, because it may be a secret in the wrong field.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from niochat.adapters.erps.registry import ERPS
from niochat.adapters.gateways.registry import GATEWAYS
from niochat.adapters.models.openai.completion_types import RESERVED_FIELDS, RESERVED_HEADERS
from niochat.domain.conversation.policy import MAX_MODEL_SECONDS

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FROM_ENV = "env:"
_PORTS = {"http": 80, "https": 443}
_MAX_EXTRA_LENGTH = 8000


def from_env(value: object, info: ValidationInfo) -> object:
    """Replace ``env:NAME`` by the value of that variable in the mapping ``env`` of the context."""
    if not isinstance(value, str) or not value.startswith(_FROM_ENV):
        return value
    name = value.removeprefix(_FROM_ENV)
    if not _VARIABLE.fullmatch(name):
        raise ValueError("env: must be followed by the name of an environment variable")
    env: Mapping[str, str] = (info.context or {}).get("env", {})
    if not env.get(name, "").strip():
        raise ValueError(f"the environment variable {name} is not set")
    return env[name].strip()


def _slug(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise ValueError(
            "must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen"
        )
    return value


def one_line(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise ValueError("must be one line of text")
    return value.strip()


def _lines(value: str) -> str:
    if not all(part.isprintable() for part in re.split(r"[\n\t]", value)):
        raise ValueError("must be text without control characters")
    return value.strip()


def _not_empty(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def _http_address(value: str) -> str:
    """Validate and normalise a URL, so that equal addresses compare equal."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("must be an address such as https://gateway.example.com") from None
    if parts.scheme not in _PORTS or not host or not value.isprintable() or " " in value:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("must be an address without user, query (?) and fragment (#)")
    host = f"[{host}]" if ":" in host else host
    shown = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    return urlunsplit((parts.scheme, shown, parts.path.rstrip("/"), "", ""))


def _header_value(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if not secret or not all("!" <= c <= "~" for c in secret):
        raise ValueError("must be one word of visible ASCII characters")
    return value


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,80}", value):
        raise ValueError("must be the name of an HTTP header")
    if value.lower() in RESERVED_HEADERS:
        raise ValueError("must not be a header that NioChat sets itself")
    return value


def _header_text(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if secret != secret.strip() or not secret or not all(" " <= c <= "~" for c in secret):
        raise ValueError("must be one line of visible ASCII characters")
    return value


def _extra_body(values: dict[str, Any]) -> dict[str, Any]:
    if any(name in RESERVED_FIELDS for name in values):
        own = ", ".join(sorted(set(values) & RESERVED_FIELDS))
        raise ValueError(f"must not contain fields that NioChat sets itself or forbids: {own}")
    try:
        size = len(json.dumps(values, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        raise ValueError("must contain only values that JSON supports") from None
    if size > _MAX_EXTRA_LENGTH:
        raise ValueError(f"must be at most {_MAX_EXTRA_LENGTH} characters of JSON")
    return values


def _within_turn_limit(value: float) -> float:
    if not 1 <= value <= MAX_MODEL_SECONDS:
        raise ValueError(
            f"must be 1 to {MAX_MODEL_SECONDS:g}: a turn with a slow ERP has to end within 200 s"
        )
    return value


def _code(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not re.fullmatch(r"\S{1,20}", value):
        raise ValueError("must be a code of 1 to 20 visible characters, or a whole number")
    return one_line(value)


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError("must be a time zone such as America/Sao_Paulo") from None
    return value


def _gateway_kind(value: str) -> str:
    if GATEWAYS.find(value) is None:
        raise ValueError(GATEWAYS.describe_unknown())
    return value


def _erp_kind(value: str) -> str:
    if ERPS.find(value) is None:
        raise ValueError(ERPS.describe_unknown())
    return value


Slug = Annotated[str, AfterValidator(_slug)]
ShortName = Annotated[str, Field(max_length=120), AfterValidator(one_line)]
MultilineText = Annotated[str, Field(max_length=2000), AfterValidator(_lines)]
NonEmptyText = Annotated[MultilineText, AfterValidator(_not_empty)]
GatewayKind = Annotated[str, AfterValidator(_gateway_kind)]
"""The kind of a registered vendor of gateways."""
ErpKind = Annotated[str, AfterValidator(_erp_kind)]
"""The kind of a registered vendor of ERPs."""
Timezone = Annotated[str, AfterValidator(_timezone)]
HttpAddress = Annotated[
    str, Field(max_length=2000), AfterValidator(_http_address), BeforeValidator(from_env)
]
WebPage = Annotated[str, Field(max_length=200), AfterValidator(_http_address)]
"""Web page for people: no request is sent to it, and ``env:`` is not supported."""
SecretToken = Annotated[
    SecretStr, Field(max_length=4096), AfterValidator(_header_value), BeforeValidator(from_env)
]
StrictBoolean = Annotated[bool, Field(strict=True)]
StrictNumber = Annotated[float, Field(strict=True, allow_inf_nan=False)]
StrictInteger = Annotated[int, Field(strict=True)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderText = Annotated[
    SecretStr, Field(max_length=4096), AfterValidator(_header_text), BeforeValidator(from_env)
]
ExtraBody = Annotated[dict[str, Any], Field(max_length=40), AfterValidator(_extra_body)]
"""Extra fields of a model request. They may be secret."""
ModelTimeout = Annotated[
    StrictNumber,
    AfterValidator(_within_turn_limit),
    Field(json_schema_extra={"minimum": 1, "maximum": MAX_MODEL_SECONDS}),
]
TicketCode = Annotated[str, BeforeValidator(_code)]
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4), BeforeValidator(_number)]
"""The database column is ``numeric(12, 4)``: more digits would be rounded."""
