"""Promises about health: alive is not ready, and what fails is named."""

import asyncio

import pytest
from starlette.applications import Starlette

from niochat.domain.errors import UnavailableError
from niochat.http.health import HealthCheck, HealthEndpoints
from tests.http.conftest import serve_app

pytestmark = pytest.mark.asyncio


async def well() -> str:
    return ""


async def ill() -> str:
    return "Redis does not answer"


async def away() -> str:
    raise UnavailableError("the database did not do it")


async def broken() -> str:
    raise RuntimeError("pool")


async def silent() -> str:
    await asyncio.Event().wait()
    return ""


def app(timeout_s: float = 3.0, **checks: HealthCheck) -> Starlette:
    return Starlette(routes=list(HealthEndpoints(checks, timeout_s).routes()))


async def test_ready_says_so_when_every_part_answers() -> None:
    async with serve_app(app(database=well, redis=well), lifespan="off") as http:
        answer = await http.get("/api/health/ready")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["failing"] == []


async def test_ready_is_503_and_names_every_failing_part() -> None:
    parts = {"database": away, "redis": ill, "hosts": well, "pools": broken, "erp": silent}
    async with serve_app(app(timeout_s=0.05, **parts), lifespan="off") as http:
        answer = await http.get("/api/health/ready")

    assert answer.status_code == 503
    said = answer.json()
    assert said["failing"] == ["database", "redis", "pools", "erp"]
    assert said["parts"]["hosts"] == "ok"
    assert said["parts"]["redis"] == "Redis does not answer"


async def test_a_process_that_is_not_ready_is_alive() -> None:
    async with serve_app(app(database=away), lifespan="off") as http:
        alive = await http.get("/api/health/live")
        unknown = await http.get("/api/health/other")

    assert (alive.status_code, alive.json()) == (200, {"status": "live"})
    assert unknown.status_code == 404
