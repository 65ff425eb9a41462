"""Journeys of an operator: files, doctor, doors."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from niochat.launcher.home_folder import HomeFolder
from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.provider_definitions import (
    FAST,
    MISTAKEN,
    WORKER,
    build_provider,
    write_providers_file,
)
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio
OURS = (
    "SELECT * FROM tenants WHERE slug LIKE '%-' || $1 OR slug LIKE 'ruim%' ORDER BY slug",
    WORKER,
)
"""The providers that no other worker changes, and the one that must not come to be."""


def bad_files(sandbox: str) -> Iterator[tuple[str, str, list[str]]]:
    """(name, text, what must be said)."""
    good = write_providers_file([build_provider(FAST, sandbox)])
    yield "yaml", good + "  nonsense: [\n", ["line"]
    lines = good.splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "burst_window_s" in line)
    typo = good.replace("burst_window_s: 0.3", "burst_windows: 0.3").replace(
        f"api_key: {FAST.key}", "api_key: env:NIOCHAT_NOWHERE"
    )
    key = next(n for n, line in enumerate(lines, 1) if "api_key" in line)
    yield "keys", typo, [f"line {number}", "unknown key", f"line {key}", "NIOCHAT_NOWHERE"]


async def test_a_bad_file_names_its_lines_and_changes_nothing(
    running_product: EndToEndFixture,
) -> None:
    before = await running_product.fetch(*OURS)
    # One provider is good, the next is not: neither is applied.
    half = [
        build_provider(FAST, running_product.stack.sandbox, name="Outra"),
        {"slug": "Ruim!", "name": "Ruim", "channels": []},
    ]
    files = [
        *bad_files(running_product.stack.sandbox),
        ("half", write_providers_file(half), ["providers[1].slug"]),
    ]

    async def refused(name: str, text: str, told: list[str]) -> None:
        file = running_product.folder / f"{name}.yaml"
        file.write_text(text)
        said = await running_product.niochat("apply", str(file), code=1)
        for words in (str(file), "nothing was changed", *told):
            assert words in said.err

    for file in files:
        await refused(*file)
    missing = await running_product.niochat(
        "apply", str(running_product.folder / "none.yaml"), code=1
    )
    assert "cannot be read" in missing.err
    assert await running_product.fetch(*OURS) == before


async def test_applying_the_same_file_again_changes_nothing(
    running_product: EndToEndFixture,
) -> None:
    before = await running_product.fetch(*OURS)

    await running_product.apply_provider(build_provider(FAST, running_product.stack.sandbox))

    assert await running_product.fetch(*OURS) == before


async def test_doctor_says_in_a_sentence_what_is_wrong(running_product: EndToEndFixture) -> None:
    wrong = build_provider(MISTAKEN, running_product.stack.sandbox)
    wrong["assistant"]["api_key"] = "key-of-somebody-else"
    await running_product.apply_provider(wrong)

    ill, well = await asyncio.gather(
        running_product.niochat("doctor", MISTAKEN.tenant, code=1),
        running_product.niochat("doctor", FAST.tenant),
    )

    assert "the model refuses the key: set another api_key" in ill.out
    assert "key-of-somebody-else" not in ill.out + ill.err
    assert "gateway of principal: connected" in ill.out
    assert "sandbox-simulador answers" in well.out


async def test_demo_says_where_each_channel_is_reached(running_product: EndToEndFixture) -> None:
    assert running_product.demo["base_url"] == running_product.stack.url
    assert {"id", "slug", "name", "channels"} <= running_product.demo["tenants"][0].keys()
    assert "demo" in [tenant["slug"] for tenant in running_product.demo["tenants"]]
    channel = running_product.channel(FAST)
    assert channel["webhook_url"].startswith(
        f"{running_product.stack.url}/webhooks/uazapi/{channel['id']}/"
    )


async def test_the_front_door_knows_its_routes_and_says_when_it_is_ready(
    running_product: EndToEndFixture,
) -> None:
    async with httpx.AsyncClient(base_url=running_product.stack.url, trust_env=False) as http:
        ready = await http.get("/api/health/ready")
        live = await http.get("/api/health/live")
        nowhere = [await http.get(path) for path in ("/nothing", "/api/nothing", "/webhooks/x")]

    assert (ready.status_code, live.status_code) == (200, 200)
    assert ready.json()["failing"] == []
    assert [answer.status_code for answer in nowhere] == [404] * 3


async def test_a_refused_webhook_is_logged_with_the_address_behind_the_proxy(
    running_product: EndToEndFixture,
) -> None:
    url = running_product.channel(FAST)["webhook_url"].rpartition("/")[0] + "/wrong"
    forwarded = {"x-forwarded-for": "203.0.113.77"}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(url, json={}, headers=forwarded)
    assert answer.status_code == 404

    async def logged() -> list[str]:
        return [line for line in log_lines(running_product.stack.home) if "webhook_refused" in line]

    lines = await wait_until(logged)
    assert any("203.0.113.77" in line for line in lines)
    assert not any(url in line or "/wrong" in line for line in lines)


async def test_no_log_holds_what_people_said_or_a_secret(running_product: EndToEndFixture) -> None:
    customer = running_product.customer()
    await customer.say(f"{customer.tag(1)} palavra-que-ninguem-registra")
    await customer.hears(1)

    secret = running_product.channel(FAST)["webhook_url"].rpartition("/")[2]
    lines = "\n".join(log_lines(running_product.stack.home))
    for hidden in ("palavra-que-ninguem-registra", customer.phone, FAST.token, FAST.key, secret):
        assert hidden not in lines


def log_lines(home: Path) -> list[str]:
    """Everything that any process of the stack has written down."""
    session = HomeFolder.create(home).temporary_folder() / "r" / "session_latest" / "logs"
    files = [*session.rglob("*.log"), *session.rglob("*.err"), *(home / "log").glob("*.log")]
    return [line for file in files for line in file.read_text(errors="replace").splitlines()]
