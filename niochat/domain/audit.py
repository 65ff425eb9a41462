"""What is written down of whoever changes or reads something. Never a secret or a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class WhoKind(StrEnum):
    """What somebody is."""

    USER = "user"
    KEY = "key"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, and where they are."""

    kind: WhoKind
    id: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """``action`` as ``users.change``, ``target`` as ``user:<id>``. Without a tenant it is of the
    platform.
    """

    tenant_id: UUID | None
    who: Who
    action: str
    target: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
