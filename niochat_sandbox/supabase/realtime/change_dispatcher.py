"""Sends each change to the channels whose bindings match and whose subscriber may see it."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from niochat_sandbox.supabase.realtime.change_bindings import ChangeBinding, ChangeType
from niochat_sandbox.supabase.realtime.pgoutput_decoder import Relation, RowChange, Values
from niochat_sandbox.supabase.realtime.row_access import RowAccess, Subscriber, TableFacts

MAX_EVENTS_PER_SECOND = 100
"""Of Supabase's free plan; what is more is dropped without a word."""
MAX_RECORD_BYTES = 2**20
KEPT_VALUE_BYTES = 64
"""Of a record that is larger, only values of at most this length are sent."""


@dataclass(frozen=True, eq=False)
class Subscription:
    """The bindings of one joined channel. ``push`` queues a payload for its socket.

    Changes that were committed before ``since``, a position in the log, are not sent.
    """

    subscriber: Subscriber
    bindings: tuple[ChangeBinding, ...]
    push: Callable[[Mapping[str, Any]], None]
    since: int


class ChangeDispatcher:
    """The subscriptions of a project, and the number of events that it has sent and dropped."""

    def __init__(self, access: RowAccess) -> None:
        self.max_events_per_second = MAX_EVENTS_PER_SECOND
        self.sent = 0
        self.dropped = 0
        self.subscriptions: set[Subscription] = set()
        self._access = access
        self._second = 0
        self._events_of_second = 0

    async def deliver(self, changes: Sequence[RowChange]) -> None:
        """Send these changes, in their order."""
        facts_of: dict[Relation, TableFacts | None] = {}
        for change in changes:
            matching = [
                (subscription, bindings)
                for subscription in self.subscriptions
                if change.commit_lsn >= subscription.since
                and (bindings := _matching(subscription, change))
            ]
            if not matching:
                continue
            if change.relation not in facts_of:
                facts_of[change.relation] = await self._access.describe(change.relation)
            if (facts := facts_of[change.relation]) is not None:
                await self._dispatch(change, facts, matching)

    async def _dispatch(
        self,
        change: RowChange,
        facts: TableFacts,
        matching: list[tuple[Subscription, list[ChangeBinding]]],
    ) -> None:
        """Ask the database once for all subscriptions of one subscriber."""
        payloads: dict[Subscriber, Mapping[str, Any] | None] = {}
        values = {**change.old, **change.new}
        for subscription, bindings in matching:
            ids = [
                each.id
                for each in bindings
                if await self._access.passes(facts, each.filters, values)
            ]
            if not ids:
                continue
            subscriber = subscription.subscriber
            if subscriber not in payloads:
                payloads[subscriber] = await self._payload_for(subscriber, change, facts, values)
            data = payloads[subscriber]
            if data is not None and subscription in self.subscriptions and self._admit():
                subscription.push({"ids": ids, "data": data})

    async def _payload_for(
        self, subscriber: Subscriber, change: RowChange, facts: TableFacts, values: Values
    ) -> Mapping[str, Any] | None:
        """What a subscriber gets of a change; None if it may not see the row."""
        if not facts.key:
            return _error_payload(change, "Error 400: Bad Request, no primary key")
        selectable = await self._access.selectable_columns(change.relation.oid, subscriber.role)
        if not {column.name for column in facts.key} <= selectable:
            return _error_payload(change, "Error 401: Unauthorized")
        # A deleted row cannot be looked for: everybody gets its key.
        if (
            facts.has_row_security
            and change.type is not ChangeType.DELETE
            and not await self._access.can_see(subscriber, change.relation, facts, values)
        ):
            return None
        return await self._build_payload(change, facts, selectable)

    async def _build_payload(
        self, change: RowChange, facts: TableFacts, selectable: set[str]
    ) -> Mapping[str, Any]:
        keys = {column.name for column in facts.key}
        new = {name: value for name, value in change.new.items() if name in selectable}
        old = {name: value for name, value in change.old.items() if name in selectable}
        if change.type is ChangeType.UPDATE and not old:
            old = {name: value for name, value in new.items() if name in keys}
        if change.type is ChangeType.DELETE and facts.has_row_security:
            old = {name: value for name, value in old.items() if name in keys}
        errors = None
        if sum(len(value or "") for value in (*new.values(), *old.values())) > MAX_RECORD_BYTES:
            new, old, errors = _shorten(new), _shorten(old), ["Error 413: Payload Too Large"]
        data = _describe(change, errors)
        data["columns"] = [
            {"name": column.name, "type": column.type}
            for column in facts.columns
            if column.name in selectable
        ]
        if change.type is not ChangeType.DELETE:
            data["record"] = await self._access.to_json(facts, new)
        if change.type is not ChangeType.INSERT:
            data["old_record"] = await self._access.to_json(facts, old)
        return data

    def _admit(self) -> bool:
        """Whether one more event may be sent in this second."""
        if (second := int(time.monotonic())) != self._second:
            self._second, self._events_of_second = second, 0
        self._events_of_second += 1
        admitted = self._events_of_second <= self.max_events_per_second
        self.sent += admitted
        self.dropped += not admitted
        return admitted


def _matching(subscription: Subscription, change: RowChange) -> list[ChangeBinding]:
    relation = change.relation
    return [
        each
        for each in subscription.bindings
        if each.matches(relation.schema, relation.table, change.type)
    ]


def _describe(change: RowChange, errors: list[str] | None) -> dict[str, Any]:
    moment = change.committed_at.astimezone(UTC)
    return {
        "schema": change.relation.schema,
        "table": change.relation.table,
        "commit_timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "type": change.type.value,
        "errors": errors,
    }


def _error_payload(change: RowChange, error: str) -> Mapping[str, Any]:
    return {**_describe(change, [error]), "columns": [], "record": {}, "old_record": {}}


def _shorten(values: Values) -> Values:
    return {
        name: value
        for name, value in values.items()
        if value is None or len(value.encode()) <= KEPT_VALUE_BYTES
    }
