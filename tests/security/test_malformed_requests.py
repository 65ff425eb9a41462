"""Odd bytes at each route: a clear refusal, never an error of ours, and nothing is done."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.security import malformed_requests
from tests.security.conftest import TRIES, AttackTarget

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(170)]
AT_ONCE = 8
OPEN = {200, 201, 202, 204}
"""What the routes that anybody may call answer."""


@pytest.mark.parametrize("role", ["", "admin"])
async def test_odd_bytes_are_refused_in_words_at_each_route(
    target: AttackTarget,
    routes: list[tuple[str, str, dict[str, Any]]],
    repeat_count: int,
    role: str,
) -> None:
    signed = await target.signed_in(role) if role else {}
    if role:  # what ends the session would make a stranger of the admin
        routes = [route for route in routes if not _ends_sessions(route[1])]
    gate = asyncio.Semaphore(AT_ONCE)
    wrong: list[str] = []
    statuses: Counter[int] = Counter()

    async def one(method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        TRIES["odd requests"] += 1
        async with gate:
            try:
                answer = await target.http.request(
                    method, path, headers={**headers, **signed}, content=body
                )
            except (httpx.LocalProtocolError, httpx.InvalidURL, UnicodeEncodeError):
                return  # such a request cannot be written down
            except httpx.HTTPError as error:
                wrong.append(f"{method} {path[:80]}: {error!r}")
                return
        statuses[answer.status_code] += 1
        wrong.extend(_wrong(method, path, answer))

    await asyncio.gather(
        *(
            one(*each)
            for each in malformed_requests.generate_requests(
                routes, 600 * repeat_count, seed=repeat_count
            )
        )
    )
    print(f"answers: {dict(sorted(statuses.items()))}")
    assert not wrong, "\n".join(wrong[:20])
    if not role:
        assert not {status for status in statuses if status < 300} - OPEN
    assert (await target.http.get("/api/v1/openapi.json")).status_code == 200


def _ends_sessions(path: str) -> bool:
    return "logout" in path or "sessions" in path or "/password" in path


def _wrong(method: str, path: str, answer: httpx.Response) -> list[str]:
    what = f"{method} {path[:80]}: {answer.status_code} {answer.text[:200]}"
    if answer.status_code >= 500:
        return [what]
    if answer.status_code >= 400 and "problem+json" in answer.headers.get("content-type", ""):
        return [] if answer.json().get("title") else [f"{what} says nothing"]
    unfit = answer.status_code >= 400 and path.startswith("/api/v1") and answer.status_code != 431
    said = answer.headers.get("content-type", "").startswith(("text/plain", "text/html"))
    return [f"{what} is no problem"] if unfit and not said else []
