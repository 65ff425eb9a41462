"""A visit as a turn finds it, and what the turn writes down while it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import structlog

from niochat.adapters.calendar import presence
from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.codec import policy_of
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.assistant.context import EarlierVisit, Known, Pace, Standing
from niochat.assistant.facts import Facts, facts_from_json, facts_to_json
from niochat.assistant.folding import storable
from niochat.assistant.masking import masked_text
from niochat.assistant.report import TurnRequest
from niochat.assistant.transcript import MESSAGES, Line, read_lines
from niochat.domain.audit import AuditActor, AuditActorKind, AuditEntry
from niochat.domain.errors import InvalidInputError, OperationRefusedError, UnreadableDataError
from niochat.domain.message import Author
from niochat.domain.plain import truncate_text
from niochat.domain.policy import ConversationPolicy, StaffAvailability
from niochat.domain.sealing import TAX_ID_PURPOSE, Encryptor
from niochat.runtime.grouping import Batcher

_log = structlog.get_logger(__name__)
_SQL = queries("assistant")
EARLIER_VISITS = 5
"""Newest ones that are looked at for what to tell the model of them."""
PAST_TURNS = 30
"""Newest turns of the visit whose results are still known."""
LONGEST_SENTENCE, LONGEST_REFUSED = 1_000, 8_000
"""Characters that are kept of a text that did not leave."""
_ASSISTANT = AuditActor(AuditActorKind.ASSISTANT, "assistant")


@dataclass(frozen=True, slots=True)
class Visit:
    """What was so when the turn began. ``now`` is the tenant's local time."""

    request: TurnRequest
    lines: Sequence[Line]
    facts: Facts
    shown: bool
    """The customer saw the contracts and has written since."""
    first_answer: bool
    phone: str
    """The WhatsApp number that the customer wrote from last, digits; empty while it is hidden."""
    phone_proves: bool
    """It was nobody else's before: where the ERP has it, its holder writes."""
    now: datetime
    policy: ConversationPolicy
    people: StaffAvailability
    teams: Mapping[str, str]
    """Names by slug."""
    untold: frozenset[str]
    """Keys of writes that this visit sent to the ERP, and whose outcome nobody was told."""
    earlier: Sequence[Mapping[str, Any]]
    """Calls that were finished by lost attempts of this turn, and by turns cancelled before."""
    past: Sequence[tuple[str, Sequence[Mapping[str, Any]]]] = ()
    """(status, calls) of the visit's other turns, oldest first: what a text may rest on."""
    known: Known | None = None
    standing: Standing = field(default_factory=Standing)
    pace: Pace = field(default_factory=Pace)

    @property
    def unanswered(self) -> list[str]:
        """What the customer wrote or said since somebody last answered, oldest first; an empty
        text for a file whose words are nobody's.
        """
        texts: list[str] = []
        for line in reversed(self.lines):
            if line.author is not Author.CUSTOMER:
                break
            texts.append(_words(line))
        return texts[::-1]

    @property
    def said_since(self) -> list[str]:
        """The same without captions and files: what a question can have been answered with."""
        texts: list[str] = []
        for line in reversed(self.lines):
            if line.author is not Author.CUSTOMER:
                break
            texts.append(line.said)
        return [text for text in texts[::-1] if text]

    @property
    def said(self) -> list[str]:
        """All messages that the customer wrote, without captions and files."""
        return [line.said for line in self.lines if line.said]

    @property
    def customer_texts(self) -> list[str]:
        """All that the customer wrote or said, as far as the turn reads back; nothing that only
        stands in a picture or a PDF.
        """
        texts = (_words(line) for line in self.lines if line.author is Author.CUSTOMER)
        return [text for text in texts if text]

    @property
    def only_files(self) -> bool:
        """Since somebody last answered the customer has sent files and not said a word. A photo of
        the light is none of them: it answers our question.
        """
        files = False
        for line in reversed(self.lines):
            if line.author is not Author.CUSTOMER:
                break
            if _words(line) or line.facts.get("kind") == "los_light":
                return False
            files = True
        return files

    @property
    def shown_by_files(self) -> list[Mapping[str, Any]]:
        """What the customer's pictures and PDFs show, oldest first; nobody has checked it."""
        return [line.facts for line in self.lines if line.facts]

    @property
    def last_said(self) -> str:
        """Our side's newest message before what is unanswered."""
        ours = (line.text for line in reversed(self.lines) if line.author is not Author.CUSTOMER)
        return next(ours, "")


@dataclass(frozen=True, slots=True)
class Used:
    """A finished call, as the audit log names it: both words are the code's, not the model's."""

    tool: str
    outcome: str
    key: str = field(default_factory=lambda: uuid4().hex)
    """The same however often it is told."""


