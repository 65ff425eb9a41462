"""What is written down of whoever changes or reads something. Never a secret or a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AuditActorKind(StrEnum):
    """What somebody is."""

    USER = "user"
    KEY = "key"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class AuditActor:
    """Somebody, and where they are."""

    kind: AuditActorKind
    id: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """``action`` as ``users.change``, ``target`` as ``user:<id>``. Without a tenant it is of the
    platform.
    """

    tenant_id: UUID | None
    actor: AuditActor
    action: str
    target: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
