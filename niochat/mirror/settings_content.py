"""New settings of the mirror, and whether they make sense."""

from collections.abc import Callable
from dataclasses import dataclass, field

from niochat.domain.errors import InvalidInputError
from niochat.domain.tenant.supabase_project import (
    MirroredMessages,
    check_jwt_secret,
    check_project_url,
    check_publishable_key,
    check_secret_key,
)


@dataclass(frozen=True, slots=True)
class MirrorSettingsContent:
    """Whole new settings. A secret that is None stays as it is; an empty ``jwt_secret`` removes it.
    Without ``url`` there are no keys.
    """

    enabled: bool = True
    url: str | None = None
    key: str | None = field(default=None, repr=False)
    publishable_key: str | None = None
    messages: MirroredMessages = MirroredMessages.METADATA
    jwt_secret: str | None = field(default=None, repr=False)


def check_content(content: MirrorSettingsContent) -> MirrorSettingsContent:
    """Return the content with a URL in its usual form. Raises ``InvalidInputError``
    (``bad_supabase_url``, ``bad_supabase_key``, ``bad_publishable_key``, ``bad_jwt_secret``).
    """
    if content.url is None:
        if content.key or content.publishable_key or content.jwt_secret:
            raise InvalidInputError(
                "Keys need the URL of their project. Enter it, or leave the keys out to use the "
                "project of the installation.",
                code="bad_supabase_url",
            )
        return MirrorSettingsContent(content.enabled, messages=content.messages)
    url = _checked("bad_supabase_url", "The URL", check_project_url, content.url)
    if content.key is not None:
        _checked("bad_supabase_key", "The secret key", check_secret_key, content.key)
    if content.publishable_key is not None:
        key = content.publishable_key
        _checked("bad_publishable_key", "The publishable key", check_publishable_key, key)
    if content.jwt_secret:
        _checked("bad_jwt_secret", "The JWT secret", check_jwt_secret, content.jwt_secret)
    return MirrorSettingsContent(
        content.enabled,
        url,
        content.key,
        content.publishable_key,
        content.messages,
        content.jwt_secret,
    )


def _checked(code: str, what: str, check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except ValueError as error:
        reason = str(error)
    raise InvalidInputError(f"{what} {reason}.", code=code)
