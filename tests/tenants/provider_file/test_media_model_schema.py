"""A provider's file says whether its assistant hears and sees, and by whom."""

from pathlib import Path
from typing import Any

import pytest

from niochat.adapters.models.openai.completion_types import ModelEndpoint
from niochat.adapters.postgres.database import Database
from niochat.domain.errors import NiochatError
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from tests.actors.sandbox_provider import VAULT
from tests.builders import RowBuilder
from tests.tenants.provider_files import build_assistant, build_provider, load_provider_file

pytestmark = pytest.mark.asyncio
OWN = "http://127.0.0.1:9/model/v1"


async def declared(database: Database, folder: Path, **settings: Any) -> Any:
    """What the rest of the product is told of the assistant."""
    entry = build_provider(channels=[], assistant=build_assistant(**settings))
    (change, *_) = await apply_providers(database, VAULT, load_provider_file(folder, entry))
    return await TenantConfigCache(database, VAULT).assistant(change.tenant_id)


async def test_without_a_word_it_neither_hears_nor_sees(
    database: Database, given: RowBuilder, tmp_path: Path
) -> None:
    found = await declared(database, tmp_path)

    assert (found.hearing, found.seeing) == (None, None)
    (policy,) = await given.rows("SELECT policy FROM tenants")
    assert "hears" not in policy
    assert "sees" not in policy


async def test_its_own_end_point_is_asked_with_its_own_key(
    database: Database, given: RowBuilder, tmp_path: Path
) -> None:
    found = await declared(
        database,
        tmp_path,
        transcription_model="ouvido",
        sees=True,
        vision_model="olho",
        transcription_price=0.006,
    )

    assert (found.hearing, found.seeing) == (
        ModelEndpoint(OWN, "key-of-demo", "ouvido"),
        ModelEndpoint(OWN, "key-of-demo", "olho"),
    )
    assert float(found.hearing_price) == 0.006
    (policy,) = await given.rows("SELECT policy FROM tenants")
    assert (policy["hears"], policy["sees"]) == (True, True)

    # The file is applied again without: it is off again.
    found = await declared(database, tmp_path)
    (policy,) = await given.rows("SELECT policy FROM tenants")
    assert (found.hearing, found.seeing, "hears" in policy) == (None, None, False)


async def test_another_end_point_gets_neither_the_key_nor_the_headers_of_the_first(
    database: Database, tmp_path: Path
) -> None:
    found = await declared(
        database,
        tmp_path,
        transcription_model="ouvido",
        extra_headers={"x-proxy": "secret"},
        transcription_endpoint="https://ear.example.com/v1/",
        transcription_api_key="env:DEMO_HMAC",
    )

    assert (found.hearing.url, found.hearing.key) == ("https://ear.example.com/v1", "hmac-of-demo")
    assert found.hearing.options.extra_headers == {}
    assert found.options.extra_headers == {"x-proxy": "secret"}
    assert "hmac-of-demo" not in repr(found)


async def test_another_end_point_without_a_key_is_told_with_its_line(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(NiochatError, match="transcription_api_key"):
        await declared(
            database,
            tmp_path,
            transcription_model="ouvido",
            transcription_endpoint="https://ear.example.com/v1",
        )
