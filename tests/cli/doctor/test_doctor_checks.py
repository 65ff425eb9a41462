"""``niochat doctor`` says what is wrong with a setting, and not what follows from it."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.schema_migration import known_revisions
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.vault.vault import Vault
from tests.adapters.models.openai.scripted_endpoint import (
    Dialect,
    ScriptedEndpoint,
    openai_error,
    openai_now,
)
from tests.builders import Admin
from tests.niochat_sandbox.conftest import origin
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_erp,
    build_provider,
    load_provider_file,
)

__all__ = ["origin"]

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(90)]

KEY = bytes(range(32))
PRIVATE = "the address is private: use a public one, or have the operator allow its network"


def doctor(database_url: str, home: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    ours = ("NIOCHAT_", "RAY_", "DATABASE_", "REDIS_URL")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return subprocess.run(
        [sys.executable, "-m", "niochat", "doctor"],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=80,
        env={
            **kept,
            "NIOCHAT_HOME": str(home),
            "DATABASE_URL": database_url,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
            "NIOCHAT_VAULT_KEYS": f"k1:{base64.b64encode(KEY).decode()}",
            "COLUMNS": "80",
            **more,
        },
    )


async def test_a_private_address_is_told_as_that_of_each_part(
    database: Database, serving_url: str, tmp_path: Path
) -> None:
    private = build_provider(
        channels=[build_channel(base_url="http://10.1.2.3")],
        erp=build_erp(base_url="http://10.1.2.3"),
        assistant=build_assistant(endpoint="http://10.1.2.3/v1"),
    )
    await apply_providers(database, Vault({"k1": KEY}), load_provider_file(tmp_path, private))

    said = doctor(serving_url, tmp_path / "home")

    assert said.returncode == 1
    lines = [line for line in said.stdout.splitlines() if line.startswith("!! demo")]
    for part in ("gateway of principal", "assistant", "ERP"):
        (line,) = [each for each in lines if f"demo: {part}" in each]
        assert PRIVATE in line, line
    assert "cannot be reached" not in said.stdout
    assert "owns the tables" not in said.stdout
    assert "Redis does not answer: start the server of REDIS_URL" in said.stdout
    assert "Traceback" not in said.stdout + said.stderr


async def test_a_log_in_that_owns_the_tables_and_a_newer_schema_are_told(
    database: Database, database_url: str, admin: Admin, tmp_path: Path
) -> None:
    await apply_providers(
        database, Vault({"k1": KEY}), load_provider_file(tmp_path, build_provider(channels=[]))
    )
    await admin.execute("UPDATE alembic_version SET version_num = '9999'")

    said = doctor(database_url, tmp_path / "home")

    assert "the log-in of DATABASE_URL owns the tables" in said.stdout
    assert (
        f"schema 9999, which this release does not know (its newest is {known_revisions()[-1]})"
        in (said.stdout)
    )


@pytest.mark.parametrize(
    ("dialect", "mark", "told"),
    [
        (
            openai_now,
            "ok",
            "um-modelo answers; learned of its dialect: completion_tokens, no_temperature",
        ),
        (
            lambda body: (400, openai_error("gemma:2b does not support tools, key-of-demo")),
            "!!",
            "the model answered 400: gemma:2b does not support tools, …",
        ),
    ],
    ids=["learned", "refused"],
)
async def test_the_model_is_asked_as_a_turn_asks_and_its_words_are_told(
    database: Database, serving_url: str, tmp_path: Path, dialect: Dialect, mark: str, told: str
) -> None:
    at = ScriptedEndpoint(dialect)
    await at.open()
    model = build_assistant(endpoint=at.url, model="um-modelo", temperature=0.2)
    entry = build_provider(channels=[], assistant=model)
    await apply_providers(database, Vault({"k1": KEY}), load_provider_file(tmp_path, entry))

    near = {"NIOCHAT_PRIVATE_NETWORKS": "127.0.0.0/8"}
    said = await asyncio.to_thread(doctor, serving_url, tmp_path / "home", **near)

    at.close()
    (line,) = [each for each in said.stdout.splitlines() if "demo: assistant" in each]
    assert line == f"{mark} demo: assistant: {told}"
    assert at.requests[0]["tools"]


async def test_whether_it_hears_and_sees_is_asked_and_told(
    database: Database, serving_url: str, tmp_path: Path, origin: str
) -> None:
    senses = {"transcription_model": "ouvido", "sees": True, "vision_model": "olho"}
    key = "sandbox-doctor"
    model = build_assistant(endpoint=f"{origin}/model/v1", api_key="env:DEMO_KEY", **senses)
    entry = build_provider(channels=[], assistant=model)
    await apply_providers(
        database, Vault({"k1": KEY}), load_provider_file(tmp_path, entry, DEMO_KEY=key)
    )
    near = {"NIOCHAT_PRIVATE_NETWORKS": "127.0.0.0/8"}

    said = await asyncio.to_thread(doctor, serving_url, tmp_path / "home", **near)
    assert "ok demo: voice notes: ouvido answers" in said.stdout
    assert "ok demo: pictures: olho answers" in said.stdout

    elsewhere = {
        "transcription_endpoint": "http://10.1.2.3/v1",
        "transcription_api_key": "env:DEMO_HMAC",
    }
    moved = build_provider(channels=[], assistant={**model, **elsewhere})
    await apply_providers(
        database, Vault({"k1": KEY}), load_provider_file(tmp_path, moved, DEMO_KEY=key)
    )
    said = await asyncio.to_thread(doctor, serving_url, tmp_path / "home", **near)
    (line,) = [each for each in said.stdout.splitlines() if "voice notes" in each]
    assert line == f"!! demo: voice notes: ouvido: the model: {PRIVATE} (NIOCHAT_PRIVATE_NETWORKS)"
    assert "ok demo: assistant" in said.stdout
