"""A provider declared as an operator would, whose gateway and model are the sandbox."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import certifi
import pytest

from niochat.adapters.postgres.database import Database
from niochat.tenants.provider_sync.provider_sync import apply_providers
from niochat.tenants.tenant_config_cache import TenantConfigCache
from niochat.vault.vault import Vault
from tests.builders import ChannelRef, build_inbound
from tests.http_client import plain_client
from tests.niochat_sandbox.conftest import QUICK_DELIVERY, SandboxFixture, WebhookReceiver
from tests.tenants.provider_files import (
    build_assistant,
    build_channel,
    build_provider,
    load_provider_file,
)

VAULT = Vault({"k1": bytes(32)})
PHONE = "5581988887777"


@dataclass
class SandboxProvider:
    """A tenant with one channel to the sandbox, and the sandbox's side of it."""

    place: ChannelRef
    database: Database
    directory: TenantConfigCache
    sandbox: SandboxFixture
    key: str

    async def thread(self, phone: str = PHONE) -> UUID:
        """A customer's thread, without a word said in it."""
        async with self.database.system_transaction() as connection:
            contact = await connection.fetchval(
                "INSERT INTO contacts (tenant_id) VALUES ($1) RETURNING id", self.place.tenant
            )
            await connection.execute(
                "INSERT INTO identities VALUES ($1, 'phone', $2, $3)",
                *(self.place.tenant, phone, contact),
            )
            thread: UUID = await connection.fetchval(
                "INSERT INTO threads (tenant_id, channel_id, contact_id) VALUES ($1, $2, $3)"
                " RETURNING id",
                *(self.place.tenant, self.place.channel, contact),
            )
        return thread

    async def received(self, phone: str = PHONE) -> list[dict[str, Any]]:
        """What of us is on the customer's phone."""
        return [m for m in await self.sandbox.phone(phone) if m["direction"] == "received"]

    async def wait_for(self, text: str, phone: str = PHONE) -> list[dict[str, Any]]:
        """The same, once ``text`` is part of one of them. Fails after some seconds."""
        after = 0
        for _ in range(20):
            for line in await self.sandbox.phone(phone, after, wait=5):
                after = line["position"]
                if line["direction"] == "received" and text in line["text"]:
                    return await self.received(phone)
        raise AssertionError(f"{text!r} never came")

    async def inject_fault(self, target: str, kind: str, **order: Any) -> None:
        """Something goes wrong at this provider's gateway or model, once unless told."""
        token = self.sandbox.token if target == "gateway" else self.key
        await self.sandbox.fault(
            **{"target": target, "kind": kind, "token": token, "count": 1, **order}
        )


async def create_sandbox_provider(
    database: Database,
    sandbox: SandboxFixture,
    folder: Path,
    *,
    slug: str = "demo",
    gateway: str | None = None,
    **settings: Any,
) -> SandboxProvider:
    """``settings`` are the assistant's; the burst window is closed."""
    key = f"sandbox-{sandbox.token}-{slug}"
    entry = build_provider(
        slug=slug,
        channels=[build_channel(base_url=gateway or f"{sandbox.origin}/gateway")],
        assistant=build_assistant(endpoint=f"{sandbox.origin}/model/v1", **settings),
    )
    (change, *_) = await apply_providers(
        database, VAULT, load_provider_file(folder, entry, DEMO_TOKEN=sandbox.token, DEMO_KEY=key)
    )
    async with database.as_system() as connection:
        await connection.execute(
            "UPDATE tenants SET policy = policy || '{\"burst_window_s\": 0}' WHERE tenant_id = $1",
            change.tenant_id,
        )
        channel_id = await connection.fetchval(
            "SELECT id FROM channels WHERE tenant_id = $1", change.tenant_id
        )
    place = ChannelRef(change.tenant_id, channel_id)
    return SandboxProvider(place, database, TenantConfigCache(database, VAULT), sandbox, key)


def build_inbound_message(number: int, words: str, phone: str = PHONE) -> Any:
    """A customer's message as the parser gives it."""
    return build_inbound(f"M{number}", words, phone=phone)


@asynccontextmanager
async def create_gateway_instance(origin: str) -> AsyncIterator[SandboxFixture]:
    """An instance of one's own in a sandbox that behaves; it has no webhook."""
    token = uuid4().hex
    async with plain_client(origin, 10) as http:
        here = SandboxFixture(origin, token, token, WebhookReceiver(""), http)
        await here.control("DELETE", "/faults")
        await here.control("PUT", "/delivery", json=QUICK_DELIVERY)
        await here.control("PUT", "/model", json={"latency_s": 0, "stream_chunk_delay_s": 0})
        await here.control("PUT", f"/instances/{token}", json={"owner": "558130000001"})
        yield here


@pytest.fixture(scope="session", autouse=True)
def one_root_certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing here speaks TLS, and reading a hundred roots takes longer than most tests."""
    one, end = tmp_path_factory.mktemp("roots") / "one.pem", "-----END CERTIFICATE-----\n"
    one.write_text(Path(certifi.where()).read_text(encoding="utf-8").split(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(one))
        yield
