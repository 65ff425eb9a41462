"""Load the snapshot of a turn, and store its progress while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import structlog

from niochat.adapters.holiday_calendar import staff_availability
from niochat.adapters.image_size import image_size
from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.domain_json_codec import policy_from_row
from niochat.adapters.postgres.queries import queries
from niochat.assistant.conversation_background import (
    AssignmentState,
    ConversationActivity,
    EarlierConversation,
    KnownCustomer,
)
from niochat.assistant.conversation_facts import ConversationFacts, facts_from_json, facts_to_json
from niochat.assistant.prompt.transcript import (
    MAX_TRANSCRIPT_MESSAGES,
    parse_transcript,
)
from niochat.assistant.text.masking import mask_text
from niochat.assistant.turn_messages import TurnRequest
from niochat.assistant.turn_snapshot import TurnSnapshot
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.errors import InvalidInputError, OperationRefusedError, UnreadableDataError
from niochat.domain.text_validation import to_storable_text, truncate_text
from niochat.ports.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.ports.encryption import TAX_ID_PURPOSE, Encryptor
from niochat.runtime.batcher import Batcher

_log = structlog.get_logger(__name__)
_SQL = queries("turn_store")
MAX_EARLIER_CONVERSATIONS = 5
"""The number of the newest ended conversations that are loaded."""
MAX_PAST_TURNS = 30
"""The number of the conversation's newest turns whose results are loaded."""
MAX_SENTENCE_CHARS, MAX_REJECTED_REPLY_CHARS = 1_000, 8_000
"""The stored length of a rejected sentence and of a rejected reply."""
_ASSISTANT_ACTOR = AuditActor(AuditActorKind.ASSISTANT, "assistant")


@dataclass(frozen=True, slots=True)
class AuditedToolCall:
    """A finished call as the audit log records it. Both texts are codes of ours, never
    the model's.
    """

    tool: str
    outcome: str
    key: str = field(default_factory=lambda: uuid4().hex)
    """Identifies the call, so that a repeated save does not record it twice."""


@dataclass(frozen=True, slots=True)
class RejectedReply:
    """A text of the model that the guardrail rejected. ``number``: 1 for the turn's first."""

    number: int
    code: str
    sentence: str
    text: str
    model: str
    prompt_version: str


