"""The API as production builds it, on this test's database, behind a real uvicorn."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from fastapi import FastAPI

from niochat.adapters.postgres.database import Database
from niochat.ingress.api.application import build
from niochat.wiring.access import open_access
from tests.access.conftest import PASSWORD, Clock, House
from tests.builders import Admin, Given
from tests.ingress.conftest import serving


@dataclass
class Desk:
    """The API and the people who call it."""

    house: House
    app: FastAPI
    http: httpx.AsyncClient

    async def bearer(self, login: str) -> dict[str, str]:
        """Headers of somebody who signed in."""
        told = await self.http.post("/auth/login", json={"login": login, "password": PASSWORD})
        assert told.status_code == 200, told.text
        return {"authorization": f"Bearer {told.json()['access_token']}"}

    async def joins(self, role: str, tenant: UUID | None = None) -> tuple[UUID, dict[str, str]]:
        """A new user of that role, signed in."""
        login = f"{role}-{tenant or 'own'}@example.com"
        user = await self.house.user(login, role, tenant=tenant)
        return user, await self.bearer(login)


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of that code, and says something."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), body
    assert len(body["title"]) > 5
    return body


@pytest_asyncio.fixture
async def desk(database: Database, admin: Admin, given: Given) -> AsyncIterator[Desk]:
    """With one provider; nobody works there yet."""
    house = House(database, admin, Clock(), await given.tenant())
    access = open_access(database, house.vault, "https://desk.example.com", "n@example.com")
    app = build(access, secure_cookies=False)
    async with serving(app) as http:
        yield Desk(house, app, http)
