"""A client of one Supabase project, with the project's secret key. Server side only.

``supabase`` never repeats a write, tells no status and lets every time-out be: errors are read from
the response itself (``project_errors``), and whoever calls repeats. HTTP/1.1, because its HTTP/2
client fails on connections that were idle (supabase-py#1064).
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from niochat.adapters.http_pool import open_shared_session
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.adapters.supabase.project_errors import ProjectUnavailableError, error_of_response

TIMEOUT_S = 15.0
"""The limit of one request. PostgREST ends a statement of its own after eight seconds."""
_CONNECT_TIMEOUT_S = 5.0
_CONNECTIONS = 8
"""Half of them to one host: as many tenants of one project are mirrored at once. A request that had
to wait for a connection would count as one to a project that does not answer.
"""
_NO_ID = UUID(int=0)
MirroredRow = dict[str, Any]
"""A row of a table of the mirror, as JSON. All rows of a request have the same keys: PostgREST
would set a missing one to NULL.
"""


class DayCount(NamedTuple):
    """The rows of a table on one day (UTC), and the sum of their digests."""

    counted: int
    digest: Decimal


class ProjectClient:
    """The tables of the mirror in one project."""

    def __init__(self, url: str, key: str, guard: SsrfGuard | None = None) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._guard = guard
        self._http: httpx.AsyncClient | None = None
        self._session: aiohttp.ClientSession | None = None
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def close(self) -> None:
        """Close the connections: the client itself never does."""
        if self._http is not None:
            await self._http.aclose()
        if self._session is not None:
            await self._session.close()

    async def upsert(self, table: str, rows: Sequence[MirroredRow]) -> None:
        """Store rows, all or none. A row that the project has in a newer version stays as it is.

        Raises ``ProjectUnavailableError``, ``ProjectMisconfiguredError`` and ``RowsRefusedError``.
        """
        client = await self._connected()
        await self._send(
            client.table(table).upsert(
                list(rows), on_conflict="provedor_id,id", returning="minimal"
            )
        )

    async def has_rows(self, tenant_id: UUID, table: str) -> bool:
        """Whether a table has rows of a tenant. Raises as ``upsert`` does."""
        client = await self._connected()
        request = client.table(table).select("id").eq("provedor_id", str(tenant_id)).limit(1)
        return bool((await self._send(request)).data)

    async def count_days(
        self, tenant_id: UUID, table: str, first: date | None, end: date | None
    ) -> dict[date, DayCount]:
        """Return what a table has of a tenant by day, from ``first`` to before ``end``. None: all
        days on that side; many of them may take the project too long. Raises as ``upsert`` does.
        """
        rows = await self._call(
            "niochat_count_days",
            {
                "provider": str(tenant_id),
                "mirrored_table": table,
                "first_day": first.isoformat() if first else None,
                "end_day": end.isoformat() if end else None,
            },
        )
        return {
            date.fromisoformat(row["day"]): DayCount(row["counted"], Decimal(str(row["digest"])))
            for row in rows
        }

    async def list_day(self, tenant_id: UUID, table: str, day: date) -> dict[UUID, Decimal]:
        """Return the digests of all rows that a table has of a tenant on a day, by id. Raises as
        ``upsert`` does.
        """
        found: dict[UUID, Decimal] = {}
        last = _NO_ID
        while rows := await self._call(
            "niochat_list_day",
            {
                "provider": str(tenant_id),
                "mirrored_table": table,
                "wanted": day.isoformat(),
                "after": str(last),
            },
        ):
            found |= {UUID(row["id"]): Decimal(str(row["digest"])) for row in rows}
            last = UUID(rows[-1]["id"])
        return found

    async def _call(self, function: str, arguments: dict[str, str | None]) -> list[dict[str, Any]]:
        client = await self._connected()
        return list((await self._send(client.rpc(function, arguments))).data or ())

    async def _send(self, request: Any) -> Any:
        from postgrest.exceptions import APIError

        try:
            return await request.execute()
        except (APIError, ValueError) as error:  # the answer cannot be read
            raise ProjectUnavailableError(
                "the project answers something that is no JSON", code="project_unavailable"
            ) from error
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            raise ProjectUnavailableError(
                f"the project does not answer: {type(error).__name__}", code="project_unavailable"
            ) from error

    async def _connected(self) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await self._connect()
        return self._client

    async def _connect(self) -> Any:
        # It takes long to import, and only few processes mirror.
        from supabase import AsyncClientOptions, create_async_client

        self._session = open_shared_session(_CONNECTIONS, guard=self._guard)
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(client=self._session),
            timeout=httpx.Timeout(TIMEOUT_S, connect=_CONNECT_TIMEOUT_S),
            event_hooks={"response": [_raise_for_status]},
        )
        options = AsyncClientOptions(
            httpx_client=self._http,
            auto_refresh_token=False,
            persist_session=False,
            postgrest_client_retry=False,
        )
        client = await create_async_client(self._url, self._key, options)
        if not _is_token(self._key):
            # Keys of the newer kind are no tokens: the gateway takes them by `apikey` alone.
            client.postgrest.headers.pop("Authorization", None)
        return client


def _is_token(key: str) -> bool:
    return key.count(".") == 2


async def _raise_for_status(response: httpx.Response) -> None:
    if response.status_code >= 300:
        body = await response.aread()
        raise error_of_response(response.status_code, response.headers, body)
