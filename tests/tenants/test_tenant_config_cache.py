"""Promises about look-ups."""

from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.domain.errors import NotFoundError
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TTL_S, TenantConfigCache
from niochat.vault.vault import Vault
from tests.manual_clock import ManualClock
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_provider,
    load_provider_file,
)

pytestmark = pytest.mark.asyncio

vault = Vault({"k1": bytes(32)})


class TenantConfigFixture:
    """A provider, a directory and a clock of the test's own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.clock = ManualClock()
        self.directory = TenantConfigCache(database, vault, clock=self.clock)

    async def declare(self, **changes: Any) -> UUID:
        changed = await apply_providers(
            self.database, vault, load_provider_file(self.folder, build_provider(**changes))
        )
        return changed[0].tenant_id

    async def channel_id(self) -> UUID:
        return (await self.directory.list_channels())[0].channel.id


@pytest_asyncio.fixture
async def config(database: Database, tmp_path: Path) -> TenantConfigFixture:
    made = TenantConfigFixture(database, tmp_path)
    await made.declare()
    return made


async def test_a_channel_is_found_by_its_id_with_what_a_webhook_is_checked_against(
    config: TenantConfigFixture,
) -> None:
    (address,) = await config.directory.list_channels()

    found = await config.directory.channel(address.channel.id)

    assert found == address.channel
    assert found.active
    assert Vault.matches_fingerprint(address.secret, found.secret_hash)
    assert Vault.matches_fingerprint("token-of-demo", found.token_hash)
    assert config.directory.hmac_key(found) is None


async def test_a_webhook_address_holds_the_channel_and_its_secret(
    config: TenantConfigFixture,
) -> None:
    (address,) = await config.directory.list_channels()

    url = address.webhook_url("https://desk.example.com/")

    end = f"{address.channel.id}/{address.secret}"
    assert url == f"https://desk.example.com/webhooks/uazapi/{end}"
    assert address.secret not in repr(address)


async def test_a_change_is_seen_after_the_time_to_live_or_at_once_when_announced(
    config: TenantConfigFixture,
) -> None:
    channel_id = await config.channel_id()
    assert (await config.directory.channel(channel_id)) is not None

    tenant_id = await config.declare(suspended=True)
    cached = await config.directory.channel(channel_id)
    assert cached is not None
    assert cached.active
    config.clock.now += TTL_S
    late = await config.directory.channel(channel_id)
    assert late is not None
    assert not late.active

    await config.declare(suspended=False)
    config.directory.invalidate(tenant_id)
    soon = await config.directory.channel(channel_id)
    assert soon is not None
    assert soon.active


async def test_an_unknown_channel_has_no_configuration(config: TenantConfigFixture) -> None:
    assert await config.directory.channel(uuid4()) is None


async def test_tenants_are_listed_by_slug(config: TenantConfigFixture) -> None:
    await config.declare(slug="another", channels=..., assistant=..., suspended=True)

    assert [(t.slug, t.active, t.timezone) for t in await config.directory.list_tenants()] == [
        ("another", False, "America/Sao_Paulo"),
        ("demo", True, "America/Sao_Paulo"),
    ]


async def test_an_assistant_has_its_opened_key_and_its_limits(
    config: TenantConfigFixture,
) -> None:
    facts = {"address": "Rua do Sol, 120", "unlock": {"days": 3}}
    rules = {"titularidade": {"how": "off"}}
    limits = build_assistant(
        max_steps=3, stream=True, price_in=0.15, price_out=2, facts=facts, requests=rules
    )
    tenant_id = await config.declare(assistant=limits)

    found = await config.directory.assistant(tenant_id)

    assert (found.endpoint, found.model) == ("http://127.0.0.1:9/model/v1", "sandbox")
    assert (found.api_key, found.persona) == ("key-of-demo", {"name": "Nia"})
    assert (found.max_steps, found.stream, found.max_tokens) == (3, True, 800)
    assert (found.turns_per_minute, found.timezone) == (6000, "America/Sao_Paulo")
    assert (found.price_in, found.price_out) == (Decimal("0.15"), Decimal(2))
    assert (found.facts.address, found.facts.unlock.days) == ("Rua do Sol, 120", 3)
    assert found.requests == rules
    assert "key-of-demo" not in repr(found)


async def test_a_changed_assistant_is_visible_once_its_cache_entry_is_dropped(
    config: TenantConfigFixture,
) -> None:
    tenant_id = await config.declare()
    await config.directory.assistant(tenant_id)

    await config.declare(assistant=build_assistant(model="other"))

    assert (await config.directory.assistant(tenant_id)).model == "sandbox"
    config.directory.invalidate(uuid4())
    assert (await config.directory.assistant(tenant_id)).model == "sandbox"
    config.directory.invalidate(tenant_id)
    assert (await config.directory.assistant(tenant_id)).model == "other"
    await config.declare(assistant=build_assistant(model="third"))
    config.directory.invalidate_all()
    assert (await config.directory.assistant(tenant_id)).model == "third"


async def test_nobody_and_a_tenant_without_assistant_look_the_same(
    config: TenantConfigFixture,
) -> None:
    without = await config.declare(slug="other", channels=[build_channel(token="b")], assistant=...)

    for tenant_id in (without, uuid4()):
        with pytest.raises(NotFoundError):
            await config.directory.assistant(tenant_id)


async def test_extra_model_fields_of_a_provider_are_opened(
    config: TenantConfigFixture,
) -> None:
    tenant = await config.declare(
        assistant=build_assistant(
            temperature=0.2,
            dialect=["alternate"],
            extra_headers={"x-proxy": "top secret"},
            extra_body={"top_k": 1},
        )
    )
    config.directory.invalidate_all()

    found = await config.directory.assistant(tenant)

    options = found.options
    assert (options.temperature, options.seed, set(options.quirks)) == (0.2, None, {"alternate"})
    assert (options.extra_headers, options.extra_body) == ({"x-proxy": "top secret"}, {"top_k": 1})
    assert "top secret" not in repr(found)
