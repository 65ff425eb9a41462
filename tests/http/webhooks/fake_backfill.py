"""A back-fill that does as it is told; the real one is tested by itself."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from niochat.inbox.backfill import BackfillChannel
from niochat.ports.gateway import GatewayCredentials
from niochat.tenants.config_records import ChannelRecord


class FakeBackfill:
    """Counts fills, and fails as it is told."""

    def __init__(self, channel: ChannelRecord) -> None:
        now = datetime.now(UTC)
        self.channel = BackfillChannel(
            channel.id,
            channel.tenant_id,
            channel.kind,
            channel.base_url,
            channel.token_sealed,
            now,
            now,
        )
        self.failures: list[Exception] = []
        self.fills = 0
        self.deeper = 0
        self.opens = asyncio.Event()
        """A fill ends once it is set."""
        self.opens.set()

    async def list_channels(self, tenant_id: UUID) -> list[BackfillChannel]:
        return [self.channel]

    async def fill(
        self,
        channel: BackfillChannel,
        line: GatewayCredentials,
        gateway_s: float | None = None,
        *,
        deeper: bool = False,
    ) -> set[UUID]:
        self.fills += 1
        self.deeper += deeper
        await self.opens.wait()
        if self.failures:
            raise self.failures.pop(0)
        return {UUID(int=7)}
