"""Values of the audit log. They never hold a secret or the text of a message."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AuditActorKind(StrEnum):
    """The kind of an actor."""

    USER = "user"
    KEY = "key"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class AuditActor:
    """The author of an audited action. ``address`` is the client's IP address, if there is one."""

    kind: AuditActorKind
    id: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An audited action. ``action`` looks like ``users.change``, ``target`` like ``user:<id>``.

    ``before`` and ``after`` are the changed values as JSON. Without a ``tenant_id`` the entry
    belongs to the platform.
    """

    tenant_id: UUID | None
    actor: AuditActor
    action: str
    target: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
