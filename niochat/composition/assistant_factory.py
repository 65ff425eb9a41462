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
from niochat.ratings.comment_classifier import CommentClassifier
from niochat.ratings.opinion_reader import OpinionReader


def open_models(components: Components) -> ModelClient:
    """Open the client of language models. The caller closes it."""
    return ModelClient(components.ssrf_guard)


def build_file_reader(components: Components, models: ModelClient) -> AttachmentReader:
    """Build the reader of customers' files for the assistant."""
    return AttachmentReader(models, components.attachments.read_all, components.directory.assistant)


def build_opinion_reader(components: Components, models: ModelClient) -> OpinionReader:
    """Build the reader of messages that may belong to a rating."""
    return OpinionReader(models, components.directory.assistant)


def build_comment_classifier(components: Components, models: ModelClient) -> CommentClassifier:
    """Build the classifier of comments on ratings."""
    return CommentClassifier(components.database, models, components.directory.assistant)


def build_assistant(
    components: Components, erp: TenantErpClient, models: ModelClient
) -> TurnRunner:
    """Build the assistant from the components of the process."""
    drafts = AssistantDraftPublisher(components.ephemeral_frames.publish_bytes)

    def publish_draft(request: TurnRequest, text: str) -> None:
        drafts.publish_draft(request.tenant_id, request.conversation_id, request.turn_id, text)

    def publish_tool(request: TurnRequest, tool: str, running: bool) -> None:
        drafts.publish_tool(
            request.tenant_id, request.conversation_id, request.turn_id, tool, running=running
        )

    return TurnRunner(
        TurnStore(components.database, components.vault),
        models,
        erp,
        components.directory.assistant,
        make_capability_lookup(components),
        on_draft=publish_draft,
        on_tool=publish_tool,
    )


def make_capability_lookup(
    components: Components,
) -> Callable[[UUID], Awaitable[frozenset[ErpCapability]]]:
    """Returns a function that looks up the capabilities of a tenant's ERP."""

    async def capabilities_of(tenant_id: UUID) -> frozenset[ErpCapability]:
        settings = await components.directory.erp(tenant_id)
        if settings is None:
            return frozenset()
        return frozenset(ErpCapability) if settings.capabilities is None else settings.capabilities

    return capabilities_of