class TurnStore:
    """Reads and writes for one tenant at a time, with the tenant's database role."""

    def __init__(self, database: Database, seals: Encryptor | None = None) -> None:
        """Without ``seals`` no tax id is stored."""
        self._database = database
        self._seals = seals
        self._snapshot_batchers: dict[
            UUID, Batcher[TurnRequest, TurnSnapshot | None]
        ] = {}  # one per tenant

    async def load_snapshot(self, request: TurnRequest) -> TurnSnapshot | None:
        """Load the snapshot of a turn; ``None``: the attempt is no longer current."""
        # Concurrent turns of one tenant are loaded in one query, with that tenant's role.
        batcher = self._snapshot_batchers.get(request.tenant_id)
        if batcher is None:
            batcher = Batcher(partial(self._load_snapshots, request.tenant_id), limit=32)
            self._snapshot_batchers[request.tenant_id] = batcher
        return await batcher.submit(request)

    async def _load_snapshots(
        self, tenant_id: UUID, requests: Sequence[TurnRequest]
    ) -> list[TurnSnapshot | None]:
        columns = zip(*((r.turn_id, r.attempt, r.upto_version) for r in requests), strict=True)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["load_turn"], tenant_id, *columns, MAX_TRANSCRIPT_MESSAGES, MAX_PAST_TURNS
            )
        found = {(row["id"], row["attempt"]): row for row in rows}
        keys = [(request.turn_id, request.attempt) for request in requests]
        return [
            _snapshot_from_row(request, found[key]) if key in found else None
            for request, key in zip(requests, keys, strict=True)
        ]

    async def save_progress(
        self,
        request: TurnRequest,
        facts: ConversationFacts,
        *calls: Mapping[str, object],
        audited: AuditedToolCall | None = None,
    ) -> None:
        """Store the facts and finished calls; ``audited`` is also written to the audit log.

        Idempotent. Raises ``OperationRefusedError`` if the attempt is no longer current.
        """
        key = None if audited is None else audited.key
        stored = [call if key is None else {**call, "key": key} for call in calls]
        async with self._database.as_tenant(request.tenant_id) as connection:
            saved = await connection.fetchrow(
                _SQL["record_call"],
                request.tenant_id,
                request.turn_id,
                request.attempt,
                stored,
                facts_to_json(facts),
                key,
            )
            if saved is not None and audited is not None and not saved["again"]:
                await record_change(
                    connection, _audit_entry(request, saved["conversation_id"], audited)
                )
        if saved is None:
            raise OperationRefusedError("the turn is over", code="turn_not_current")

    async def save_rejected_reply(self, request: TurnRequest, rejected: RejectedReply) -> None:
        """Store a rejected reply with its tax ids masked. Idempotent."""
        key = uuid5(request.turn_id, f"refused:{request.attempt}:{rejected.number}")
        async with self._database.as_tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["save_rejected_reply"],
                request.tenant_id,
                request.turn_id,
                key,
                rejected.code,
                truncate_text(to_storable_text(mask_text(rejected.sentence)), MAX_SENTENCE_CHARS),
                truncate_text(to_storable_text(mask_text(rejected.text)), MAX_REJECTED_REPLY_CHARS),
                rejected.model,
                rejected.prompt_version,
            )

    async def save_document(self, request: TurnRequest, document: str, *, trusted: bool) -> bool:
        """Record the tax id of a found subscriber; return whether it is the one stored with the
        contact.

        A holder's (``trusted``) tax id is sealed and stored, unless one is stored already. Another
        tax id marks the contact as shared by several people. Idempotent.
        """
        if self._seals is None:
            return False
        tenant_id = request.tenant_id
        indexes = self._seals.blind_indexes(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
        async with self._database.as_tenant(tenant_id) as connection:
            contact = await connection.fetchrow(
                _SQL["find_turn_contact"], tenant_id, request.turn_id, request.attempt
            )
            if contact is None:
                return False
            if contact["document_index"] in indexes:
                return True
            if contact["document_index"] is not None or not trusted:
                await connection.execute(_SQL["mark_shared"], tenant_id, contact["id"])
                return False
            sealed = self._seals.seal(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
            index = self._seals.blind_index(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
            await connection.execute(_SQL["save_document"], tenant_id, contact["id"], sealed, index)
            before, after = {"document": None}, {"document": "identified"}
            target = f"contact:{contact['id']}"
            entry = AuditEntry(
                tenant_id, _ASSISTANT_ACTOR, "contacts.change", target, before, after
            )
            await record_change(connection, entry)
            return True

    async def remember_contract(
        self, request: TurnRequest, contract: str, phone: str, *, written: bool
    ) -> None:
        """Store that the holder confirmed this contract from ``phone``.

        ``written``: the holder also wrote the tax id, so that the period of recognition starts
        again. Idempotent.
        """
        async with self._database.as_tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["remember_contract"],
                request.tenant_id,
                request.turn_id,
                request.attempt,
                contract,
                phone,
                written,
            )

    async def list_earlier_conversations(self, request: TurnRequest) -> list[EarlierConversation]:
        """The ended conversations of this thread, the newest first."""
        async with self._database.as_tenant(request.tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list_earlier_conversations"],
                request.tenant_id,
                request.turn_id,
                MAX_EARLIER_CONVERSATIONS,
            )
        return [
            EarlierConversation(
                row["opened_at"],
                facts_from_json(row["facts"]),
                row["handed_off"] or "",
                row["ended"] or "",
            )
            for row in rows
        ]

    async def load_activity_since_return(
        self, request: TurnRequest, activity: ConversationActivity
    ) -> ConversationActivity:
        """The part of ``activity`` after an agent returned the conversation to the assistant."""
        async with self._database.as_tenant(request.tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["activity_since_return"], request.tenant_id, request.turn_id
            )
        if row is None:
            return activity
        since = row["at"].timestamp()
        messages = [each for each in activity.messages if each[2] >= since]
        return ConversationActivity(row["turns"], row["cost"] or Decimal(0), messages)

    def unseal_document(self, tenant_id: UUID, known: KnownCustomer) -> str | None:
        """Unseal the tax id; ``None`` if no available key opens it."""
        if self._seals is None:
            return None
        try:
            return self._seals.open(
                known.sealed_document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE
            )
        except (InvalidInputError, UnreadableDataError) as error:
            _log.error("document_not_opened", tenant=str(tenant_id), code=error.code)
            return None

    async def add_attachment(
        self, request: TurnRequest, name: str, mimetype: str, filename: str, data: bytes
    ) -> UUID:
        """Store a file that will be sent with a message, and return its id.

        The id is derived from the content, because another attempt may get another code for the
        same invoice.
        """
        attachment = uuid5(request.turn_id, f"attachment:{name}:{sha256(data).hexdigest()}")
        size = image_size(data) if mimetype.startswith("image/") else None
        async with self._database.as_tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["add_attachment"],
                request.tenant_id,
                attachment,
                mimetype,
                filename,
                data,
                *(size or (None, None)),
            )
        return attachment


def _audit_entry(request: TurnRequest, conversation_id: UUID, used: AuditedToolCall) -> AuditEntry:
    """Build the audit entry without arguments and results, which hold tax ids and debts."""
    after = {"outcome": used.outcome, "turn": str(request.turn_id), "attempt": request.attempt}
    target = f"conversation:{conversation_id}"
    return AuditEntry(
        request.tenant_id, _ASSISTANT_ACTOR, f"tools.{used.tool}", target, None, after
    )


def _facts_from_row(row: Any) -> ConversationFacts:
    """The stored facts; a changed phone number revokes the recognition and the trust."""
    facts = facts_from_json(row["facts"])
    proven = facts.trusted and row["phone_proves"] and facts.phone == row["phone"]
    if facts.recognised and not proven:
        return ConversationFacts(wish=facts.wish, unrecognised=True)
    return replace(facts, trusted=proven)


def _known_customer_from_row(row: Any, policy: ConversationPolicy) -> KnownCustomer | None:
    """The known customer; ``None`` if the number changed or is shared, or the time has passed."""
    since = row["now"] - timedelta(days=policy.remember_days)
    if row["known_at"] is None or row["known_at"] <= since or row["document_sealed"] is None:
        return None
    if not row["phone_proves"] or row["phone"] != row["known_phone"]:
        return None
    if row["shared_at"] is not None and row["shared_at"] > since:
        return None
    return KnownCustomer(row["document_sealed"], row["known_contract"])


def _snapshot_from_row(request: TurnRequest, row: Any) -> TurnSnapshot:
    policy = policy_from_row(row["status"], row["policy"])
    now = row["now"].astimezone(ZoneInfo(row["timezone"]))
    cancelled = [call for calls in row["cancelled_results"] or [] for call in calls]
    return TurnSnapshot(
        request=request,
        transcript=parse_transcript(row["lines"] or ()),
        facts=_facts_from_row(row),
        contracts_seen=row["shown"],
        is_first_answer=row["first_answer"],
        phone=row["phone"] or "",
        phone_is_exclusive=bool(row["phone_proves"]),
        now=now,
        policy=policy,
        staff_availability=staff_availability(policy, now),
        team_names=row["teams"] or {},
        unreported_write_keys=frozenset(row["untold"] or ()),
        reusable_calls=[*cancelled, *row["tool_results"]],
        past_turns=[(status, calls) for status, calls in row["past_results"] or ()],
        known_customer=_known_customer_from_row(row, policy),
        assignment=AssignmentState(row["team"], row["stands"] == "open", bool(row["after_hours"])),
        activity=ConversationActivity(
            row["turns_lately"],
            row["cost_lately"] or Decimal(0),
            [(author, text, float(at)) for author, text, at in row["pace"] or ()],
        ),
    )
