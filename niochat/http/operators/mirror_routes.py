"""``/mirrors``: how far each tenant is mirrored to its Supabase project."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime

from niochat.http.api.schemas import ResponseModel
from niochat.http.operators.operator_services import Services

router = APIRouter(tags=["operators"])


class MirrorResponse(ResponseModel):
    """The mirror of one tenant. ``behind_s`` is the age of the oldest change that is not sent;
    ``failure`` is a code, and ``failure_detail`` says what to do.
    """

    tenant_id: UUID
    tenant: str
    paused_at: AwareDatetime | None
    behind_s: float
    mirrored_at: AwareDatetime | None
    backfill_done: int | None
    backfill_total: int | None
    failure: str | None
    failure_detail: str | None
    failed_since: AwareDatetime | None
    refused_rows: int


class MirrorListResponse(ResponseModel):
    """All tenants that are mirrored, by slug."""

    mirrors: list[MirrorResponse]


@router.get("/mirrors")
async def list_mirrors(services: Services) -> MirrorListResponse:
    """List all tenants that are mirrored: how far each is behind, and what keeps it."""
    rows = await services.repository.list_mirrors()
    return MirrorListResponse(mirrors=[_to_response(row) for row in rows])


def _to_response(row: dict[str, Any]) -> MirrorResponse:
    behind = 0.0
    if row["oldest_at"] is not None:
        behind = max((row["now"] - row["oldest_at"]).total_seconds(), 0.0)
    runs = row["backfill_source"] is not None
    return MirrorResponse(
        tenant_id=row["tenant_id"],
        tenant=row["slug"],
        paused_at=row["paused_at"],
        behind_s=behind,
        mirrored_at=row["mirrored_at"],
        backfill_done=row["backfill_done"] if runs else None,
        backfill_total=row["backfill_total"] if runs else None,
        failure=row["failure"],
        failure_detail=row["failure_detail"],
        failed_since=row["failed_since"],
        refused_rows=row["dead_letters"],
    )
