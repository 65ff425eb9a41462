"""A provider's installation of the simulated ERP, as its operator sees it, over real HTTP."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from tests.wait_until import wait_until

Row = dict[str, Any]
UNLOCK_ROUTE, TICKET_ROUTE = "/api/ura/liberacaopromessa/", "/api/ura/chamado/"
LEAD_ROUTE, OWNER_ROUTE = "/api/precadastro/F", "/api/ura/consultacliente/"
TICKETS_ROUTE = "/api/ura/ocorrencia/list/"


@dataclass
class SgpInstallationClient:
    """One token's ERP: what was done, what was asked, and what goes wrong."""

    http: httpx.AsyncClient
    token: str = field(default_factory=lambda: f"sandbox-{uuid4().hex}")

    async def control(self, method: str, path: str, **more: Any) -> Any:
        reply = await self.http.request(method, f"/sandbox{path}", **more)
        assert reply.is_success, reply.text
        return reply.json() if reply.content else None

    async def load_ledger(self) -> list[Row]:
        """The ledger, oldest first."""
        return list((await self.control("GET", f"/sgp/{self.token}/ledger"))["items"])

    async def kinds(self) -> list[str]:
        return [line["kind"] for line in await self.load_ledger()]

    async def count_requests(self, route: str) -> int:
        """How often a route was asked."""
        calls = (await self.control("GET", f"/sgp/{self.token}/calls"))["items"]
        return int(calls.get(route, 0))

    async def subscriber(self, case: str, nth: int = 0) -> Row:
        rows = (await self.control("GET", f"/sgp/{self.token}/subscribers"))["items"]
        return dict([row for row in rows if row["case"] == case][nth])

    async def change(self, subscriber: Row, **fields: Any) -> None:
        path = f"/sgp/{self.token}/subscribers/{subscriber['cpf']}"
        await self.control("PUT", path, json=fields)

    async def inject_fault(self, kind: str, route: str = "", **order: Any) -> None:
        """From now on; without a ``count`` until :meth:`well`."""
        body = {"target": "sgp", "kind": kind, "path": route, "token": self.token, **order}
        await self.control("POST", "/faults", json=body)

    async def clear_faults(self) -> None:
        """No fault any more; what was held goes on."""
        await self.control("DELETE", "/faults")

    async def count_fault_hits(self) -> None:
        """Returns when the first ordered fault has met a request."""

        async def met() -> bool:
            return bool((await self.control("GET", "/faults"))["items"][0]["hits"])

        await wait_until(met)

    async def ledger_of(self, count: int) -> None:
        """Returns when that much was done."""

        async def reached() -> bool:
            return len(await self.load_ledger()) == count

        await wait_until(reached)
