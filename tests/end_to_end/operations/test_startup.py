"""What a start says is true, and another one in the same home leaves what runs alone."""

import re

import pytest

from tests.end_to_end.conftest import EndToEndFixture

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def test_another_start_in_the_home_of_a_running_stack_changes_nothing(
    running_product: EndToEndFixture,
) -> None:
    before = {file.name: file.read_bytes() for file in running_product.stack.home.glob("*.json")}

    for arguments in (("up",), ("up", "--detach"), ("up", "--port", "1")):
        said = await running_product.niochat(*arguments, code=1)
        assert f"already runs in {running_product.stack.home}" in said.err
        assert f"NIOCHAT_HOME={running_product.stack.home} niochat down" in said.err
        assert "Traceback" not in said.err + said.out

    ready = await running_product.http.get(f"{running_product.stack.url}/api/health/ready")
    assert ready.status_code == 200
    assert {
        file.name: file.read_bytes() for file in running_product.stack.home.glob("*.json")
    } == before


async def test_a_start_in_the_background_says_how_to_stop_and_tells_commands_with_the_home(
    running_product: EndToEndFixture,
) -> None:
    said = (running_product.stack.home / "log" / "up.log").read_text()

    assert "NioChat is ready" in said
    assert "Ctrl-C" not in said
    commands = re.findall(r"^.*bin/niochat .*$", said, re.MULTILINE)
    assert len(commands) >= 5
    assert all(line.startswith(f"NIOCHAT_HOME={running_product.stack.home} ") for line in commands)
    assert any(line.split("   ")[0].endswith("niochat down") for line in commands)
    assert f"{running_product.stack.url}\n" in said


async def test_what_serves_logs_in_as_who_owns_nothing(running_product: EndToEndFixture) -> None:
    async with running_product.database.acquire() as connection:
        users = await connection.fetch(
            "SELECT DISTINCT usename::text AS name FROM pg_stat_activity"
            " WHERE datname = current_database()"
        )

    assert {row["name"] for row in users} == {"niochat_serving"}


async def test_an_address_with_its_prefix_twice_is_not_found_and_nobody_is_sent_elsewhere(
    running_product: EndToEndFixture,
) -> None:
    for path in (
        "/api/api/health/live",
        "/api/api/v1/openapi.json",
        "/health/live",
        "/api/health/live/",
        "/api/v1",
        "/api/v1/me/",
    ):
        answer = await running_product.http.get(
            f"{running_product.stack.url}{path}",
            headers={"host": "evil.example"},
            follow_redirects=False,
        )
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
