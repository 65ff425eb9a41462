"""Schema of the Supabase project to which a provider is mirrored."""

from collections.abc import Callable
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from niochat.domain.tenant.supabase_project import (
    MirroredMessages,
    check_jwt_secret,
    check_project_url,
    check_publishable_key,
    check_secret_key,
)
from niochat.tenants.provider_file.field_types import StrictBoolean, from_env
from niochat.tenants.provider_file.strict_model import StrictModel, error_at


def _secret(check: Callable[[str], str]) -> Callable[[SecretStr], SecretStr]:
    return lambda value: SecretStr(check(value.get_secret_value()))


ProjectUrl = Annotated[
    str, Field(max_length=500), AfterValidator(check_project_url), BeforeValidator(from_env)
]
SecretKey = Annotated[
    SecretStr, AfterValidator(_secret(check_secret_key)), BeforeValidator(from_env)
]
PublishableKey = Annotated[str, AfterValidator(check_publishable_key), BeforeValidator(from_env)]
JwtSecret = Annotated[
    SecretStr,
    Field(max_length=500),
    AfterValidator(_secret(check_jwt_secret)),
    BeforeValidator(from_env),
]


class SupabaseConfig(StrictModel):
    """The Supabase project to which the provider is mirrored. Without ``url``: the project of the
    installation, if there is one.
    """

    enabled: StrictBoolean = True
    """Whether the provider is mirrored."""
    url: ProjectUrl | None = None
    """URL of the project, such as ``https://abcdefghijklmnopqrst.supabase.co``, without a path."""
    key: SecretKey | None = None
    """Secret key of the project (``sb_secret_…``, in older projects ``service_role``)."""
    publishable_key: PublishableKey | None = None
    """Publishable key (``sb_publishable_…``, in older projects ``anon``), which browsers get."""
    messages: MirroredMessages = MirroredMessages.METADATA
    """``full``, ``metadata`` (everything but text and names of files) or ``none``."""
    jwt_secret: JwtSecret | None = None
    """Shared secret of a project that verifies tokens with it; default: unchanged; null: none."""

    @model_validator(mode="after")
    def _has_its_keys(self) -> Self:
        if self.url is not None and self.key is None:
            raise error_at("is needed together with url", "key")
        if self.url is None:
            for name in ("key", "publishable_key", "jwt_secret"):
                if getattr(self, name) is not None:
                    raise error_at("needs the url of its project", name)
        return self
