"""The assistant of one process."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from niochat.adapters.openai.model import Models
from niochat.assistant.report import TurnRequest
from niochat.assistant.turn import Assistant
from niochat.assistant.visit import Visits
from niochat.domain.erp import ErpCapability, TenantErpClient
from niochat.live.drafts import Drafts
from niochat.wiring.parts import Parts


def build_assistant(parts: Parts, erp: TenantErpClient, models: Models | None = None) -> Assistant:
    """The assistant on the parts of its process."""
    drafts = Drafts(parts.passing.say)

    def wrote(request: TurnRequest, text: str) -> None:
        drafts.write(request.tenant_id, request.conversation_id, request.turn_id, text)

    return Assistant(
        Visits(parts.database, parts.vault), models or Models(parts.guard), erp,
        parts.directory.assistant, capabilities_by(parts), wrote=wrote,
    )  # fmt: skip


def capabilities_by(parts: Parts) -> Callable[[UUID], Awaitable[frozenset[ErpCapability]]]:
    """Looks up what a tenant's ERP can do."""

    async def capabilities_of(tenant_id: UUID) -> frozenset[ErpCapability]:
        found = await parts.directory.erp(tenant_id)
        if found is None:
            return frozenset()
        return frozenset(ErpCapability) if found.capabilities is None else found.capabilities

    return capabilities_of
