"""Huge strangers: refused before anything is parsed; memory and log-ins do not notice."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from niochat.launcher import process_control
from tests.security.conftest import TRIES, AttackTarget

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
HUGE = b'{"login":"' + b"x" * 24 * 2**20 + b'"}'
MOST_MB = 60


def memory_mb(target: AttackTarget) -> float:
    """Of all replicas and actors of the stack."""
    found = process_control.filter_by_kind(process_control.find_stack_processes(target.home), "ray")
    return sum(_rss(process) for process in found) / 2**20


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/auth/login",
        "/api/v1/contacts/lookup",
        "/api/v1/files",
        "/webhooks/uazapi/00000000-0000-0000-0000-000000000000/x",
    ],
)
@pytest.mark.parametrize("told", [True, False])
async def test_a_huge_body_is_refused_and_takes_no_memory(
    target: AttackTarget, path: str, told: bool
) -> None:
    before = memory_mb(target)
    answers = await asyncio.gather(*(_post(target, path, told) for _ in range(4)))
    TRIES["huge bodies"] += len(answers)

    assert set(answers) <= {401, 404, 411, 413, 0}, answers
    assert memory_mb(target) - before < MOST_MB
    await target.signed_in("agent")


async def _post(target: AttackTarget, path: str, told: bool) -> int:
    """The status; 0 where the connection was closed, or was no longer read, before all was sent:
    the client writes all before it looks for the answer.
    """

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(HUGE), 2**16):
            yield HUGE[start : start + 2**16]

    headers = {"content-length": str(len(HUGE))} if told else {}
    headers["content-type"] = "application/json"
    try:
        sent = HUGE if told else chunks()
        return (await target.http.post(path, content=sent, headers=headers)).status_code
    except (httpx.WriteError, httpx.WriteTimeout, httpx.ReadError, httpx.RemoteProtocolError):
        return 0


async def test_many_huge_headers_are_refused(target: AttackTarget) -> None:
    for size in (8_000, 60_000, 300_000):
        TRIES["huge headers"] += 1
        try:
            answer = await target.http.get("/api/v1/auth/me", headers={"x-long": "x" * size})
        except httpx.HTTPError:
            continue
        assert answer.status_code in (400, 401, 431), answer.status_code
