"""What customers sent and received, compared by id with the database and the ERP's ledger."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from niochat.cli.customer_simulation import find_tags

PhoneLine = Mapping[str, Any]
MAX_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class AuditedMessage:
    """A customer's message in the database. ``is_with_staff``: a person has or had the visit."""

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
    """What the product has stored, and what of it is not as it has to be (``wrong``)."""

    messages: Mapping[str, AuditedMessage]
    sends: Sequence[AuditedSend]
    unprocessed: Sequence[str]
    unknown_writes: int
    wrong: Sequence[str]


@dataclass(frozen=True, slots=True)
class PhoneRecords:
    """Everything on all phones, and every deed of the ERP."""

    sent: Sequence[PhoneLine]
    received: Sequence[PhoneLine]
    erp_writes: Sequence[PhoneLine]


@dataclass(frozen=True, slots=True)
class MessageAudit:
    """Counts, and a few sentences on each kind of offence."""

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
        """Nothing lost, nothing twice, order kept, and every log folds to its state."""
        return not (self.lost or self.twice or self.out_of_order or self.wrong)


def audit_messages(phones: PhoneRecords, records: ProductRecords) -> MessageAudit:
    """Compare. A message counts as handled when it was answered or its visit is with people."""
    named = Counter(tag for line in phones.received for tag in find_tags(str(line["text"])))
    answered = {line["messageid"] for line in phones.sent if _is_answered(line, named, phones)}
    kept = {i: heard for i, heard in records.messages.items() if heard.is_with_staff}
    lost = [*_find_lost(phones, records, answered)]
    twice = [*_find_duplicates(phones, records, named)]
    disordered = [*_find_disordered_replies(phones), *_find_disordered_sends(phones, records)]
    uncertain = sum(send.status == "uncertain" for send in records.sends)
    return MessageAudit(
        sent=len(phones.sent),
        answered=len(answered),
        handed_off=sum(line["messageid"] in kept for line in phones.sent),
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


def _is_answered(line: PhoneLine, named: Mapping[str, int], phones: PhoneRecords) -> bool:
    """By the tag it carries; without one, by anything that came later."""
    found = find_tags(str(line["text"]))
    if found:
        return all(named[tag] for tag in found)
    return any(
        other["phone"] == line["phone"] and other["position"] > line["position"]
        for other in phones.received
    )


def _find_lost(phones: PhoneRecords, records: ProductRecords, answered: set[str]) -> Iterator[str]:
    for line in phones.sent:
        heard = records.messages.get(line["messageid"])
        if heard is None:
            yield f"lost: {line['messageid']} of {line['phone']} is not stored"
        elif line["messageid"] not in answered and not heard.is_with_staff:
            yield f"lost: {line['messageid']} of {line['phone']} was not answered"
    for row in records.unprocessed:
        yield f"lost: {row}"
    shown = {line["track_id"] for line in phones.received}
    for send in records.sends:
        if send.status == "sent" and send.id not in shown:
            yield f"lost: {send.id} is sent and on no phone"
        if send.status in ("queued", "sending"):
            yield f"lost: {send.id} is still {send.status}"


def _find_duplicates(
    phones: PhoneRecords, records: ProductRecords, named: Mapping[str, int]
) -> Iterator[str]:
    for tag, count in named.items():
        if count > 1:
            yield f"twice: {tag} was answered {count} times"
    for messageid, heard in records.messages.items():
        if heard.copies > 1:
            yield f"twice: {messageid} is stored {heard.copies} times"
    tracks = Counter(line["track_id"] for line in phones.received if line["track_id"])
    for track, count in tracks.items():
        if count > 1:
            yield f"twice: {track} arrived {count} times"
    deeds = Counter((deed["kind"], deed["contract"]) for deed in phones.erp_writes)
    for (kind, contract), count in deeds.items():
        if count > 1:
            yield f"twice: {kind} of contract {contract} was done {count} times"


def _find_disordered_replies(phones: PhoneRecords) -> Iterator[str]:
    """Answers name a customer's messages in the order in which they were written."""
    order: dict[str, list[int]] = defaultdict(list)
    for line in _sort_by_position(phones.received):
        order[line["phone"]].extend(_tag_number(tag) for tag in find_tags(str(line["text"])))
    for phone, numbers in order.items():
        if numbers != sorted(numbers):
            yield f"out of order: answers on {phone}"


def _find_disordered_sends(phones: PhoneRecords, records: ProductRecords) -> Iterator[str]:
    """What arrived on a phone came in the order of the outbox."""
    rank = {send.id: (send.thread, send.position) for send in records.sends}
    shown: dict[str, list[int]] = defaultdict(list)
    for line in _sort_by_position(phones.received):
        if line["track_id"] in rank:
            thread, position = rank[line["track_id"]]
            shown[thread].append(position)
    for thread, positions in shown.items():
        if positions != sorted(positions):
            yield f"out of order: sends of thread {thread}"


def _sort_by_position(lines: Iterable[PhoneLine]) -> list[PhoneLine]:
    return sorted(lines, key=lambda line: int(line["position"]))


def _tag_number(tag: str) -> int:
    return int(tag.rsplit("-", 1)[1])


def _limit_examples(findings: Sequence[str]) -> list[str]:
    left = len(findings) - MAX_EXAMPLES
    return [*findings[:MAX_EXAMPLES], *([f"and {left} more"] if left > 0 else [])]