@dataclass(frozen=True, slots=True)
class RefusedText:
    """A text of a model that did not leave. ``count``: the turn's first, second."""

    count: int
    code: str
    sentence: str
    text: str
    model: str
    prompt_version: str


class Visits:
    """Reads and writes for one tenant at a time, as the tenant's role."""

    def __init__(self, database: Database, seals: Encryptor | None = None) -> None:
        """Without ``seals`` nobody's document is kept."""
        self._database = database
        self._seals = seals
        self._opening: dict[UUID, Batcher[TurnRequest, Visit | None]] = {}  # one a tenant

    async def open(self, request: TurnRequest) -> Visit | None:
        """The visit of a turn; ``None``: the attempt does not count any more."""
        # Turns of one tenant that begin at once are read at once, as that tenant's role.
        opening = self._opening.get(request.tenant_id)
        if opening is None:
            opening = Batcher(partial(self._open_group, request.tenant_id), limit=32)
            self._opening[request.tenant_id] = opening
        return await opening.submit(request)

    async def _open_group(
        self, tenant_id: UUID, requests: Sequence[TurnRequest]
    ) -> list[Visit | None]:
        columns = zip(*((r.turn_id, r.attempt, r.upto_version) for r in requests), strict=True)
        async with self._database.tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["visit"], tenant_id, *columns, MESSAGES, PAST_TURNS)
        found = {(row["id"], row["attempt"]): row for row in rows}
        keys = [(request.turn_id, request.attempt) for request in requests]
        return [
            _visit(request, found[key]) if key in found else None
            for request, key in zip(requests, keys, strict=True)
        ]

    async def record(
        self,
        request: TurnRequest,
        facts: Facts,
        *calls: Mapping[str, object],
        used: Used | None = None,
    ) -> None:
        """What was learned, by a call that is finished or without one, is kept, whatever comes
        after; the audit log says which tool was ``used``. Twice is as once.

        Raises ``Refused`` when the attempt does not count any more.
        """
        key = None if used is None else used.key
        stored = [call if key is None else {**call, "key": key} for call in calls]
        async with self._database.tenant(request.tenant_id) as connection:
            kept = await connection.fetchrow(
                _SQL["record_call"], request.tenant_id, request.turn_id, request.attempt,
                stored, facts_to_json(facts), key,
            )  # fmt: skip
            if kept is not None and used is not None and not kept["again"]:
                await record(connection, _entry(request, kept["conversation_id"], used))
        if kept is None:
            raise OperationRefusedError("the turn is over", code="turn_not_current")

    async def keep_refused(self, request: TurnRequest, refused: RefusedText) -> None:
        """A text that did not leave, its documents masked. Twice is as once."""
        key = uuid5(request.turn_id, f"refused:{request.attempt}:{refused.count}")
        async with self._database.tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["keep_refused"], request.tenant_id, request.turn_id, key, refused.code,
                truncate_text(storable(masked_text(refused.sentence)), LONGEST_SENTENCE),
                truncate_text(storable(masked_text(refused.text)), LONGEST_REFUSED),
                refused.model, refused.prompt_version,
            )  # fmt: skip

    async def hold(self, request: TurnRequest, document: str, *, trusted: bool) -> bool:
        """A subscriber was found by this document. Whether it is the one kept with the contact:
        of the holder (``trusted``) it is sealed and kept, unless one is known already. Another
        one says that several people write from here. Twice is as once.
        """
        if self._seals is None:
            return False
        tenant_id = request.tenant_id
        indexes = self._seals.blind_indexes(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
        async with self._database.tenant(tenant_id) as connection:
            contact = await connection.fetchrow(
                _SQL["holder"], tenant_id, request.turn_id, request.attempt
            )
            if contact is None:
                return False
            if contact["document_index"] in indexes:
                return True
            if contact["document_index"] is not None or not trusted:
                await connection.execute(_SQL["share"], tenant_id, contact["id"])
                return False
            sealed = self._seals.seal(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
            index = self._seals.blind_index(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
            await connection.execute(_SQL["hold"], tenant_id, contact["id"], sealed, index)
            before, after = {"document": None}, {"document": "identified"}
            target = f"contact:{contact['id']}"
            entry = AuditEntry(tenant_id, _ASSISTANT, "contacts.change", target, before, after)
            await record(connection, entry)
            return True

    async def remember(
        self, request: TurnRequest, contract: str, phone: str, *, written: bool
    ) -> None:
        """The holder confirmed this contract from ``phone``. ``written``: with their document, so
        that the time for which they are known begins anew. Twice is as once.
        """
        async with self._database.tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["remember"], request.tenant_id, request.turn_id, request.attempt,
                contract, phone, written,
            )  # fmt: skip

    async def earlier(self, request: TurnRequest) -> list[EarlierVisit]:
        """Visits of this thread that are over, the newest first."""
        async with self._database.tenant(request.tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["earlier_visits"], request.tenant_id, request.turn_id, EARLIER_VISITS
            )
        return [
            EarlierVisit(
                row["opened_at"], facts_from_json(row["facts"]), row["handed_off"] or "",
                row["ended"] or "",
            )
            for row in rows
        ]  # fmt: skip

    async def pace_since_given_back(self, request: TurnRequest, pace: Pace) -> Pace:
        """What of ``pace`` came after a person gave the conversation back to the assistant."""
        async with self._database.tenant(request.tenant_id) as connection:
            row = await connection.fetchrow(
                _SQL["since_given_back"], request.tenant_id, request.turn_id
            )
        if row is None:
            return pace
        since = row["at"].timestamp()
        said = [each for each in pace.said if each[2] >= since]
        return Pace(row["turns"], row["cost"] or Decimal(0), said)

    def document(self, tenant_id: UUID, known: Known) -> str | None:
        """What was sealed; ``None`` where no key at hand opens it."""
        if self._seals is None:
            return None
        try:
            return self._seals.open(known.sealed, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE)
        except (InvalidInputError, UnreadableDataError) as error:
            _log.error("document_not_opened", tenant=str(tenant_id), code=error.code)
            return None

    async def attach(
        self, request: TurnRequest, name: str, mimetype: str, filename: str, data: bytes
    ) -> UUID:
        """Store a file that will leave with a message; its id.

        Derived from what is in it: another attempt may get another code for the same invoice.
        """
        attachment = uuid5(request.turn_id, f"attachment:{name}:{sha256(data).hexdigest()}")
        async with self._database.tenant(request.tenant_id) as connection:
            await connection.execute(
                _SQL["attach"], request.tenant_id, attachment, mimetype, filename, data
            )
        return attachment


def _words(line: Line) -> str:
    return line.text if line.words is None else line.words


def _entry(request: TurnRequest, conversation_id: UUID, used: Used) -> AuditEntry:
    """Never the arguments, nor what came of them: they are customers' documents and debts."""
    after = {"outcome": used.outcome, "turn": str(request.turn_id), "attempt": request.attempt}
    target = f"conversation:{conversation_id}"
    return AuditEntry(request.tenant_id, _ASSISTANT, f"tools.{used.tool}", target, None, after)


def _facts(row: Any) -> Facts:
    """What is known; of a number that the customer does not write from any more, nothing is."""
    facts = facts_from_json(row["facts"])
    proven = facts.trusted and row["phone_proves"] and facts.phone == row["phone"]
    if facts.recognised and not proven:
        return Facts(wish=facts.wish, unrecognised=True)
    return replace(facts, trusted=proven)


def _known(row: Any, policy: ConversationPolicy) -> Known | None:
    """Nobody whose number is another one now, or is shared, or whose time is over."""
    since = row["now"] - timedelta(days=policy.remember_days)
    if row["known_at"] is None or row["known_at"] <= since or row["document_sealed"] is None:
        return None
    if not row["phone_proves"] or row["phone"] != row["known_phone"]:
        return None
    if row["shared_at"] is not None and row["shared_at"] > since:
        return None
    return Known(row["document_sealed"], row["known_contract"])


def _visit(request: TurnRequest, row: Any) -> Visit:
    policy = policy_of(row["status"], row["policy"])
    now = row["now"].astimezone(ZoneInfo(row["timezone"]))
    cancelled = [call for calls in row["cancelled_results"] or [] for call in calls]
    return Visit(
        request=request,
        lines=read_lines(row["lines"] or ()),
        facts=_facts(row),
        shown=row["shown"],
        first_answer=row["first_answer"],
        phone=row["phone"] or "",
        phone_proves=bool(row["phone_proves"]),
        now=now,
        policy=policy,
        people=presence(policy, now),
        teams=row["teams"] or {},
        untold=frozenset(row["untold"] or ()),
        earlier=[*cancelled, *row["tool_results"]],
        past=[(status, calls) for status, calls in row["past_results"] or ()],
        known=_known(row, policy),
        standing=Standing(row["team"], row["stands"] == "open", bool(row["after_hours"])),
        pace=Pace(
            row["turns_lately"],
            row["cost_lately"] or Decimal(0),
            [(author, text, float(at)) for author, text, at in row["pace"] or ()],
        ),
    )
