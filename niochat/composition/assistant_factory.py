"""Builds the assistant of a process."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from niochat.adapters.models.openai.model_client import ModelClient
from niochat.assistant.turn import TurnRunner
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_store import TurnStore
from niochat.attachments.attachment_reader import AttachmentReader
from niochat.composition.components import Components
from niochat.live.assistant_drafts import AssistantDraftPublisher
from niochat.ports.erp import ErpCapability, TenantErpClient


def open_models(components: Components) -> ModelClient:
    """The client of language models. The caller closes it."""
    return ModelClient(components.ssrf_guard)


def build_file_reader(components: Components, models: ModelClient) -> AttachmentReader:
    """Reads customers' files for the assistant."""
    return AttachmentReader(models, components.attachments.read_all, components.directory.assistant)


def build_assistant(
    components: Components, erp: TenantErpClient, models: ModelClient
) -> TurnRunner:
    """The assistant on the components of its process."""
    drafts = AssistantDraftPublisher(components.ephemeral_frames.publish_bytes)

    def wrote(request: TurnRequest, text: str) -> None:
        drafts.publish_draft(request.tenant_id, request.conversation_id, request.turn_id, text)

    return TurnRunner(
        TurnStore(components.database, components.vault),
        models,
        erp,
        components.directory.assistant,
        make_capability_lookup(components),
        on_draft=wrote,
    )


def make_capability_lookup(
    components: Components,
) -> Callable[[UUID], Awaitable[frozenset[ErpCapability]]]:
    """Returns a function that looks up the capabilities of a tenant's ERP."""

    async def capabilities_of(tenant_id: UUID) -> frozenset[ErpCapability]:
        found = await components.directory.erp(tenant_id)
        if found is None:
            return frozenset()
        return frozenset(ErpCapability) if found.capabilities is None else found.capabilities

    return capabilities_of
