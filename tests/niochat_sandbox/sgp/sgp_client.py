"""A test's own installation of the simulated ERP, spoken to over real HTTP."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.niochat_sandbox.conftest import SandboxFixture

Row = dict[str, Any]


@dataclass
class SgpClientFixture:
    """The client's side and the operator's side of one installation."""

    sandbox: SandboxFixture
    token: str = field(default_factory=lambda: f"sandbox-{uuid.uuid4().hex}")

    def signed(self, fields: Row) -> Row:
        return {"token": self.token, "app": "niochat", **fields}

    async def post(self, route: str, **fields: Any) -> httpx.Response:
        """A form to a route below `/sgp/api/`."""
        return await self.sandbox.http.post(f"/sgp/api/{route}", data=self.signed(fields))

    async def query_customer(self, route: str, **fields: Any) -> Any:
        """The JSON of a form to a route below `/sgp/api/ura/`."""
        reply = await self.post(f"ura/{route}", **fields)
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def get(self, path: str) -> httpx.Response:
        return await self.sandbox.http.get(f"/sgp{path}", params=self.signed({}))

    async def control(self, method: str, path: str, **more: Any) -> Any:
        return await self.sandbox.control(method, f"/sgp/{self.token}{path}", **more)

    async def ledger(self) -> list[Row]:
        return list((await self.control("GET", "/ledger"))["items"])

    async def list_entry_types(self) -> list[str]:
        return [line["kind"] for line in await self.ledger()]

    async def subscribers(self) -> list[Row]:
        return list((await self.control("GET", "/subscribers"))["items"])

    async def of_case(self, case: str, nth: int = 0) -> Row:
        return [each for each in await self.subscribers() if each["case"] == case][nth]

    async def contract(self, case: str, nth: int = 0) -> int:
        """The number of a case's first contract."""
        return int((await self.of_case(case, nth))["contracts"][0]["id"])

    async def fault(self, kind: str, **order: Any) -> None:
        await self.sandbox.fault(target="sgp", kind=kind, token=self.token, **order)

    async def open_ticket(self, **more: Any) -> httpx.Response:
        """A ticket of the first subscriber."""
        fields = {"contrato": 5501, "ocorrenciatipo": 5, "conteudo": "Sem internet", **more}
        return await self.post("ura/chamado/", **fields)

    async def fault_hit(self) -> None:
        """Returns when the first ordered fault has met a request."""
        await self.sandbox.fault_hit()
