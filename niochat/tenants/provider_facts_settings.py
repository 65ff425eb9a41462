"""Reading and changing a provider's facts over the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, OperationRefusedError
from niochat.tenants.provider_file.facts_schema import FactsConfig

_SQL = queries("tenants")


@dataclass(frozen=True, slots=True)
class ProviderFactsView:
    """``values`` in the format of a provider file, with empty values for missing facts."""

    version: int
    values: Mapping[str, Any]


def build_facts_view(version: int, assistant: Mapping[str, Any]) -> ProviderFactsView:
    """Build the view from the settings values of the assistant."""
    empty = FactsConfig().model_dump(mode="json")
    return ProviderFactsView(version, {**empty, **assistant.get("facts", {})})


def merge_facts(stored: Mapping[str, Any] | None, change: Mapping[str, Any]) -> dict[str, Any]:
    """Merge a change into the stored facts; null removes a fact.

    Raises ``OperationRefusedError`` (``no_assistant``) if ``stored`` is None.
    """
    if stored is None:
        raise OperationRefusedError(
            "No assistant is configured. Configure one with PATCH /api/v1/settings/assistant.",
            code="no_assistant",
        )
    return {name: each for name, each in {**stored, **change}.items() if each is not None}


async def require_answering_teams(
    connection: Connection, tenant_id: UUID, facts: Mapping[str, Any] | None
) -> None:
    """Raise ``InvalidInputError`` if a topic in ``unknown`` names a team that does not exist."""
    teams = {each["team"] for each in (facts or {}).get("unknown") or ()}
    if not teams:
        return
    rows = await connection.fetch(_SQL["list_teams"], tenant_id)
    missing = sorted(teams - {row["slug"] for row in rows})
    if missing:
        raise InvalidInputError(
            f"Unknown teams: {', '.join(missing)}. GET /api/v1/teams lists all teams.",
            code="no_team",
        )


def changed_field_names(changed: Mapping[str, Any]) -> list[str]:
    """Names of the changed fields for the audit log; facts are listed singly, as ``facts.fees``."""
    facts = [f"facts.{name}" for name in changed.get("facts") or ()]
    return sorted([*(name for name in changed if name != "facts"), *facts])
