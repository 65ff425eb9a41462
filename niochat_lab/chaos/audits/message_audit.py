"""Compare the messages on all phones by id with the database and the ERP's ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from niochat.cli.customer_simulation import find_tags

PhoneLine = Mapping[str, Any]
MAX_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A customer's message in the database. ``is_with_staff``: an agent has or had the
    conversation.
    """

    copies: int
    is_with_staff: bool


@dataclass(frozen=True, slots=True)
class AuditedSend:
    """A row of the outbox."""

    id: str
    thread: str
    position: int
    status: str


@dataclass(frozen=True, slots=True)
class ProductRecords:
    """The stored records of the product. ``wrong``: sentences about inconsistent records."""

    messages: Mapping[str, AuditedMessage]
    sends: Sequence[AuditedSend]
    unprocessed: Sequence[str]
    unknown_writes: int
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True)
class PhoneRecords:
    """All messages on all phones, and the ledger of the ERP."""

    sent: Sequence[PhoneLine]
    received: Sequence[PhoneLine]
    erp_writes: Sequence[PhoneLine]


@dataclass(frozen=True, slots=True)
class MessageAudit:
    """The counts of an audit, and example sentences for each kind of violation."""

    sent: int
    answered: int
    handed_off: int
    lost: int
    twice: int
    out_of_order: int
    uncertain: int
    wrong: int
    findings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost or duplicated, the order was kept and all logs match their
        states.
        """
        return not (self.lost or self.twice or self.out_of_order or self.wrong)


def audit_messages(phones: PhoneRecords, records: ProductRecords) -> MessageAudit:
    """Compare phones and records. A message is handled if it was answered or handed off."""
    tag_counts = Counter(
        tag for message in phones.received for tag in find_tags(str(message["text"]))
    )
    answered = {
        message["messageid"] for message in phones.sent if _is_answered(message, tag_counts, phones)
    }
    with_staff = {i: stored for i, stored in records.messages.items() if stored.is_with_staff}
    lost = [*_find_lost(phones, records, answered)]
    twice = [*_find_duplicates(phones, records, tag_counts)]
    disordered = [*_find_disordered_replies(phones), *_find_disordered_sends(phones, records)]
    uncertain = sum(send.status == "uncertain" for send in records.sends)
    return MessageAudit(
        sent=len(phones.sent),
        answered=len(answered),
        handed_off=sum(message["messageid"] in with_staff for message in phones.sent),
        lost=len(lost),
        twice=len(twice),
        out_of_order=len(disordered),
        uncertain=uncertain + records.unknown_writes,
        wrong=len(records.wrong),
        findings=[
            *_limit_examples(lost),
            *_limit_examples(twice),
            *_limit_examples(disordered),
            *_limit_examples(records.wrong),
        ],
    )


def add_wrong(audit: MessageAudit, wrong: Sequence[str]) -> MessageAudit:
    """The audit with further sentences about inconsistent records."""
    findings = [*audit.findings, *_limit_examples(wrong)]
    return replace(audit, wrong=audit.wrong + len(wrong), findings=findings)


def _is_answered(message: PhoneLine, tag_counts: Mapping[str, int], phones: PhoneRecords) -> bool:
    """Whether the message's tags were answered; without a tag, whether any later
    message arrived.
    """
    found = find_tags(str(message["text"]))
    if found:
        return all(tag_counts[tag] for tag in found)
    return any(
        other["phone"] == message["phone"] and other["position"] > message["position"]
        for other in phones.received
    )


def _find_lost(phones: PhoneRecords, records: ProductRecords, answered: set[str]) -> Iterator[str]:
    for message in phones.sent:
        stored = records.messages.get(message["messageid"])
        if stored is None:
            yield f"lost: {message['messageid']} of {message['phone']} is not stored"
        elif message["messageid"] not in answered and not stored.is_with_staff:
            yield f"lost: {message['messageid']} of {message['phone']} was not answered"
    for row in records.unprocessed:
        yield f"lost: {row}"
    shown = {message["track_id"] for message in phones.received}
    for send in records.sends:
        if send.status == "sent" and send.id not in shown:
            yield f"lost: {send.id} is sent and on no phone"
        if send.status in ("queued", "sending"):
            yield f"lost: {send.id} is still {send.status}"


def _find_duplicates(
    phones: PhoneRecords, records: ProductRecords, tag_counts: Mapping[str, int]
) -> Iterator[str]:
    for tag, count in tag_counts.items():
        if count > 1:
            yield f"twice: {tag} was answered {count} times"
    for messageid, stored in records.messages.items():
        if stored.copies > 1:
            yield f"twice: {messageid} is stored {stored.copies} times"
    tracks = Counter(message["track_id"] for message in phones.received if message["track_id"])
    for track, count in tracks.items():
        if count > 1:
            yield f"twice: {track} arrived {count} times"
    erp_writes = Counter((entry["kind"], entry["contract"]) for entry in phones.erp_writes)
    for (kind, contract), count in erp_writes.items():
        if count > 1:
            yield f"twice: {kind} of contract {contract} was done {count} times"


def _find_disordered_replies(phones: PhoneRecords) -> Iterator[str]:
    """Replies must name a customer's messages in the order in which they were written."""
    order: dict[str, list[int]] = defaultdict(list)
    for message in _sort_by_position(phones.received):
        order[message["phone"]].extend(_tag_number(tag) for tag in find_tags(str(message["text"])))
    for phone, numbers in order.items():
        if numbers != sorted(numbers):
            yield f"out of order: answers on {phone}"


def _find_disordered_sends(phones: PhoneRecords, records: ProductRecords) -> Iterator[str]:
    """Messages must arrive on a phone in the order of the outbox."""
    rank = {send.id: (send.thread, send.position) for send in records.sends}
    shown: dict[str, list[int]] = defaultdict(list)
    for message in _sort_by_position(phones.received):
        if message["track_id"] in rank:
            thread, position = rank[message["track_id"]]
            shown[thread].append(position)
    for thread, positions in shown.items():
        if positions != sorted(positions):
            yield f"out of order: sends of thread {thread}"


def _sort_by_position(messages: Iterable[PhoneLine]) -> list[PhoneLine]:
    return sorted(messages, key=lambda message: int(message["position"]))


def _tag_number(tag: str) -> int:
    return int(tag.rsplit("-", 1)[1])


def _limit_examples(findings: Sequence[str]) -> list[str]:
    left = len(findings) - MAX_EXAMPLES
    return [*findings[:MAX_EXAMPLES], *([f"and {left} more"] if left > 0 else [])]
